using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using Npgsql;

namespace CpIs.Server.Replays;

/// <summary>
/// The way every write of a resource is committed: with its record, and, when its client gave it an X-Request-ID, with
/// its answer. A client that heard none sends the same request again and is given the first answer, whatever happened
/// to the server in between: change, record and memory are one commit.
/// </summary>
internal sealed class WriteOnce(AuditLog ledger, TimeProvider clock)
{
    /// <summary>How long a write is remembered.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    /// <summary>Runs a write, or answers as the first time.</summary>
    /// <param name="call">The request.</param>
    /// <param name="council">As whose the transaction writes.</param>
    /// <param name="work">Decides the write inside the transaction.</param>
    /// <exception cref="Refused">409 when another request had this id; whatever the work refuses.</exception>
    public Task<WriteAnswer> RunAsync(Call call, string? council, Func<WriteTransaction, Task<Written>> work) =>
        ledger.WriteAsync(council, async write =>
        {
            if (call.Key is not { } key)
            {
                var written = await work(write);
                await write.CommitAsync(written.Entries, written.Commands);
                return written.Answer;
            }

            return await AgainAsync(call, write, key) ?? await FirstAsync(call, write, key, work);
        });

    /// <summary>
    /// For a write that must read something before it can be sent: where that has moved on since the first time, and so
    /// refuses it, the first answer counts.
    /// </summary>
    public async Task<WriteAnswer> OrAgainAsync(Call call, Func<Task<WriteAnswer>> work)
    {
        try
        {
            return await work();
        }
        catch (Refused) when (call.Key is not null)
        {
            var first = await ledger.WriteAsync(null, write => AgainAsync(call, write, call.Key));
            if (first is null)
            {
                throw;
            }

            return first;
        }
    }

    private async Task<WriteAnswer?> AgainAsync(Call call, WriteTransaction write, RequestKey key)
    {
        var held = (await RememberedStore.TakeAsync(write, key, clock.GetUtcNow() - KeptFor)).Value;
        if (held is null)
        {
            return null;
        }

        if (!held.Asked.AsSpan().SequenceEqual(Asked(call)))
        {
            throw new Refused(409, [new("error", "duplicate", DetailCode.InvalidHeader,
                "Another request had this X-Request-ID: give each its own.")]);
        }

        var remembered = JsonSerializer.Deserialize<RememberedAnswer>(held.Answer)!;
        await write.CommitAsync([.. remembered.Shown.Select(e => e.Again(call.Entry()))]);
        return remembered.Answer with { Body = held.Body, Replayed = true };
    }

    private async Task<WriteAnswer> FirstAsync(
        Call call, WriteTransaction write, RequestKey key, Func<WriteTransaction, Task<Written>> work)
    {
        var (answer, entries, shown, commands) = await work(write);
        var remembered = new RememberedAnswer(
            answer with { Body = null }, [.. entries.Take(shown).Select(RememberedEntry.Of)]);
        NpgsqlBatchCommand keep = RememberedStore.Put(
            key, Asked(call), JsonSerializer.SerializeToUtf8Bytes(remembered), answer.Body, clock.GetUtcNow());
        await write.CommitAsync(entries, [.. commands, keep]);
        return answer;
    }

    /// <summary>What makes two requests the same: method, target and body.</summary>
    private static byte[] Asked(Call call)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{call.Http.Request.Method}\n{call.RawTarget}\n"));
        hash.AppendData(call.Body);
        return hash.GetHashAndReset();
    }
}
