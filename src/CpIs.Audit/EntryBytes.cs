using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace CpIs.Audit;

/// <summary>
/// The canonical bytes of an entry: every column in table order, each as four bytes of length (all ones when absent)
/// and its value. That is also what PostgreSQL's binary COPY sends for a row, so a checker hashes rows as they
/// arrive, without decoding them. docs/audit-log.md states it byte for byte.
/// </summary>
internal static class EntryBytes
{
    internal const short Format = 1;

    /// <summary>Number of columns, hence of fields.</summary>
    internal const int Fields = 39;

    /// <summary>Format, lane, position, group position, id and time, each with its length.</summary>
    internal const int HeadBytesMax = (6 * 4) + 2 + 4 + 8 + 8 + 16 + 8;

    /// <summary>Bytes up to the end of the position.</summary>
    internal const int PlaceBytes = PositionAt + 8;

    /// <summary>After format, with its length, and the lane's length.</summary>
    private const int LaneAt = 6 + 4;

    private const int PositionAt = LaneAt + 4 + 4;

    private const int Absent = -1;

    private static readonly long EpochTicks = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    /// <summary>Microseconds since 2000-01-01T00:00:00Z.</summary>
    internal static long Microseconds(DateTimeOffset time) =>
        (time.UtcTicks - EpochTicks) / TimeSpan.TicksPerMicrosecond;

    internal static DateTimeOffset Time(long microseconds) =>
        new(EpochTicks + (microseconds * TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);

    internal static int LaneOf(ReadOnlySpan<byte> entry) => BinaryPrimitives.ReadInt32BigEndian(entry[LaneAt..]);

    internal static long PositionOf(ReadOnlySpan<byte> entry) =>
        BinaryPrimitives.ReadInt64BigEndian(entry[PositionAt..]);

    internal static int WriteHead(
        Span<byte> to, int lane, long position, long? group, Guid id, DateTimeOffset recorded)
    {
        var at = 0;
        BinaryPrimitives.WriteInt32BigEndian(to[at..], 2);
        BinaryPrimitives.WriteInt16BigEndian(to[(at + 4)..], Format);
        at += 6;
        BinaryPrimitives.WriteInt32BigEndian(to[at..], 4);
        BinaryPrimitives.WriteInt32BigEndian(to[(at + 4)..], lane);
        at += 8;
        at += WriteLong(to[at..], position);
        at += WriteLong(to[at..], group);
        BinaryPrimitives.WriteInt32BigEndian(to[at..], 16);
        id.TryWriteBytes(to[(at + 4)..], bigEndian: true, out _);
        at += 20;
        return at + WriteLong(to[at..], Microseconds(recorded));
    }

    /// <summary>RFC 6962 leaf: SHA-256 of a zero byte and the canonical bytes.</summary>
    internal static void HashLeaf(ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail, Span<byte> hash)
    {
        var length = 1 + head.Length + tail.Length;
        Span<byte> whole = length <= 2048 ? stackalloc byte[2048] : new byte[length];
        whole[0] = 0;
        head.CopyTo(whole[1..]);
        tail.CopyTo(whole[(1 + head.Length)..]);
        SHA256.HashData(whole[..length], hash);
    }

    /// <summary>Grown once for each thread that makes entries.</summary>
    [ThreadStatic]
    private static MemoryStream? scratch;

    internal static byte[] Tail(StoredEntry stored)
    {
        var entry = stored.Entry;
        var bytes = scratch ??= new MemoryStream();
        bytes.SetLength(0);
        Text(bytes, entry.Kind);
        Text(bytes, entry.Interaction);
        Number(bytes, entry.Status);
        Text(bytes, stored.Action);
        Number(bytes, entry.Outcome);
        Text(bytes, entry.Reason);
        Text(bytes, entry.NhsNumber);
        Text(bytes, References(entry.Disclosed));
        Text(bytes, entry.ResourceType);
        Text(bytes, entry.ResourceId);
        Number(bytes, entry.ResourceVersion);
        Bytes(bytes, entry.Query);
        Number(bytes, entry.Found);
        Agent(bytes, entry);
        Text(bytes, entry.Address);
        Text(bytes, entry.Setting);
        Truth(bytes, entry.Unscheduled);
        Truth(bytes, entry.PlanFound);
        Truth(bytes, entry.InHistory);
        Text(bytes, entry.RequestId);
        Text(bytes, entry.CorrelationId);
        Text(bytes, entry.Instance);
        return bytes.ToArray();
    }

    /// <summary>A JSON array; the references were cleaned of whatever JSON would have to escape.</summary>
    private static string References(IReadOnlyList<string> disclosed) =>
        disclosed.Count == 0 ? "[]" : "[\"" + string.Join("\",\"", disclosed) + "\"]";

    private static void Agent(MemoryStream bytes, AuditEntry entry)
    {
        Text(bytes, entry.AgentIssuer);
        Text(bytes, entry.AgentSubject);
        Text(bytes, entry.AgentUserId);
        Text(bytes, entry.AgentName);
        Text(bytes, entry.AgentRole);
        Text(bytes, entry.ActivityCode);
        Text(bytes, entry.Organisation);
        Text(bytes, entry.OrganisationName);
        Text(bytes, entry.ClientId);
        Text(bytes, entry.TokenId);
        Text(bytes, entry.PurposeOfUse);
        Text(bytes, entry.PurposeReason);
    }

    private static int WriteLong(Span<byte> to, long? value)
    {
        BinaryPrimitives.WriteInt32BigEndian(to, value is null ? Absent : 8);
        if (value is not { } number)
        {
            return 4;
        }

        BinaryPrimitives.WriteInt64BigEndian(to[4..], number);
        return 12;
    }

    private static void Text(MemoryStream bytes, string? text)
    {
        if (text is null)
        {
            Length(bytes, Absent);
            return;
        }

        var count = Encoding.UTF8.GetByteCount(text);
        Length(bytes, count);
        Span<byte> utf8 = count <= 1024 ? stackalloc byte[1024] : new byte[count];
        Encoding.UTF8.GetBytes(text, utf8);
        bytes.Write(utf8[..count]);
    }

    private static void Bytes(MemoryStream bytes, byte[]? value)
    {
        Length(bytes, value?.Length ?? Absent);
        bytes.Write(value);
    }

    private static void Number(MemoryStream bytes, int? value)
    {
        Length(bytes, value is null ? Absent : 4);
        if (value is { } number)
        {
            Length(bytes, number);
        }
    }

    private static void Truth(MemoryStream bytes, bool? value)
    {
        Length(bytes, value is null ? Absent : 1);
        if (value is { } truth)
        {
            bytes.WriteByte(truth ? (byte)1 : (byte)0);
        }
    }

    private static void Length(MemoryStream bytes, int length)
    {
        Span<byte> four = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(four, length);
        bytes.Write(four);
    }
}
