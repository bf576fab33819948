using System.Globalization;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Uploads;

namespace CpIs.Server.Demographics;

/// <summary>
/// The columns of the registrar's file, and what a row under them says. A column nobody asked for is refused before a
/// byte is kept, as in a council's file.
/// </summary>
internal sealed class RegisterFile
{
    private static readonly string[] Needed = ["nhs_number", "family", "given", "birth_date"];
    private static readonly string[] Further = ["superseded_by", "sensitive", "invalid", "deceased"];
    private static readonly string[] Days = ["yyyy-MM-dd", "dd/MM/yyyy"];

    private readonly Dictionary<string, int> places;

    public RegisterFile(IReadOnlyList<string> names)
    {
        Names = names;
        places = names.Select((name, i) => (name, i)).ToDictionary(c => c.name, c => c.i, StringComparer.Ordinal);
    }

    /// <summary>Lower case, in the file's order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>Checks the first record of a file.</summary>
    /// <exception cref="Refused">400 CPF01, naming the columns.</exception>
    public static RegisterFile Read(ReadOnlySpan<byte> first)
    {
        var names = CaseloadCsv.Names(first);
        CaseloadHeader.RequireNames(names, Needed);
        var unknown = names.Except(Needed).Except(Further).ToList();
        var missing = Needed.Except(names).ToList();
        return unknown.Count > 0 ? throw CaseloadHeader.UnknownNames(unknown)
            : missing.Count > 0
                ? throw CaseloadHeader.Unreadable("Missing columns: " + string.Join(", ", missing) + ".")
            : names.Distinct().Count() < names.Count
                ? throw CaseloadHeader.Unreadable("A column stands twice.")
            : new(names);
    }

    /// <summary>What a row says, or why it says nothing that can be kept.</summary>
    public (RegisterRow? Row, RowIssue? Issue) Row(IReadOnlyList<string> fields)
    {
        if (fields.Count != Names.Count)
        {
            return (null, RowIssue.NotLoaded(
                "fields", $"The row has {fields.Count} fields, the header {Names.Count}."));
        }

        string Text(string column) =>
            places.TryGetValue(column, out var place) ? fields[place].Trim() : "";
        try
        {
            return (Row(Text), null);
        }
        catch (Unfit unfit)
        {
            return (null, unfit.Issue);
        }
    }

    private static RegisterRow Row(Func<string, string> text)
    {
        var given = text("given").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var family = text("family");
        if ((family.Length == 0) != (given.Length == 0))
        {
            throw new Unfit(RowIssue.NotLoaded("name", "A name has a family name and a given name, or none of both."));
        }

        return new()
        {
            Number = Number(text("nhs_number"), "nhs_number"),
            Name = family.Length == 0 ? null : new(family, given),
            BirthDate = text("birth_date") is { Length: > 0 } day ? Day(day) : null,
            SupersededBy = text("superseded_by") is { Length: > 0 } other ? Number(other, "superseded_by") : null,
            Sensitive = Truth(text("sensitive"), "sensitive"),
            Invalid = Truth(text("invalid"), "invalid"),
            Deceased = Truth(text("deceased"), "deceased"),
        };
    }

    private static NhsNumber Number(string text, string column)
    {
        var digits = text.Replace(" ", "", StringComparison.Ordinal);
        return NhsNumber.TryParse(digits, out var number) ? number
            : throw new Unfit(RowIssue.Number(NhsNumber.Fault(digits)!) with { Column = column });
    }

    private static DateOnly Day(string text) =>
        DateOnly.TryParseExact(text, Days, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day
            : throw new Unfit(RowIssue.NotLoaded(
                "date", "birth_date is YYYY-MM-DD or DD/MM/YYYY.", "birth_date"));

    private static bool Truth(string text, string column) => text.ToLowerInvariant() switch
    {
        "" or "false" => false,
        "true" => true,
        _ => throw new Unfit(RowIssue.NotLoaded("truth", $"{column} is true, false or empty.", column)),
    };

    private sealed class Unfit(RowIssue issue) : Exception
    {
        public RowIssue Issue { get; } = issue;
    }
}
