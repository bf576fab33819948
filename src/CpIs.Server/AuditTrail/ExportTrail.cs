using System.Buffers;
using System.Globalization;
using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// Export of the trail for the archive: kick-off, status, manifest, files, removal. The kick-off and each file are
/// recorded, one entry each. https://hl7.org/fhir/uv/bulkdata/export.html
/// </summary>
internal sealed class ExportTrail(ExportStore exports, AuditLog ledger, TimeProvider clock)
{
    /// <summary>Jobs one client may have under way.</summary>
    private const int RunningJobsMax = 5;

    /// <summary>Bytes rendered ahead of the network.</summary>
    private const int UnflushedBytesMax = 64 * 1024;

    private const string RetrySeconds = "1";
    private const string StatusPath = "/$export-status/";
    private const string FilePath = "/$export-file/";
    private const string Month = "yyyy-MM";
    private const string UnreadFile = "unread";

    /// <summary>Takes a job and answers at once where to ask for it.</summary>
    public async Task KickOffAsync(Call call)
    {
        RequireScope(call);
        if (HttpMethods.IsHead(call.Http.Request.Method))
        {
            throw new Refused(405, [new("error", "not-supported", DetailCode.Unsupported,
                "HEAD starts no export.")]);
        }

        var asked = await KickOff.ReadAsync(call);
        var now = Now();
        var job = new ExportJob
        {
            Id = Guid.CreateVersion7(),
            Client = call.Caller.ClientId,
            Organisation = call.Caller.Organisation,
            Request = call.Base + call.Http.Request.Path.Value![Routes.Prefix.Length..] + call.Http.Request.QueryString,
            KickedOff = now,
            Since = asked.Since,
            Until = asked.Until < now ? asked.Until.Value : now,
            Filter = asked.Filter,
            Own = SearchAuditEvents.Own(call.Caller),
        };
        if (!(await exports.AddAsync(job, RunningJobsMax, call.Http.RequestAborted)).Value)
        {
            throw new Refused(429, [new("error", "throttled", DetailCode.TooManyRequests,
                $"{RunningJobsMax} exports of this client are under way: wait for one.")]);
        }

        await ledger.RecordAsync(Entry(call) with { Status = 202, ResourceId = job.Id.ToString() });
        call.Http.Response.Headers.ContentLocation = call.Base + StatusPath + job.Id;
        await Answers.OutcomeAsync(call.Http, 202, [new("information", "informational", DetailCode.Informational,
            "The export was accepted: ask at Content-Location.")]);
    }

    /// <summary>202 with progress while months are counted, then the manifest.</summary>
    public async Task StatusAsync(Call call)
    {
        var state = await FindAsync(call);
        var response = call.Http.Response;
        if (!state.Done)
        {
            response.StatusCode = StatusCodes.Status202Accepted;
            response.Headers["X-Progress"] = state.Job.Months is { } months
                ? $"{state.Files.Count} of {months.Length} months"
                : "waiting for the ledger to settle";
            response.Headers.RetryAfter = RetrySeconds;
            response.Headers.CacheControl = "no-store";
            return;
        }

        response.Headers.Expires = new DateTimeOffset(state.Job.KickedOff, TimeSpan.Zero)
            .AddHours(ExportWorker.JobHoursMax).ToString("R", CultureInfo.InvariantCulture);
        await WriteAsync(call, "application/json", Manifest(call.Base, state));
    }

    /// <summary>A month as NDJSON, rendered as it is sent: the memory it takes does not grow with the month.</summary>
    public async Task FileAsync(Call call)
    {
        var state = await FindAsync(call);
        var name = (string)call.Http.Request.RouteValues["file"]!;
        if (name == UnreadFile && state.Files.Any(f => f.Unread > 0))
        {
            await ledger.RecordAsync(Entry(call) with { ResourceId = call.Id });
            await WriteAsync(call, "application/fhir+ndjson", Unread(state));
            return;
        }

        var file = state.Files.FirstOrDefault(f => f.Entries > 0 && Name(f) == name) ?? throw Refused.NotFound();
        var envelope = exports.Entries(state.Job, file, call.Http.RequestAborted);
        var entries = await ledger.OpenAsync(envelope, Entry(call) with { ResourceId = call.Id }, oneEntry: true);
        Start(call, "application/fhir+ndjson");
        if (HttpMethods.IsHead(call.Http.Request.Method))
        {
            return;
        }

        var body = call.Http.Response.BodyWriter;
        await foreach (var entry in entries)
        {
            body.Write(AuditEventMap.Render(entry));
            body.Write("\n"u8);
            if (body.UnflushedBytes > UnflushedBytesMax)
            {
                await body.FlushAsync(call.Http.RequestAborted);
            }
        }

        await body.FlushAsync(call.Http.RequestAborted);
    }

