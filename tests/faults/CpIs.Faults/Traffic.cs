namespace CpIs.Faults;

/// <summary>All clients of a run: they ask and write until told to end, whatever happens to the servers.</summary>
internal sealed class Traffic : IAsyncDisposable
{
    /// <summary>Invented children that one client may make.</summary>
    private const int NumbersPerClient = 10_000;

    private readonly CancellationTokenSource end = new();
    private readonly List<Client> clients;
    private readonly List<Task> running = [];

    public Traffic(Stage stage, FaultOptions options)
    {
        var (tokens, trespass) = (new Tokens(), new Trespass());
        clients = [.. Enumerable.Range(0, options.Connections).Select(
            number => new Client(
                stage, tokens, trespass, new Random(options.Seed + number), number, NumbersPerClient))];
    }

    public static Traffic Start(Stage stage, FaultOptions options)
    {
        var traffic = new Traffic(stage, options);
        traffic.running.AddRange(traffic.clients.Select(client => client.RunAsync(traffic.end.Token)));
        return traffic;
    }

    /// <summary>Returns when every client has its last answer, or none.</summary>
    public async Task EndAsync()
    {
        await end.CancelAsync();
        await Task.WhenAll(running);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        clients.ForEach(client => client.Dispose());
        end.Dispose();
    }
}
