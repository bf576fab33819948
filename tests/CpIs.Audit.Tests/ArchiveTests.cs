using System.Globalization;
using System.Text;
using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

/// <summary>A month leaves the database for a file: everything that can be proved stays provable.</summary>
public sealed class ArchiveTests : IDisposable
{
    private const int Old = 20;
    private const int New = 5;

    private readonly Folder folder = new();
    private readonly string file = Path.GetTempFileName();
    private readonly DateTimeOffset then = TimeProvider.System.GetUtcNow().AddDays(-45);

    public ArchiveTests() => File.Delete(file);

    public void Dispose()
    {
        File.Delete(file);
        folder.Dispose();
    }

    [Fact]
    public async Task An_archived_month_is_whole_only_for_a_checker_that_is_given_the_archive()
    {
        var database = await RecordedAsync(New);
        var lane = await database.ScalarAsync<int>("select max(lane) from ledger.entry");
        await ArchiveAsync(database);

        (await CheckAsync(database, archived: false)).Should().Contain($"lane {lane} position 1 removed");
        (await CheckAsync(database)).Should().Contain($"lane {lane} size 25 ok, 20 of them archived");
    }

    [Fact]
    public async Task Proofs_of_archived_entries_still_hold()
    {
        var database = await RecordedAsync(New);
        var lane = await database.ScalarAsync<int>("select max(lane) from ledger.entry");
        await ArchiveAsync(database);
        await using var source = NpgsqlDataSource.Create(database.Server);

        var proof = await new LedgerProofs(source).InclusionAsync(lane, 7, Old + New, CancellationToken.None);

        var root = await database.ScalarAsync<byte[]>("select root from ledger.batch where last = 25");
        proof.Should().NotBeNull();
        MerkleTree.VerifyInclusion(proof!.LeafHash, 6, Old + New, proof.Hashes, root).Should().BeTrue();
    }

    [Fact]
    public async Task An_entry_changed_in_the_archive_is_found_at_its_position()
    {
        var database = await RecordedAsync(New);
        var lane = await database.ScalarAsync<int>("select max(lane) from ledger.entry");
        await ArchiveAsync(database);
        var bytes = await File.ReadAllBytesAsync(file);
        bytes.AsSpan()[(bytes.AsSpan().IndexOf("Dr Number-07"u8) + 3)..][0] = (byte)'X';
        await File.WriteAllBytesAsync(file, bytes);

        (await CheckAsync(database)).Should().Contain($"lane {lane} position 7 changed");
    }

    [Fact]
    public async Task An_entry_taken_out_of_the_archive_is_found()
    {
        var database = await RecordedAsync(New);
        var lane = await database.ScalarAsync<int>("select max(lane) from ledger.entry");
        await ArchiveAsync(database);
        await WithoutAsync(frame: 7);

        (await CheckAsync(database)).Should().Contain($"lane {lane} position 7 removed");
    }

    [Fact]
    public async Task An_archive_cut_short_is_no_archive()
    {
        var database = await RecordedAsync(New);
        await ArchiveAsync(database);
        await File.WriteAllBytesAsync(file, (await File.ReadAllBytesAsync(file))[..^5]);

        var check = () => CheckAsync(database);

        await check.Should().ThrowAsync<IOException>();
    }

    [Theory]
    [InlineData("update ledger.entry set agent_name = 'Somebody else' where position = 7")]
    [InlineData("delete from ledger.entry where position = 7")]
    public async Task A_month_that_was_tampered_with_is_not_archived(string change)
    {
        var database = await RecordedAsync(New);
        await database.ExecuteAsync("set session_replication_role = replica; " + change);
        await using var source = NpgsqlDataSource.Create(database.Server);

        var write = () => new ArchiveWriter(source).WriteAsync(Day, file, CancellationToken.None);

        (await write.Should().ThrowAsync<ArchiveRefused>()).WithMessage("*position 7 *");
        File.Exists(file).Should().BeFalse();
    }

    [Fact]
    public async Task A_lane_whose_last_entries_were_archived_goes_on()
    {
        var database = await RecordedAsync(0);
        var lane = await database.ScalarAsync<int>("select max(lane) from ledger.entry");
        await ArchiveAsync(database);

        await RecordAsync(database, New, TimeProvider.System);

        (await CheckAsync(database)).Should().Contain($"lane {lane} size 25 ok, 20 of them archived");
    }

