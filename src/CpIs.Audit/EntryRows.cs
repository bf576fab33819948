using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Npgsql;

namespace CpIs.Audit;

/// <summary>One row of a lane as it was read back: what a leaf hash covers, valid until the next is read.</summary>
internal readonly record struct EntryRow(ReadOnlyMemory<byte> Leaf)
{
    /// <summary>After the zero byte: format (4 + 2), lane (4 + 4), then four bytes of length.</summary>
    private const int PositionAt = 1 + 6 + 8 + 4;

    internal long Position => BinaryPrimitives.ReadInt64BigEndian(Leaf.Span[PositionAt..]);

    /// <summary>The canonical bytes of docs/audit-log.md, without the zero byte that marks a leaf.</summary>
    internal ReadOnlyMemory<byte> Canonical => Leaf[1..];

    internal byte[] LeafHash => SHA256.HashData(Leaf.Span);
}

/// <summary>
/// Streams a lane's rows in order by binary COPY, whose fields are the canonical bytes as they stand. Rows are found
/// through their batch, since that carries the partition key.
/// </summary>
internal static class EntryRows
{
    private const int BufferBytes = 256 * 1024;
    private const int SignatureBytes = 11 + 4 + 4;

    /// <summary>COPY takes no parameters, so the range travels as settings of this session.</summary>
    private const string RangeSql = """
        select set_config('cpis.lane', $1, false), set_config('cpis.first', $2, false),
            set_config('cpis.last', $3, false)
        """;

    private const string Columns = """
        format, lane, position, group_position, entry_id, recorded,
        kind, interaction, status, action, outcome, reason, nhs_number,
        array_to_json(disclosed)::text,
        resource_type, resource_id, resource_version, query, found,
        agent_issuer, agent_subject, agent_user_id, agent_name, agent_role, activity_code,
        organisation, organisation_name, client_id, token_id, purpose_of_use, purpose_reason,
        address, setting, unscheduled, plan_found, in_history, request_id, correlation_id, instance
        """;

    /// <summary>
    /// Ordered by batch and position, always by both: a plan that sorts the batches leaves the rows of one batch in any
    /// order, and an honest lane would then be taken for a changed one.
    /// </summary>
    private const string CopySql = """
        copy (
            select e.* from ledger.batch b cross join lateral (
                select
        """ + " " + Columns + """

                from ledger.entry
                where recorded = b.recorded and lane = b.lane
                    and position between greatest(b.first, current_setting('cpis.first')::bigint)
                    and least(b.last, current_setting('cpis.last')::bigint)
                order by position offset 0) e
            where b.lane = current_setting('cpis.lane')::int and b.first > 0
                and b.last >= current_setting('cpis.first')::bigint
                and b.first <= current_setting('cpis.last')::bigint
            order by b.first, e.position)
        to stdout (format binary)
        """;

    private const string ClaimsSql = """
        copy (
            select
        """ + " " + Columns + """

            from ledger.entry
            where lane = current_setting('cpis.lane')::int and position = current_setting('cpis.first')::bigint)
        to stdout (format binary)
        """;

    internal static IAsyncEnumerable<EntryRow> ReadAsync(
        NpgsqlConnection connection, int lane, long first, long last, CancellationToken stop) =>
        CopyAsync(CopySql, connection, lane, first, last, stop);

    /// <summary>Rows that claim a position, also where no batch would look for them. Reads the whole table.</summary>
    internal static IAsyncEnumerable<EntryRow> ReadClaimsAsync(
        NpgsqlConnection connection, int lane, long position, CancellationToken stop) =>
        CopyAsync(ClaimsSql, connection, lane, position, position, stop);

    private static async IAsyncEnumerable<EntryRow> CopyAsync(
        string sql, NpgsqlConnection connection, int lane, long first, long last,
        [EnumeratorCancellation] CancellationToken stop)
    {
        await SetRangeAsync(connection, lane, first, last, stop);
        await using var stream = await connection.BeginRawBinaryCopyAsync(sql, stop);
        var buffer = new byte[BufferBytes];
        var (start, end) = (0, 0);
        var header = SignatureBytes;
        while (true)
        {
            if (header > 0 && end - start >= header)
            {
                start += header;
                header = 0;
            }

            if (header == 0 && FieldCount(buffer, start, end) == -1)
            {
                break;
            }

            if (header == 0 && TupleBytes(buffer, start, end) is { } length)
            {
                // The low byte of the field count stands just before the fields: it becomes the leaf's zero byte.
                buffer[start + 1] = 0;
                yield return new EntryRow(buffer.AsMemory(start + 1, length - 1));
                start += length;
                continue;
            }

            (buffer, start, end) = MakeRoom(buffer, start, end);
            var read = await stream.ReadAsync(buffer.AsMemory(end), stop);
            end += read > 0 ? read : throw new EndOfStreamException("The rows of a lane ended without their mark.");
        }

        while (await stream.ReadAsync(buffer, stop) > 0)
        {
            // Reads the end of the copy, so that the connection is free again.
        }
    }

    private static async Task SetRangeAsync(
        NpgsqlConnection connection, int lane, long first, long last, CancellationToken stop)
    {
        var culture = System.Globalization.CultureInfo.InvariantCulture;
        await using var command = new NpgsqlCommand(RangeSql, connection)
        {
            Parameters =
            {
                new() { Value = lane.ToString(culture) },
                new() { Value = first.ToString(culture) },
                new() { Value = last.ToString(culture) },
            },
        };
        await command.ExecuteNonQueryAsync(stop);
    }

    private static int? FieldCount(byte[] buffer, int start, int end) =>
        end - start >= 2 ? BinaryPrimitives.ReadInt16BigEndian(buffer.AsSpan(start)) : null;

    /// <summary>Null while the row is not whole.</summary>
    private static int? TupleBytes(byte[] buffer, int start, int end)
    {
        if (FieldCount(buffer, start, end) is not { } fields)
        {
            return null;
        }

        var at = start + 2;
        for (var i = 0; i < fields; i++)
        {
            if (end - at < 4)
            {
                return null;
            }

            var length = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(at));
            at += 4 + Math.Max(length, 0);
        }

        return at <= end ? at - start : null;
    }

    private static (byte[] Buffer, int Start, int End) MakeRoom(byte[] buffer, int start, int end)
    {
        var to = start == 0 && end == buffer.Length ? new byte[buffer.Length * 2] : buffer;
        Buffer.BlockCopy(buffer, start, to, 0, end - start);
        return (to, 0, end - start);
    }
}
