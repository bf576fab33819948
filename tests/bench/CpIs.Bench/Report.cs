using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace CpIs.Bench;

/// <summary>One measured line: the median of its rounds, and how far they lay apart.</summary>
internal sealed record Row(string Name, string Unit, double Median, double Min, double Max)
{
    public static Row Of(string name, string unit, IEnumerable<double> rounds)
    {
        double[] sorted = [.. rounds.Order()];
        return new(name, unit, sorted[sorted.Length / 2], sorted[0], sorted[^1]);
    }
}

/// <summary>What a bench found, as a table for people and as JSON for comparison over time.</summary>
internal sealed record Report(string What, IReadOnlyList<Row> Rows, IReadOnlyDictionary<string, double> Ratios)
{
    /// <summary>What a reader of the table should see beside it, such as plans; it is not in the JSON.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    private static readonly JsonSerializerOptions Camel = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public void Print(TextWriter writer)
    {
        foreach (var row in Rows)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Name,-44} {row.Median,12:N0} {row.Unit,-12} ({row.Min:N0}–{row.Max:N0})"));
        }

        foreach (var (name, ratio) in Ratios)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-44} {ratio,12:N2} ×"));
        }

        foreach (var note in Notes)
        {
            writer.WriteLine(note);
        }
    }

    public string Json() => JsonSerializer.Serialize(
        new
        {
            What,
            Date = TimeProvider.System.GetUtcNow().ToString("O", CultureInfo.InvariantCulture),
            Machine = $"{Environment.ProcessorCount} × {RuntimeInformation.ProcessArchitecture}, "
                + $"{RuntimeInformation.FrameworkDescription}",
            Rows,
            Ratios,
        },
        Camel);
}
