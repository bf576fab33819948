namespace CpIs.Audit;

/// <summary>
/// Turns what an answer would show into entries: one for each patient, so that "who saw this child" is one question
/// to one index. The request itself stands on the first only.
/// </summary>
internal static class Disclosures
{
    internal static List<AuditEntry> Of(IReadOnlyList<Disclosed> disclosed, int found, AuditEntry entry, bool oneEntry)
    {
        if (oneEntry)
        {
            return [entry with { Found = found }];
        }

        var patients = Patients(disclosed, entry.NhsNumber);
        var entries = new List<AuditEntry>(patients.Count);
        foreach (var (number, shown) in patients)
        {
            var plan = shown.Exists(resource => resource.Plan);
            var about = entry with
            {
                NhsNumber = number.Length == 0 ? null : number,
                Found = found,
                PlanFound = number.Length == 0 ? entry.PlanFound : plan,
                InHistory = entry.Unscheduled == true && plan,
            };
            AddParts(entries, about, References(shown));
        }

        return entries;
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

    private static List<string> References(List<Disclosed> shown)
    {
        var references = new List<string>(shown.Count);
        foreach (var resource in shown)
        {
            var reference = resource.ResourceType + "/" + resource.Id;
            references.Add(resource.Version > 0 ? reference + "/_history/" + resource.Version : reference);
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
