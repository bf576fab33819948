using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Searching;

namespace CpIs.Server.AuditTrail;

/// <summary>The search parameters of AuditEvent, read into a <see cref="TrailQuestion"/>.</summary>
internal static class TrailParameters
{
    /// <summary>Name and FHIR type.</summary>
    public static readonly IReadOnlyList<(string Name, string Type)> All =
    [
        ("_id", "token"), ("date", "date"), ("_lastUpdated", "date"), ("patient", "reference"), ("agent", "reference"),
        ("altid", "token"), ("entity", "reference"), ("organization", "token"), ("action", "token"),
            ("outcome", "token"),
        ("subtype", "token"), ("purpose-of-use", "token"), ("unscheduled", "token"), ("plan-found", "token"),
    ];

    public static readonly IReadOnlyList<string> Names = [.. All.Select(p => p.Name)];

    /// <summary>Reads the criteria.</summary>
    /// <exception cref="Refused">400 for a value or modifier the parameter does not take.</exception>
    public static TrailQuestion Read(SearchRequest search)
    {
        var question = new TrailQuestion();
        foreach (var criterion in search.Criteria)
        {
            question = Add(question, criterion);
        }

        return question;
    }

    private static TrailQuestion Add(TrailQuestion question, Criterion criterion)
    {
        if (criterion.Modifier is not null && !(criterion is { Modifier: "identifier", Name: "patient" or "agent" }))
        {
            throw SearchConditions.BadModifier();
        }

        switch (criterion.Name)
        {
            case "date" or "_lastUpdated":
                return question with { Dates = [.. question.Dates, OneDate(criterion)] };
            case "patient":
                return question with { Numbers = Both(question.Numbers,
                    criterion.Values.Select(v => SearchConditions.Patient(criterion.Modifier, v).Digits())) };
            case "agent" or "altid":
                return question with { Agents = Both(question.Agents, criterion.Values.Select(Code)) };
            case "entity":
                return Entity(question, criterion);
            case "unscheduled":
                return question with { Unscheduled = Flag(criterion) };
            case "plan-found":
                return question with { PlanFound = Flag(criterion) };
            default:
                return Codes(question, criterion);
        }
    }

    private static TrailQuestion Codes(TrailQuestion question, Criterion criterion)
    {
        var codes = criterion.Values.Select(Code);
        return criterion.Name switch
        {
            "_id" => question with { Ids = Both(question.Ids, codes.Where(c => Guid.TryParse(c, out _))) },
            "organization" => question with { Organisations = Both(question.Organisations, codes) },
            "action" => question with { Actions = Both(question.Actions, codes) },
            "subtype" => question with { Interactions = Both(question.Interactions, codes) },
            "purpose-of-use" => question with { Purposes = Both(question.Purposes, codes) },
            "outcome" => question with { Outcomes = [.. codes.Select(Outcome)] },
            _ => throw Refused.BadSearch("Unknown search parameter."),
        };
    }

    /// <summary>A Patient is found by its number; everything else by what the answer showed.</summary>
    private static TrailQuestion Entity(TrailQuestion question, Criterion criterion)
    {
        var people = criterion.Values.Where(v => v.Contains("Patient/", StringComparison.Ordinal)).ToList();
        return people.Count == criterion.Values.Count
            ? question with { Numbers =
                Both(question.Numbers, people.Select(v => SearchConditions.Patient(null, v).Digits())) }
            : question with { Entities = Both(question.Entities, criterion.Values.Select(Relative)) };
    }

    private static string Relative(string reference)
    {
        var at = reference.IndexOf(Routes.Prefix + "/", StringComparison.Ordinal);
        return at < 0 ? reference : reference[(at + Routes.Prefix.Length + 1)..];
    }

    private static string[] Both(string[]? before, IEnumerable<string> now) =>
        before is null ? [.. now] : [.. before.Intersect(now)];

    private static DateRange OneDate(Criterion criterion) => criterion.Values is [var one]
        ? DateRange.Parse(one)
        : throw Refused.BadSearch("The date of an AuditEvent takes one value; repeat it for a range.");

    private static string Code(string value) => SearchConditions.SplitToken(value).Code;

    private static int Outcome(string code) => code is "0" or "4" or "8" or "12"
        ? int.Parse(code, System.Globalization.CultureInfo.InvariantCulture)
        : throw Refused.BadSearch("outcome must be 0, 4, 8 or 12.");

    private static bool Flag(Criterion criterion) => criterion.Values is ["true" or "false"]
        ? criterion.Values[0] == "true"
        : throw Refused.BadSearch($"{criterion.Name} must be true or false.");
}
