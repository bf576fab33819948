using System.Globalization;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Searching;

namespace CpIs.Server.AuditTrail;

/// <summary>The search parameters of AuditEvent, read into a <see cref="TrailQuestion"/>.</summary>
internal static class TrailParameters
{
    private const string Interactions = "http://hl7.org/fhir/restful-interaction";
    private const string TokenIds = "urn:ietf:params:oauth:jti:";

    /// <summary>Between the parts of a list that travels to the database as one text.</summary>
    private const char Separator = '\u001f';

    private static readonly string[] OutcomeCodes = ["0", "4", "8", "12"];

    /// <summary>Resource types that entries speak of.</summary>
    private static readonly string[] Types =
        [.. Routes.Table.Select(r => r.Resource).Where(type => type.Length > 0).Distinct()];

    /// <summary>Name and FHIR type.</summary>
    public static readonly IReadOnlyList<(string Name, string Type)> All =
    [
        ("_id", "token"), ("_lastUpdated", "date"), ("action", "token"), ("address", "string"),
        ("agent", "reference"), ("agent-name", "string"), ("agent-role", "token"), ("altid", "token"),
        ("date", "date"), ("entity", "reference"), ("entity-name", "string"), ("entity-role", "token"),
        ("entity-type", "token"), ("organization", "token"), ("outcome", "token"), ("patient", "reference"),
        ("plan-found", "token"), ("policy", "uri"), ("purpose-of-use", "token"), ("site", "token"),
        ("source", "reference"), ("subtype", "token"), ("type", "token"), ("unscheduled", "token"),
    ];

    public static readonly IReadOnlyList<string> Names = [.. All.Select(p => p.Name)];

    public static readonly SearchTerms Terms = new("AuditEvent", [.. Names]) { Sorts = SearchTerms.EverySort };

    /// <summary>
    /// Systems that a token of a parameter may name, and their codes where they are few; a parameter that is not here
    /// takes its code alone.
    /// </summary>
    private static readonly Dictionary<string, Dictionary<string, string[]>> SystemsOf = new()
    {
        ["action"] = new() { ["http://hl7.org/fhir/audit-event-action"] = ["C", "R", "U", "D", "E"] },
        ["entity-role"] = new() { [AuditEventMap.EntityRole] = ["1", "4", "24"] },
        ["entity-type"] = new()
        {
            [AuditEventMap.EntityType] = ["1", "2"],
            [AuditEventMap.BalpEntityType] = ["XrequestId"],
            [AuditEventMap.ResourceTypes] = Types,
        },
        ["organization"] = new() { [Systems.Ods] = [] },
        ["outcome"] = new()
        {
            ["http://hl7.org/fhir/audit-event-outcome"] = OutcomeCodes,
            ["http://terminology.hl7.org/CodeSystem/audit-event-outcome"] = OutcomeCodes,
        },
        ["purpose-of-use"] = new() { [AuditEventMap.PurposeSystem] = ["TREAT", "ETREAT", "BTG"] },
        ["subtype"] = new() { [Interactions] = [], [Systems.Alert] = [.. Alerts.Codes] },
        ["type"] = new()
        {
            [AuditEventMap.EventType] = ["rest"], [AuditEventMap.Dicom] = ["110100", AuditEventMap.AlertType],
        },
    };

    /// <summary>Reads the criteria.</summary>
    /// <exception cref="Refused">400 for a value or modifier the parameter does not take.</exception>
    public static TrailQuestion Read(SearchRequest search, TrailQuestion? within = null) =>
        search.Criteria.Aggregate(within ?? new TrailQuestion(), Add);

    /// <summary>
    /// What of the trail the caller may see: its own organisation's, and what its scope's condition meets.
    /// </summary>
    /// <exception cref="Refused">403 when the scopes have several conditions, or one that cannot be read: the trail is
    /// asked by all that must hold at once.</exception>
    public static TrailQuestion Allowed(Call call)
    {
        var own = new TrailQuestion { OwnOrganisation = SearchAuditEvents.Own(call.Caller) };
        if (call.Within is not { } conditions)
        {
            return own;
        }

        try
        {
            return conditions is [var one] ? SearchRequest.OfScope(one, Terms).Criteria.Aggregate(own, Add)
                : throw Refused.Denied("The trail is shown under one condition of a scope, not several.");
        }
        catch (Refused refused) when (refused.Status == StatusCodes.Status400BadRequest)
        {
            throw Refused.Denied("The token's scopes have conditions that this server does not know.");
        }
    }