    /// <summary>Forgets a job, done or not.</summary>
    public async Task DeleteAsync(Call call)
    {
        RequireScope(call);
        if (!(await exports.DeleteAsync(Id(call), call.Caller.ClientId, call.Caller.Organisation,
            call.Http.RequestAborted)).Value)
        {
            throw Refused.NotFound();
        }

        await ledger.RecordAsync(Entry(call) with { Status = 202, ResourceId = call.Id });
        call.Http.Response.StatusCode = StatusCodes.Status202Accepted;
        call.Http.Response.Headers.CacheControl = "no-store";
    }

    private static AuditEntry Entry(Call call) => call.Entry() with { ResourceType = "AuditEvent" };

    private static Guid Id(Call call) =>
        Guid.TryParseExact(call.Id, "D", out var id) ? id : throw Refused.NotFound();

    private static string Name(ExportFile file) => file.Month.ToString(Month, CultureInfo.InvariantCulture);

    /// <summary>The export has no resource type of its own in the route table: its scope is asked for here.</summary>
    private static void RequireScope(Call call)
    {
        if (!call.Caller.Scopes.Allow("AuditEvent", 'r') || !call.Caller.Scopes.Allow("AuditEvent", 's'))
        {
            throw Refused.Denied("An export needs the scope system/AuditEvent.rs.");
        }
    }

    private static byte[] Manifest(string url, ExportState state) => Json(json =>
    {
        json.WriteStartObject();
        json.WriteString("transactionTime"u8, PlanJson.Instant(new DateTimeOffset(state.Job.KickedOff, TimeSpan.Zero)));
        json.WriteString("request"u8, state.Job.Request);
        json.WriteBoolean("requiresAccessToken"u8, true);
        json.WriteStartArray("output"u8);
        foreach (var file in state.Files.Where(f => f.Entries > 0))
        {
            WriteFile(json, "AuditEvent", $"{url}{FilePath}{state.Job.Id}/{Name(file)}", file.Entries);
        }

        json.WriteEndArray();
        json.WriteStartArray("error"u8);
        if (state.Files.Any(f => f.Unread > 0))
        {
            WriteFile(json, "OperationOutcome", $"{url}{FilePath}{state.Job.Id}/{UnreadFile}",
                state.Files.Count(f => f.Unread > 0));
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void WriteFile(Utf8JsonWriter json, string type, string url, long count)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        json.WriteString("url"u8, url);
        json.WriteNumber("count"u8, count);
        json.WriteEndObject();
    }

    /// <summary>One OperationOutcome a line, for each month that has entries this server cannot render.</summary>
    private static byte[] Unread(ExportState state) => [.. state.Files.Where(f => f.Unread > 0)
        .SelectMany(f => (byte[])[.. Outcome.Render([new("error", "not-supported", DetailCode.Unsupported,
            $"{f.Unread} entries of {Name(f)} are of a format this server does not know.")]), (byte)'\n'])];

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            write(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void Start(Call call, string type)
    {
        call.Http.Response.StatusCode = StatusCodes.Status200OK;
        call.Http.Response.ContentType = type;
        call.Http.Response.Headers.CacheControl = "no-store";
        call.Http.Response.Headers.XContentTypeOptions = "nosniff";
    }

    private static Task WriteAsync(Call call, string type, byte[] body)
    {
        Start(call, type);
        call.Http.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(call.Http.Request.Method)
            ? Task.CompletedTask
            : call.Http.Response.Body.WriteAsync(body, call.Http.RequestAborted).AsTask();
    }

    private DateTime Now()
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }

    private async Task<ExportState> FindAsync(Call call)
    {
        RequireScope(call);
        return (await exports.FindAsync(Id(call), call.Caller.ClientId, call.Caller.Organisation,
            call.Http.RequestAborted)).Value ?? throw Refused.NotFound();
    }
}
