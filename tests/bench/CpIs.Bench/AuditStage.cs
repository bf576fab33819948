using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using CpIs.Audit;
using CpIs.Server.Database;

namespace CpIs.Bench;

/// <summary>
/// A filled ledger in a cluster of its own, and the real server on it as a process of its own, so that its memory can
/// be told from the bench's.
/// </summary>
internal sealed class AuditStage : IAsyncDisposable
{
    public const int Children = 300_000;
    public const int Port = 17_180;

    private const int BuffersMegabytes = 2048;
    private const int HttpMinutes = 30;

    private static readonly TimeSpan ReadyMax = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly EmbeddedCluster cluster;
    private readonly Process server;
    private readonly string folder;

    private AuditStage(EmbeddedCluster cluster, Process server, string folder, IReadOnlyList<string> numbers)
    {
        this.cluster = cluster;
        this.server = server;
        this.folder = folder;
        Numbers = numbers;
    }

    public IReadOnlyList<string> Numbers { get; }

    public string ServerConnection => cluster.ServerConnectionString;

    public string OwnerConnection => cluster.OwnerConnectionString;

    public int ServerPid => server.Id;

    public double FillSeconds { get; private init; }

    /// <summary>When the newest entry was recorded.</summary>
    public DateTimeOffset End { get; private init; }

    /// <summary>The public key of the checkpoints, as a checker takes it.</summary>
    public string Trust { get; private init; } = "";

    public HttpClient Http { get; } = new()
    {
        BaseAddress = new Uri($"http://localhost:{Port}"),
        Timeout = TimeSpan.FromMinutes(HttpMinutes),
    };

    public static async Task<AuditStage> OpenAsync(int entries)
    {
        var folder = $"/var/lib/cpis/bench-{Environment.ProcessId}";
        var cluster = await EmbeddedCluster.StartAsync(
            folder, new ClusterOptions { SharedBuffersMegabytes = BuffersMegabytes }, CancellationToken.None);
        await Migrations.PrepareAsync(
            cluster.ServerConnectionString, cluster.OwnerConnectionString, CancellationToken.None);
        var data = Path.Combine(folder, "server");
        var key = CheckpointKey.FromFile(Path.Combine(data, "keys", "checkpoint-signing-key"));
        string[] numbers = [.. Stage.Invented().Take(Children).Select(number => number.Digits())];
        var end = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        var watch = Stopwatch.StartNew();
        await LedgerFill.RunAsync(cluster.OwnerConnectionString, key, numbers, entries, end);
        var trust = key.Verifier.Text(SignedCheckpoint.OriginOf(LedgerFill.Deployment, 1));
        var stage = new AuditStage(cluster, Start(cluster, data), folder, numbers)
        {
            FillSeconds = watch.Elapsed.TotalSeconds,
            End = end,
            Trust = trust,
        };
        await stage.UntilReadyAsync();
        return stage;
    }

    /// <summary>Makes every request that follows one of this persona's.</summary>
    public async Task BecomeAsync(string persona)
    {
        using var form = new FormUrlEncodedContent(
            [new("grant_type", "client_credentials"), new("client_id", persona)]);
        using var answer = await Http.PostAsync(new Uri("/oauth2/token", UriKind.Relative), form);
        var body = JsonNode.Parse(await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync())!;
        Http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", body["access_token"]!.GetValue<string>());
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        using (var kill = Process.Start("kill", ["-TERM", server.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        await server.WaitForExitAsync();
        server.Dispose();
        await cluster.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static Process Start(EmbeddedCluster cluster, string data)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            Path.Combine(AppContext.BaseDirectory, "CpIs.Server.dll"), "--no-samples", "--data", data,
            "--port", Port.ToString(CultureInfo.InvariantCulture),
        ])
        {
            WorkingDirectory = "/",
            RedirectStandardOutput = true,
        };
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Sandbox";
        start.Environment["ASPNETCORE_CONTENTROOT"] = AppContext.BaseDirectory;
        start.Environment["ConnectionStrings__Cpis"] = cluster.ServerConnectionString;
        start.Environment["ConnectionStrings__CpisOwner"] = cluster.OwnerConnectionString;
        start.Environment["Deployment"] = LedgerFill.Deployment;
        var server = Process.Start(start)!;
        server.OutputDataReceived += (_, _) => { };
        server.BeginOutputReadLine();
        return server;
    }

    private async Task UntilReadyAsync()
    {
        for (var watch = Stopwatch.StartNew(); ; await Task.Delay(LookEvery))
        {
            try
            {
                using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!server.HasExited && watch.Elapsed < ReadyMax)
            {
                // Not listening yet.
            }

            if (server.HasExited || watch.Elapsed > ReadyMax)
            {
                throw new InvalidOperationException("The server did not become ready.");
            }
        }
    }
}

/// <summary>Resident memory of a process, proc(5).</summary>
internal static class Memory
{
    public static double ResidentMegabytes(int process)
    {
        var line = File.ReadLines($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/status")
            .First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)
            / 1024;
    }
}
