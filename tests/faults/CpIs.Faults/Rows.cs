using Npgsql;

namespace CpIs.Faults;

/// <summary>The rows of a question to the database.</summary>
internal static class Rows
{
    /// <param name="database">Whom to ask.</param>
    /// <param name="sql">A text of this program, never input.</param>
    /// <param name="values">Its parameters, by their places.</param>
    /// <param name="read">Makes something of each row.</param>
    /// <param name="stop">Ends the waiting.</param>
    public static async Task<List<T>> ReadAsync<T>(this NpgsqlDataSource database,
        string sql, object[] values, Func<NpgsqlDataReader, T> read, CancellationToken stop)
    {
#pragma warning disable CA2100 // A text of this program.
        await using var command = database.CreateCommand(sql);
#pragma warning restore CA2100
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        await using var rows = await command.ExecuteReaderAsync(stop);
        var all = new List<T>();
        while (await rows.ReadAsync(stop))
        {
            all.Add(read(rows));
        }

        return all;
    }
}
