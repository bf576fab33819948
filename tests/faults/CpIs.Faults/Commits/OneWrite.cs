namespace CpIs.Faults.Commits;

/// <summary>A write as its client sends it, and what must have become of it, however often it was sent.</summary>
/// <param name="Persona">Who sends it.</param>
/// <param name="Organisation">Of that persona.</param>
/// <param name="Method">Its method.</param>
/// <param name="Route">Its target, below the base.</param>
/// <param name="Body">Null: none.</param>
internal sealed record OneWrite(string Persona, string Organisation, HttpMethod Method, string Route, string? Body)
{
    public string Type { get; init; } = "application/fhir+json";

    public string? IfNoneExist { get; init; }

    public string? NhsNumber { get; init; }

    /// <summary>What it is answered, each time.</summary>
    public int Status { get; init; } = 201;

    /// <summary>Of what it names, afterwards.</summary>
    public int Version { get; init; } = 1;

    /// <summary>Versions that are kept of it; null: all.</summary>
    public int? Kept { get; init; }

    /// <summary>Entries of the record for the change itself.</summary>
    public int Entries { get; init; } = 1;

    /// <summary>Commits of the same request that are done before the one at which its server dies.</summary>
    public int Before { get; init; }

    /// <summary>The server speaks to the database of the request once before its transaction.</summary>
    public bool Announced { get; init; }

    /// <summary>Says that it is an answer given again.</summary>
    public bool SaysReplayed { get; init; } = true;

    /// <summary>Of the file, where it is one.</summary>
    public string? Submission { get; init; }
}
