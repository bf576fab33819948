using CpIs.Cli.Checks;
using CpIs.Server.Tests.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Cli.Tests.Checks;

/// <summary>
/// Every .http file of the samples is answered as it says, and a server that answers otherwise is found out.
/// </summary>
public sealed class CheckServerTests(OpenSandbox sandbox) : IClassFixture<OpenSandbox>, IDisposable
{
    private readonly StringWriter output = new();
    private readonly string file = Path.GetTempFileName();

    public void Dispose()
    {
        output.Dispose();
        File.Delete(file);
    }

    [Fact]
    public async Task Every_request_of_the_samples_is_answered_as_it_says()
    {
        string[] files = [.. ((string[])["http", "epr"]).SelectMany(folder =>
            Directory.GetFiles(Path.Combine(Samples(), folder), "*.http").Order(StringComparer.Ordinal))];

        var code = await PlayAsync(files);

        code.Should().Be(0, "{0}", output);
        output.ToString().Should().Contain("look-up.http: By a form").And.NotContain("DIFFERS");
        files.Should().OnlyContain(path => output.ToString().Contains(Path.GetFileName(path)));
    }

    [Fact]
    public async Task A_child_the_server_does_not_know_makes_the_look_up_differ_and_every_difference_is_said()
    {
        var code = await PlayAsync("--set", "child=9990005028", Path.Combine(Samples(), "epr", "look-up.http"));

        code.Should().Be(1);
        output.ToString().Should().Contain("DIFFERS  look-up.http: By reference").And
            .Contain("  expected Bundle.total = 1: not so").And.Contain("  not sent: no answer gave found.").And
            .Contain("ok  look-up.http: A mistyped number");
    }

    [Theory]
    [InlineData("# @expect 404", "expected 404: 200")]
    [InlineData("# @expect header X-Nobody", "expected header X-Nobody: no such header")]
    [InlineData("# @expect header Content-Type = text/html", "expected header Content-Type = text/html: application")]
    [InlineData("# @expect CapabilityStatement.fhirVersion = '5.0.0'", "'5.0.0': not so")]
    [InlineData("# @expect CapabilityStatement.where(", "@expect CapabilityStatement.where(")]
    [InlineData("# a comment", "nothing says what to expect")]
    public async Task What_an_answer_is_not_is_said(string expectation, string said)
    {
        await File.WriteAllTextAsync(file,
            "@host = x\n### One\n" + expectation + "\nGET {{host}}/FHIR/R4/metadata\n");

        (await PlayAsync(file)).Should().Be(1);

        output.ToString().Should().Contain("DIFFERS").And.Contain(said);
    }

    [Fact]
    public async Task The_servers_own_words_stand_with_a_difference()
    {
        await File.WriteAllTextAsync(file, "@host = x\n### One\n# @expect 200\nGET {{host}}/FHIR/R4/Flag\n");

        await PlayAsync(file);

        output.ToString().Should().Contain("  the server says: A valid bearer token is needed.");
    }

    [Fact]
    public async Task A_token_that_is_given_is_not_asked_for()
    {
        var path = Path.Combine(Path.GetDirectoryName(file)!, Path.GetFileName(file) + ".token");
        await File.WriteAllTextAsync(path, await sandbox.TokenAsync("sandbox-auditor"));
        await File.WriteAllTextAsync(file, """
            @host = x
            ### Token
            # @name clinician
            POST https://nowhere.invalid/token

            ### Who is asked
            # @expect 200
            # @expect Bundle.total >= 0
            GET {{host}}/FHIR/R4/AuditEvent?_count=0
            Authorization: Bearer {{clinician.response.body.$.access_token}}
            """);

        (await PlayAsync("--token", "clinician=" + path, file)).Should().Be(0, "{0}", output);

        File.Delete(path);
        output.ToString().Should().Contain("1 requests, 1 as expected, 0 not");
    }

    [Theory]
    [InlineData("--server", "nowhere")]
    [InlineData("--server")]
    [InlineData("--set", "child")]
    [InlineData("--token", "clinician=/no/such/file")]
    [InlineData("/no/such.http")]
    [InlineData("--what", "x")]
    public void An_argument_that_is_none_is_said(params string[] args)
    {
        var reading = () => CheckOptions.Read(args, Samples());

        reading.Should().Throw<ArgumentException>();
    }

    private Task<int> PlayAsync(params string[] args) => new CheckServer(sandbox.Client, output).RunAsync(
        CheckOptions.Read(["--server", sandbox.Client.BaseAddress!.ToString(), .. args], Samples()),
        CancellationToken.None);

    private static string Samples()
    {
        var at = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(at!.FullName, "CpIs.sln")))
        {
            at = at.Parent;
        }

        return Path.Combine(at.FullName, "samples");
    }
}
