using CpIs.Fhir;
using CpIs.Server.Searching;

namespace CpIs.Server.Encounters;

/// <summary>An encounter as it stands in the table: facts, version, and the JSON as served.</summary>
/// <param name="Id">Logical id.</param>
/// <param name="Version">Version.</param>
/// <param name="Updated">When that version was made.</param>
/// <param name="Reported">Day on which it was first reported, in Europe/London.</param>
/// <param name="Facts">What is kept.</param>
/// <param name="Body">UTF-8 JSON.</param>
internal sealed record EncounterRow(
    Guid Id, int Version, DateTimeOffset Updated, DateOnly Reported, EncounterFacts Facts, byte[] Body)
{
    /// <summary>R9: the other numbers of the person that were asked for.</summary>
    public IReadOnlyList<string> AskedAs { get; init; } = [];
}

/// <summary>What is asked of the encounters: by whom, about whom, under which further conditions.</summary>
internal sealed record EncounterQuestion
{
    /// <summary>ODS code of the asking council; null for health.</summary>
    public required string? Council { get; init; }

    /// <summary>ODS code of the asking organisation of health; null for a council.</summary>
    public required string? Organisation { get; init; }

    public required DateOnly Today { get; init; }

    /// <summary>ODS codes of the councils whose plans health may see.</summary>
    public required string[] LiveCouncils { get; init; }

    /// <summary>The people asked about; null for all of the council's. Health names one (R13).</summary>
    public IReadOnlyList<string>? Numbers { get; init; }

    public Predicate<EncounterRow> Condition { get; init; } = _ => true;

    /// <summary>Learns the number only.</summary>
    public bool CountOnly { get; init; }

    /// <summary>Rows of a page.</summary>
    public int Limit { get; init; } = int.MaxValue;

    /// <summary>Keys of the order asked for; empty for that of the id.</summary>
    public IReadOnlyList<SortKey> Sort { get; init; } = [];

    /// <summary>Place after which the page begins.</summary>
    public string? After { get; init; }
}

/// <summary>The encounters of an answer, and how many there are beyond the page.</summary>
/// <param name="Rows">Those of the page, in order.</param>
/// <param name="Total">All that match.</param>
/// <param name="Next">Place of the last row, when another page follows.</param>
/// <param name="Held">For health: whether a visible plan is held for the person, without which nothing is
/// shown.</param>
internal sealed record EncounterPage(IReadOnlyList<EncounterRow> Rows, int Total, string? Next, bool Held);

/// <summary>One version of an encounter, for vread.</summary>
internal sealed record EncounterVersion(int Version, DateTimeOffset Updated, byte[] Body);
