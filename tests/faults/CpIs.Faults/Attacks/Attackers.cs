using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using CpIs.Testing;

namespace CpIs.Faults.Attacks;

/// <summary>What became of attackers.</summary>
/// <param name="Words">For the report.</param>
/// <param name="Wrong">What the server should have done and did not.</param>
internal sealed record Fate(string Words, IReadOnlyList<string> Wrong)
{
    public static Fate Of(Attack attack) => new(attack.Words, [.. attack.Wrong]);
}

/// <summary>
/// Attackers of one kind as a process of its own: on the machine that the server shares with them, they work only when
/// nobody else wants to, since what an attacker's own system costs is no matter of the server's.
/// </summary>
internal sealed class Attackers : IAsyncDisposable
{
    /// <summary>First argument of the process that <see cref="ServeAsync"/> is.</summary>
    public const string Command = "attackers";

    private const string Begin = "begin";
    private const string Rest = "rest";

    private const int LowestPriority = 19;

    private static readonly TimeSpan EndMax = TimeSpan.FromSeconds(10);

    private readonly Process process;

    private Attackers(Process process) => this.process = process;

    /// <summary>Returns when they are ready to begin.</summary>
    public static async Task<Attackers> StartAsync(
        string kind, ServerStart server, string certificateFile, CancellationToken stop)
    {
        var start = new ProcessStartInfo("setsid")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        string[] all =
        [
            "nice", "-n", LowestPriority.ToString(CultureInfo.InvariantCulture),
            "dotnet", Path.Combine(AppContext.BaseDirectory, "CpIs.Faults.dll"),
            Command, kind, server.Port.ToString(CultureInfo.InvariantCulture), certificateFile,
        ];
        foreach (var argument in all)
        {
            start.ArgumentList.Add(argument);
        }

        var attackers = new Attackers(Process.Start(start)!);
        await attackers.HearAsync(stop);
        return attackers;
    }

    public Task BeginAsync() => process.StandardInput.WriteLineAsync(Begin);

    /// <summary>Returns when the last of them has let go, with what became of all since the process began.</summary>
    public async Task<Fate> RestAsync(CancellationToken stop)
    {
        await process.StandardInput.WriteLineAsync(Rest);
        return await HearAsync(stop);
    }

    public async ValueTask DisposeAsync()
    {
        process.StandardInput.Close();
        using var bound = new CancellationTokenSource(EndMax);
        try
        {
            await process.WaitForExitAsync(bound.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        process.Dispose();
    }

    /// <summary>The process itself: told on its input when to begin and to rest, until that is closed.</summary>
    /// <param name="arguments">Kind of attack, port of the server, PEM file of its certificate.</param>
    /// <param name="input">Where it is told.</param>
    /// <param name="output">Where it says what became of the attackers: a line of JSON at its start and at each
    /// rest.</param>
    public static async Task<int> ServeAsync(string[] arguments, TextReader input, TextWriter output)
    {
        StepBack();
        using var certificate = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(arguments[2]));
        var server = new ServerStart("", int.Parse(arguments[1], CultureInfo.InvariantCulture))
        {
            Certificate = certificate,
        };
        using var attack = Attack.Known.First(known => known.Name == arguments[0]).On(server);
        await output.WriteLineAsync(JsonSerializer.Serialize(Fate.Of(attack)));
        while (await input.ReadLineAsync() == Begin)
        {
            using var end = new CancellationTokenSource();
            var attacking = attack.RunAsync(end.Token);
            await input.ReadLineAsync();
            await end.CancelAsync();
            await attacking;
            await output.WriteLineAsync(JsonSerializer.Serialize(Fate.Of(attack)));
        }

        return 0;
    }

    /// <summary>
    /// Where Linux shares the processor between sessions first, a session has a priority of its own.
    /// https://man7.org/linux/man-pages/man7/sched.7.html (The autogroup feature)
    /// </summary>
    private static void StepBack()
    {
        const string OfSession = "/proc/self/autogroup";
        if (File.Exists(OfSession))
        {
            File.WriteAllText(OfSession, LowestPriority.ToString(CultureInfo.InvariantCulture));
        }
    }

    private async Task<Fate> HearAsync(CancellationToken stop) =>
        JsonSerializer.Deserialize<Fate>(await process.StandardOutput.ReadLineAsync(stop)
            ?? throw new InvalidOperationException("The attackers' process ended."))!;
}
