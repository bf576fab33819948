using CpIs.Server.Access;
using CpIs.Server.Database;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>What the section Listen may say.</summary>
public sealed class WireOptionsTests
{
    [Theory]
    [InlineData("CertificateFile and Listen:KeyFile go together", "CertificateFile=a.pem")]
    [InlineData("in the clear", "Address=0.0.0.0")]
    [InlineData("in the clear", "Address=10.20.0.5")]
    [InlineData("needs Listen:CertificateFile", "ClientAuthorityFile=a.pem")]
    [InlineData("needs Listen:ClientAuthorityFile", "ClientCertificateNeeded=true")]
    [InlineData("true or false", "ClientCertificateNeeded=perhaps")]
    [InlineData("no address", "Address=everywhere")]
    [InlineData("whole number", "RequestsPerSecond=-1")]
    [InlineData("not there", "CertificateFile=no-such.pem", "KeyFile=no-such.key")]
    public void The_server_does_not_start_where_it_would_be_unprotected(string why, params string[] settings)
    {
        var read = () => Read(false, settings);

        read.Should().Throw<StartRefusedException>().WithMessage($"*{why}*");
    }

    [Fact]
    public void Outside_the_sandbox_a_client_has_a_limit_and_the_address_is_this_machines_own()
    {
        Read(false).Should().Match<WireOptions>(w => w.Address == null && w.RequestsPerSecond > 0);
        Read(true).RequestsPerSecond.Should().Be(0);
        Read(false, "RequestsPerSecond=0").RequestsPerSecond.Should().Be(0);
    }

    [Fact]
    public void A_secret_is_read_from_a_file_of_its_own_and_beats_everything_else()
    {
        var folder = Directory.CreateTempSubdirectory("cpis-secrets-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "ConnectionStrings__Cpis"), "Host=/run/there");

            ServerOptions.Read([], ServerOptions.Configuration(folder.FullName), sandbox: false)
                .Connection.Should().Be("Host=/run/there");
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        var missing = () => ServerOptions.Configuration(folder.FullName);
        missing.Should().Throw<StartRefusedException>();
    }

    [Fact]
    public void The_sandbox_with_its_samples_is_not_for_others_to_reach()
    {
        var configuration = Settings(["Address=127.0.0.1"]);
        var withSamples = () => ServerOptions.Read([], configuration, sandbox: true);

        withSamples.Should().Throw<StartRefusedException>().WithMessage("*--no-samples*");
        ServerOptions.Read(["--no-samples"], configuration, sandbox: true).Wire.Address.Should().NotBeNull();
    }

    private static WireOptions Read(bool isSandbox, params string[] settings) =>
        WireOptions.Read(Settings(settings), isSandbox);

    private static IConfiguration Settings(string[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(s => s.Split('='))
            .ToDictionary(s => "Listen:" + s[0], s => (string?)s[1]))
        .Build();
}
