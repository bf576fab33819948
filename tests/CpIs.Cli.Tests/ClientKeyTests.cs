using System.Security.Cryptography;
using CpIs.Cli.Ledger;
using CpIs.Cli.Uploads;
using CpIs.Server.Tests;
using FluentAssertions;
using Spectre.Console;
using Xunit;

namespace CpIs.Cli.Tests;

/// <summary>A client that signs for its token, with the keys that the sandbox made for it.</summary>
public sealed class ClientKeyTests(RunningServer server) : IClassFixture<RunningServer>, IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("cpis-keys-").FullName;
    private readonly StringWriter output = new();

    private static IAnsiConsole Quiet => AnsiConsole.Create(
        new AnsiConsoleSettings { Out = new AnsiConsoleOutput(new StringWriter()) });

    [Fact]
    public async Task A_council_uploads_by_its_key_alone()
    {
        var file = Path.Combine(folder, "empty.csv");
        await File.WriteAllTextAsync(
            file, "row_id,nhs_number,family,given,birth_date,plan,start,end,due_date,follows_row_id\r\n");
        var options = UploadOptions.Read([
            file, "--server", server.Root.ToString(), "--client-id", "sandbox-council-leeds",
            "--key", KeyOf("sandbox-council-leeds"), "--dry-run"]);
        using var http = new HttpClient { BaseAddress = options.Server };
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(1));

        var token = await new ClientToken(http, options.ClientId, options.Key).GetAsync(stop.Token);

        token.Scheme.Should().Be("Bearer");
        var wire = new UploadHttp(http, options.ClientId, key: options.Key);
        (await new UploadCaseload(wire, output, Quiet).RunAsync(options, file, stop.Token))
            .Should().NotBe(UploadExit.Nothing, output.ToString());
    }

    [Fact]
    public async Task An_auditor_verifies_the_ledger_by_its_key()
    {
        await server.SignedAsync();
        var options = VerifyOptions.Read([
            "--server", server.Root.ToString(), "--client-id", "sandbox-auditor", "--key", KeyOf("sandbox-auditor")]);

        (await new VerifyLedger(output, Quiet).RunAsync(options, CancellationToken.None)).Should().Be(0);
    }

    [Fact]
    public async Task Anothers_key_is_refused_and_the_reason_is_told()
    {
        using var http = new HttpClient { BaseAddress = server.Root };
        var key = ClientKey.Read(KeyOf("sandbox-council-leeds"));

        var asking = () => new ClientToken(http, "sandbox-council-lancashire", key).GetAsync(CancellationToken.None);

        await asking.Should().ThrowAsync<HttpRequestException>().WithMessage("*registered key*");
    }

    [Fact]
    public async Task A_platforms_token_endpoint_is_asked_where_it_is_named()
    {
        var options = VerifyOptions.Read([
            "--client-id", "sandbox-auditor", "--token-url", new Uri(server.Root, "oauth2/token").ToString(),
            "--key", KeyOf("sandbox-auditor")]);
        using var http = new HttpClient { BaseAddress = new Uri("http://localhost:1") };

        var token = await new ClientToken(http, options.ClientId, options.Key).GetAsync(CancellationToken.None);

        token.Parameter.Should().NotBeNullOrEmpty();
    }

    [Theory]
    [InlineData("http://platform.example/token")]
    [InlineData("platform.example")]
    public void No_assertion_is_sent_in_the_clear(string address)
    {
        var key = KeyOf("sandbox-auditor");

        var reading = () => VerifyOptions.Read(["--key", key, "--token-url", address]);

        reading.Should().Throw<ArgumentException>().WithMessage("*https*");
    }

    [Fact]
    public void A_file_that_holds_no_fit_private_key_is_refused_by_name()
    {
        using var weak = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var open = RSA.Create(2048);
        foreach (var pem in new[]
        {
            "no key", weak.ExportECPrivateKeyPem(), open.ExportSubjectPublicKeyInfoPem(),
        })
        {
            var file = Path.Combine(folder, "a-key");
            File.WriteAllText(file, pem);
            var reading = () => UploadOptions.Read([file, "--key", file]);
            reading.Should().Throw<ArgumentException>().WithMessage($"*{file}*");
        }
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private string KeyOf(string client) => Path.Combine(server.Folder, "keys", "clients", client + ".pem");
}
