namespace CpIs.Server.Versions;

/// <summary>One version of a resource, as a history lists it.</summary>
/// <param name="Id">Logical id.</param>
/// <param name="Version">Version.</param>
/// <param name="Updated">When it was made.</param>
/// <param name="Deleted">It is a deletion: it has no content to show.</param>
/// <param name="NhsNumber">Whom it is about; null for an organisation.</param>
/// <param name="Body">UTF-8 JSON as it was served then.</param>
internal sealed record VersionRow(
    string Id, int Version, DateTimeOffset Updated, bool Deleted, string? NhsNumber, byte[] Body)
{
    /// <summary>Current, and true only until this day: what is shown past it is written anew (R0).</summary>
    public DateOnly? StatusUntil { get; init; }
}

/// <summary>A page of a history, newest first.</summary>
/// <param name="Rows">Versions of the page.</param>
/// <param name="Total">Versions in all.</param>
/// <param name="More">Whether a page follows.</param>
internal sealed record VersionPage(IReadOnlyList<VersionRow> Rows, int Total, bool More);

/// <summary>What is asked of a history.</summary>
/// <param name="Id">The resource; null for all of its type.</param>
internal sealed record VersionQuestion(string? Id)
{
    /// <summary>Only versions made at this instant or after it.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Only versions that were the current one at some moment from here …</summary>
    public DateTimeOffset? AtFrom { get; init; }

    /// <summary>… until just before here.</summary>
    public DateTimeOffset? AtUntil { get; init; }

    /// <summary>The last version of the page before.</summary>
    public VersionKey? After { get; init; }

    /// <summary>Versions of a page.</summary>
    public required int Limit { get; init; }
}

/// <summary>
/// Place of a version in its history: newest first. A version keeps its place when a newer one replaces it, so pages
/// skip none and repeat none while others write.
/// </summary>
internal sealed record VersionKey(DateTimeOffset Updated, string Id, int Version)
{
    public static VersionKey Of(VersionRow row) => new(row.Updated, row.Id, row.Version);
}
