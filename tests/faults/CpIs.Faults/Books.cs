using System.Globalization;
using CpIs.Audit;
using Npgsql;

namespace CpIs.Faults;

/// <summary>One entry of the ledger, as far as the verification needs it.</summary>
internal sealed record BookedEntry(
    Guid? Request, string Action, int Outcome, string? NhsNumber, string? Client, string? Organisation,
    IReadOnlyList<string> Disclosed);

/// <summary>What the database holds after a run: entries, and every version of every resource with its hash.</summary>
internal sealed class Books
{
    private const string EntriesSql = """
        select request_id, action, outcome, nhs_number, client_id, organisation, disclosed
        from ledger.entry where kind in ('rest', 'upload')
        """;

    private const string VersionsSql = """
        select council, 'EpisodeOfCare', episode_id::text, episode_version, encode(sha256(episode), 'hex'), true
        from cpis.plan
        union all
        select council, 'Flag', flag_id::text, flag_version, encode(sha256(flag), 'hex'), true from cpis.plan
        union all
        select council, 'Patient', nhs_number, version, encode(sha256(body), 'hex'), true from cpis.patient
        union all
        select organisation, 'Encounter', id::text, version, encode(sha256(body), 'hex'), true from cpis.encounter
        union all
        select organisation, 'Encounter', id::text, version, encode(sha256(body), 'hex'), false
        from cpis.encounter_version
        union all
        select council, resource_type, resource_id, version, encode(sha256(body), 'hex'), false from cpis.version
        """;

    private const string UnsignedSql = """
        select count(*) from ledger.lane l
        cross join lateral (select last from ledger.batch where lane = l.lane order by first desc limit 1) b
        where b.last > coalesce((select max(size) from ledger.checkpoint where lane = l.lane), 0)
        """;

    private Books()
    {
    }

    public List<BookedEntry> Entries { get; } = [];

    /// <summary>Types of which it knows every version.</summary>
    public static readonly IReadOnlyList<string> Types = ["EpisodeOfCare", "Flag", "Patient", "Encounter"];

    /// <summary>Those of which each version is one council's.</summary>
    public static readonly IReadOnlyList<string> OfCouncils = ["EpisodeOfCare", "Flag", "Patient"];

    /// <summary>"ZZ001 Flag/id/_history/2" and the hash of its bytes.</summary>
    public Dictionary<string, string> Versions { get; } = new(StringComparer.Ordinal);

    /// <summary>"ZZ001 Flag/id" and the number of the version that is current.</summary>
    public Dictionary<string, int> Current { get; } = new(StringComparer.Ordinal);

    public static string Key(string? council, string reference) => council + " " + reference;

    public static async Task<Books> ReadAsync(string connection, CancellationToken stop)
    {
        var books = new Books();
        await using var database = NpgsqlDataSource.Create(connection);
        await using (var command = database.CreateCommand(EntriesSql))
        await using (var rows = await command.ExecuteReaderAsync(stop))
        {
            while (await rows.ReadAsync(stop))
            {
                books.Entries.Add(new(
                    Guid.TryParse(Text(rows, 0), out var id) ? id : null, rows.GetString(1), rows.GetInt32(2),
                    Text(rows, 3), Text(rows, 4), Text(rows, 5), rows.GetFieldValue<string[]>(6)));
            }
        }

        await books.ReadVersionsAsync(database, stop);
        return books;
    }

    /// <summary>Lanes with entries that no checkpoint covers yet.</summary>
    public static async Task<long> UnsignedAsync(string connection, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        await using var command = database.CreateCommand(UnsignedSql);
        return (long)(await command.ExecuteScalarAsync(stop))!;
    }

    /// <summary>Every lane from its first entry, with what was signed inside and outside the database.</summary>
    public static async Task<IReadOnlyList<LaneVerdict>> CheckAsync(
        string connection, string serverFolder, CancellationToken stop)
    {
        await using var database = NpgsqlDataSource.Create(connection);
        var key = CheckpointKey.FromFile(Path.Combine(serverFolder, "keys", "checkpoint-signing-key"));
        var outside = new CheckpointFile(Path.Combine(serverFolder, "checkpoints.txt")).ReadAsync(stop);
        var verdicts = new List<LaneVerdict>();
        await foreach (var lane in new Checker(new LedgerFeed(database), [key.Verifier]).CheckAsync(outside, stop))
        {
            verdicts.Add(lane);
        }

        return verdicts;
    }

    private async Task ReadVersionsAsync(NpgsqlDataSource database, CancellationToken stop)
    {
        await using var command = database.CreateCommand(VersionsSql);
        await using var rows = await command.ExecuteReaderAsync(stop);
        while (await rows.ReadAsync(stop))
        {
            var (type, id, version) = (rows.GetString(1), rows.GetString(2), rows.GetInt32(3));
            var key = Key(rows.GetString(0), $"{type}/{id}");
            Versions[key + "/_history/" + version.ToString(CultureInfo.InvariantCulture)] = rows.GetString(4);
            if (rows.GetBoolean(5))
            {
                Current[key] = version;
            }
        }
    }

    private static string? Text(NpgsqlDataReader rows, int column) =>
        rows.IsDBNull(column) ? null : rows.GetString(column);
}
