using System.Net;

namespace CpIs.Cli.Uploads;

/// <summary>A file as the body of a request: read while it is sent, and telling how far it has come.</summary>
internal sealed class SentFile : HttpContent
{
    private const int ChunkBytes = 64 * 1024;

    private readonly string path;
    private readonly Action<long> told;
    private readonly bool isMended;

    public SentFile(string path, string contentType, Action<long> told)
    {
        (this.path, this.told, isMended) = (path, told, MendedErrors.Is(path));
        Headers.ContentType = new(contentType);
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var file = File.OpenRead(path);
        if (isMended)
        {
            await MendedErrors.CopyAsync(file, stream, cancellationToken);
            told(file.Length);
            return;
        }

        var chunk = new byte[ChunkBytes];
        var sent = 0L;
        for (int read; (read = await file.ReadAsync(chunk, cancellationToken)) > 0;)
        {
            await stream.WriteAsync(chunk.AsMemory(0, read), cancellationToken);
            told(sent += read);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = isMended ? 0 : new FileInfo(path).Length;
        return !isMended;
    }
}
