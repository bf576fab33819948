using System.Reflection;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Database;

/// <summary>
/// Every SQL text of every store, asked for one council without its filters, on a connection that another council
/// used a
/// moment before: no row of the other council gets past PostgreSQL's wall. A new text is tried by being there.
/// </summary>
public sealed class StoreWallTests(SpiedTables tables) : IClassFixture<SpiedTables>
{
    /// <summary>
    /// What a text needs to be told to reach its tables at all, where nothing and the child both councils hold will not
    /// do.
    /// </summary>
    private static readonly Dictionary<string, string> Arguments = new()
    {
        ["AbsentStore.Take"] = "$1 = {council} $2 = {done}",
        ["AbsentStore.Imagine"] = "$1 = {council} $2 = {done}",
        ["JudgeStore.Facts"] = "$1 = {receiving} $2 = {council}",
        ["JudgeStore.Endings"] = "$1 = {receiving} $2 = {council} $3 = 'infinity'",
        ["JudgeStore.RefuseRows"] = "$1 = {receiving} $2 = {council}",
        ["OutcomeStore.Standing"] = "$1 = {council} $2 = {done}",
        ["StagingStore.Taken"] = "$1 = {done} $2 = '{ROW-GOOD}'",
        ["StagingStore.Unaccepted"] = "$1 = {receiving}",
        ["UploadStore.Own"] = "$1 = {applying}",
        ["UploadStore.Take"] = "$1 = {applying} $2 = 'applying' $3 = ''",
        ["LapseStore.Lapsing"] = "$1 = '-infinity' $2 = 'infinity' $3 = 'infinity'",
        ["LapseStore.Forget"] = "$1 = 'infinity'",
        ["NoticeInsertStore.Told"] = "$1 = array[{subscription}]::uuid[] $2 = '{invented}'",
        ["NoticeInsertStore.TakeNumbers"] = 
            "(uuid[], bigint[], timestamptz) $1 = array[{subscription}]::uuid[] $2 = '{1}'",
        ["EncounterStore.OfHealth"] = "$4 = 'RXR'",
        ["EncounterStore.OneOfHealth"] = "$4 = 'RXR' $5 = {encounter}",
        ["EncounterStore.OneOfCouncil"] = "$2 = {council} $3 = {encounter}",
    };

    /// <summary>Texts that find nothing for a council, its own neither: it reads notices and deletes none.</summary>
    private static readonly string[] Workers = ["LapseStore.Forget"];

    /// <summary>
    /// SQLSTATEs that say a text is part of another: it does not parse, or names what stands elsewhere.
    /// </summary>
    private static readonly string[] Incomplete = ["42601", "42P01", "42703"];

    private static readonly IReadOnlyList<(string Name, string Sql)> Texts =
        [.. typeof(House).Assembly.GetTypes().Where(t => t.Name.EndsWith("Store", StringComparison.Ordinal))
            .SelectMany(t => t.GetFields(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public))
            .Where(f => f.IsLiteral && f.FieldType == typeof(string))
            .Select(f => ($"{f.DeclaringType!.Name}.{f.Name}", (string)f.GetRawConstantValue()!))];

    /// <summary>SQLSTATEs of an insertion of nothing: it is stopped where the wall is behind it.</summary>
    private static readonly string[] AddsNothing = ["23502", "23514"];

    [Fact]
    public async Task No_text_of_any_store_shows_a_council_a_row_of_anothers()
    {
        var tried = new List<string>();
        var parts = new List<(string Name, string Sql)>();
        var faults = new List<string>();
        foreach (var (name, sql) in Texts.Where(t => tables.Tables.Any(n => t.Sql.Contains("cpis." + n,
            StringComparison.Ordinal))))
        {
            var (_, error) = await AboveAsync(name, sql, SpiedTables.Leeds);
            if (Incomplete.Contains(error))
            {
                parts.Add((name, sql));
                continue;
            }

            tried.Add(sql);
            faults.AddRange(await FaultsAsync(name, sql));
        }

        faults.AddRange(parts.Where(p => !tried.Exists(t => t.Contains(p.Sql, StringComparison.Ordinal)))
            .Select(p => $"{p.Name} stands in no text that was tried"));
        string.Join('\n', faults).Should().BeEmpty();
        tried.Should().HaveCountGreaterThan(70);
    }

