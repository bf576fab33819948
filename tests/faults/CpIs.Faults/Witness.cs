using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;

namespace CpIs.Faults;

/// <summary>One line of the witness: what a client knows for certain, or what the run itself measured.</summary>
/// <param name="Kind">answer, unknown (a write without an answer), again (one judged after it was sent again),
/// trespass, heal,
/// process or run.</param>
/// <param name="At">When the answer had been received whole.</param>
internal sealed record Seen(string Kind, DateTimeOffset At)
{
    public Guid Request { get; init; }

    /// <summary>Which server answered, from 0.</summary>
    public int Server { get; init; }

    public string? Client { get; init; }

    /// <summary>Of the caller.</summary>
    public string? Organisation { get; init; }

    public string? Method { get; init; }

    public int Status { get; init; }

    /// <summary>SHA-256 of the body.</summary>
    public string? Hash { get; init; }

    public string? NhsNumber { get; init; }

    /// <summary>Versions of Flags, EpisodesOfCare and Patients in the body of a read.</summary>
    public IReadOnlyList<string> Shown { get; init; } = [];

    /// <summary>Versions that a write was said to have made.</summary>
    public IReadOnlyList<string> Changed { get; init; } = [];

    /// <summary>True when the body is one stored resource and nothing else.</summary>
    public bool Raw { get; init; }

    /// <summary>What was wrong with the answer itself, and which promise that breaks.</summary>
    public string? Wrong { get; init; }

    public string? Promise { get; init; }

    public double Seconds { get; init; }

    /// <summary>A fault, a measurement or the run, in words.</summary>
    public string? What { get; init; }

    public long Threads { get; init; }

    public long Files { get; init; }

    public long Megabytes { get; init; }
}

/// <summary>
/// The file against which the ledger and the data are judged. Lines reach the disk as answers come in, so the oracle
/// of a run outlives whatever happens to the processes.
/// </summary>
internal sealed class Witness : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Form = new()
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    private readonly Channel<(Seen? Line, TaskCompletionSource? Flushed)> lines =
        Channel.CreateUnbounded<(Seen?, TaskCompletionSource?)>();

    private readonly Task writing;
    private long succeeded;
    private long refused;
    private long compared;

    public Witness(string file)
    {
        File = file;
        writing = WriteAllAsync();
    }

    public string File { get; }

    /// <summary>Answers written down so far.</summary>
    public long Answers => Tally.Succeeded + Tally.Refused;

    public (long Succeeded, long Refused, long Compared) Tally =>
        (Interlocked.Read(ref succeeded), Interlocked.Read(ref refused), Interlocked.Read(ref compared));

    public void Write(Seen line)
    {
        if (line.Kind == "answer")
        {
            Interlocked.Increment(ref line.Status is >= 200 and < 300 ? ref succeeded : ref refused);
            Interlocked.Add(ref compared, line.What == "compared" ? 1 : 0);
        }

        lines.Writer.TryWrite((line, null));
    }

    /// <summary>Returns when everything written so far is on the disk.</summary>
    public Task FlushAsync()
    {
        var flushed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        return lines.Writer.TryWrite((null, flushed)) ? flushed.Task : writing;
    }

    public async ValueTask DisposeAsync()
    {
        lines.Writer.TryComplete();
        await writing;
    }

    public static async Task<IReadOnlyList<Seen>> ReadAsync(string file, CancellationToken stop)
    {
        var seen = new List<Seen>();
        await foreach (var line in System.IO.File.ReadLinesAsync(file, stop))
        {
            seen.Add(JsonSerializer.Deserialize<Seen>(line, Form)!);
        }

        return seen;
    }

    private async Task WriteAllAsync()
    {
        await using var file = new FileStream(File, FileMode.Append);
        while (await lines.Reader.WaitToReadAsync())
        {
            var waiting = new List<TaskCompletionSource>();
            while (lines.Reader.TryRead(out var next))
            {
                if (next.Line is { } line)
                {
                    await file.WriteAsync(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(line, Form) + "\n"));
                }

                waiting.AddRange(next.Flushed is { } flushed ? [flushed] : []);
            }

            file.Flush(flushToDisk: true);
            waiting.ForEach(flushed => flushed.SetResult());
        }
    }
}
