namespace CpIs.Server.AuditTrail;

/// <summary>
/// R15: from all accesses to the lines a reader sees. Folding happens here, when reading, so that two looks in one
/// second need no lock when they are recorded.
/// </summary>
internal static class AccessHistory
{
    /// <summary>Lines shown.</summary>
    public const int LinesMax = 25;

    /// <summary>How long a line stands for further looks of the same person in the same organisation.</summary>
    public static readonly TimeSpan FoldedFor = TimeSpan.FromHours(24);

    /// <summary>The most recent lines, newest first.</summary>
    /// <param name="accesses">All accesses, in any order; one person's, or those of linked numbers.</param>
    /// <param name="current">The look that is being answered; null when it enters no history. The line that stands
    /// for it is always in the list.</param>
    /// <param name="withheld">The person is protected: no organisation that looked is told.</param>
    public static IReadOnlyList<AccessLine> Lines(
        IEnumerable<AccessLine> accesses, AccessLine? current, bool withheld = false)
    {
        var (lines, standing) = Fold(accesses, current);
        lines.Reverse();
        var shown = Newest(lines, current is null ? null : standing[(current.Author, current.Organisation)]);
        return withheld ? shown.ConvertAll(line => line with { Withheld = true }) : shown;
    }

    /// <summary>Whether an access is a line of its own, and no repeat of one that stands.</summary>
    public static bool Stands(IEnumerable<AccessLine> earlier, AccessLine access) =>
        Fold(earlier, access).Standing[(access.Author, access.Organisation)].EntryId == access.EntryId;

    private static (List<AccessLine> Lines, Dictionary<(string, string), AccessLine> Standing) Fold(
        IEnumerable<AccessLine> accesses, AccessLine? current)
    {
        var standing = new Dictionary<(string Author, string Organisation), AccessLine>();
        var lines = new List<AccessLine>();
        foreach (var access in Ordered(accesses, current))
        {
            var who = (access.Author, access.Organisation);
            if (standing.TryGetValue(who, out var listed) && access.Recorded - listed.Recorded < FoldedFor)
            {
                continue;
            }

            standing[who] = access;
            lines.Add(access);
        }

        return (lines, standing);
    }

    /// <summary>Oldest first: a repeat is folded into what came before it.</summary>
    private static IEnumerable<AccessLine> Ordered(IEnumerable<AccessLine> accesses, AccessLine? current) =>
        (current is null ? accesses : accesses.Where(a => a.EntryId != current.EntryId).Append(current))
            .OrderBy(a => a.Recorded).ThenBy(a => a.EntryId);

    private static List<AccessLine> Newest(List<AccessLine> lines, AccessLine? own)
    {
        if (lines.Count <= LinesMax)
        {
            return lines;
        }

        var shown = lines.GetRange(0, LinesMax);
        if (own is not null && !shown.Contains(own))
        {
            shown[^1] = own;
        }

        return shown;
    }
}
