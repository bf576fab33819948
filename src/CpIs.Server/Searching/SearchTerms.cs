namespace CpIs.Server.Searching;

/// <summary>
/// What a search of one resource type understands: the table that requests are read by and the CapabilityStatement is
/// made from.
/// </summary>
/// <param name="Type">Resource type.</param>
/// <param name="Parameters">Names of its search parameters.</param>
internal sealed record SearchTerms(string Type, IReadOnlyCollection<string> Parameters)
{
    private static readonly Dictionary<string, string> Nothing = [];

    /// <summary>What an answer may be sorted by.</summary>
    public static readonly IReadOnlyList<string> EverySort = ["_id", "_lastUpdated", "date"];

    /// <summary>Names of <c>_sort</c>, without the minus of a descending one.</summary>
    public IReadOnlyList<string> Sorts { get; init; } = [];

    /// <summary>Values of <c>_include</c>, and the type of what each includes.</summary>
    public IReadOnlyDictionary<string, string> Includes { get; init; } = Nothing;

    /// <summary>Values of <c>_revinclude</c>, and the type of what each refers to.</summary>
    public IReadOnlyDictionary<string, string> RevIncludes { get; init; } = Nothing;

    /// <summary>Asked by the patient alone and answered whole, never in pages.</summary>
    public bool Whole { get; init; }

    /// <summary>How an <c>_include</c> begins that is accepted, malformed as it is, and has no effect.</summary>
    public string? MalformedInclude { get; init; }
}

/// <summary>One key of <c>_sort</c>.</summary>
internal sealed record SortKey(string Name, bool Descending)
{
    public override string ToString() => Descending ? "-" + Name : Name;
}

/// <summary>One <c>_include</c> or <c>_revinclude</c>.</summary>
/// <param name="Path">Type and parameter, as in <c>Flag:author</c>.</param>
/// <param name="Reverse">True for <c>_revinclude</c>.</param>
/// <param name="Iterate">Followed from what was included as well, not from the matches alone.</param>
/// <param name="Asked">As it was sent.</param>
internal sealed record Inclusion(string Path, bool Reverse, bool Iterate, string Asked)
{
    public string Name => (Reverse ? "_revinclude" : "_include") + (Iterate ? ":iterate" : "");
}

/// <summary>One search parameter as asked: alternatives are any-of, several criteria are all-of.</summary>
internal sealed record Criterion(string Name, string? Modifier, IReadOnlyList<SearchValue> Values)
{
    /// <summary>As it was sent; a chain by its dot.</summary>
    public required string Asked { get; init; }
}
