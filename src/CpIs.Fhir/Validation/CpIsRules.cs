using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>
/// Our own invariants, by key. Their FHIRPath stands in profiles/input/fsh/invariants; a profile that asks for a key
/// not found here does not load.
/// </summary>
internal static class CpIsRules
{
    private const int NhsDigits = 10;
    private const int FullDateCharacters = 10;

    private static readonly byte[] NhsSystem = Encoding.UTF8.GetBytes(Systems.NhsNumber);
    private static readonly byte[] PlanSystem = Encoding.UTF8.GetBytes(Systems.CouncilPlan);
    private static readonly byte[] PersonSystem = Encoding.UTF8.GetBytes(Systems.CouncilPerson);
    private static readonly byte[] DueDate = Encoding.UTF8.GetBytes(Systems.DueDate);
    private static readonly byte[] FollowsPlan = Encoding.UTF8.GetBytes(Systems.FollowsPlan);

    private static readonly byte[][] AttendanceCategories =
    [
        [.. "first-attendance"u8], [.. "unplanned-follow-up"u8], [.. "unplanned-follow-up-elsewhere"u8],
        [.. "planned-follow-up"u8],
    ];

    public static readonly Invariant[] All =
    [
        new("cpis-closed-1", "Only the extensions named in the profile may be sent. Leave this one out.",
            static (_, _, _) => true),
        new("cpis-nhs-1", "", (d, t, _) => !d.HasText(t, "value"u8) || IsNhsNumber(d.Text(d.Get(t, "value"u8))))
        {
            At = "value", Code = "value", Say = (d, t) =>
                NhsNumber.Fault(Encoding.UTF8.GetString(d.Text(d.Get(t, "value"u8))))!,
        },
        new("cpis-nhs-2", "", (d, t, _) =>
            !d.HasText(t, "valueString"u8) || NhsNumber.Fault(WithoutSpaces(d.Text(d.Get(t, "valueString"u8)))) == null)
        {
            At = "value", Code = "value", Say = (d, t) =>
                NhsNumber.Fault(WithoutSpaces(d.Text(d.Get(t, "valueString"u8))))!,
        },
        new("cpis-person-1",
            "The person must be named by a valid NHS number: Patient/ and its ten digits, the urn:uuid of "
            + "the Patient in the same Bundle, or an identifier.", (d, t, _) => NamesPerson(d, t)),
        new("cpis-person-2", "The reference and the identifier name different people.", (d, t, _) =>
            NamesOnePerson(d, t)),
        new("cpis-organization-1",
            "The organisation must be named: Organization/ and its id, the urn:uuid of the Organization in "
            + "the same Bundle, or an identifier with its ODS code.",
            (d, t, _) => d.Has(t, "reference"u8) ? PointsTo(d, t, "Organization"u8) : d.Has(t, "identifier"u8)),
        new("cpis-episode-1",
            "The plan must be named: EpisodeOfCare/ and its id, or the urn:uuid of the EpisodeOfCare in "
            + "the same Bundle.", (d, t, _) => PointsTo(d, t, "EpisodeOfCare"u8)),
        new("cpis-plan-1", "The system must be https://fhir.cpis.example/Id/council-plan/ and the council's ODS code.",
            (d, t, _) => !d.HasText(t, "system"u8)
                || IsCouncils(d.Text(d.Get(t, "system"u8)), PlanSystem)) { At = "system" },
        new("cpis-identifier-1",
            "Beside the NHS number only the council's own person number is kept: type PI, and the system "
                + "https://fhir.cpis.example/Id/council-person/ and the council's ODS code.",
            (d, t, _) => IsPersonNumber(d, t)),
        new("cpis-date-1", "This must be a full date, YYYY-MM-DD.",
            (d, t, _) => d.Text(t).Length == FullDateCharacters) { Code = "value" },
        new("cpis-time-1", "This must be a date with its time and zone, such as 2026-03-01T22:10:00Z.",
            (d, t, _) => d.Text(t).Length > FullDateCharacters) { Code = "value" },
        new("cpis-attendance-1",
            "One type must be the setting, such as emergency-department; a second may be the category, such as "
                + "planned-follow-up.", (d, t, _) => NamesOneSetting(d, t)) { At = "type" },
        new("cpis-text-1", "This is blank: fill it in.", (d, t, _) =>
            d.Text(t).ContainsAnyExcept(" \t\r\n"u8)) { Code = "value" },
        new("cpis-status-1", "A finished plan needs its end date.", (d, t, _) =>
            !d.IsText(t, "status"u8, "finished"u8) || d.HasElement(d.Get(t, "period"u8), "end"u8)) { At = "period" },
        new("cpis-due-1", "Only an unborn child plan has an expected due date.",
            (d, t, _) => !HasExtension(d, t, DueDate) || IsUnborn(d, t)) { At = "extension", OnlyWith = "extension" },
        new("cpis-follows-1", "An unborn child plan does not follow another plan.",
            (d, t, _) => !HasExtension(d, t, FollowsPlan)
                || !IsUnborn(d, t)) { At = "extension", OnlyWith = "extension" },
    ];

