using Dapper;
using Npgsql;

namespace CpIs.Server.Tests;

/// <summary>Looks into the ledger behind the server's back.</summary>
internal static class Ledger
{
    /// <summary>Status and outcome of every entry of a request.</summary>
    public static async Task<List<(int Status, int Outcome)>> OfRequestAsync(RunningServer server, string requestId)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        var rows = await connection.QueryAsync<(int, int)>(
            "select status, outcome from ledger.entry where request_id = @requestId order by position",
                new { requestId });
        return [.. rows];
    }

    /// <summary>Lanes whose positions are not 1, 2, 3, … up to their newest batch.</summary>
    public static async Task<List<int>> BrokenLanesAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        var rows = await connection.QueryAsync<int>("""
            select b.lane from (select lane, max(last) as last from ledger.batch group by lane) b
            left join (select lane, count(*) as n, min(position) as low, max(position) as high
                from ledger.entry group by lane) e
                using (lane)
            where b.last > 0 and (e.n is distinct from b.last or e.low <> 1 or e.high <> b.last)
            """);
        return [.. rows];
    }
}
