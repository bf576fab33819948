using System.Globalization;
using System.Text.Json;
using static CpIs.Fhir.Validation.FirstCut;

namespace CpIs.Fhir.Validation;

/// <summary>The closed shapes of our four profiles, element by element, for <see cref="FirstCut"/>.</summary>
internal sealed class FirstCutRules(string type, string profile, List<Issue> found)
{
    private const string NhsSystem = "https://fhir.nhs.uk/Id/nhs-number";
    private const string OdsSystem = "https://fhir.nhs.uk/Id/ods-organization-code";
    private const string PlanSystem = "https://fhir.cpis.example/Id/council-plan/";
    private const string PersonSystem = "https://fhir.cpis.example/Id/council-person/";
    private const string Unborn = "818901000000100";
    private const int PlanNumberCharacters = 64;
    private static readonly string[] Kinds = ["342191000000101", "764841000000100", Unborn];
    private static readonly string[] Statuses = ["planned", "active", "finished", "entered-in-error"];
    private static readonly string[] Extensions =
    [
        "https://fhir.cpis.example/StructureDefinition/Extension-CpIs-DueDate",
        "https://fhir.cpis.example/StructureDefinition/Extension-CpIs-FollowsPlan",
        "http://hl7.org/fhir/StructureDefinition/flag-detail",
    ];

    public void Check(JsonElement root, string[] allowed, string[] required)
    {
        foreach (var property in root.EnumerateObject())
        {
            var name = property.Name.TrimStart('_');
            if (!IsAlways(name) && !allowed.Contains(name))
            {
                Add("structure", $"{type}.{name}", $"{name} may not be sent: it is not shared.", "max");
            }
        }

        foreach (var name in required.Where(name => !root.TryGetProperty(name, out _)))
        {
            Add("required", $"{type}.{name}", $"{name} is missing.", "min");
        }

        switch (type)
        {
            case "Patient": Patient(root); break;
            case "EpisodeOfCare": Episode(root); break;
            case "Flag": Flag(root); break;
            default: Organization(root); break;
        }
    }

    private void Patient(JsonElement root)
    {
        var numbers = 0;
        foreach (var (identifier, at) in Items(root, "identifier"))
        {
            if (Text(identifier, "system") == NhsSystem)
            {
                numbers++;
                NhsNumber(identifier, at);
            }
            else if (Text(identifier, "system")?.StartsWith(PersonSystem, StringComparison.Ordinal) != true)
            {
                Add("invariant", at, "Only the NHS number and the council's person number are kept.", "cpis-identifier-1");
            }
        }

        if (numbers != 1)
        {
            Add("required", "Patient.identifier", "Exactly one NHS number is needed.", "min");
        }

        foreach (var (name, at) in Items(root, "name"))
        {
            Need(name, at, "family");
            Need(name, at, "given");
        }

        FullDate(root, "Patient", "birthDate");
    }

    private void Episode(JsonElement root)
    {
        Plan(root, "patient");
        var kind = Items(root, "type").SelectMany(t => Items(t.Item, "coding", t.At)).ToList();
        if (kind.Count != 1 || !Kinds.Contains(Text(kind[0].Item, "code")))
        {
            Add("code-invalid", "EpisodeOfCare.type", "The plan kind must be one of the three SNOMED CT codes.", "binding");
        }

        if (!Statuses.Contains(Text(root, "status")))
        {
            Add("code-invalid", "EpisodeOfCare.status",
                "The status must be planned, active, finished or entered-in-error.", "binding");
        }

        if (Text(root, "status") == "finished" && !(root.TryGetProperty("period", out var p) && Text(p, "end") != null))
        {
            Add("invariant", "EpisodeOfCare.period", "A finished plan needs its end date.", "cpis-status-1");
        }

        var unborn = kind.Count == 1 && Text(kind[0].Item, "code") == Unborn;
        foreach (var (extension, at) in Items(root, "extension"))
        {
            var due = Text(extension, "url") == Extensions[0];
            if (Text(extension, "url") != Extensions[due ? 0 : 1])
            {
                Add("extension", at, "This extension is not shared.", "slice-closed");
            }
            else if (due != unborn)
            {
                Add("invariant", at, due ? "Only an unborn child plan has a due date."
                    : "An unborn child plan follows no other.", due ? "cpis-due-1" : "cpis-follows-1");
            }
        }
    }

