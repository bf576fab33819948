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
        var faults = new SownFaults(options.Seed, options.Faults);
        for (var council = 1; council <= options.Councils; council++)
        {
            var path = Path.Combine(options.Out, "ZZ" + council.ToString("000", CultureInfo.InvariantCulture));
            var before = faults.Sown;
            var rows = faults.In(new InventedCaseload(draw, numbers, options.Day).Rows(options.Children));
            var written = await CaseloadFile.WriteAsync(path, rows, stop);
            await output.WriteLineAsync($"{path}.csv and .ndjson: {written} rows"
                + (options.Faults > 0 ? $", {faults.Sown - before} of them with a fault" : ""));
        }

        return 0;
    }
}
