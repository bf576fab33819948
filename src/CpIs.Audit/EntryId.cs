using System.Buffers.Binary;
using System.Security.Cryptography;

namespace CpIs.Audit;

/// <summary>
/// An entry's id: UUIDv7 of the moment it was recorded, whose twelve bits after the version count the entries of the
/// batch. Ids therefore ascend with positions, and an entry that changed places shows it.
/// https://www.rfc-editor.org/rfc/rfc9562#section-6.2 (method 1)
/// </summary>
internal static class EntryId
{
    private const int CountMax = 0xfff;

    internal static Guid Of(DateTimeOffset recorded, int indexInBatch)
    {
        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, recorded.ToUnixTimeMilliseconds() << 16);
        BinaryPrimitives.WriteInt16BigEndian(id[6..], (short)(0x7000 | Math.Min(indexInBatch, CountMax)));
        RandomNumberGenerator.Fill(id[8..]);
        id[8] = (byte)(0x80 | (id[8] & 0x3f));
        return new Guid(id, bigEndian: true);
    }
}
