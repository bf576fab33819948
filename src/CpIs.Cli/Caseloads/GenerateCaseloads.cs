using System.Globalization;

namespace CpIs.Cli.Caseloads;

/// <summary><c>generate</c>: caseloads of councils that hold nobody real, for trials, demonstrations and measuring.
/// </summary>
internal sealed class GenerateCaseloads(TextWriter output)
{
    public async Task<int> RunAsync(GenerateOptions options, CancellationToken stop)
    {
        Directory.CreateDirectory(options.Out);
        var draw = new Draw(options.Seed);
        var numbers = new InventedNumbers(draw);
        for (var council = 1; council <= options.Councils; council++)
        {
            var path = Path.Combine(options.Out, "ZZ" + council.ToString("000", CultureInfo.InvariantCulture));
            var rows = new InventedCaseload(draw, numbers, options.Day).Rows(options.Children);
            await output.WriteLineAsync(
                $"{path}.csv and .ndjson: {await CaseloadFile.WriteAsync(path, rows, stop)} rows");
        }

        return 0;
    }
}
