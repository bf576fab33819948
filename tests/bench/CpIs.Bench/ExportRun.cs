using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Npgsql;

namespace CpIs.Bench;

/// <summary>
/// An export of the newest million entries through the running server: speed, files, the server's memory.
/// </summary>
internal static class ExportRun
{
    private const int Entries = 1_000_000;
    private const int SampleMs = 100;
    private const int BufferBytes = 1024 * 1024;

    private const string SinceSql = "select recorded from ledger.entry order by recorded desc offset $1 limit 1";

    public static async Task<IEnumerable<Row>> MeasureAsync(AuditStage stage)
    {
        await stage.BecomeAsync("sandbox-audit-archive");
        var before = Memory.ResidentMegabytes(stage.ServerPid);
        using var done = new CancellationTokenSource();
        var memory = SampleAsync(stage.ServerPid, done.Token);
        var watch = Stopwatch.StartNew();
        var manifest = await ManifestAsync(stage, await SinceAsync(stage));
        var counted = watch.Elapsed.TotalSeconds;
        var (lines, bytes) = (0L, 0L);
        foreach (var file in manifest["output"]!.AsArray())
        {
            await stage.BecomeAsync("sandbox-audit-archive");
            var (of, length) = await FetchAsync(stage, file!["url"]!.GetValue<string>());
            if (of != file["count"]!.GetValue<long>())
            {
                throw new InvalidOperationException(
                    "A file of the export holds another number than the manifest says.");
            }

            (lines, bytes) = (lines + of, bytes + length);
        }

        var seconds = watch.Elapsed.TotalSeconds;
        await done.CancelAsync();
        return
        [
            Row.Of("export, entries", "entries", [lines]),
            Row.Of("export, files", "files", [manifest["output"]!.AsArray().Count]),
            Row.Of("export, NDJSON", "MB", [bytes / 1024.0 / 1024]),
            Row.Of("export until the manifest", "ms", [counted * 1000]),
            Row.Of("export entries/s", "entries/s", [lines / (seconds - counted)]),
            Row.Of("export, server memory before", "MB", [before]),
            Row.Of("export, server memory at most", "MB", [await memory]),
        ];
    }

    private static async Task<DateTimeOffset> SinceAsync(AuditStage stage)
    {
        await using var connection = new NpgsqlConnection(stage.OwnerConnection);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(SinceSql, connection) { Parameters =
            { new() { Value = Entries } } };
        return await command.ExecuteScalarAsync() is DateTime since
            ? new DateTimeOffset(since, TimeSpan.Zero)
            : DateTimeOffset.UnixEpoch;
    }

    private static async Task<JsonNode> ManifestAsync(AuditStage stage, DateTimeOffset since)
    {
        var instant = since.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        using var kickOff = new HttpRequestMessage(HttpMethod.Get, new Uri(
            $"{CpIs.Server.Routes.Prefix}/$export?_type=AuditEvent&_since={instant}", UriKind.Relative));
        kickOff.Headers.Add("Prefer", "respond-async");
        using var accepted = await stage.Http.SendAsync(kickOff);
        var status = accepted.EnsureSuccessStatusCode().Content.Headers.ContentLocation!;
        while (true)
        {
            using var answer = await stage.Http.GetAsync(status);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            }

            await Task.Delay(SampleMs);
        }
    }

    private static async Task<(long Lines, long Bytes)> FetchAsync(AuditStage stage, string url)
    {
        await using var stream = await stage.Http.GetStreamAsync(new Uri(url));
        var buffer = new byte[BufferBytes];
        var (lines, bytes) = (0L, 0L);
        for (int read; (read = await stream.ReadAsync(buffer)) > 0; bytes += read)
        {
            lines += buffer.AsSpan(0, read).Count((byte)'\n');
        }

        return (lines, bytes);
    }

    private static async Task<double> SampleAsync(int server, CancellationToken done)
    {
        for (var most = 0.0; ; await Task.Delay(SampleMs, CancellationToken.None))
        {
            most = Math.Max(most, Memory.ResidentMegabytes(server));
            if (done.IsCancellationRequested)
            {
                return most;
            }
        }
    }
}
