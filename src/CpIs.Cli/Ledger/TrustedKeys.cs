using CpIs.Audit;
using Spectre.Console;

namespace CpIs.Cli.Ledger;

/// <summary>
/// Which keys a checkpoint may be signed with: those kept in a file, which is made at the first meeting with a server
/// and holds it to its key ever after.
/// </summary>
internal sealed class TrustedKeys(IAnsiConsole errors)
{
    private const string Unkept = "The server's own key was believed: whoever runs it could have signed another ledger "
        + "with another key. --trust FILE keeps the key, and compares it from then on.";

    /// <summary>The keys for a check against a server that publishes <paramref name="published"/>.</summary>
    /// <exception cref="IOException">When the server publishes another key than was kept, or none.</exception>
    public async Task<IReadOnlyList<CheckpointVerifier>> MeetAsync(
        string? file, IReadOnlyList<string> published, CancellationToken stop)
    {
        var keys = Distinct([.. published.Select(line => CheckpointVerifier.Parse(line)
            ?? throw new IOException("the server published something that is no key."))]);
        if (keys.Count == 0)
        {
            throw new IOException("the server publishes no key for its checkpoints.");
        }

        if (file is null)
        {
            errors.WriteLine(Unkept);
            return keys;
        }

        if (!File.Exists(file))
        {
            await File.WriteAllLinesAsync(file, published, stop);
            errors.WriteLine($"{file} now holds the server's key, met for the first time. "
                + "Compare it with what its operator tells you by another way.");
            return keys;
        }

        var kept = CheckpointVerifier.FromFile(file);
        var strange = published.FirstOrDefault(line => !Holds(kept, CheckpointVerifier.Parse(line)!));
        return strange is null ? kept : throw new IOException($"the server's key is not the one kept in {file}. "
            + $"If its operator has announced a new key, add this line to the file and leave the others: {strange}");
    }

    private static List<CheckpointVerifier> Distinct(IReadOnlyList<CheckpointVerifier> keys)
    {
        var distinct = new List<CheckpointVerifier>();
        foreach (var key in keys)
        {
            if (!Holds(distinct, key))
            {
                distinct.Add(key);
            }
        }

        return distinct;
    }

    private static bool Holds(IReadOnlyList<CheckpointVerifier> keys, CheckpointVerifier key) =>
        keys.Any(each => each.PublicKey.Span.SequenceEqual(key.PublicKey.Span));
}
