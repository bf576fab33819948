using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

public class CheckpointTests
{
    private static readonly CheckpointKey Key = new(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    [Fact]
    public void A_checkpoint_is_a_signed_note_that_its_key_opens()
    {
        var checkpoint = new SignedCheckpoint("cpis/test/3", 42, SHA256.HashData([1]));

        var note = checkpoint.Sign(Key);

        note.Should().StartWith("cpis/test/3\n42\n").And.Contain("\n\n\u2014 cpis/test/3 ");
        var opened = SignedCheckpoint.Open(note, Key.Verifier)!;
        (opened.Origin, opened.Size, opened.Lane).Should().Be(("cpis/test/3", 42L, 3));
        opened.Root.ToArray().Should().Equal(SHA256.HashData([1]));
        SignedCheckpoint.Open(note, CheckpointVerifier.Parse(Key.Verifier.Text("cpis/test/3"))!).Should().NotBeNull();
    }

    [Fact]
    public void A_note_that_was_touched_or_signed_by_another_is_not_opened()
    {
        var note = new SignedCheckpoint("cpis/test/3", 42, SHA256.HashData([1])).Sign(Key);
        var other = new CheckpointKey(RandomNumberGenerator.GetBytes(32));

        SignedCheckpoint.Open(note, other.Verifier).Should().BeNull();
        string[] touched =
        [
            note.Replace("\n42\n", "\n43\n", StringComparison.Ordinal),
            note.Replace("\n42\n", "\n042\n", StringComparison.Ordinal),
            note.Replace("test/3", "test/4", StringComparison.Ordinal),
            note[..^20],
            "",
        ];
        touched.Select(text => SignedCheckpoint.Open(text, Key.Verifier))
            .Should().OnlyContain(opened => opened == null);
    }

    [Fact]
    public async Task A_lane_that_grew_is_signed_within_a_second_inside_and_outside()
    {
        using var folder = new Folder();
        var database = await Database.NewAsync();
        await using var log = await Invented.StartedAsync(folder.Signing(Invented.Options(database)));
        for (var i = 1; i <= 3; i++)
        {
            await log.RecordAsync(Invented.LookUp());
            var size = i;
            await Invented.Eventually(() => folder.Newest() == size);
        }

        await Invented.EventuallyAsync(async () =>
            await database.ScalarAsync<long>("select count(*) from ledger.checkpoint where size = 3") == 1);
        var root = await database.ScalarAsync<byte[]>("select root from ledger.batch where last = 3");
        folder.Notes().Last().Root.ToArray().Should().Equal(root);
    }

    [Fact]
    public async Task What_a_dead_server_left_unsigned_is_signed_by_another()
    {
        using var folder = new Folder();
        var database = await Database.NewAsync();
        await using (var silent = await Invented.StartedAsync(Invented.Options(database)))
        {
            await silent.RecordAsync(Invented.LookUp());
        }

        var lanes = new LaneRegister();
        var options = folder.Signing(Invented.Options(database));
        await using var source = NpgsqlDataSource.Create(database.Server);
        var signer = new CheckpointSigner(
            options, CheckpointKeys.Of(options)!, lanes, new CheckpointStore(source), TimeProvider.System);

        await using (await LaneLease.TryOpenAsync(options, await LaneAsync(database), CancellationToken.None))
        {
            await signer.SignOrphansAsync();
            folder.Notes().Should().BeEmpty("the lane has a living holder");
        }

        NpgsqlConnection.ClearAllPools();
        await Invented.EventuallyAsync(async () =>
        {
            await signer.SignOrphansAsync();
            return folder.Notes().Any();
        });
        await signer.SignOrphansAsync();

        folder.Notes().Should().ContainSingle().Which.Size.Should().Be(1);
        (await database.ScalarAsync<long>("select count(*) from ledger.checkpoint")).Should().Be(1);
        await Invented.EventuallyAsync(async () => await database.ScalarAsync<long>("""
            select count(*) from pg_locks l join pg_database d on d.oid = l.database
            where locktype = 'advisory' and d.datname = current_database()
            """) == 0);
    }

    private static Task<int> LaneAsync(Database database) =>
        database.ScalarAsync<int>("select lane from ledger.lane where kind = 'read'");

    [Fact]
    public async Task A_ledger_that_was_cut_behind_its_checkpoint_is_never_signed_again()
    {
        using var folder = new Folder();
        var database = await Database.NewAsync();
        var options = folder.Signing(Invented.Options(database));
        for (var run = 0; run < 2; run++)
        {
            await using var log = await Invented.StartedAsync(options);
            await log.RecordAsync(Invented.LookUp());
        }

        await database.ExecuteAsync("""
            set session_replication_role = replica;
            delete from ledger.entry where position = 2;
            delete from ledger.batch where first = 2;
            delete from ledger.checkpoint;
            """);
        var alarms = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using (var log = await Invented.StartedAsync(options with { Alarm = alarms.Enqueue }))
        {
            await Invented.Eventually(
                () => alarms.Any(alarm => alarm.Contains("signed checkpoint", StringComparison.Ordinal)));
            await log.RecordAsync(Invented.LookUp());
        }

        folder.Notes().Where(note => note.Lane == folder.Notes().First().Lane).Max(note => note.Size).Should().Be(2);
        folder.Notes().Select(note => note.Lane).Distinct().Should().HaveCount(2, "another lane took over");
    }

    [Fact]
    public async Task A_checkpoint_that_a_crash_kept_from_the_file_is_added_at_the_next_start()
    {
        using var folder = new Folder();
        var database = await Database.NewAsync();
        var options = folder.Signing(Invented.Options(database));
        await using (var log = await Invented.StartedAsync(options))
        {
            await log.RecordAsync(Invented.LookUp());
        }

        folder.Newest().Should().Be(1);
        File.Delete(folder.Checkpoints);
        await using (await Invented.StartedAsync(options))
        {
            await Invented.Eventually(() => folder.Newest() == 1);
        }

        folder.Notes().Should().ContainSingle();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_new_key_signs_only_what_continues_the_old_one(bool kept)
    {
        using var folder = new Folder();
        var database = await Database.NewAsync();
        var options = folder.Signing(Invented.Options(database));
        await using (var log = await Invented.StartedAsync(options))
        {
            await log.RecordAsync(Invented.LookUp());
            log.KeysOf([1]).Should().Equal(folder.Verifier.Text("cpis/test/1"));
        }

        var old = folder.Verifier;
        File.Delete(folder.KeyFile);
        options = options with { EarlierKeysFile = folder.KeyFile + ".earlier" };
        if (kept)
        {
            await File.WriteAllTextAsync(options.EarlierKeysFile, old.Text("cpis/test/1") + "\n\n");
        }

        var alarms = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using (var log = await Invented.StartedAsync(options with { Alarm = alarms.Enqueue }))
        {
            await log.RecordAsync(Invented.LookUp());
            await Invented.EventuallyAsync(async () =>
                await database.ScalarAsync<long>("select count(*) from ledger.checkpoint where size = 2") == 1);
            log.KeysOf([1]).Should().HaveCount(kept ? 2 : 1).And.StartWith(folder.Verifier.Text("cpis/test/1"));
        }

        alarms.Any(alarm => alarm.Contains("key unknown here", StringComparison.Ordinal)).Should().Be(!kept);
        await using var source = NpgsqlDataSource.Create(database.Server);
        foreach (var (keys, whole) in new[] { (new[] { old, folder.Verifier }, true), ([folder.Verifier], false) })
        {
            var verdicts = await new Checker(new LedgerFeed(source), keys)
                .CheckAsync(AsyncEnumerable.Empty<string>(), default).ToListAsync();
            verdicts.All(verdict => verdict.IsWhole).Should().Be(whole);
        }
    }

    [Fact]
    public async Task A_ledger_cut_while_its_key_was_changed_is_not_signed_with_the_new_one()
    {
        using var folder = new Folder();
        var database = await Database.NewAsync();
        var options = folder.Signing(Invented.Options(database)) with { EarlierKeysFile = folder.KeyFile + ".earlier" };
        for (var run = 0; run < 2; run++)
        {
            await using var log = await Invented.StartedAsync(options);
            await log.RecordAsync(Invented.LookUp());
        }

        await File.WriteAllTextAsync(options.EarlierKeysFile!, folder.Verifier.Text("cpis/test/1"));
        File.Delete(folder.KeyFile);
        await database.ExecuteAsync("""
            set session_replication_role = replica;
            delete from ledger.entry where position = 2;
            delete from ledger.batch where first = 2;
            delete from ledger.checkpoint;
            """);
        var alarms = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await using (await Invented.StartedAsync(options with { Alarm = alarms.Enqueue }))
        {
            await Invented.Eventually(
                () => alarms.Any(alarm => alarm.Contains("signed checkpoint", StringComparison.Ordinal)));
        }

        (await database.ScalarAsync<long>("select count(*) from ledger.checkpoint where lane = "
            + (await LaneAsync(database)).ToString(System.Globalization.CultureInfo.InvariantCulture))).Should().Be(0);
    }

    [Fact]
    public async Task A_note_torn_by_a_crash_is_passed_over()
    {
        using var folder = new Folder();
        var file = new CheckpointFile(folder.Checkpoints);
        var notes = Enumerable.Range(1, 4)
            .Select(size => new SignedCheckpoint("cpis/test/1", size, SHA256.HashData([1])).Sign(Key)).ToArray();
        var cuts = new[] { 3, 15, notes[1].IndexOf("\n\n", StringComparison.Ordinal) + 1, notes[1].Length - 9 };
        foreach (var cut in cuts)
        {
            File.Delete(folder.Checkpoints);
            await file.AppendAsync([notes[0]], CancellationToken.None);
            await File.AppendAllTextAsync(folder.Checkpoints, notes[1][..cut]);
            await file.AppendAsync([notes[2], notes[3]], CancellationToken.None);

            var read = new List<long>();
            await foreach (var note in file.ReadAsync(CancellationToken.None))
            {
                if (SignedCheckpoint.Open(note, Key.Verifier) is { } opened)
                {
                    read.Add(opened.Size);
                }
            }

            read.Should().Equal([1, 3, 4], $"cut at {cut}");
        }
    }

    [Fact]
    public void The_key_file_is_made_once_and_for_its_owner_alone()
    {
        using var folder = new Folder();

        var first = CheckpointKey.FromFile(folder.KeyFile);
        var second = CheckpointKey.FromFile(folder.KeyFile);

        second.Verifier.PublicKey.ToArray().Should().Equal(first.Verifier.PublicKey.ToArray());
        File.GetUnixFileMode(folder.KeyFile).Should().Be(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}

/// <summary>A place outside the database for one test's key and checkpoints.</summary>
internal sealed class Folder : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("cpis-checkpoints-").FullName;

    internal string KeyFile => Path.Combine(path, "key");

    internal string Checkpoints => Path.Combine(path, "checkpoints");

    internal CheckpointVerifier Verifier => CheckpointKey.FromFile(KeyFile).Verifier;

    internal AuditLogOptions Signing(AuditLogOptions options) =>
        options with { CheckpointKeyFile = KeyFile, CheckpointFile = Checkpoints, Deployment = "test" };

    internal IEnumerable<SignedCheckpoint> Notes()
    {
        if (!File.Exists(Checkpoints))
        {
            return [];
        }

        using var file = new FileStream(Checkpoints, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file, Encoding.UTF8);
        return Blocks(reader.ReadToEnd()).ToArray().Select(note => SignedCheckpoint.Open(note, Verifier)!);
    }

    internal long Newest() => Notes().Select(note => note.Size).DefaultIfEmpty().Max();

    public void Dispose() => Directory.Delete(path, recursive: true);

    private static IEnumerable<string> Blocks(string text)
    {
        var parts = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i + 1 < parts.Length; i += 2)
        {
            yield return parts[i] + "\n\n" + parts[i + 1] + "\n";
        }
    }
}