    private void Flag(JsonElement root)
    {
        Plan(root, "subject");
        var codes = root.TryGetProperty("code", out var code) ? Items(code, "coding", "Flag.code").ToList() : [];
        if (codes.Count(c => Kinds.Contains(Text(c.Item, "code"))) != 1 || codes.Count > 2)
        {
            Add("code-invalid", "Flag.code", "The plan kind must be one of the three SNOMED CT codes.", "binding");
        }

        var details = Items(root, "extension").ToList();
        if (details.Count != 1 || Text(details[0].Item, "url") != Extensions[2])
        {
            Add("extension", "Flag.extension", "Exactly one extension, flag-detail, is needed.", "slice-closed");
        }
    }

    private void Organization(JsonElement root)
    {
        if (Items(root, "identifier").Count(i => Text(i.Item, "system") == OdsSystem) != 1)
        {
            Add("required", "Organization.identifier", "Exactly one ODS code is needed.", "min");
        }
    }

    private void Plan(JsonElement root, string person)
    {
        var identifiers = Items(root, "identifier").ToList();
        if (identifiers.Count != 1
            || Text(identifiers[0].Item, "system")?.StartsWith(PlanSystem, StringComparison.Ordinal) != true
            || Text(identifiers[0].Item, "value") is not { Length: > 0 and <= PlanNumberCharacters })
        {
            Add("invariant", $"{type}.identifier", "Exactly one plan number of the council is needed.", "cpis-plan-1");
        }

        if (root.TryGetProperty(person, out var reference))
        {
            Person(reference, $"{type}.{person}");
        }

        if (root.TryGetProperty("period", out var period))
        {
            Need(period, $"{type}.period", "start");
            FullDate(period, $"{type}.period", "start");
            FullDate(period, $"{type}.period", "end");
            if (string.CompareOrdinal(Text(period, "end") ?? "9", Text(period, "start") ?? "0") < 0)
            {
                Add("invariant", $"{type}.period", "The end date is before the start date.", "per-1");
            }
        }
    }

    private void Person(JsonElement person, string at)
    {
        var number = person.TryGetProperty("identifier", out var identifier) ? Text(identifier, "value") : null;
        if (number != null)
        {
            NhsNumber(identifier, $"{at}.identifier");
        }

        var reference = Text(person, "reference");
        if (reference?.StartsWith("urn:uuid:", StringComparison.Ordinal) == true)
        {
            return;
        }

        var named = reference?[(reference.LastIndexOf('/') + 1)..];
        if ((reference == null && number == null)
            || (reference != null && !$"/{reference}".EndsWith($"/Patient/{named}", StringComparison.Ordinal))
            || (named != null && !IsNhsNumber(named)))
        {
            Add("invariant", at, "The person must be named by a valid NHS number.", "cpis-person-1");
        }
        else if (number != null && named != null && number != named)
        {
            Add("invariant", at, "The reference and the identifier name different people.", "cpis-person-2");
        }
    }

    private void NhsNumber(JsonElement identifier, string at)
    {
        var value = Text(identifier, "value") ?? "";
        if (Text(identifier, "system") != NhsSystem || !IsNhsNumber(value))
        {
            var shown = value.Length == 10 ? $"{value[..3]} *** {value[6..]}: the check digit does not match" : "ten digits";
            Add("value", $"{at}.value", $"NHS number {shown}.", "cpis-nhs-1");
        }
    }

    private void FullDate(JsonElement element, string at, string name)
    {
        if (Text(element, name) is { } day
            && !DateOnly.TryParseExact(day, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
        {
            Add("value", $"{at}.{name}", $"{name} must be a full date, YYYY-MM-DD.", "cpis-date-1");
        }
    }

    private void Need(JsonElement element, string at, string name)
    {
        if (!element.TryGetProperty(name, out _))
        {
            Add("required", $"{at}.{name}", $"{name} is missing.", "min");
        }
    }

    private void Add(string code, string at, string text, string rule) =>
        found.Add(new(IssueSeverity.Error, code, at, text, rule, profile));

    private IEnumerable<(JsonElement Item, string At)> Items(JsonElement parent, string name, string? at = null) =>
        parent.ValueKind == JsonValueKind.Object
            && parent.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? list.EnumerateArray().Select((item, n) => (item, $"{at ?? type}.{name}[{n}]"))
            : [];

    private static bool IsNhsNumber(string text)
    {
        if (text.Length != 10 || text.Any(c => !char.IsAsciiDigit(c)))
        {
            return false;
        }

        var rest = 11 - text[..9].Select((c, n) => (c - '0') * (10 - n)).Sum() % 11;
        return rest % 11 == text[9] - '0';
    }
}
