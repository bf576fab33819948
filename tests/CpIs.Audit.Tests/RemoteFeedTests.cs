using System.Globalization;
using System.Text.RegularExpressions;
using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

public sealed partial class RemoteFeedTests : IDisposable
{
    private readonly Folder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task An_auditor_without_a_connection_reaches_the_same_verdict()
    {
        var database = await Database.NewAsync();
        await using (var log = await Invented.StartedAsync(folder.Signing(Invented.Options(database))))
        {
            await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => log.RecordAsync(Invented.LookUp())));
        }

        (await VerdictAsync(database)).Should().EndWith("size 300 ok");
        await database.ExecuteAsync("""
            set session_replication_role = replica;
            update ledger.entry set agent_name = 'Somebody else' where position = 123;
            """);
        (await VerdictAsync(database)).Should().EndWith("position 123 changed");
        await database.ExecuteAsync("""
            set session_replication_role = replica;
            delete from ledger.entry where position = 77;
            """);
        (await VerdictAsync(database)).Should().EndWith("position 77 removed");
    }

    [Fact]
    public async Task An_auditor_without_a_connection_sees_a_changed_tile()
    {
        var database = await Database.NewAsync();
        await using (var log = await Invented.StartedAsync(folder.Signing(Invented.Options(database))))
        {
            await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => log.RecordAsync(Invented.LookUp())));
        }

        await database.ExecuteAsync("""
            set session_replication_role = replica;
            update ledger.tile set hashes = set_byte(hashes, 8191, get_byte(hashes, 8191) # 1);
            """);

        (await VerdictAsync(database)).Should().EndWith("position 1 changed");
    }

    [Fact]
    public async Task An_answer_cut_short_is_no_verdict()
    {
        var database = await Database.NewAsync();
        await using (var log = await Invented.StartedAsync(Invented.Options(database)))
        {
            await log.RecordAsync(Invented.LookUp());
        }

        var verdict = () => VerdictAsync(database, cut: 1);

        await verdict.Should().ThrowAsync<EndOfStreamException>();
    }

    private async Task<string> VerdictAsync(Database database, int cut = 0)
    {
        await using var source = NpgsqlDataSource.Create(database.Server);
        var near = new LedgerFeed(source);
        var far = new RemoteFeed(async (question, stop) =>
        {
            var parts = Question().Match(question).Groups;
            var answer = new MemoryStream();
            var range = (Number(parts[3]), Number(parts[4]));
            var known = await FeedFrames.WriteAsync(
                near, parts[2].Value, (int)Number(parts[1]), range, answer, stop);
            known.Should().BeTrue();
            return new MemoryStream(answer.ToArray()[..^cut]);
        });
        var verdicts = await new Checker(far, [folder.Verifier])
            .CheckAsync(new CheckpointFile(folder.Checkpoints).ReadAsync(default), default).ToListAsync();
        return verdicts.Single(each => each.Size > 0 || !each.IsWhole).ToString();
    }

    private static long Number(Group digits) => long.Parse(digits.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex("^([0-9]+)/([a-z]+)\\?start=([0-9]+)&end=([0-9]+)$")]
    private static partial Regex Question();
}
