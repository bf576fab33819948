using System.Text;
using CpIs.Fhir;
using CpIs.Server.AuditTrail;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>Whatever the ledger holds, the AuditEvent an auditor reads conforms to CpIs-AuditEvent.</summary>
public sealed class RenderedEntries
{
    private const int EntriesPerInteraction = 200;
    private const int OneIn = 3;

    private static readonly Profiles Ours = Profiles.Load();

    public static TheoryData<string> Interactions() =>
    [
        "read", "vread", "search-type", "create", "update", "delete", "operation", "batch", "transaction",
        "history-instance", "history-type", "capabilities", Alerts.OfBrowsing, Alerts.OfBreakGlass,
    ];

    [Theory]
    [MemberData(nameof(Interactions))]
    public void Every_rendered_entry_conforms_to_our_profile(string interaction)
    {
        var random = new Random(interaction.Length);
        for (var n = 0; n < EntriesPerInteraction; n++)
        {
            var json = AuditEventMap.Render(Entry(interaction, random));
            Ours.Check(json, "AuditEvent").Select(issue => $"{issue.Expression}: {issue.Diagnostics}")
                .Should().BeEmpty(Encoding.UTF8.GetString(json));
        }
    }

    /// <summary>An entry with each optional value there or not: the ledger has rows of every such kind.</summary>
    private static TrailEntry Entry(string interaction, Random random)
    {
        T? Maybe<T>(T value)
            where T : class => random.Next(OneIn) == 0 ? null : value;
        T? MaybeValue<T>(T value)
            where T : struct => random.Next(OneIn) == 0 ? null : value;
        var person = random.Next(OneIn) > 0;
        return new()
        {
            EntryId = Guid.CreateVersion7(),
            Recorded = new DateTime(2026, 3, 1, 22, 10, 0, DateTimeKind.Utc).AddMicroseconds(random.Next()),
            Lane = 1,
            Position = 1,
            Kind = Alerts.Codes.Contains(interaction) ? Alerts.Kind : "access",
            Interaction = interaction,
            Status = 200,
            Action = interaction switch
            {
                "create" => "C", "update" => "U", "delete" => "D", "read" or "vread" => "R", _ => "E",
            },
            Outcome = new[] { 0, 4, 8, 12 }[random.Next(4)],
            Reason = Maybe("names no patient"),
            NhsNumber = Maybe("9990000018"),
            Disclosed = random.Next(OneIn) == 0 ? [] : ["Flag/5b1f6d7e/_history/2", "Patient/9990000018"],
            ResourceType = Maybe("Flag"),
            ResourceId = Maybe("5b1f6d7e"),
            Query = Maybe(Encoding.UTF8.GetBytes("GET /FHIR/R4/Flag?patient=9990000018")),
            Found = MaybeValue(1),
            AgentIssuer = person ? "https://issuer.example" : null,
            AgentSubject = person ? "555021935107" : null,
            AgentUserId = person ? Maybe("555021935107") : null,
            AgentName = person ? Maybe("Dr Invented Person") : null,
            AgentRole = person ? Maybe("Consultant") : null,
            Organisation = Maybe("RXR"),
            OrganisationName = Maybe("ZZ Invented Trust"),
            ClientId = Maybe("sandbox-ed-clinician"),
            TokenId = Maybe("f4a1b6f0"),
            PurposeOfUse = Maybe("TREAT"),
            PurposeReason = Maybe("unconscious"),
            Address = Maybe("192.0.2.7"),
            Unscheduled = MaybeValue(true),
            PlanFound = MaybeValue(true),
            RequestId = Maybe("f4a1b6f0-3d0a-4d9e-9a43-0a3c9a4a0001"),
            Instance = Maybe("cpis-1"),
        };
    }
}
