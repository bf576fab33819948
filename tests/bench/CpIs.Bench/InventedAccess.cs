using System.Globalization;
using System.Text;
using CpIs.Audit;

namespace CpIs.Bench;

/// <summary>
/// What a year of a national service leaves in its ledger: many look-ups that find nothing, few that do, councils'
/// writes, refusals, some broken glass. Everybody is invented; one lane has one generator, so a run can be repeated.
/// </summary>
internal sealed class InventedAccess(int lane, IReadOnlyList<string> children)
{
    public const int People = 2_000;
    public const int Organisations = 150;
    public const int Councils = 12;

    /// <summary>Of a hundred look-ups, so many concern a child with a plan.</summary>
    private const int WithPlanPercent = 6;

    private const int RefusedPercent = 1;
    private const int BreakGlassPerMillion = 400;
    private const int ScheduledPercent = 30;

    private readonly Random random = new(lane);

    public static string Person(int index) => (555_000_000_000 + index).ToString(CultureInfo.InvariantCulture);

    public static string Organisation(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"RZ{(char)('A' + (index / 10))}{index % 10}");

    public static string Council(int index) => string.Create(CultureInfo.InvariantCulture, $"ZZ{index + 1:000}");

    public int Below(int max) => random.Next(max);

    /// <summary>Somebody looks a child up. Busy people and busy places come up more often than quiet ones.</summary>
    public AuditEntry LookUp()
    {
        var person = Math.Min(random.Next(People), random.Next(People));
        var place = person % Organisations;
        var number = children[random.Next(children.Count)];
        var refused = random.Next(100) < RefusedPercent;
        var found = !refused && random.Next(100) < WithPlanPercent;
        var unscheduled = random.Next(100) >= ScheduledPercent;
        var glass = random.Next(1_000_000) < BreakGlassPerMillion;
        return Rest("search-type", 'E', "Flag", $"GET /FHIR/R4/Flag?patient={number}") with
        {
            Status = refused ? 403 : 200,
            Outcome = refused ? 4 : 0,
            Reason = refused ? "This role may not ask for alerts." : null,
            NhsNumber = number,
            Disclosed = found ? [$"Flag/{Id()}/_history/{1 + random.Next(4)}"] : [],
            Found = refused ? null : found ? 1 : 0,
            AgentSubject = Person(person),
            AgentUserId = Person(person),
            AgentName = $"Dr Quill Benchley-{person}",
            AgentRole = "Clinical Practitioner",
            ActivityCode = unscheduled ? "B0107" : "B0170",
            Organisation = Organisation(place),
            OrganisationName = $"Invented Hospital {place}",
            ClientId = $"epr-{place % 20}",
            PurposeOfUse = glass ? "BTG" : "TREAT",
            PurposeReason = glass ? "The child is unconscious and nobody came with it." : null,
            Address = $"192.0.2.{place}",
            Unscheduled = unscheduled,
            PlanFound = refused ? null : found,
            InHistory = found && unscheduled,
        };
    }

    /// <summary>One line of what a council sends.</summary>
    public AuditEntry Write(string interaction, int council) =>
        Rest(interaction, 'U', "Flag", $"POST /FHIR/R4/{interaction}") with
        {
            NhsNumber = children[random.Next(children.Count)],
            Disclosed = [$"Flag/{Id()}/_history/{1 + random.Next(9)}"],
            AgentSubject = $"council-{council}",
            Organisation = Council(council),
            OrganisationName = $"Invented Council {council}",
            ClientId = $"council-{council}",
            Address = $"198.51.100.{council}",
        };

    private AuditEntry Rest(string interaction, char action, string type, string target) => new()
    {
        Kind = "rest",
        Interaction = interaction,
        Action = action,
        Status = 200,
        ResourceType = type,
        Query = Encoding.UTF8.GetBytes(target),
        AgentIssuer = "https://idp.example",
        TokenId = Id(),
        RequestId = Id(),
        Instance = "bench",
    };

    private string Id()
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes).ToString();
    }
}
