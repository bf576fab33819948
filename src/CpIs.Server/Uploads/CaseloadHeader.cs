using CpIs.Server.Access;

namespace CpIs.Server.Uploads;

/// <summary>
/// The columns of one file in its own order. A column we do not know is refused before a byte is kept: it may be a
/// category of abuse, which must never be stored here.
/// </summary>
internal sealed class CaseloadHeader
{
    /// <summary>Columns that a refusal names; a file of something else may have hundreds.</summary>
    private const int NamedMax = 20;

    /// <summary>Characters of a column's name that a refusal repeats.</summary>
    private const int NameCharsMax = 40;

    private readonly Dictionary<string, int> places;

    private CaseloadHeader(IReadOnlyList<string> names)
    {
        Names = names;
        places = names.Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i);
    }

    /// <summary>Lower case, in the file's order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>NDJSON has no header: its names are ours.</summary>
    public static CaseloadHeader OfNdjson { get; } = new(Columns.All);

    /// <summary>A header that was accepted before.</summary>
    public static CaseloadHeader Again(IReadOnlyList<string> names) => new(names);

    /// <summary>Checks the first record of a file.</summary>
    /// <exception cref="Refused">400 CPF01, naming the columns.</exception>
    public static CaseloadHeader Read(IReadOnlyList<string> names)
    {
        if (names.Count == 1 && names[0].AsSpan().IndexOfAny(';', '\t') >= 0)
        {
            throw Unreadable("The columns are not separated by commas: save the file as CSV (comma delimited) UTF-8.");
        }

        RequireNames(names, Columns.Required);
        var unknown = names.Where(name => !Columns.All.Contains(name)).Distinct().ToList();
        if (unknown.Count > 0)
        {
            throw UnknownNames(unknown);
        }

        var missing = Columns.Required.Where(name => !names.Contains(name)).ToList();
        if (missing.Count > 0)
        {
            throw Unreadable("Missing columns: " + Named(missing) + ".");
        }

        var twice = names.GroupBy(name => name).Where(same => same.Count() > 1).Select(same => same.Key).ToList();
        return twice.Count > 0 ? throw Unreadable("Columns that stand twice: " + Named(twice) + ".") : new(names);
    }

    /// <summary>The text under a column, without spaces around it; empty when the file has no such column.</summary>
    public string Text(IReadOnlyList<string> fields, string column) =>
        places.TryGetValue(column, out var place) && place < fields.Count ? fields[place].Trim() : "";

    /// <summary>A first line without one name that is needed is a row about somebody, and is not repeated.</summary>
    public static void RequireNames(IReadOnlyList<string> names, IReadOnlyList<string> required)
    {
        if (!names.Any(required.Contains))
        {
            throw Unreadable("The first line is no header: it has none of the columns " + string.Join(", ", required)
                + ". Nothing of the file was kept.");
        }
    }

    /// <summary>Names columns we do not know, as a refusal says them.</summary>
    public static Refused UnknownNames(IReadOnlyList<string> unknown) => Unreadable(
        "Unknown columns: " + Named(unknown) + ". Nothing of the file was kept. Take them out: what is not asked for "
        + "must not be sent.");

    public static Refused Unreadable(string why) =>
        new(400, [new("error", "structure", UploadCodes.UnreadableFile, "CPF01: " + why)]);

    private static string Named(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(NamedMax).Select(Short)) + (names.Count > NamedMax ? ", …" : "");

    private static string Short(string name) =>
        name.Length == 0 ? "(without a name)"
        : new string([.. name.Take(NameCharsMax).Where(c => !char.IsControl(c))])
            + (name.Length > NameCharsMax ? "…" : "");
}
