namespace CpIs.Audit;

/// <summary>
/// An <see cref="AuditEntry"/> that the database can hold, with everything about its canonical bytes that does not
/// depend on its place in a lane. Made on the caller's thread, so the lane only places, hashes and commits.
/// </summary>
internal sealed class StoredEntry
{
    /// <summary>References one entry may carry; a longer list is spread over several entries of one group.</summary>
    internal const int DisclosedMax = 1024;

    private StoredEntry(AuditEntry entry, string disclosed, string action)
    {
        Entry = entry;
        Disclosed = disclosed;
        Action = action;
        Tail = EntryBytes.Tail(this);
    }

    internal AuditEntry Entry { get; }

    internal string Action { get; }

    /// <summary>The references in one text, as the insert takes them: an array of arrays cannot be unnested.</summary>
    internal string Disclosed { get; }

    internal byte[] Tail { get; }

    internal static StoredEntry Of(AuditEntry entry, string instance)
    {
        if (entry.Disclosed.Count > DisclosedMax)
        {
            throw new ArgumentException("An entry carries at most " + DisclosedMax + " references.", nameof(entry));
        }

        var clean = Clean(entry, Code(entry.Instance ?? instance));
        var action = char.IsAscii(entry.Action) && !char.IsControl(entry.Action) ? entry.Action : '?';
        return new StoredEntry(clean, string.Join(EntryText.Separator, clean.Disclosed), action.ToString());
    }

    /// <summary>One copy of the entry, whatever had to be mended.</summary>
    private static AuditEntry Clean(AuditEntry entry, string? instance) => entry with
    {
        Kind = EntryText.Clean(entry.Kind, EntryText.CodeCharsMax),
        Interaction = EntryText.Clean(entry.Interaction, EntryText.CodeCharsMax),
        Reason = EntryText.CleanOrNull(entry.Reason, EntryText.ReasonCharsMax),
        NhsNumber = Code(entry.NhsNumber),
        Disclosed = References(entry.Disclosed),
        ResourceType = Code(entry.ResourceType),
        ResourceId = Code(entry.ResourceId),
        Query = EntryText.CleanQuery(entry.Query),
        AgentIssuer = Name(entry.AgentIssuer),
        AgentSubject = Name(entry.AgentSubject),
        AgentUserId = Code(entry.AgentUserId),
        AgentName = Name(entry.AgentName),
        AgentRole = Name(entry.AgentRole),
        ActivityCode = Code(entry.ActivityCode),
        Organisation = Code(entry.Organisation),
        OrganisationName = Name(entry.OrganisationName),
        ClientId = Name(entry.ClientId),
        TokenId = Name(entry.TokenId),
        PurposeOfUse = Code(entry.PurposeOfUse),
        PurposeReason = EntryText.CleanOrNull(entry.PurposeReason, EntryText.ReasonCharsMax),
        Address = Code(entry.Address),
        Setting = Name(entry.Setting),
        RequestId = Code(entry.RequestId),
        CorrelationId = Code(entry.CorrelationId),
        Instance = instance,
    };

    private static List<string> References(IReadOnlyList<string> disclosed)
    {
        if (disclosed.Count == 0)
        {
            return [];
        }

        var clean = new List<string>(disclosed.Count);
        foreach (var reference in disclosed)
        {
            if (!string.IsNullOrEmpty(reference))
            {
                clean.Add(EntryText.CleanReference(reference, EntryText.NameCharsMax));
            }
        }

        return clean;
    }

    private static string? Code(string? text) => EntryText.CleanOrNull(text, EntryText.CodeCharsMax);

    private static string? Name(string? text) => EntryText.CleanOrNull(text, EntryText.NameCharsMax);
}
