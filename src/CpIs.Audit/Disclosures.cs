using System.Globalization;

namespace CpIs.Audit;

/// <summary>
/// Turns what an answer would show into entries: one for each patient, so that "who saw this child" is one question
/// to one index. The request itself stands on the first only.
/// </summary>
internal static class Disclosures
{
    internal static StoredEntry[] Of(
        IReadOnlyList<Disclosed> disclosed, int found, AuditEntry entry, bool oneEntry, string instance)
    {
        if (oneEntry)
        {
            return [StoredEntry.Of(entry with { Found = found }, instance)];
        }

        if (IsAboutOne(disclosed, entry.NhsNumber) && disclosed.Count <= StoredEntry.DisclosedMax)
        {
            return [StoredEntry.Of(
                About(entry, entry.NhsNumber ?? "", found, disclosed, References(disclosed)), instance)];
        }

        var patients = Patients(disclosed, entry.NhsNumber);
        var entries = new List<AuditEntry>(patients.Count);
        foreach (var (number, shown) in patients)
        {
            var about = About(entry, number, found, shown, []);
            var through = disclosed.Any(resource => resource.Plan && resource.Through == number);
            AddParts(entries, through ? about with { PlanFound = true } : about, References(shown));
        }

        return [.. entries.Select(each => StoredEntry.Of(each, instance))];
    }

    /// <summary>Nearly every look-up: one child, known from the start, and nobody else in the answer.</summary>
    private static bool IsAboutOne(IReadOnlyList<Disclosed> disclosed, string? asked)
    {
        for (var i = 0; i < disclosed.Count; i++)
        {
            if (disclosed[i].NhsNumber is { } number && number != asked)
            {
                return false;
            }
        }

        return true;
    }

    private static AuditEntry About(
        AuditEntry entry, string number, int found, IReadOnlyList<Disclosed> shown, IReadOnlyList<string> references)
    {
        var plan = shown.Any(resource => resource.Plan);
        return entry with
        {
            NhsNumber = number.Length == 0 ? null : number,
            Found = found,
            Disclosed = references,
            PlanFound = number.Length == 0 ? entry.PlanFound : plan,
            InHistory = entry.Unscheduled == true && plan,
        };
    }

    /// <summary>In order of appearance; the one asked about is there even when nothing of hers was found.</summary>
    private static OrderedDictionary<string, List<Disclosed>> Patients(
        IReadOnlyList<Disclosed> disclosed, string? asked)
    {
        var patients = new OrderedDictionary<string, List<Disclosed>>();
        if (asked is not null)
        {
            patients.Add(asked, []);
        }

        foreach (var resource in disclosed)
        {
            if (resource.NhsNumber is { } number && !patients.ContainsKey(number))
            {
                patients.Add(number, []);
            }
        }

        if (patients.Count == 0)
        {
            patients.Add("", []);
        }

        foreach (var resource in disclosed)
        {
            (resource.NhsNumber is { } number ? patients[number] : patients.GetAt(0).Value).Add(resource);
        }

        return patients;
    }

    private static List<string> References(IReadOnlyList<Disclosed> shown)
    {
        var references = new List<string>(shown.Count);
        foreach (var (type, id, version, _, _, _) in shown)
        {
            references.Add(version > 0
                ? string.Create(CultureInfo.InvariantCulture, $"{type}/{id}/_history/{version}")
                : type + "/" + id);
        }

        return references;
    }

    /// <summary>A list too long for one entry goes on in the next of the same patient; none is cut off.</summary>
    private static void AddParts(List<AuditEntry> entries, AuditEntry about, List<string> references)
    {
        var from = 0;
        do
        {
            var part = references.GetRange(from, Math.Min(StoredEntry.DisclosedMax, references.Count - from));
            entries.Add(about with { Disclosed = part, Query = entries.Count == 0 ? about.Query : null });
            from += part.Count;
        }
        while (from < references.Count);
    }
}