    [Fact]
    public async Task No_table_takes_from_a_council_a_row_in_anothers_name()
    {
        await using var superuser = await tables.Superuser.OpenConnectionAsync();
        foreach (var table in tables.Tables)
        {
            var row = await superuser.QueryFirstAsync<string>(
                $"select to_json(t)::text from cpis.{table} t where council = '{SpiedTables.Lancashire}' limit 1");
            await using var connection = await tables.OneConnection.OpenConnectionAsync();
            await using var transaction = await connection.BeginTransactionAsync();
            await SayAsync(connection, SpiedTables.Leeds);

            var forge = () => connection.ExecuteAsync(
                $"insert into cpis.{table} select * from json_populate_record(null::cpis.{table}, @row::json)",
                new { row });

            (await forge.Should().ThrowAsync<PostgresException>(table)).Which.SqlState.Should().Be("42501", table);
        }
    }

    private async Task<List<string>> FaultsAsync(string name, string sql)
    {
        var faults = new List<string>();
        foreach (var about in (string[])[SpiedTables.Lancashire, SpiedTables.Leeds])
        {
            var (reached, error) = await AboveAsync(name, sql, about);
            faults.AddRange(tables.ReadBy(sql).Select(table => $"{table} {about}").Except(reached)
                .Select(row => $"{name} does not reach {row}"));
            if (error is not null && !(AddsNothing.Contains(error) && sql.Contains("insert into cpis.",
                StringComparison.Ordinal)))
            {
                faults.Add($"{name} about {about} ends with {error}");
            }

            var passed = await AsLeedsAsync(name, sql, about);
            faults.AddRange(passed.Where(row => !row.EndsWith(SpiedTables.Leeds, StringComparison.Ordinal))
                .Select(row => $"{name} shows Leeds {row}"));
            faults.AddRange(tables.ReadBy(sql).Where(_ => about == SpiedTables.Leeds && !Workers.Contains(name))
                .Select(table => $"{table} {about}").Except(passed)
                .Select(row => $"{name} does not show Leeds its own {row}"));
        }

        return faults;
    }

    /// <summary>Above the wall the text reaches the council's rows; else it would prove nothing.</summary>
    private async Task<(IReadOnlyList<string> Passed, string? Error)> AboveAsync(string name, string sql, string about)
    {
        await using var connection = await tables.Superuser.OpenConnectionAsync();
        return await TryAsync(connection, "", name, sql, about);
    }

    private async Task<IReadOnlyList<string>> AsLeedsAsync(string name, string sql, string about)
    {
        await using var connection = await tables.OneConnection.OpenConnectionAsync();
        await using (var before = await connection.BeginTransactionAsync())
        {
            await SayAsync(connection, SpiedTables.Lancashire);
            (await connection.ExecuteScalarAsync<long>("select count(*) from cpis.plan")).Should().BePositive();
            await before.CommitAsync();
        }

        return (await TryAsync(connection, SpiedTables.Leeds, name, sql, about)).Passed;
    }

    private async Task<(IReadOnlyList<string> Passed, string? Error)> TryAsync(
        NpgsqlConnection connection, string council, string name, string sql, string about)
    {
        const string NoIndexChooses = """
            set local enable_indexscan = off; set local enable_indexonlyscan = off; set local enable_bitmapscan = off;
            set local plan_cache_mode = force_generic_plan
            """;
        await using var transaction = await connection.BeginTransactionAsync();
        await SayAsync(connection, council);
        await connection.ExecuteAsync(NoIndexChooses);
        var found = await tables.RunAsync(connection, sql, Arguments.GetValueOrDefault(name, ""), about);
        await transaction.RollbackAsync();
        await connection.ExecuteAsync("deallocate all");
        return found;
    }

    private static Task<int> SayAsync(NpgsqlConnection connection, string council) =>
        connection.ExecuteAsync("select set_config('cpis.council', @council, true)", new { council });
}
