using System.Text;

namespace CpIs.Audit;

/// <summary>
/// The checkpoints kept outside the database, in an append-only file that is flushed to the disk with every note. A
/// note torn by a crash is skipped when reading: the next one says more.
/// </summary>
public sealed class CheckpointFile(string path)
{
    private const int TurnAttemptsMax = 50;
    private const int TurnWaitMs = 20;

    /// <summary>Adds notes, each followed by an empty line. Servers may share the file.</summary>
    public async Task AppendAsync(IReadOnlyCollection<string> notes, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(notes);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await using var turn = await TakeTurnAsync(stop);
        await using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Seek(0, SeekOrigin.End);
        await file.WriteAsync(Encoding.UTF8.GetBytes(await RepairAsync(file, stop) + string.Concat(
            notes.Select(note => note + "\n"))), stop);
        file.Flush(flushToDisk: true);
    }

    /// <summary>Notes in the order they were written; empty when the file is not there yet.</summary>
    public async IAsyncEnumerable<string> ReadAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        if (!File.Exists(path))
        {
            yield break;
        }

        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file, Encoding.UTF8);
        var note = new StringBuilder();
        var emptyLines = 0;
        while (await reader.ReadLineAsync(stop) is { } line)
        {
            if (line.Length == 0 && note.Length == 0)
            {
                continue;
            }

            emptyLines += line.Length == 0 ? 1 : 0;
            if (emptyLines < 2)
            {
                note.Append(line).Append('\n');
                continue;
            }

            yield return note.ToString();
            note.Clear();
            emptyLines = 0;
        }
    }

    /// <summary>Ends a note that a crash tore, so that the next stands by itself.</summary>
    private static async Task<string> RepairAsync(FileStream file, CancellationToken stop)
    {
        if (file.Length < 2)
        {
            return "";
        }

        var end = new byte[2];
        file.Seek(-2, SeekOrigin.End);
        await file.ReadExactlyAsync(end, stop);
        return end is [(byte)'\n', (byte)'\n'] ? "" : "\n\n\n";
    }

    /// <summary>Servers that share the file write one after the other; readers need no turn.</summary>
    private async Task<FileStream> TakeTurnAsync(CancellationToken stop)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            }
            catch (IOException) when (attempt < TurnAttemptsMax)
            {
                await Task.Delay(TurnWaitMs, stop);
            }
        }
    }
}
