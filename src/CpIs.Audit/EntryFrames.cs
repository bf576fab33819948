using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace CpIs.Audit;

/// <summary>
/// Canonical bytes in a file: frames of four bytes of length and that many bytes, closed by the length −1, so that a
/// file cut short cannot pass for a whole one.
/// </summary>
internal static class EntryFrames
{
    private const int End = -1;
    private const int FrameBytesMax = 16 * 1024 * 1024;

    /// <summary>Each frame is valid until the next is asked for.</summary>
    internal static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(
        Stream from, [EnumeratorCancellation] CancellationToken stop)
    {
        var buffer = new byte[4096];
        while (true)
        {
            await from.ReadExactlyAsync(buffer.AsMemory(0, sizeof(int)), stop);
            var length = BinaryPrimitives.ReadInt32BigEndian(buffer);
            if (length == End)
            {
                yield break;
            }

            if (length is < 0 or > FrameBytesMax)
            {
                throw new InvalidDataException("A frame of an archive is larger than any can be.");
            }

            buffer = buffer.Length < length ? new byte[length * 2] : buffer;
            await from.ReadExactlyAsync(buffer.AsMemory(0, length), stop);
            yield return buffer.AsMemory(0, length);
        }
    }

    internal static async Task WriteAsync(Stream to, ReadOnlyMemory<byte> frame, CancellationToken stop)
    {
        await LengthAsync(to, frame.Length, stop);
        await to.WriteAsync(frame, stop);
    }

    internal static Task EndAsync(Stream to, CancellationToken stop) => LengthAsync(to, End, stop);

    private static Task LengthAsync(Stream to, int length, CancellationToken stop)
    {
        var four = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(four, length);
        return to.WriteAsync(four, 0, four.Length, stop);
    }
}
