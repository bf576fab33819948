using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using CpIs.Server.Access;

namespace CpIs.Server.Uploads;

/// <summary>
/// A file as it comes in: unpacked, measured and hashed while it is read, so that no file, however it is packed, takes
/// more room than the limit. The hash tells whether a submission was sent before.
/// </summary>
internal sealed class UploadBody : Stream
{
    /// <summary>Bytes of a file, unpacked: 1 GiB.</summary>
    public const long FileBytesMax = 1L << 30;

    /// <summary>How many times larger than its packed form a file may be.</summary>
    public const int PackedTimesMax = 100;

    /// <summary>Bytes a file may unpack to before the ratio is looked at: small files pack well.</summary>
    private const int UnmeasuredBytesMax = 1024 * 1024;

    /// <summary>Milliseconds a sender may be silent: half-open lines would otherwise hold a place for ever.</summary>
    public const int SilentMsMax = 30_000;

    /// <summary>Minutes a file may take to come in.</summary>
    private const int MinutesMax = 180;

    private readonly long begun = Environment.TickCount64;
    private readonly int silentMs;
    private readonly Counted packed;
    private readonly Stream source;
    private readonly bool zipped;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long bytes;

    public UploadBody(Stream body, bool zipped, int silentMs = SilentMsMax)
    {
        this.silentMs = silentMs;
        this.zipped = zipped;
        packed = new Counted(body);
        source = zipped ? new GZipStream(packed, CompressionMode.Decompress) : packed;
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => bytes;
        set => throw new NotSupportedException();
    }

    /// <summary>SHA-256 of what was read.</summary>
    public byte[] Hash() => hash.GetCurrentHash();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await UnpackAsync(buffer, cancellationToken);
        bytes += read;
        hash.AppendData(buffer.Span[..read]);
        if (bytes > FileBytesMax)
        {
            throw TooLarge(string.Create(CultureInfo.InvariantCulture,
                $"The file is larger than {FileBytesMax} bytes."));
        }

        if (zipped && bytes > UnmeasuredBytesMax && bytes > packed.Bytes * PackedTimesMax)
        {
            throw TooLarge(string.Create(CultureInfo.InvariantCulture,
                $"The file unpacks to more than {PackedTimesMax} times its size."));
        }

        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
            hash.Dispose();
        }

        base.Dispose(disposing);
    }

    public static Refused TooLarge(string why) =>
        new(413, [new("error", "too-long", UploadCodes.UnreadableFile, "CPF01: " + why)]);

    public static Refused TooSlow => new(408, [new("error", "timeout", UploadCodes.UnreadableFile,
        "CPF01: The file came in too slowly and was given up: send it again.")]);

    private async ValueTask<int> UnpackAsync(Memory<byte> buffer, CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(silentMs);
        try
        {
            var read = await source.ReadAsync(buffer, patience.Token);
            var whole = read > 0 || !zipped || await packed.EndsAsync(bytes, patience.Token);
            return Environment.TickCount64 - begun > MinutesMax * 60_000L ? throw TooSlow
                : whole ? read : throw new InvalidDataException();
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw TooSlow;
        }
        catch (InvalidDataException)
        {
            throw CaseloadHeader.Unreadable("The file is no gzip, or not all of it arrived.");
        }
    }

    /// <summary>Counts what came over the wire.</summary>
    private sealed class Counted(Stream inner) : Stream
    {
        /// <summary>Bytes at the end of a gzip that hold the length of what was packed.</summary>
        private const int LengthBytes = 4;

        private readonly byte[] last = new byte[LengthBytes];

        public long Bytes { get; private set; }

        /// <summary>
        /// Whether the file ends as a gzip of so many bytes does: one that was cut short unpacks without a word. Files
        /// of several parts are refused by this too. https://www.rfc-editor.org/rfc/rfc1952#page-6
        /// </summary>
        public async ValueTask<bool> EndsAsync(long unpacked, CancellationToken stop)
        {
            var rest = new byte[LengthBytes];
            while (await ReadAsync(rest, stop) > 0)
            {
                continue;
            }

            return Bytes > LengthBytes
                && BinaryPrimitives.ReadUInt32LittleEndian(last) == (uint)(unpacked % ModuloBytes);
        }

        private const long ModuloBytes = 1L << 32;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => Bytes;
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(
            Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            Bytes += read;
            Keep(buffer.Span[..read]);
            return read;
        }

        private void Keep(ReadOnlySpan<byte> read)
        {
            var kept = read.Length > LengthBytes ? read[^LengthBytes..] : read;
            last.AsSpan(kept.Length).CopyTo(last);
            kept.CopyTo(last.AsSpan(LengthBytes - kept.Length));
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
