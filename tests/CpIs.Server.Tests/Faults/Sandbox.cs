using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using CpIs.Server.Database;
using CpIs.Testing;
using Npgsql;

namespace CpIs.Server.Tests.Faults;

/// <summary>
/// A data folder with its server and its PostgreSQL as separate processes, each of which a test may stop, kill and
/// start again. Commits wait for the disk as in production.
/// </summary>
internal sealed class Sandbox : IAsyncDisposable
{
    /// <summary>The child of samples/bundles/submit-plan.json.</summary>
    public const string Child = "9990005001";

    private const string LookUp = "/FHIR/R4/Flag?patient=" + Child;

    private static readonly TimeSpan HealMax = TimeSpan.FromSeconds(60);

    private ServerProcess? _server;

    public string Data { get; } = TestCluster.NewDataFolder();

    public ServerProcess Server => _server ?? throw new InvalidOperationException("The server is not started.");

    public ClusterFolders Folders => ClusterFolders.Decide(Data, Data, Environment.IsPrivilegedProcess);

    public static async Task<Sandbox> StartAsync()
    {
        var sandbox = new Sandbox();
        await sandbox.StartServerAsync();
        await sandbox.SubmitPlanAsync();
        return sandbox;
    }

    public async Task StartServerAsync() => _server = await ServerProcess.StartAsync(Data, "--no-samples");

    /// <summary>What pg_ctl does in the hands of an operator.</summary>
    public async Task<ClusterCommands> PostgresAsync() =>
        new(PostgresPrograms.Find(), await DatabaseAccount.FindAsync(default), Folders, new ClusterOptions());

    public async Task<Answer> LookUpAsync(AuthenticationHeaderValue token, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, LookUp);
        request.Headers.Authorization = token;
        var id = Guid.NewGuid().ToString();
        request.Headers.Add("X-Request-ID", id);
        using var response = await (client ?? Server.Client).SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();
        return new Answer(id, response.StatusCode, body, response.Headers.RetryAfter is not null);
    }

    /// <summary>Looks up until the answer is data again; how long that may take is part of the promise.</summary>
    public async Task<Answer> LookUpUntilHealedAsync(AuthenticationHeaderValue token)
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            var answer = await LookUpAsync(token);
            if (answer.Status == HttpStatusCode.OK || since.Elapsed > HealMax)
            {
                return answer;
            }
            await Task.Delay(100);
        }
    }

    public async Task<IReadOnlyList<T>> AskAsync<T>(string question)
    {
        var address = ClusterCommands.ConnectionString(
            Folders.Socket, EmbeddedCluster.Superuser, EmbeddedCluster.DatabaseName);
        await using var connection = new NpgsqlConnection(address + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(question, connection);
        await using var rows = await command.ExecuteReaderAsync();
        var answers = new List<T>();
        while (await rows.ReadAsync())
        {
            answers.Add(rows.GetFieldValue<T>(0));
        }
        return answers;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
        await (await PostgresAsync()).StopAsync();
        TestCluster.Remove(Folders);
    }

    public async Task SubmitPlanAsync()
    {
        var plan = Path.Combine(AppContext.BaseDirectory, "samples", "bundles", "submit-plan.json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/FHIR/R4");
        request.Headers.Authorization = await Server.TokenAsync("sandbox-council-lancashire");
        request.Content = new StringContent(
            await File.ReadAllTextAsync(plan), MediaTypeHeaderValue.Parse("application/fhir+json"));
        using var answer = await Server.Client.SendAsync(request);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(await answer.Content.ReadAsStringAsync() + Server.Printed);
        }
    }

    /// <summary>What a client holds after it received an answer whole.</summary>
    internal sealed record Answer(string RequestId, HttpStatusCode Status, string Body, bool SaysWhenToRetry);
}