    private static TrailQuestion Add(TrailQuestion question, Criterion criterion) =>
        (criterion.Name, criterion.Modifier) switch
        {
            (_, "missing") => Missing(question, criterion),
            ("date" or "_lastUpdated", null) => question
                with { Dates = [.. question.Dates, [.. criterion.Values.Select(v => DateRange.Parse(v.Text))]] },
            ("patient", null or "identifier" or "Patient") => question with { Numbers = Both(question.Numbers,
                criterion.Values.Select(v => SearchConditions.Patient(criterion.Modifier, v).Digits())) },
            ("agent", null or "identifier") => Agent(question, criterion),
            ("entity", null or "identifier" or "Patient") => Entity(question, criterion),
            ("agent-name", null or "exact" or "contains") =>
                question with { Names = [.. question.Names, Compared(criterion)] },
            ("address", null or "exact" or "contains") =>
                question with { Addresses = [.. question.Addresses, Compared(criterion)] },
            ("entity-name", null or "exact" or "contains") or ("policy", null) =>
                question with { Wanted = [.. question.Wanted, Facts(criterion, Texts(criterion))] },
            ("source", null or "identifier") =>
                question with { Wanted = [.. question.Wanted, Facts(criterion, Codes(criterion))] },
            ("unscheduled" or "plan-found", null) when Texts(criterion).Order().ToList() is ["false", "true"] =>
                Present(question, criterion),
            ("unscheduled", null) => question with { Unscheduled = Flag(question.Unscheduled, criterion) },
            ("plan-found", null) => question with { PlanFound = Flag(question.PlanFound, criterion) },
            (_, "not") when IsToken(criterion.Name) => question with { Unwanted =
                [.. question.Unwanted, .. Codes(criterion).Select(code => Fact(criterion, code))] },
            (_, null) when IsAnyOf(criterion) => Present(question, criterion) with
            {
                // Codes of its other systems are few, and named.
                Unwanted = [.. question.Unwanted, .. SystemsOf[criterion.Name].Values.SelectMany(codes => codes)
                    .Select(code => Fact(criterion, code))],
            },
            (_, null) => Token(question, criterion),
            _ => throw SearchConditions.BadModifier(),
        };

    private static TrailQuestion Token(TrailQuestion question, Criterion criterion)
    {
        var codes = Codes(criterion);
        return criterion.Name switch
        {
            "_id" => question with { Ids = Both(question.Ids, codes.Where(c => Guid.TryParse(c, out _))) },
            "altid" => question with { UserIds = Both(question.UserIds, codes) },
            "organization" => question with { Organisations = Both(question.Organisations, codes) },
            "action" => question with { Actions = Both(question.Actions, codes) },
            "subtype" => question with
            {
                Interactions = Both(question.Interactions, codes),
                Alerts = question.Alerts || codes.TrueForAll(Alerts.Codes.Contains),
            },
            "type" => question with
            {
                Wanted = [.. question.Wanted, Facts(criterion, codes)],
                Alerts = question.Alerts || codes is [AuditEventMap.AlertType],
            },
            "purpose-of-use" => question with { Purposes = Both(question.Purposes, codes) },
            "outcome" => question with { Outcomes = Outcomes(question.Outcomes, codes) },
            _ => question with { Wanted = [.. question.Wanted, Facts(criterion, codes)] },
        };
    }

    /// <summary><c>issuer|subject</c>, a subject alone, <c>|client</c>, or an organisation.</summary>
    private static TrailQuestion Agent(TrailQuestion question, Criterion criterion)
    {
        var values = criterion.Values.Select(v => v.Token).ToList();
        if (values.TrueForAll(v => v.System == Systems.Ods || v.Code.StartsWith("Organization/", Ordinal)))
        {
            return question with { Organisations = Both(question.Organisations,
                values.Select(v => v.Code[(v.Code.LastIndexOf('/') + 1)..])) };
        }

        if (values.TrueForAll(v => v.System == ""))
        {
            return question with { Clients = Both(question.Clients, values.Select(v => v.Code)) };
        }

        question = question with { Wanted = [.. question.Wanted, Facts(criterion, Texts(criterion))] };
        return values.Exists(v => v.System == "") ? question
            : question with { Subjects = Both(question.Subjects, values.Select(v => v.Code)) };
    }

