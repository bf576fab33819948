using System.Text.Json.Nodes;
using CpIs.Fhir;

namespace CpIs.Server.Tests;

/// <summary>A plan of an invented child, and the JSON a council would send for it.</summary>
internal sealed record InventedPlan
{
    private static int next;

    public string Persona { get; init; } = "sandbox-council-lancashire";

    public string Council { get; init; } = "ZZ001";

    public string Number { get; init; } = NewNumber();

    public string RowId { get; init; } = "ROW-" + Interlocked.Increment(ref next);

    public PlanKind Kind { get; init; } = PlanKind.ChildProtection;

    public required DateOnly Start { get; init; }

    public DateOnly? End { get; init; }

    public DateOnly? Due { get; init; }

    public string? Follows { get; init; }

    public DateOnly BirthDate { get; init; } = new(2018, 4, 5);

    public string Family { get; init; } = "Thistlewood";

    public string Status { get; init; } = "active";

    public InventedPlan OfLeeds() => this with { Persona = "sandbox-council-leeds", Council = "ZZ002" };

    /// <summary>A valid number beginning 999 that no other test was given.</summary>
    public static string NewNumber()
    {
        while (true)
        {
            var nine = "999" + (100_000 + Interlocked.Increment(ref next))
                .ToString(System.Globalization.CultureInfo.InvariantCulture);
            for (var digit = 0; digit <= 9; digit++)
            {
                if (NhsNumber.TryParse(nine + digit, out _))
                {
                    return nine + digit;
                }
            }
        }
    }

    public JsonObject Patient() => new()
    {
        ["resourceType"] = "Patient",
        ["identifier"] = new JsonArray(new JsonObject { ["system"] = Systems.NhsNumber, ["value"] = Number }),
        ["name"] = new JsonArray(new JsonObject { ["family"] = Family, ["given"] = new JsonArray("Wren") }),
        ["birthDate"] = PlanJson.Day(BirthDate),
    };

    public JsonObject Episode()
    {
        var episode = new JsonObject
        {
            ["resourceType"] = "EpisodeOfCare",
            ["identifier"] = Identifier(),
            ["status"] = Status,
            ["type"] = new JsonArray(new JsonObject { ["coding"] = new JsonArray(Coding()) }),
            ["patient"] = Person(),
            ["managingOrganization"] = new JsonObject { ["reference"] = "Organization/" + Council },
            ["period"] = Period(),
        };
        var extensions = new JsonArray();
        if (Due is { } due)
        {
            extensions.Add(new JsonObject { ["url"] = Systems.DueDate, ["valueDate"] = PlanJson.Day(due) });
        }

        if (Follows is { } follows)
        {
            extensions.Add(new JsonObject
            {
                ["url"] = Systems.FollowsPlan,
                ["valueIdentifier"] = new JsonObject { ["system"] = Systems.CouncilPlan + Council, ["value"] =
                    follows },
            });
        }

        if (extensions.Count > 0)
        {
            episode["extension"] = extensions;
        }

        return episode;
    }

    public JsonObject Flag(string episode) => new()
    {
        ["resourceType"] = "Flag",
        ["extension"] = new JsonArray(new JsonObject
        {
            ["url"] = Systems.FlagDetail,
            ["valueReference"] = new JsonObject { ["reference"] = episode },
        }),
        ["identifier"] = Identifier(),
        ["status"] = Visibility.FlagStatus(Status),
        ["code"] = new JsonObject { ["coding"] = new JsonArray(Coding()) },
        ["subject"] = Person(),
        ["period"] = Period(),
        ["author"] = new JsonObject { ["reference"] = "Organization/" + Council },
    };

    public JsonObject Bundle()
    {
        var urn = "urn:uuid:" + Guid.NewGuid();
        return new JsonObject
        {
            ["resourceType"] = "Bundle",
            ["type"] = "transaction",
            ["entry"] = new JsonArray(
                Entry("PUT", "Patient/" + Number, Patient(), null),
                Entry("POST", "EpisodeOfCare", Episode(), urn),
                Entry("POST", "Flag", Flag(urn), "urn:uuid:" + Guid.NewGuid())),
        };
    }

    private static JsonObject Entry(string method, string url, JsonObject resource, string? fullUrl)
    {
        var entry = new JsonObject
        {
            ["resource"] = resource,
            ["request"] = new JsonObject { ["method"] = method, ["url"] = url },
        };
        if (fullUrl is not null)
        {
            entry["fullUrl"] = fullUrl;
        }

        return entry;
    }

    private JsonArray Identifier() =>
        new(new JsonObject { ["system"] = Systems.CouncilPlan + Council, ["value"] = RowId });

    private JsonObject Coding() => new() { ["system"] = Systems.Snomed, ["code"] = Kind.Code };

    private JsonObject Person() => new() { ["reference"] = "Patient/" + Number };

    private JsonObject Period()
    {
        var period = new JsonObject { ["start"] = PlanJson.Day(Start) };
        if (End is { } end)
        {
            period["end"] = PlanJson.Day(end);
        }

        return period;
    }
}
