using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace CpIs.Audit;

/// <summary>
/// A file that holds the entries of one month after their partition left the database: their canonical bytes by lane
/// and position, in frames. Nothing in it is believed; every entry must give its leaf hash, which the ledger keeps.
/// </summary>
public sealed class EntryArchive
{
    private const string Title = "cpis-archive/1";

    private readonly string path;
    private readonly Dictionary<int, (long Offset, long First)> lanes = [];

    private EntryArchive(string path) => this.path = path;

    /// <summary>Reads the file once to see that it is whole and in order.</summary>
    /// <exception cref="IOException">When it is no archive, or one that was cut short.</exception>
    public static async Task<EntryArchive> OpenAsync(string path, CancellationToken stop)
    {
        var archive = new EntryArchive(path);
        await using var file = Open(path);
        var (at, before) = (0L, (Lane: 0, Position: 0L));
        await foreach (var frame in EntryFrames.ReadAsync(file, stop))
        {
            if (at == 0)
            {
                Require(Encoding.UTF8.GetString(frame.Span).StartsWith(Title + "\n", StringComparison.Ordinal), path);
            }
            else
            {
                Require(frame.Length >= EntryBytes.PlaceBytes, path);
                var here = (Lane: EntryBytes.LaneOf(frame.Span), Position: EntryBytes.PositionOf(frame.Span));
                Require(here.CompareTo(before) > 0, path);
                archive.lanes.TryAdd(here.Lane, (at, here.Position));
                before = here;
            }

            at += sizeof(int) + frame.Length;
        }

        Require(at > 0 && file.Position == file.Length, path);
        return archive;
    }

    internal static ReadOnlyMemory<byte> Head(DateOnly month) =>
        Encoding.UTF8.GetBytes(Title + "\n" + month.ToString("yyyy-MM", CultureInfo.InvariantCulture) + "\n");

    /// <summary>The lowest position of a lane in this file; null when it holds none.</summary>
    internal long? First(int lane) => lanes.TryGetValue(lane, out var part) ? part.First : null;

    /// <summary>Entries of a lane within a range. Each is valid until the next is asked for.</summary>
    internal async IAsyncEnumerable<ReadOnlyMemory<byte>> EntriesAsync(
        int lane, long start, long end, [EnumeratorCancellation] CancellationToken stop)
    {
        if (!lanes.TryGetValue(lane, out var part) || part.First > end)
        {
            yield break;
        }

        await using var file = Open(path);
        file.Seek(part.Offset, SeekOrigin.Begin);
        await foreach (var entry in EntryFrames.ReadAsync(file, stop))
        {
            var position = EntryBytes.PositionOf(entry.Span);
            if (EntryBytes.LaneOf(entry.Span) != lane || position > end)
            {
                yield break;
            }

            if (position >= start)
            {
                yield return entry;
            }
        }
    }

    private static FileStream Open(string path) => new(
        path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 64 * 1024, FileOptions.SequentialScan);

    private static void Require(bool holds, string path)
    {
        if (!holds)
        {
            throw new IOException(path + " is no archive of the ledger, or not a whole one.");
        }
    }
}