    public static Invariant? Find(string key) => Array.Find(All, rule => rule.Key == key);

    /// <summary>
    /// The same judgement as <see cref="NhsNumber"/>, over bytes, so that an accepted number costs no text.
    /// </summary>
    internal static bool IsNhsNumber(ReadOnlySpan<byte> text)
    {
        if (text.Length != NhsDigits || text.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
        {
            return false;
        }

        var sum = 0;
        for (var place = 0; place < NhsDigits - 1; place++)
        {
            sum += (text[place] - '0') * (NhsDigits - place);
        }

        return sum > 0 && (11 - sum % 11) % 11 == text[^1] - '0';
    }

    private static string WithoutSpaces(ReadOnlySpan<byte> text) =>
        Encoding.UTF8.GetString(text).Replace(" ", "", StringComparison.Ordinal);

    private static bool NamesPerson(Doc doc, int token)
    {
        if (!doc.Has(token, "reference"u8))
        {
            return doc.Has(token, "identifier"u8);
        }

        var literal = doc.Text(doc.Get(token, "reference"u8));
        return Primitives.IsUuid(literal) || (IsOfType(literal, "Patient"u8, out var id) && IsNhsNumber(id));
    }

    private static bool NamesOnePerson(Doc doc, int token)
    {
        var number = doc.Text(doc.Get(doc.Get(token, "identifier"u8), "value"u8));
        var literal = doc.Text(doc.Get(token, "reference"u8));
        return number.IsEmpty || !IsOfType(literal, "Patient"u8, out var id) || id.SequenceEqual(number);
    }

    private static bool PointsTo(Doc doc, int token, ReadOnlySpan<byte> type)
    {
        var literal = doc.Text(doc.Get(token, "reference"u8));
        return Primitives.IsUuid(literal) || (IsOfType(literal, type, out var id) && Primitives.IsId(id));
    }

    /// <summary>Type/id, alone or at the end of an http address.</summary>
    private static bool IsOfType(ReadOnlySpan<byte> literal, ReadOnlySpan<byte> type, out ReadOnlySpan<byte> id)
    {
        var slash = literal.LastIndexOf((byte)'/');
        id = literal[(slash + 1)..];
        var before = slash < 0 ? default : literal[..slash];
        if (!before.EndsWith(type))
        {
            return false;
        }

        var address = before[..^type.Length];
        return address.IsEmpty || (address[^1] == (byte)'/' && !address.ContainsAny("?#"u8)
            && (address.StartsWith("https://"u8) || address.StartsWith("http://"u8))
                && address.Length > "https://"u8.Length);
    }

    private static bool IsCouncils(ReadOnlySpan<byte> system, byte[] start)
    {
        if (!system.StartsWith(start) || system.Length == start.Length || system.Length > start.Length + 12)
        {
            return false;
        }

        foreach (var letter in system[start.Length..])
        {
            if (!char.IsAsciiLetterUpper((char)letter) && !char.IsAsciiDigit((char)letter))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsPersonNumber(Doc doc, int identifier)
    {
        var system = doc.Text(doc.Get(identifier, "system"u8));
        if (system.SequenceEqual(NhsSystem))
        {
            return true;
        }

        var codings = doc.Get(doc.Get(identifier, "type"u8), "coding"u8);
        for (var at = doc.First(codings); at != Doc.None; at = doc.Following(codings, at))
        {
            if (doc.IsText(at, "code"u8, "PI"u8)
                && doc.IsText(at, "system"u8, "http://terminology.hl7.org/CodeSystem/v2-0203"u8))
            {
                return IsCouncils(system, PersonSystem) && doc.Has(identifier, "value"u8);
            }
        }

        return false;
    }

    private static bool HasExtension(Doc doc, int token, byte[] url)
    {
        var extensions = doc.Get(token, "extension"u8);
        for (var at = doc.First(extensions); at != Doc.None; at = doc.Following(extensions, at))
        {
            if (doc.IsText(at, "url"u8, url))
            {
                return true;
            }
        }

        return false;
    }

    private static bool NamesOneSetting(Doc doc, int encounter)
    {
        var (all, categories) = (0, 0);
        var types = doc.Get(encounter, "type"u8);
        for (var type = doc.First(types); type != Doc.None; type = doc.Following(types, type))
        {
            all++;
            var codings = doc.Get(type, "coding"u8);
            for (var at = doc.First(codings); at != Doc.None; at = doc.Following(codings, at))
            {
                categories += IsCategory(doc, at) ? 1 : 0;
            }
        }

        return all == 0 || categories == all - 1;
    }

    private static bool IsCategory(Doc doc, int coding)
    {
        foreach (var category in AttendanceCategories)
        {
            if (doc.IsText(coding, "code"u8, category))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsUnborn(Doc doc, int episode)
    {
        var types = doc.Get(episode, "type"u8);
        for (var type = doc.First(types); type != Doc.None; type = doc.Following(types, type))
        {
            var codings = doc.Get(type, "coding"u8);
            for (var at = doc.First(codings); at != Doc.None; at = doc.Following(codings, at))
            {
                if (doc.IsText(at, "code"u8, "818901000000100"u8))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
