using System.Buffers;
using System.Globalization;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Uploads;

/// <summary>
/// What became of a file: progress while it moves, then a manifest, and files with a line for each row. Another
/// council's file is not there. https://hl7.org/fhir/R4/async.html
/// </summary>
internal sealed class ShowUpload(UploadStore uploads, OutcomeStore outcomes, AuditLog ledger)
{
    public const string StatusPath = "/$submit-caseload-status/";
    public const string FilePath = "/$submit-caseload-file/";

    private const string RetrySeconds = "1";

    /// <summary>Bytes rendered ahead of the network.</summary>
    private const int UnflushedBytesMax = 64 * 1024;

    /// <summary>202 with progress, then the manifest. Counts are nobody's data, so asking is not recorded.</summary>
    public async Task StatusAsync(Call call)
    {
        var job = await FindAsync(call);
        var response = call.Http.Response;
        response.Headers.CacheControl = "no-store";
        if (!job.Done)
        {
            response.StatusCode = StatusCodes.Status202Accepted;
            response.Headers["X-Progress"] = job.Progress
                + (job.FileCode == UploadCodes.DemographicsDown ? ", CPF05: waiting for demographics" : "");
            response.Headers.RetryAfter = RetrySeconds;
            return;
        }

        response.Headers.Expires = new DateTimeOffset(job.Finished!.Value, TimeSpan.Zero)
            .AddDays(UploadWorker.OutcomeDaysMax).ToString("R", CultureInfo.InvariantCulture);
        Start(call, "application/json");
        await WriteAsync(call, UploadManifest.Render(call.Base, job));
    }

    /// <summary>One of the files that the manifest names; fetching it is recorded, one entry.</summary>
    public async Task FileAsync(Call call)
    {
        var job = await FindAsync(call);
        var file = UploadFile.Of((string)call.Http.Request.RouteValues["file"]!, job);
        if (file is null || !job.Done || job.OutcomesGone)
        {
            throw Refused.NotFound();
        }

        var stop = call.Http.RequestAborted;
        var entry = call.Entry() with { Kind = "upload", ResourceId = call.Id };
        if (file.Results.Count == 0)
        {
            var plans = await ledger.OpenAsync(outcomes.AbsentPlans(job, stop), entry, oneEntry: true);
            await SendAsync(call, file, plans, RowText.Absent);
            return;
        }

        var rows = await ledger.OpenAsync(
            outcomes.Rows(job, [.. file.Results], file.Count, stop), entry, oneEntry: true);
        await SendAsync(call, file, rows, file.Line);
    }

    /// <summary>Stops a file after its current batch; what was applied stays, and is reported.</summary>
    public async Task CancelAsync(Call call)
    {
        var job = await FindAsync(call);
        await uploads.CancelAsync(job.Id, job.Council, call.Http.RequestAborted);
        await ledger.RecordAsync(call.Entry() with { Kind = "upload", Status = 202, ResourceId = call.Id });
        call.Http.Response.Headers.CacheControl = "no-store";
        await Answers.OutcomeAsync(call.Http, 202, [new("information", "informational", DetailCode.Informational,
            job.Done ? "The file was done already: nothing was stopped, and what was applied stays."
            : "The file stops after its current batch. What was applied stays, and the status goes on reporting it.")]);
    }

    private static async Task SendAsync<T>(
        Call call, UploadFile file, IAsyncEnumerable<T> rows, Func<T, ReadOnlyMemory<byte>> line)
    {
        Start(call, file.MediaType);
        if (HttpMethods.IsHead(call.Http.Request.Method))
        {
            return;
        }

        var body = call.Http.Response.BodyWriter;
        body.Write(file.Head.Span);
        await foreach (var row in rows)
        {
            body.Write(line(row).Span);
            if (body.UnflushedBytes > UnflushedBytesMax)
            {
                await body.FlushAsync(call.Http.RequestAborted);
            }
        }

        await body.FlushAsync(call.Http.RequestAborted);
    }

    private static void Start(Call call, string type)
    {
        call.Http.Response.StatusCode = StatusCodes.Status200OK;
        call.Http.Response.ContentType = type;
        call.Http.Response.Headers.CacheControl = "no-store";
        call.Http.Response.Headers.XContentTypeOptions = "nosniff";
    }

    private static Task WriteAsync(Call call, ReadOnlyMemory<byte> body)
    {
        call.Http.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(call.Http.Request.Method)
            ? Task.CompletedTask
            : call.Http.Response.Body.WriteAsync(body, call.Http.RequestAborted).AsTask();
    }

    private async Task<UploadJob> FindAsync(Call call)
    {
        StartUpload.RequireScopes(call.Caller);
        return Guid.TryParseExact(call.Id, "D", out var id)
            && (await uploads.FindAsync(id, call.Caller.Organisation, call.Http.RequestAborted)).Value is { } job
            ? job : throw Refused.NotFound();
    }
}