    [Fact]
    public async Task A_month_put_back_is_read_from_the_database_again()
    {
        var database = await RecordedAsync(New);
        var lane = await database.ScalarAsync<int>("select max(lane) from ledger.entry");
        await ArchiveAsync(database);
        var month = new DateOnly(then.Year, then.Month, 1);
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            alter table ledger.entry attach partition ledger.entry_{month:yyyy_MM}
            for values from ('{month:yyyy-MM-dd} 00:00Z') to ('{month.AddMonths(1):yyyy-MM-dd} 00:00Z')
            """));

        await RecordAsync(database, New, TimeProvider.System);

        (await CheckAsync(database, archived: false)).Should().Contain($"lane {lane} size 30 ok");
        (await CheckAsync(database)).Should().Contain($"lane {lane} size 30 ok");
    }

    [Theory]
    [InlineData("select ledger.detach_month(current_date, 0, sha256('x'))", "is not over")]
    [InlineData("select ledger.detach_month(current_date - 45, 3, sha256('x'))", "holds 20 entries, the archive 3")]
    public async Task A_month_that_is_not_in_the_archive_is_not_detached(string detach, string why)
    {
        var database = await RecordedAsync(New);

        var detaching = () => database.ExecuteAsync(detach);

        (await detaching.Should().ThrowAsync<PostgresException>()).WithMessage($"*{why}*");
        (await CheckAsync(database, archived: false)).Should().OnlyContain(line => line.EndsWith("ok"));
    }

    [Fact]
    public async Task The_servers_role_cannot_detach_a_month()
    {
        var database = await RecordedAsync(New);

        var detaching = () => database.ExecuteAsServerAsync(
            "select ledger.detach_month(current_date - 45, 20, sha256('x'))");

        (await detaching.Should().ThrowAsync<PostgresException>()).Which.SqlState.Should().Be("42501");
    }

    private DateOnly Day => DateOnly.FromDateTime(then.UtcDateTime);

    private async Task ArchiveAsync(Database database)
    {
        await using var source = NpgsqlDataSource.Create(database.Server);
        var written = await new ArchiveWriter(source).WriteAsync(Day, file, CancellationToken.None);
        written.Entries.Should().Be(Old);
        await database.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
            select ledger.detach_month('{Day:yyyy-MM-dd}', {written.Entries},
                '\x{Convert.ToHexString(written.Sha256)}')
            """));
    }

    /// <summary>Rewrites the archive without one of its frames.</summary>
    private async Task WithoutAsync(int frame)
    {
        var frames = new List<byte[]>();
        await using (var read = File.OpenRead(file))
        {
            await foreach (var each in EntryFrames.ReadAsync(read, CancellationToken.None))
            {
                frames.Add(each.ToArray());
            }
        }

        frames.RemoveAt(frame);
        await using var write = File.Create(file);
        foreach (var each in frames)
        {
            await EntryFrames.WriteAsync(write, each, CancellationToken.None);
        }

        await EntryFrames.EndAsync(write, CancellationToken.None);
    }

    private async Task<Database> RecordedAsync(int now)
    {
        var database = await Database.NewAsync();
        await database.ExecuteAsync("select ledger.make_partitions(current_date - 45, 4)");
        await RecordAsync(database, Old, new Fixed(then));
        if (now > 0)
        {
            await RecordAsync(database, now, TimeProvider.System);
        }

        return database;
    }

    private async Task RecordAsync(Database database, int entries, TimeProvider clock)
    {
        await using var log = await Invented.StartedAsync(folder.Signing(Invented.Options(database)), clock);
        for (var i = 1; i <= entries; i++)
        {
            await log.RecordAsync(Invented.LookUp() with
            {
                AgentName = string.Create(CultureInfo.InvariantCulture, $"Dr Number-{i:00}"),
            });
        }
    }

    private async Task<List<string>> CheckAsync(Database database, bool archived = true)
    {
        await using var source = LedgerFeed.Source(database.Server);
        ILedgerFeed feed = new LedgerFeed(source);
        if (archived)
        {
            feed = new ArchivedFeed(feed, [await EntryArchive.OpenAsync(file, CancellationToken.None)]);
        }

        return await new Checker(feed, [folder.Verifier])
            .CheckAsync(new CheckpointFile(folder.Checkpoints).ReadAsync(CancellationToken.None),
                CancellationToken.None)
            .Select(verdict => verdict.ToString()).ToListAsync();
    }

    private sealed class Fixed(DateTimeOffset at) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => at;
    }
}