    /// <summary>A Patient is found by its number; everything else by what the answer showed.</summary>
    private static TrailQuestion Entity(TrailQuestion question, Criterion criterion)
    {
        var people = criterion.Values
            .Where(v => criterion.Modifier is not null || v.Text.Contains("Patient/", Ordinal)).ToList();
        if (people.Count > 0 && people.Count < criterion.Values.Count)
        {
            throw Refused.BadSearch("Ask for entities that are Patients apart from others.");
        }

        return people.Count > 0
            ? question with { Numbers = Both(question.Numbers,
                people.Select(v => SearchConditions.Patient(criterion.Modifier, v).Digits())) }
            : question with { Entities = Both(question.Entities, Texts(criterion).Select(Relative)) };
    }

    private static TrailQuestion Missing(TrailQuestion question, Criterion criterion)
    {
        var name = (criterion.Name == "_lastUpdated" ? "date" : criterion.Name) + "=";
        return SearchConditions.Missing(criterion)
            ? question with { Absent = [.. question.Absent, name] }
            : question with { Present = [.. question.Present, name] };
    }

    private static TrailQuestion Present(TrailQuestion question, Criterion criterion) =>
        question with { Present = [.. question.Present, criterion.Name + "="] };

    /// <summary>Any code of a system that has too many to name.</summary>
    private static bool IsAnyOf(Criterion criterion) =>
        criterion.Values is [{ Token: ({ } system, "") }] && SystemsOf.TryGetValue(criterion.Name, out var systems)
            && systems.TryGetValue(system, out var codes) && codes.Length == 0;

    private static IEnumerable<string> Texts(Criterion criterion) => criterion.Values.Select(v => v.Text);

    /// <summary>How to compare, then the alternatives.</summary>
    private static string Compared(Criterion criterion) => string.Join(Separator,
        Texts(criterion).Select(Plain).Prepend(
            criterion.Modifier switch { "exact" => "e", "contains" => "c", _ => "s" }));

    private static string Facts(Criterion criterion, IEnumerable<string> values) =>
        string.Join(Separator, values.Select(value => Fact(criterion, value)));

    private static string Fact(Criterion criterion, string value) => criterion.Name + "=" + Plain(value);

    private static string Plain(string value) => value.Replace(Separator, '\ufffd');

    /// <summary>Codes of the values whose system is the parameter's; of the others nothing can be found.</summary>
    private static List<string> Codes(Criterion criterion) =>
        [.. criterion.Values.SelectMany(v => Codes(criterion.Name, v.Token.System, v.Token.Code))];

    private static string[] Codes(string name, string? system, string code)
    {
        if (code.Length == 0 && string.IsNullOrEmpty(system))
        {
            throw Refused.BadSearch("A token names a code, a system, or both.");
        }

        if (name == "organization" && code.StartsWith("Organization/", Ordinal))
        {
            return [code["Organization/".Length..]];
        }

        if (system is null || !SystemsOf.TryGetValue(name, out var systems))
        {
            return [code];
        }

        var known = systems.GetValueOrDefault(system);
        return known is null ? []
            : code.Length == 0 ? known
            : known.Length == 0 || known.Contains(code) ? [code] : [];
    }

    private static bool IsToken(string name) => All.Any(p => p.Name == name && p.Type == "token");

    private static string Relative(string reference)
    {
        var at = reference.IndexOf(Routes.Prefix + "/", Ordinal);
        return at < 0 ? reference : reference[(at + Routes.Prefix.Length + 1)..];
    }

    private static string[] Both(string[]? before, IEnumerable<string> now) =>
        before is null ? [.. now.Distinct()] : [.. before.Intersect(now)];

    private static int[] Outcomes(int[]? before, List<string> codes)
    {
        var now = codes.Select(Outcome);
        return before is null ? [.. now.Distinct()] : [.. before.Intersect(now)];
    }

    private static int Outcome(string code) => OutcomeCodes.Contains(code)
        ? int.Parse(code, CultureInfo.InvariantCulture)
        : throw Refused.BadSearch("outcome must be 0, 4, 8 or 12.");

    private static bool Flag(bool? before, Criterion criterion)
    {
        var now = criterion.Values is [{ Text: "true" or "false" }]
            ? criterion.Values[0].Text == "true"
            : throw Refused.BadSearch($"{criterion.Name} must be true or false.");
        return before is null || before == now
            ? now
            : throw Refused.BadSearch($"{criterion.Name} cannot be both.");
    }

    private const StringComparison Ordinal = StringComparison.Ordinal;
}
