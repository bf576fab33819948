using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CpIs.Testing;
using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

/// <summary>
/// A second opinion on the ledger: reads rows column by column, writes their canonical bytes from the documentation
/// and has their roots computed by the definition of RFC 6962. Shares no code with the ledger.
/// </summary>
internal static class Recomputed
{
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    internal static async Task ShouldGiveEveryRecordedRootAsync(Database database)
    {
        await using var connection = new NpgsqlConnection(database.Admin);
        await connection.OpenAsync();
        var lanes = new Dictionary<int, List<byte[]>>();
        await foreach (var (lane, position, bytes) in RowsAsync(connection))
        {
            var leaves = lanes.TryGetValue(lane, out var known) ? known : lanes[lane] = [];
            position.Should().Be(leaves.Count + 1);
            leaves.Add(SHA256.HashData([0, .. bytes]));
        }

        const string Heads = "select lane, first, last, root from ledger.batch order by 1, 2";
        await using var heads = new NpgsqlCommand(Heads, connection);
        await using var reader = await heads.ExecuteReaderAsync();
        var next = new Dictionary<int, long>();
        while (await reader.ReadAsync())
        {
            var (lane, first, last) = (reader.GetInt32(0), reader.GetInt64(1), reader.GetInt64(2));
            first.Should().Be(next.GetValueOrDefault(lane));
            next[lane] = last + 1;
            var leaves = lanes.GetValueOrDefault(lane, []);
            var recorded = reader.GetFieldValue<byte[]>(3);
            Rfc6962.Root(leaves.GetRange(0, (int)last)).Should().Equal(recorded, $"lane {lane} size {last}");
        }

        foreach (var (lane, leaves) in lanes)
        {
            next[lane].Should().Be(leaves.Count + 1);
        }
    }

    internal static async IAsyncEnumerable<(int Lane, long Position, byte[] Bytes)> RowsAsync(
        NpgsqlConnection connection)
    {
        const string Rows = "select * from ledger.entry order by lane, position";
        await using var command = new NpgsqlCommand(Rows, connection);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            using var bytes = new MemoryStream();
            for (var i = 0; i < reader.FieldCount; i++)
            {
                var value = reader.IsDBNull(i) ? null : Value(reader.GetValue(i));
                bytes.Write(Big(value?.Length ?? -1));
                bytes.Write(value);
            }

            yield return (reader.GetInt32(1), reader.GetInt64(2), bytes.ToArray());
        }
    }

    private static byte[] Value(object value) => value switch
    {
        short number => [(byte)(number >> 8), (byte)number],
        int number => Big(number),
        long number => Big(number),
        bool truth => [truth ? (byte)1 : (byte)0],
        string text => Encoding.UTF8.GetBytes(text),
        string[] texts => Encoding.UTF8.GetBytes(Json(texts)),
        byte[] bytes => bytes,
        Guid id => Convert.FromHexString(id.ToString("N")),
        DateTime time => Big((time - Epoch).Ticks / 10),
        _ => throw new NotSupportedException(value.GetType().Name),
    };

    private static string Json(string[] texts) => "[" + string.Join(",", texts.Select(text => $"\"{text}\"")) + "]";

    private static byte[] Big(int number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    private static byte[] Big(long number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        return bytes;
    }
}
