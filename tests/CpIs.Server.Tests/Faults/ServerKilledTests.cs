using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Threading.Channels;
using CpIs.Testing;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Faults;

/// <summary>
/// Promise P1: every answer a client received has its entry in the ledger, also when the server dies in full flight.
/// The client's own log, written to disk as answers come in, is the witness.
/// </summary>
[Collection(RealServers.Name)]
public sealed class ServerKilledTests : IDisposable
{
    private const int Connections = 32;
    private const int AnswersBeforeTheKill = 500;

    private readonly string _witness = TestCluster.NewDataFolder() + ".log";

    public void Dispose() => File.Delete(_witness);

    [Fact]
    public async Task After_a_kill_under_thirty_two_reading_connections_every_answered_look_up_has_its_entry()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var token = await sandbox.Server.TokenAsync("sandbox-ed-clinician");

        await ReadUntilKilledAsync(sandbox, token);
        await sandbox.StartServerAsync();

        var answered = await File.ReadAllLinesAsync(_witness);
        answered.Length.Should().BeGreaterThanOrEqualTo(AnswersBeforeTheKill).And.Be(answered.Distinct().Count());
        var recorded = await sandbox.AskAsync<string>(
            "select request_id from ledger.entry where request_id is not null and outcome = 0");
        answered.Except(recorded, StringComparer.OrdinalIgnoreCase).Should().BeEmpty();

        var again = await sandbox.Server.TokenAsync("sandbox-ed-clinician");
        (await sandbox.LookUpAsync(again)).Status.Should().Be(HttpStatusCode.OK);
        await EveryLaneIsContiguousAsync(sandbox);
    }

    private async Task ReadUntilKilledAsync(Sandbox sandbox, AuthenticationHeaderValue token)
    {
        var received = Channel.CreateUnbounded<string>();
        var enough = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var readers = Enumerable.Range(0, Connections)
            .Select(_ => ReadAsync(sandbox, token, received.Writer))
            .ToList();
        var witness = WriteDownAsync(received.Reader, enough);

        await enough.Task.WaitAsync(TimeSpan.FromMinutes(1));
        await sandbox.Server.KillAsync();

        await Task.WhenAll(readers);
        received.Writer.Complete();
        await witness;
    }

    // One connection: reads until the server is gone, and hands over only what it received whole.
    private static async Task ReadAsync(
        Sandbox sandbox, AuthenticationHeaderValue token, ChannelWriter<string> received)
    {
        using var own = new HttpClient { BaseAddress = sandbox.Server.Client.BaseAddress };
        try
        {
            while (true)
            {
                var answer = await sandbox.LookUpAsync(token, own);
                answer.Status.Should().Be(HttpStatusCode.OK, answer.Body);
                await received.WriteAsync(answer.RequestId);
            }
        }
        catch (HttpRequestException)
        {
            // The server died under this connection: what it had not received whole is no answer.
        }
    }

    private async Task WriteDownAsync(ChannelReader<string> received, TaskCompletionSource enough)
    {
        await using var file = new FileStream(_witness, FileMode.CreateNew);
        var written = 0;
        while (await received.WaitToReadAsync())
        {
            while (received.TryRead(out var id))
            {
                await file.WriteAsync(Encoding.ASCII.GetBytes(id + "\n"));
                written++;
            }
            file.Flush(flushToDisk: true);
            if (written >= AnswersBeforeTheKill)
            {
                enough.TrySetResult();
            }
        }
    }

    private static async Task EveryLaneIsContiguousAsync(Sandbox sandbox)
    {
        (await sandbox.AskAsync<string>("""
            select format('lane %s: batch at %s follows %s', lane, first, before)
            from (select lane, first, last, lag(last) over (partition by lane order by first) as before
                  from ledger.batch) b
            where before is not null and first <> before + 1
            """)).Should().BeEmpty();
        (await sandbox.AskAsync<string>("""
            select format('lane %s: head %s, entries %s from %s to %s', b.lane, b.head, e.n, e.low, e.high)
            from (select lane, max(last) as head from ledger.batch group by lane) b
            left join (select lane, count(distinct position) as n, count(*) as all_rows, min(position) as low,
                              max(position) as high from ledger.entry group by lane) e using (lane)
            where coalesce(e.n, 0) <> b.head or coalesce(e.all_rows, 0) <> b.head or coalesce(e.high, 0) <> b.head
            """)).Should().BeEmpty();
        (await sandbox.AskAsync<long>("select count(*) from ledger.entry")).Single()
            .Should().BeGreaterThanOrEqualTo(AnswersBeforeTheKill);
    }
}
