using System.Globalization;
using CpIs.Cli.Caseloads;
using CpIs.Fhir;

namespace CpIs.Faults.Uploads;

/// <summary>The four councils of a run, all sending at once, until they are told that the file they have is the last.
/// </summary>
internal sealed class Councils : IAsyncDisposable
{
    private static readonly string[] Personas = ["lancashire", "leeds", "islington", "sheffield"];

    private readonly CancellationTokenSource end = new();
    private readonly CancellationTokenSource stop;
    private readonly List<CouncilSystem> systems = [];
    private readonly List<Task> running = [];

    private Councils(CancellationToken stop) => this.stop = CancellationTokenSource.CreateLinkedTokenSource(stop);

    /// <summary>Files done, and sendings that had to be repeated.</summary>
    public (int Done, int Again) Tally =>
        (systems.Sum(one => one.Tally.Done), systems.Sum(one => one.Tally.Again));

    public static Councils Start(Stage stage, FaultOptions options, CancellationToken stop)
    {
        var councils = new Councils(stop);
        var draw = new Draw((ulong)options.Seed);
        var numbers = new InventedNumbers(draw);
        var (tokens, today) = (new Tokens(), Visibility.Today(TimeProvider.System));
        foreach (var (place, persona) in Personas.Index())
        {
            var code = "ZZ" + (place + 1).ToString("000", CultureInfo.InvariantCulture);
            List<CaseloadRow> rows = [.. new InventedCaseload(draw, numbers, today)
                .Rows(Math.Max(1, options.Rows / Personas.Length))];
            councils.systems.Add(new(
                stage, tokens, new SentCaseload(code, rows, today), "sandbox-council-" + persona));
        }

        councils.running.AddRange(councils.systems.Select(one => one.RunAsync(councils.end.Token,
            councils.stop.Token)));
        return councils;
    }

    /// <summary>A council that heard what it should not ends the run.</summary>
    public async Task HaveNotFailedAsync()
    {
        if (running.Find(task => task.IsFaulted) is { } failed)
        {
            await failed;
        }
    }

    /// <summary>Returns when the file that each council is at is done.</summary>
    public async Task EndAsync()
    {
        await end.CancelAsync();
        await Task.WhenAll(running);
    }

    /// <summary>Each sends its newest file once more; what was not answered as before.</summary>
    public async Task<IReadOnlyList<string>> SendAgainAsync()
    {
        var answers = await Task.WhenAll(systems.Select(one => one.SendAgainAsync(stop.Token)));
        return [.. answers.OfType<string>()];
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await Task.WhenAll(running.Select(task => task.ContinueWith(
            _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)));
        systems.ForEach(one => one.Dispose());
        stop.Dispose();
        end.Dispose();
    }
}
