using CpIs.Server.Database;
using CpIs.Testing;

namespace CpIs.Faults.Commits;

/// <summary>
/// The server is killed exactly between the database's commit of a write and its answer, or just before that commit,
/// and the write is sent again under its X-Request-ID: it must happen once and be answered as if nothing had happened.
/// </summary>
internal sealed class KillCommitRun : IAsyncDisposable
{
    /// <summary>Of so many points one strikes before the commit.</summary>
    private const int BeforeEvery = 4;

    /// <summary>Writes whose server dies at once: fewer than it has lanes for them.</summary>
    private const int CommittedAtOnce = 6;

    /// <summary>The locks of these are held, so that each must be of another council.</summary>
    private const int UncommittedAtOnce = 4;


    private const int WithheldSecondsMax = 30;
    private const int PatienceSeconds = 90;
    private const int OutcomeMs = 200;
    private const int OutcomeSecondsMax = 60;

    private readonly CuttingProxy proxy;
    private readonly KilledBooks books;
    private readonly Tokens tokens = new();
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(PatienceSeconds) };
    private readonly List<Desk> desks;
    private readonly List<KilledWrite> done = [];

    private KillCommitRun(Stage stage, CuttingProxy proxy)
    {
        (Stage, this.proxy) = (stage, proxy);
        books = new KilledBooks(stage.Superuser);
        desks = [.. Enumerable.Range(0, Desk.Count).Select(place => new Desk(stage, tokens, http, place))];
    }

    public Stage Stage { get; }

    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        var moments = new Moments(options.Seed);
        await using var run = await OpenAsync(stop);
        var stage = run.Stage;
        await using var traffic = Traffic.Start(stage, options);
        var kinds = WriteKinds.All.Where(kind => kind.Name.Contains(options.Only, StringComparison.Ordinal)).ToArray();
        new Random(options.Seed).Shuffle(kinds);
        var taken = 0;
        for (var point = 0; point < options.Points; point++)
        {
            await moments.WaitAsync(stage, stop);
            var committed = point % BeforeEvery != BeforeEvery - 1;
            var count = committed ? CommittedAtOnce : UncommittedAtOnce;
            var chosen = Enumerable.Range(taken, count).Select(n => kinds[n % kinds.Length]);
            taken += count;
            var (seconds, words) = await run.KillAsync([.. chosen.Distinct()], committed, null, stop);
            await output.WriteLineAsync(
                $"  kill {point + 1} of {options.Points}, {words}; answers again in {seconds:0.0} s");
        }

        await moments.WaitAsync(stage, stop);
        await traffic.EndAsync();
        await run.OutcomesAsync(stop);
        return await stage.JudgeAsync(stop);
    }

    /// <summary>Starts it all; every council is told of attendances, so that each can be counted.</summary>
    public static async Task<KillCommitRun> OpenAsync(CancellationToken stop)
    {
        CuttingProxy? proxy = null;
        var stage = await Stage.OpenAsync(servers: 1, stop, (folders, connection) =>
        {
            proxy = new CuttingProxy(Path.Combine(folders.Socket, $".s.PGSQL.{ClusterFolders.Port}"));
            return proxy.Through(connection);
        });
        var run = new KillCommitRun(stage, proxy!);
        foreach (var desk in run.desks)
        {
            await desk.SendAsync(
                HttpMethod.Post, "Subscription", WriteKinds.Subscription("attendance", "told of attendances"));
        }

        return run;
    }

    /// <summary>Kills the server at the commit of one write of each kind.</summary>
    /// <param name="kinds">What is written; the councils take turns.</param>
    /// <param name="committed">The database has committed them; else none of them.</param>
    /// <param name="meanwhile">What happens while the server is dead.</param>
    /// <param name="stop">Ends the waiting.</param>
    public async Task<(double Seconds, string Words)> KillAsync(
        (string Name, Func<Desk, Task<OneWrite>> Prepare)[] kinds, bool committed, Func<Task>? meanwhile,
        CancellationToken stop)
    {
        var writes = new List<KilledWrite>();
        foreach (var (place, (name, prepare)) in kinds.Index())
        {
            writes.Add(new(Stage, tokens, http, books, name, await prepare(desks[place % desks.Count])));
        }

        var withheld = writes.ConvertAll(write => write.Withhold(proxy, committed));
        var sends = writes.Select((write, place) => write.SendUnheardAsync(withheld[place])).ToList();
        var sending = Task.WhenAll(sends);
        var all = Task.WhenAll(withheld.Select(one => one.Came));
        var patience = Task.Delay(TimeSpan.FromSeconds(WithheldSecondsMax), stop);
        if (await Task.WhenAny(all, sending, patience) != all)
        {
            await Task.WhenAll(sends.Where(one => one.IsFaulted));
            throw new InvalidOperationException("These writes never came to their commit: " + string.Join(", ",
                kinds.Where((_, place) => !withheld[place].Came.IsCompletedSuccessfully).Select(kind => kind.Name)));
        }

        await Stage.Seats[0].KillAsync();
        await sending;
        await Stage.Witness.FlushAsync();
        foreach (var write in writes)
        {
            await write.LookAsync(committed, stop);
        }

        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        Stage.Seats[0].Launch();
        var seconds = await Health.WaitAsync(Stage, "server killed at a commit", stop);
        await Task.WhenAll(writes.Select(write => write.AgainAsync(committed, stop)));
        done.AddRange(writes);
        return (seconds, $"{(committed ? "committed" : "not yet committed")}: "
            + string.Join(", ", writes.Select(write => write.Kind)));
    }

    /// <summary>Each attendance was told once, and the row of each file became one plan.</summary>
    public async Task OutcomesAsync(CancellationToken stop)
    {
        string[] sources = [.. done.SelectMany(write => write.Made).Select(made => made.Split('/'))
            .Where(made => made[0] == "Encounter").Select(made => $"encounter:{made[1]}:{made[3]}")];
        string[] numbers = [.. done.Where(write => write.Write.Submission is not null)
            .Select(write => write.Write.NhsNumber!)];
        var outcomes = await books.OutcomesAsync(sources, numbers, stop);
        for (var waited = 0; outcomes.Exists(one => one.Times == 0) && waited < OutcomeSecondsMax * 1000;
            waited += OutcomeMs)
        {
            await Task.Delay(OutcomeMs, stop);
            outcomes = await books.OutcomesAsync(sources, numbers, stop);
        }

        outcomes.Where(one => one.Times != 1).ToList().ForEach(one => Stage.Witness.Write(
            new Seen("outcome", TimeProvider.System.GetUtcNow())
            {
                Promise = "P6", Wrong = $"{one.What} came {one.Times} times",
            }));
    }

    public async ValueTask DisposeAsync()
    {
        await Stage.DisposeAsync();
        await proxy.DisposeAsync();
        await books.DisposeAsync();
        http.Dispose();
    }
}
