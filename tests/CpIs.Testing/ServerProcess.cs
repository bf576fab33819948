using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace CpIs.Testing;

/// <summary>
/// The real server, started from its built file as a process of its own, so that a test can kill it the way a machine
/// does. It is ended when the test is.
/// </summary>
public sealed class ServerProcess : IAsyncDisposable
{
    private const int LinesKeptMax = 2_000;

    /// <summary>The invitation before it names an invented child, and is no log.</summary>
    private const string EndOfInvitation = "ready";

    private static readonly TimeSpan ReadyMax = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly string? _log;
    private readonly Lock _logTurn = new();
    private bool _invited;

    private ServerProcess(Process process, ServerStart wanted)
    {
        _process = process;
        _log = wanted.LogFile;
        Client = new HttpClient(wanted.Handler()) { BaseAddress = wanted.Address, Timeout = EndMax };
    }

    public HttpClient Client { get; }

    public int Pid => _process.Id;

    public bool HasEnded => _process.HasExited;

    /// <summary>What it printed, for the message of a failed test.</summary>
    public string Printed => string.Join('\n', _lines);

    /// <summary>Starts the sandbox on a data folder and waits until it says that it is ready.</summary>
    public static async Task<ServerProcess> StartAsync(string dataFolder, params string[] arguments)
    {
        var server = Launch(dataFolder, arguments);
        try
        {
            await server.UntilReadyAsync();
            return server;
        }
        catch (InvalidOperationException) when (!server.HasEnded)
        {
            await server.KillAsync();
            throw;
        }
    }

    /// <summary>Starts it and does not wait, for tests that kill it on its way up.</summary>
    public static ServerProcess Launch(string dataFolder, params string[] arguments) =>
        Launch(new ServerStart(dataFolder, Ports.Free()) { Arguments = arguments });

    /// <summary>As a service manager starts it again and again: on the same port, its log in one file.</summary>
    public static ServerProcess Launch(ServerStart wanted)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        // A process group of its own, as a terminal gives it: a test can then press Ctrl-C without hitting itself.
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        string[] all =
        [
            "dotnet", Path.Combine(AppContext.BaseDirectory, "CpIs.Server.dll"),
            "--port", wanted.Port.ToString(CultureInfo.InvariantCulture), "--data", wanted.DataFolder,
            .. wanted.Arguments,
        ];
        foreach (var argument in all)
        {
            start.ArgumentList.Add(argument);
        }
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Sandbox";
        start.Environment["ASPNETCORE_CONTENTROOT"] = AppContext.BaseDirectory;
        foreach (var (name, value) in wanted.Environment)
        {
            start.Environment[name] = value;
        }
        var server = new ServerProcess(new Process { StartInfo = start }, wanted);
        server.Listen();
        return server;
    }

    /// <summary>A bearer token of a sandbox persona.</summary>
    public async Task<AuthenticationHeaderValue> TokenAsync(string clientId)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = clientId,
        });
        using var answer = await Client.PostAsync(new Uri("/oauth2/token", UriKind.Relative), form);
        var body = await answer.Content.ReadAsStringAsync();
        answer.EnsureSuccessStatusCode();
        using var json = JsonDocument.Parse(body);
        return new AuthenticationHeaderValue("Bearer", json.RootElement.GetProperty("access_token").GetString());
    }

    public async Task UntilReadyAsync()
    {
        var since = Stopwatch.StartNew();
        while (!await IsReadyAsync())
        {
            if (HasEnded || since.Elapsed > ReadyMax)
            {
                throw new InvalidOperationException($"The server did not become ready:\n{Printed}");
            }
            await Task.Delay(LookEvery);
        }
    }

    /// <summary>Power gone: the process has no chance to put anything in order.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>The polite end, as a service manager asks for it.</summary>
    public Task<int> TerminateAsync() => SignalAsync("-TERM", Pid);

    /// <summary>Ctrl-C: the terminal signals every process of the group.</summary>
    public Task<int> InterruptAsync() => SignalAsync("-INT", -Pid);

    private async Task<int> SignalAsync(string signal, int target)
    {
        using var kill = Process.Start("kill", [signal, "--", target.ToString(CultureInfo.InvariantCulture)]);
        using var bound = new CancellationTokenSource(EndMax);
        await _process.WaitForExitAsync(bound.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!HasEnded)
        {
            await TerminateAsync();
        }
        Client.Dispose();
        _process.Dispose();
    }

    private void Listen()
    {
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }
        if (_invited)
        {
            RunLogs.Add(line);
        }
        _invited |= line == EndOfInvitation;
        if (_lines.Count < LinesKeptMax)
        {
            _lines.Enqueue(line);
        }
        if (_log is not null)
        {
            lock (_logTurn)
            {
                File.AppendAllText(_log, line + "\n");
            }
        }
    }

    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using var answer = await Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}

/// <summary>How a server is to be started.</summary>
/// <param name="DataFolder">Its <c>--data</c>.</param>
/// <param name="Port">Its <c>--port</c>; the next one must be free too.</param>
public sealed record ServerStart(string DataFolder, int Port)
{
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Settings beside the sandbox's own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>File to which everything it prints is added; null: only the first lines are kept, in memory.</summary>
    public string? LogFile { get; init; }

    /// <summary>The certificate it shows; null: it speaks in the clear.</summary>
    public X509Certificate2? Certificate { get; init; }

    public Uri Address => new($"{(Certificate is null ? "http" : "https")}://localhost:{Port}");

    /// <summary>For clients of it: they trust its certificate and no other.</summary>
    public SocketsHttpHandler Handler()
    {
        var handler = new SocketsHttpHandler();
        if (Certificate is not null)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => Trusts(shown);
        }

        return handler;
    }

    /// <summary>Whether a certificate is the one this server shows.</summary>
    public bool Trusts(X509Certificate? shown) => Certificate is { } expected && shown is not null
        && shown.GetRawCertData().AsSpan().SequenceEqual(expected.RawData);
}
