using System.Net.Http.Headers;
using System.Text;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Faults;

/// <summary>
/// P8: what the server and its PostgreSQL wrote into their logs, through look-ups, attacks and failures of the
/// database, names no child, no number, no clinician and no token.
/// </summary>
public sealed class LoggedTests
{
    private const string Family = "Larchmoor";

    /// <summary>A number that only the attacks know.</summary>
    private const string Attacked = "9990000018";

    private static readonly string[] Personal =
        [Sandbox.Child, Attacked, Family, "2019-06-14", "LCS-9001", "Thackaway", "999100000001", "Bearer", "eyJ"];

    [Fact]
    public async Task No_log_names_a_child_a_clinician_or_a_token_whatever_fails()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var doctor = await sandbox.Server.TokenAsync("sandbox-ed-clinician");
        var council = await sandbox.Server.TokenAsync("sandbox-council-lancashire");
        await sandbox.LookUpAsync(doctor);
        await AskAsync(sandbox, doctor, "GET", $"Flag?patient={Attacked}' or {Family}--");
        await AskAsync(sandbox, doctor, "GET", $"Patient/{Attacked}%27{Family}");
        await AskAsync(sandbox, council, "POST", "Patient", $"{{\"resourceType\":\"Patient\",\"x\":\"{Family}\"");
        await AskAsync(sandbox, council, "POST", "Patient", $"{{\"resourceType\":\"{Family}\",\"id\":\"\\ud800\"}}");

        // A constraint that fails would show the row, a statement that is not allowed the statement.
        await sandbox.AskAsync<string>("""
            alter table cpis.patient add constraint nobody check (version < 0) not valid; select ''
            """);
        var refused = await AskAsync(sandbox, council, "PUT", "Patient/" + Sandbox.Child, Renamed);
        await sandbox.AskAsync<string>("revoke insert on ledger.entry from cpis_server; select ''");
        var unrecorded = await sandbox.LookUpAsync(doctor);
        await sandbox.AskAsync<string>("grant insert on ledger.entry to cpis_server; select ''");
        (await sandbox.LookUpUntilHealedAsync(doctor)).Body.Should().Contain(Sandbox.Child);

        refused.Should().BeOneOf(500, 503);
        ((int)unrecorded.Status).Should().Be(503);
        var postgres = await File.ReadAllTextAsync(sandbox.Folders.Log);
        postgres.Should().Contain("nobody", "PostgreSQL wrote what failed").And.NotContainAny(Personal);
        Since(sandbox.Server.Printed).Should().Contain("PostgresException", "the server wrote what failed")
            .And.NotContainAny(Personal);
    }

    /// <summary>Without the invitation, which names an invented child and shows how to fetch a token.</summary>
    private static string Since(string printed) =>
        printed[printed.IndexOf("\nready\n", StringComparison.Ordinal)..];

    private static string Renamed => $$"""
        {"resourceType":"Patient","name":[{"family":"{{Family}}","given":["Wren"]}],"birthDate":"2019-06-14",
         "identifier":[{"system":"https://fhir.nhs.uk/Id/nhs-number","value":"{{Sandbox.Child}}"}]}
        """;

    private static async Task<int> AskAsync(
        Sandbox sandbox, AuthenticationHeaderValue token, string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), "/FHIR/R4/" + path);
        request.Headers.Authorization = token;
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/fhir+json");
        using var answer = await sandbox.Server.Client.SendAsync(request);
        return (int)answer.StatusCode;
    }
}
