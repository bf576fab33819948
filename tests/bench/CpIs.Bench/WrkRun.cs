using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace CpIs.Bench;

/// <summary>
/// One measured stretch of load by wrk (Debian's package), and what it cost: requests a second, latency, and the CPU of
/// client, server and database, and the bytes the server allocated. The bench runs the server in its own process, so
/// the runtime tells those exactly; what the bench itself adds is its samples, a few bytes a request.
/// </summary>
internal sealed partial record WrkRun(double Rate, double P50Ms, double P99Ms, double ServerUs, double DatabaseUs,
    double ClientUs, double AllocatedBytes)
{
    public const int Connections = 64;

    private const int SampleMs = 50;

    /// <summary>Loads a URL with NHS numbers drawn from a file, each in the place of <c>@N@</c>.</summary>
    /// <param name="url">URL, with the place of the number or without.</param>
    /// <param name="body">JSON to be posted, or null for a GET.</param>
    /// <param name="token">Bearer token, or null.</param>
    /// <param name="numbers">File with one number a line.</param>
    /// <param name="seconds">How long.</param>
    public static async Task<WrkRun> LoadAsync(string url, string? body, string? token, string numbers, int seconds)
    {
        var script = Path.ChangeExtension(numbers, ".lua");
        await File.WriteAllTextAsync(script, Script(token, numbers, new Uri(url).PathAndQuery, body));
        return await RunAsync(url.Replace("@N@", "", StringComparison.Ordinal), script, seconds);
    }

    /// <summary>Loads a URL with the requests a Lua script makes.</summary>
    public static async Task<WrkRun> RunAsync(string url, string script, int seconds)
    {
        var before = Cpu.Now();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        using var wrk = Process.Start(new ProcessStartInfo("wrk",
            ["-t1", $"-c{Connections}", $"-d{seconds}s", "--latency", "-s", script, url])
        {
            RedirectStandardOutput = true,
        })!;
        var saying = wrk.StandardOutput.ReadToEndAsync();
        var client = 0.0;
        while (!wrk.HasExited)
        {
            client = ClientCpu(wrk) ?? client;
            await Task.Delay(SampleMs);
        }

        var said = await saying;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        var spent = Cpu.Now() - before;
        if (wrk.ExitCode != 0 || said.Contains("Non-2xx", StringComparison.Ordinal)
            || said.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException("The load did not run clean:\n" + said);
        }

        var requests = double.Parse(RequestCount().Match(said).Groups[1].Value, CultureInfo.InvariantCulture);
        var rate = double.Parse(RateLine().Match(said).Groups[1].Value, CultureInfo.InvariantCulture);
        return new WrkRun(rate, Latency(said, "50%"), Latency(said, "99%"),
            spent.Server / requests, spent.Database / requests, client / requests, allocated / requests);
    }

    /// <summary>
    /// CPU of the client so far; its last sample stands for the whole, since a process that ended has none.
    /// </summary>
    private static double? ClientCpu(Process wrk)
    {
        try
        {
            wrk.Refresh();
            return wrk.TotalProcessorTime.TotalMicroseconds;
        }
        catch (Exception gone) when (gone is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string Script(string? token, string numbers, string path, string? body) => $$"""
        local numbers = {}
        for line in io.lines("{{numbers}}") do numbers[#numbers + 1] = line end
        math.randomseed(os.time())
        wrk.headers["Accept"] = "application/fhir+json"
        wrk.headers["Content-Type"] = "application/fhir+json"
        {{(token is null ? "" : $"wrk.headers[\"Authorization\"] = \"Bearer {token}\"")}}
        local path, body = "{{path}}", {{(body is null ? "nil" : $"[=[{body}]=]")}}
        request = function()
          local n = numbers[math.random(#numbers)]
          return wrk.format(body and "POST" or "GET", (path:gsub("@N@", n)), nil, body and (body:gsub("@N@", n)))
        end
        """;

    private static double Latency(string said, string percentile)
    {
        var match = Regex.Match(said, Regex.Escape(percentile) + @"\s+([0-9.]+)(us|ms|s)", RegexOptions.None, TimeSpan
            .FromSeconds(1));
        var value = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        return match.Groups[2].Value switch
        {
            "us" => value / 1000,
            "ms" => value,
            _ => value * 1000,
        };
    }

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex RequestCount();

    [GeneratedRegex(@"Requests/sec:\s+([0-9.]+)")]
    private static partial Regex RateLine();
}

/// <summary>CPU time spent so far, in microseconds: by this process (the server) and by PostgreSQL.</summary>
internal sealed record Cpu(double Server, double Database)
{
    /// <summary>Microseconds of a clock tick, sysconf(_SC_CLK_TCK) = 100.</summary>
    private const double TickUs = 10_000;

    private static readonly EnumerationOptions Nested =
        new() { RecurseSubdirectories = true, MaxRecursionDepth = 1, IgnoreInaccessible = true };

    /// <summary>Process id of the database under test.</summary>
    public static int Postmaster { get; set; }

    public static Cpu Now()
    {
        using var self = Process.GetCurrentProcess();
        var database = 0.0;
        foreach (var stat in Directory.EnumerateFiles("/proc", "stat", Nested))
        {
            database += OfPostmaster(stat) ?? 0;
        }

        return new Cpu(self.TotalProcessorTime.TotalMicroseconds, database);
    }

    /// <summary>CPU of a process whose parent is the bench's postmaster, proc(5); null for any other.</summary>
    private static double? OfPostmaster(string stat)
    {
        try
        {
            var text = File.ReadAllText(stat);
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return fields[1] == Postmaster.ToString(CultureInfo.InvariantCulture)
                ? (double.Parse(fields[11], CultureInfo.InvariantCulture) + double
                    .Parse(fields[12], CultureInfo.InvariantCulture)) * TickUs
                : null;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static Cpu operator -(Cpu a, Cpu b) => new(a.Server - b.Server, a.Database - b.Database);
}
