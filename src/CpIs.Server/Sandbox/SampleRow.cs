using System.Text.Json;
using System.Text.Json.Serialization;

namespace CpIs.Server.Sandbox;

/// <summary>
/// One line of a sample caseload: a council's plan for one person, in the columns of the bulk upload. Its dates may be
/// counted from the day of loading; <see cref="RelativeDay"/> resolves them.
/// </summary>
internal sealed record SampleRow
{
    // A column nobody reads is a slip of the pen, so it is refused rather than passed over.
    private static readonly JsonSerializerOptions Columns = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    public required string RowId { get; init; }

    public required string NhsNumber { get; init; }

    public required string Family { get; init; }

    public required string Given { get; init; }

    /// <summary>Further given names, separated by spaces.</summary>
    public string? OtherGiven { get; init; }

    public required string BirthDate { get; init; }

    /// <summary><c>child-protection</c>, <c>looked-after</c> or <c>unborn</c>.</summary>
    public required string Plan { get; init; }

    public required string Start { get; init; }

    public string? End { get; init; }

    public string? DueDate { get; init; }

    public string? PersonId { get; init; }

    /// <summary>The unborn plan, by the council's number for it, that this plan follows.</summary>
    public string? FollowsRowId { get; init; }

    /// <summary>Reads one line.</summary>
    /// <exception cref="JsonException">It is not an object of exactly these columns.</exception>
    public static SampleRow Parse(string line) =>
        JsonSerializer.Deserialize<SampleRow>(line, Columns) ?? throw new JsonException("The line holds no row.");

    /// <summary>Reads a caseload file, line by line.</summary>
    public static IReadOnlyList<SampleRow> ReadAll(string path) =>
        [.. File.ReadLines(path).Where(line => line.Length > 0).Select(Parse)];
}
