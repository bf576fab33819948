using CpIs.Testing;
using Npgsql;

[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace CpIs.Audit.Tests;

/// <summary>One test's database, as its administrator and as the server see it.</summary>
internal sealed record Database(string Name, string Socket, string Admin, string Server)
{
    internal static async Task<Database> NewAsync(TestCluster? cluster = null)
    {
        var made = await TestDatabase.CreateAsync(cluster);
        var address = new NpgsqlConnectionStringBuilder(made.ServerConnectionString);
        var port = address.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var socket = address.Host + "/.s.PGSQL." + port;
        return new Database(address.Database!, socket, made.OwnerConnectionString, made.ServerConnectionString);
    }

    internal Task ExecuteAsync(string sql) => ExecuteAsync(Admin, sql);

    internal Task ExecuteAsServerAsync(string sql) => ExecuteAsync(Server, sql);

    internal async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(Admin);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
