using CpIs.Server.AuditTrail;
using CpIs.Server.Encounters;
using CpIs.Server.Notices;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using CpIs.Server.Plans;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// Every search parameter with every modifier, given what no honest client sends: the answer is an empty one or a
/// refusal, never a failure, and never what belongs to somebody else.
/// </summary>
public sealed class SearchAttackTests(AttackStage stage) : IClassFixture<AttackStage>
{
    private static readonly string[] Modifiers =
        ["", ":exact", ":contains", ":missing", ":not", ":identifier", ".identifier", ":evil'--", ":not:not",
            ":Patient"];

    private static readonly string[] Values =
    [
        "' or '1'='1", "1;drop table cpis.plan--", "%", "\\", "{0}", "$1", "*)(uid=*", "../../etc/passwd",
            "\u202e\ufeff",
        ",,,,", "|||", "eq", "gt9999-99-99", "2026-13-45T99:99:99+99:99", "-9223372036854775809", "\ud83d\ude00",
        "https://fhir.nhs.uk/Id/nhs-number|' or 1=1", new string('9', 3000),
    ];

    private static readonly (string Type, string Persona, string[] Parameters)[] Searches =
    [
        ("Flag", "sandbox-council-lancashire", [.. PlanParameters.Of(PlanView.Flag).Select(p => p.Name)]),
        ("EpisodeOfCare", "sandbox-council-lancashire", [.. PlanParameters.Of(PlanView.Episode).Select(p => p.Name)]),
        ("Patient", "sandbox-council-lancashire", [.. SearchPatients.Parameters.Select(p => p.Name)]),
        ("Encounter", "sandbox-council-lancashire", [.. EncounterParameters.All.Select(p => p.Name)]),
        ("Subscription", "sandbox-council-lancashire", [.. ShowSubscriptions.Parameters.Select(p => p.Name)]),
        ("Organization", "sandbox-ed-clinician", [.. SearchOrganizations.Parameters.Select(p => p.Name)]),
        ("CareTeam", "sandbox-ed-clinician", ["patient"]),
        ("AuditEvent", "sandbox-auditor-rxr", [.. TrailParameters.Names]),
        ("AuditEvent", "sandbox-ed-clinician", ["patient"]),
    ];

    public static TheoryData<string, string, string> Parameters
    {
        get
        {
            var all = new TheoryData<string, string, string>();
            foreach (var (type, persona, parameters) in Searches)
            {
                foreach (var parameter in parameters
                    .Concat(["_sort", "_include", "_count", "_total", "_elements", "_page"]))
                {
                    all.Add(type, parameter, persona);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Parameters))]
    public async Task What_no_honest_client_searches_for_finds_nothing_and_breaks_nothing(
        string type, string parameter, string persona)
    {
        using var client = stage.Server.As(persona);
        for (var i = 0; i < Math.Max(Values.Length, Modifiers.Length); i++)
        {
            await CheckAsync(client, type, parameter, "", Values[i % Values.Length]);
            await CheckAsync(client, type, parameter, Modifiers[i % Modifiers.Length], Values[i % Values.Length]);
        }
    }

    private async Task CheckAsync(HttpClient client, string type, string parameter, string modifier, string value)
    {
        var asked = $"{Uri.EscapeDataString(parameter + modifier)}={Uri.EscapeDataString(value)}";
        var answer = await client.TryAsync($"{type}?{asked}");
        var body = await answer.Content.ReadAsStringAsync();

        ((int)answer.StatusCode).Should().BeOneOf([200, 400, 403], asked);
        body.Should().NotContain(stage.OfLeeds.Number).And.NotContain(stage.OfLeeds.RowId);
        if ((int)answer.StatusCode != 200)
        {
            body.Should().Contain("OperationOutcome").And.NotContain("cpis.plan", "nothing is echoed")
                .And.NotContain("etc/passwd");
        }
    }
}
