using System.Buffers;
using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Plans;

namespace CpIs.Server.Uploads;

/// <summary>
/// What a row must hold by itself, before anybody is asked about it: every column in its form, the NHS number with its
/// check digit, and then our profile of a row. All that is wrong is said at once.
/// </summary>
internal sealed class RowRules(Profiles profiles)
{
    private static readonly string[] DayForms = ["yyyy-MM-dd", "dd/MM/yyyy"];

    private static readonly string[] Removals = ["error", "died", "pregnancy-ended", "adopted", "number-changed"];

    private static readonly string RowProfile = Systems.Profile("CaseloadRow");

    /// <summary>The row, or every reason why it is none.</summary>
    public (CaseloadRow? Row, IReadOnlyList<RowIssue> Issues) Read(
        CaseloadHeader header, IReadOnlyList<string> fields, string council, DateOnly today)
    {
        var reading = new Reading(header, fields);
        var row = reading.Row(council);
        if (row is null || reading.Issues.Count > 0)
        {
            return (null, reading.Issues);
        }

        var issues = OfProfile(row).Concat(Domain(row, today)).ToList();
        return issues.Count > 0 ? (null, issues) : (row, []);
    }

    /// <summary>Ten digits, when the field is a number; spaces do not count.</summary>
    public static string? Digits(CaseloadHeader header, IReadOnlyList<string> fields) =>
        NhsNumber.TryParse(Unspaced(header.Text(fields, Columns.NhsNumber)), out var number) ? number.Digits() : null;

    private static IEnumerable<RowIssue> Domain(CaseloadRow row, DateOnly today)
    {
        if (row.Kind == PlanKind.Unborn)
        {
            if (PlanRules.NoMother(row.BirthDate, today, row.Family, row.Given[0]))
            {
                yield return RowIssue.NotLoaded("mother-expected", PlanRules.MotherExpected);
            }
        }
        else if (row.BirthDate > today)
        {
            yield return RowIssue.NotLoaded("date", "The birth date lies in the future.", Columns.BirthDate);
        }

        if (row.End < row.Start)
        {
            yield return RowIssue.NotLoaded("date", "The end lies before the start.", Columns.End);
        }
    }

    private IEnumerable<RowIssue> OfProfile(CaseloadRow row) =>
        profiles.CheckProfile(Parameters(row), RowProfile)
            .Where(i => i.Severity is IssueSeverity.Error or IssueSeverity.Fatal)
            .Select(i => RowIssue.NotLoaded("profile", i.Diagnostics, i.Expression));

    private static ReadOnlyMemory<byte> Parameters(CaseloadRow row)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("resourceType"u8, "Parameters"u8);
            json.WriteStartArray("parameter"u8);
            Write(json, Columns.RowId, "valueString", row.RowId);
            Write(json, Columns.NhsNumber, "valueString", row.Number.Digits());
            Write(json, Columns.Family, "valueString", row.Family);
            Write(json, Columns.Given, "valueString", row.Given[0]);
            Write(json, Columns.OtherGiven, "valueString",
                row.Given.Count > 1 ? string.Join(' ', row.Given.Skip(1)) : null);
            Write(json, Columns.BirthDate, "valueDate", PlanJson.Day(row.BirthDate));
            Write(json, Columns.PersonId, "valueString", row.PersonId);
            Write(json, Columns.Plan, "valueCode", row.Kind.Name);
            Write(json, Columns.Start, "valueDate", PlanJson.Day(row.Start));
            Write(json, Columns.End, "valueDate", row.End is { } end ? PlanJson.Day(end) : null);
            Write(json, Columns.DueDate, "valueDate", row.Due is { } due ? PlanJson.Day(due) : null);
            Write(json, Columns.Remove, "valueCode", row.Remove);
            Write(json, Columns.Follows, "valueString", row.FollowsRowId);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, string name, string type, string? value)
    {
        if (value is not null)
        {
            json.WriteStartObject();
            json.WriteString("name"u8, name);
            json.WriteString(type, value);
            json.WriteEndObject();
        }
    }

    private static string Unspaced(string text) => text.Replace(" ", "", StringComparison.Ordinal)
        .Replace("\u00a0", "", StringComparison.Ordinal);

    /// <summary>One row while it is read, and what was wrong so far.</summary>
    private sealed class Reading(CaseloadHeader header, IReadOnlyList<string> fields)
    {
        public List<RowIssue> Issues { get; } = [];

        public CaseloadRow? Row(string council)
        {
            var (number, kind) = (Number(), Kind());
            var (birth, start) = (Day(Columns.BirthDate, needed: true), Day(Columns.Start, needed: true));
            var (rowId, family, given) = (Needed(Columns.RowId), Needed(Columns.Family), Needed(Columns.Given));
            var (end, due, remove) = (Day(Columns.End), Day(Columns.DueDate), Removal());
            if (Optional(Columns.Council) is { } owner && owner != council)
            {
                Issues.Add(RowIssue.NotLoaded("owner", "The row belongs to another council.", Columns.Council));
            }

            return Issues.Count > 0 ? null : new CaseloadRow
            {
                RowId = rowId,
                Number = number!,
                Family = family,
                Given = [given, .. (Optional(Columns.OtherGiven) ?? "").Split(' ',
                    StringSplitOptions.RemoveEmptyEntries)],
                BirthDate = birth!.Value,
                PersonId = Optional(Columns.PersonId),
                Kind = kind!,
                Start = start!.Value,
                End = end,
                Due = due,
                Remove = remove,
                FollowsRowId = Optional(Columns.Follows),
            };
        }

        private string? Optional(string column) => header.Text(fields, column) is { Length: > 0 } text ? text : null;

        private string Needed(string column)
        {
            var text = Optional(column);
            if (text is null)
            {
                Issues.Add(RowIssue.NotLoaded("missing", $"The column {column} is empty.", column));
            }

            return text ?? "";
        }

        private NhsNumber? Number()
        {
            var text = Unspaced(header.Text(fields, Columns.NhsNumber));
            if (NhsNumber.TryParse(text, out var number))
            {
                return number;
            }

            Issues.Add(RowIssue.Number(text.Contains("E+", StringComparison.OrdinalIgnoreCase)
                ? "A spreadsheet has shortened the NHS number, as in 9.99E+09: format that column as text."
                : NhsNumber.Fault(text)!));
            return null;
        }

        private PlanKind? Kind()
        {
            var text = Needed(Columns.Plan);
            var kind = PlanKind.Of(text);
            if (kind is null && text.Length > 0)
            {
                Issues.Add(RowIssue.NotLoaded("plan", "The kind of plan is none of child-protection, looked-after, "
                    + "unborn, their SNOMED CT codes, CPPIU, LACIU, UCPIU.", Columns.Plan));
            }

            return kind;
        }

        private string? Removal()
        {
            var text = Optional(Columns.Remove);
            if (text is not null && !Removals.Contains(text))
            {
                Issues.Add(RowIssue.NotLoaded("remove",
                    "remove is none of " + string.Join(", ", Removals) + ".", Columns.Remove));
            }

            return text;
        }

        private DateOnly? Day(string column, bool needed = false)
        {
            var text = needed ? Needed(column) : header.Text(fields, column);
            if (text.Length == 0)
            {
                return null;
            }

            if (DateOnly.TryParseExact(text, DayForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                return day;
            }

            Issues.Add(RowIssue.NotLoaded("date", $"{column} is no day as YYYY-MM-DD or DD/MM/YYYY.", column));
            return null;
        }
    }
}
