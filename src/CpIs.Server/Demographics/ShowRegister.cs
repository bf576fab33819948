using System.Buffers;
using System.Text;
using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Uploads;

namespace CpIs.Server.Demographics;

/// <summary>
/// What became of the registrar's file: progress while it moves, then a manifest, and the refused rows as a file that
/// can be mended and sent again. https://hl7.org/fhir/R4/async.html
/// </summary>
internal sealed class ShowRegister(RegisterJobStore jobs, AuditLog ledger)
{
    public const string StatusPath = "/$submit-register-status/";

    private const string FilePath = "/$submit-register-file/";
    private const string ErrorsFile = "errors.csv";
    private const string RefusedFile = "refused.ndjson";
    private const string RetrySeconds = "1";

    /// <summary>202 with progress, then the manifest. Counts are nobody's data, so asking is not recorded.</summary>
    public async Task StatusAsync(Call call)
    {
        var job = await FindAsync(call);
        var response = call.Http.Response;
        response.Headers.CacheControl = "no-store";
        if (!job.Done)
        {
            response.StatusCode = StatusCodes.Status202Accepted;
            response.Headers["X-Progress"] = job.Progress;
            response.Headers.RetryAfter = RetrySeconds;
            return;
        }

        response.ContentType = "application/json";
        await WriteAsync(call, Manifest(call.Base, job));
    }

    /// <summary>Stops a file after its current batch; what was taken stays, and is reported.</summary>
    public async Task CancelAsync(Call call)
    {
        var job = await FindAsync(call);
        await jobs.CancelAsync(job, call.Http.RequestAborted);
        await ledger.RecordAsync(call.Entry() with { Kind = "upload", Status = 202, ResourceId = call.Id });
        call.Http.Response.Headers.CacheControl = "no-store";
        await Answers.OutcomeAsync(call.Http, 202, [new("information", "informational", DetailCode.Informational,
            job.Done ? "The file was done already: nothing was stopped, and what was taken stays."
            : "The file stops after its current batch. What was taken stays, and the status goes on reporting it.")]);
    }

    /// <summary>The refused rows with code and reason; fetching them is recorded, one entry.</summary>
    public async Task FileAsync(Call call)
    {
        var job = await FindAsync(call);
        var csv = (string)call.Http.Request.RouteValues["file"]! == ErrorsFile;
        if (!job.Done || (!csv && (string)call.Http.Request.RouteValues["file"]! != RefusedFile))
        {
            throw Refused.NotFound();
        }

        var rows = await ledger.OpenAsync(jobs.Refused(job, call.Http.RequestAborted),
            call.Entry() with { Kind = "upload", ResourceId = call.Id }, oneEntry: true);
        call.Http.Response.ContentType = csv ? "text/csv; charset=utf-8" : "application/fhir+ndjson";
        call.Http.Response.Headers.CacheControl = "no-store";
        call.Http.Response.Headers.XContentTypeOptions = "nosniff";
        if (csv)
        {
            await WriteAsync(call, Encoding.UTF8.GetBytes(RowText.Csv([.. job.Header, "code", "reason"])));
        }

        await foreach (var row in rows)
        {
            await WriteAsync(call, csv ? Error(job, row) : RowText.NotTaken(NotTaken(row)));
        }
    }

    private static byte[] Error(RegisterJob job, RegisterRefusal row)
    {
        var fields = JsonSerializer.Deserialize<string[]>(row.Fields)!;
        return Encoding.UTF8.GetBytes(RowText.Csv(
            [.. job.Header.Select((_, i) => i < fields.Length ? fields[i] : ""), row.Code, row.Reason]));
    }

    /// <summary>A row as an upload names those it did not take; a register has no row ids.</summary>
    private static RowOutcome NotTaken(RegisterRefusal row) => new()
    {
        RowNo = row.RowNo, Line = row.Line, At = row.At, RowId = null, Became = "refused",
        Issues = [new(row.Code, "register", row.Reason)],
    };

    private static byte[] Manifest(string url, RegisterJob job)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("transactionTime"u8,
                PlanJson.Instant(new DateTimeOffset(job.Received!.Value, TimeSpan.Zero)));
            json.WriteString("request"u8, job.Request);
            json.WriteBoolean("requiresAccessToken"u8, true);
            json.WriteStartArray("output"u8);
            json.WriteEndArray();
            json.WriteStartArray("error"u8);
            if (job.Refused > 0)
            {
                json.WriteStartObject();
                json.WriteString("type"u8, "OperationOutcome"u8);
                json.WriteString("url"u8, $"{url}{FilePath}{job.Id}/{RefusedFile}");
                json.WriteNumber("count"u8, job.Refused);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("extension"u8);
            json.WriteString("fileCode"u8, job.FileCode);
            json.WriteBoolean("cancelled"u8, job.Cancelled);
            foreach (var (name, count) in ((string, int)[])[
                ("read", job.Rows), ("inserted", job.Inserted), ("changed", job.Changed),
                ("unchanged", job.Unchanged), ("refused", job.Refused), ("skipped", job.Skipped)])
            {
                json.WriteNumber(name, count);
            }

            json.WriteString("errorsCsv"u8, $"{url}{FilePath}{job.Id}/{ErrorsFile}");
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static Task WriteAsync(Call call, ReadOnlyMemory<byte> body) => HttpMethods.IsHead(call.Http.Request.Method)
        ? Task.CompletedTask
        : call.Http.Response.Body.WriteAsync(body, call.Http.RequestAborted).AsTask();

    private async Task<RegisterJob> FindAsync(Call call)
    {
        StartRegister.RequireScopes(call.Caller);
        return Guid.TryParseExact(call.Id, "D", out var id)
            && (await jobs.FindAsync(id, call.Caller.ClientId, call.Caller.Organisation,
                call.Http.RequestAborted)).Value is { } job
            ? job : throw Refused.NotFound();
    }
}
