using System.Globalization;
using CpIs.Cli.Caseloads;
using CpIs.Fhir;

namespace CpIs.Faults.Uploads;

/// <summary>A row that a council sent, and what must become of it: the oracle of promise P3.</summary>
internal sealed record SentRow(
    int RowNo, string RowId, string Number, string Became, DateOnly Start, DateOnly? End)
{
    private const char Between = ';';

    public static SentRow Read(string line)
    {
        var parts = line.Split(Between);
        return new(int.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], parts[2], parts[3], Day(parts[4]),
            parts[5].Length == 0 ? null : Day(parts[5]));
    }

    public string Write() => string.Join(Between, RowNo.ToString(CultureInfo.InvariantCulture), RowId, Number, Became,
        PlanJson.Day(Start), End is { } end ? PlanJson.Day(end) : "");

    private static DateOnly Day(string text) => DateOnly.ParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>
/// What one council holds, sent whole again and again: rows stay, move by a day or end, and some are never right. So
/// it is known of each row of each file what must become of it, and what must stand in the end.
/// </summary>
internal sealed class SentCaseload(string council, IReadOnlyList<CaseloadRow> generated, DateOnly today)
{
    /// <summary>Of so many rows one has an NHS number that is none.</summary>
    private const int BrokenEvery = 97;

    /// <summary>Of so many rows one is past when it is first sent.</summary>
    private const int PastEvery = 131;

    /// <summary>Of so many rows one ends, in each file others; fewer than the guard minds.</summary>
    private const int EndsEvery = 40;

    /// <summary>Of so many rows one moves by a day, in each file others.</summary>
    private const int MovesEvery = 3;

    private const int PastStartDays = 450;
    private const int PastEndDays = 400;
    private const int BornBeforeDays = 500;

    private readonly List<CaseloadRow> rows = [.. generated];
    private readonly HashSet<int> left = [];
    private readonly HashSet<int> moved = [];
    private int round;

    public string Council => council;

    public int Round => round;

    /// <summary>The next file, and what must become of its rows.</summary>
    public (IReadOnlyList<CaseloadRow> Rows, IReadOnlyList<SentRow> Expected) Next()
    {
        round++;
        var (file, expected) = (new List<CaseloadRow>(), new List<SentRow>());
        foreach (var place in Enumerable.Range(0, rows.Count).Where(place => !left.Contains(place)))
        {
            var result = round == 1 ? First(place) : Again(place);
            var row = rows[place];
            file.Add(row);
            expected.Add(new(file.Count, row.RowId, row.NhsNumber, result, row.Start, row.End));
        }

        return (file, expected);
    }

    private static bool Broken(int place) => place % BrokenEvery == 5;

    private string First(int place)
    {
        var row = rows[place];
        if (Broken(place))
        {
            rows[place] = row with { NhsNumber = Miswritten(row.NhsNumber) };
            return "refused";
        }

        if (place % PastEvery != 7 || !Open(row) || row.BirthDate > today.AddDays(-BornBeforeDays))
        {
            return "inserted";
        }

        rows[place] = row with { Start = today.AddDays(-PastStartDays), End = today.AddDays(-PastEndDays) };
        left.Add(place);
        return "skipped";
    }

    private string Again(int place)
    {
        var row = rows[place];
        if (Broken(place))
        {
            return "refused";
        }

        if (Open(row) && place % EndsEvery == round && row.Start < today)
        {
            rows[place] = row with { End = today };
            return "ended";
        }

        if ((place + round) % MovesEvery != 0 || !Open(row) || row.Start >= today.AddDays(-1))
        {
            return "unchanged";
        }

        rows[place] = row with { Start = row.Start.AddDays(moved.Add(place) || !moved.Remove(place) ? 1 : -1) };
        return "changed";
    }

    private static bool Open(CaseloadRow row) => row.End is null && row.Plan != PlanKind.Unborn.Name;

    private static string Miswritten(string number) =>
        number[..^1] + (char)('0' + ((number[^1] - '0' + 1) % 10));
}
