using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;
using Microsoft.AspNetCore.Http.Features;
using Npgsql;

namespace CpIs.Server.Uploads;

/// <summary>
/// A council sends its caseload: the file is read as it comes, each row put down with what is wrong with it, and 202
/// is answered once all of it is durable. Nothing is applied here. docs/upload.md
/// </summary>
internal sealed class StartUpload(
    UploadStore uploads, StagingStore staging, RowRules rules, AuditLog ledger, TimeProvider clock)
{
    /// <summary>Files of one council that may wait.</summary>
    private const int WaitingMax = 20;

    /// <summary>Files that may come in at one time, of all councils.</summary>
    private const int ReceivingMax = 16;

    /// <summary>Minutes a council's clock may be ahead.</summary>
    private const int AheadMinutesMax = 5;

    private const string RetrySeconds = "30";

    private int receiving;

    public async Task AnswerAsync(Call call)
    {
        RequireScopes(call.Caller);
        if (Interlocked.Increment(ref receiving) > ReceivingMax)
        {
            Interlocked.Decrement(ref receiving);
            throw Busy(call, "Many files are coming in at this moment: send again in a while.");
        }

        try
        {
            var id = await ReceiveAsync(call);
            call.Http.Response.Headers.ContentLocation = $"{call.Base}{ShowUpload.StatusPath}{id}";
            await Answers.OutcomeAsync(call.Http, 202, [new("information", "informational", DetailCode.Informational,
                "The file was accepted: ask at Content-Location what became of its rows.")]);
        }
        finally
        {
            Interlocked.Decrement(ref receiving);
        }
    }

    /// <summary>What a council needs to touch its plans, whether one by one or by the file.</summary>
    public static void RequireScopes(Caller caller)
    {
        foreach (var (type, letters) in ((string, string)[])[("Flag", "cud"), ("EpisodeOfCare", "cud"), ("Patient",
            "cu")])
        {
            if (!letters.All(letter => caller.Scopes.Allow(type, letter)))
            {
                throw Refused.Denied(
                    "An upload needs the scopes system/Flag.cud system/EpisodeOfCare.cud system/Patient.cu.");
            }
        }
    }

    private async Task<Guid> ReceiveAsync(Call call)
    {
        if (call.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            // UploadBody counts for itself, so that its sender is told why.
            size.MaxRequestBodySize = null;
        }

        var (asked, format, body) = await OpenAsync(call);
        await using var file = body;
        if (asked.Council is { } council && council != call.Caller.Organisation)
        {
            throw Refused.Denied("This client is not registered for that council.");
        }

        if (asked.Extracted > clock.GetUtcNow().AddMinutes(AheadMinutesMax))
        {
            throw Refused.BadSearch("extracted lies in the future.");
        }

        var stop = call.Http.RequestAborted;
        var records = new RecordReader(file, format.Quoted);
        var found = await records.NextAsync(stop);
        if (!found && format.Quoted)
        {
            throw CaseloadHeader.Unreadable("The file is empty: it has not even a header.");
        }

        var (header, headed) = found ? format.Header(records.Bytes.Span) : (CaseloadHeader.OfNdjson, false);
        var job = Job(call, asked, format, header);
        if (!(await uploads.BeginAsync(job, WaitingMax, clock.GetUtcNow(), stop)).Value)
        {
            throw Busy(call, $"{WaitingMax} files of yours wait for their turn: send this one later.");
        }

        var kept = false;
        try
        {
            var rows = await new StageRows(job, format, records, rules, staging, clock)
                .RunAsync(found && !headed, stop);
            RequireRows(asked, rows);
            var first = await AcceptAsync(call, job, file.Hash(), rows);
            kept = first == job.Id;
            if (!kept)
            {
                await ledger.RecordAsync(call.Entry() with
                {
                    Kind = "upload", Status = 202, Found = rows, ResourceId = first.ToString(), Reason = "sent before",
                });
            }

            return first;
        }
        finally
        {
            if (!kept)
            {
                await ForgetAsync(job);
            }
        }
    }

    /// <summary>Why the file was refused must reach its sender, also when nothing can be deleted now.</summary>
    private async Task ForgetAsync(UploadJob job)
    {
        try
        {
            await staging.ForgetAsync(job.Id, job.Council, CancellationToken.None);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            // The worker forgets it, once it has been silent for long enough.
        }
    }

    private static async Task<(UploadParameters Asked, ICaseloadFormat Format, UploadBody Body)> OpenAsync(Call call)
    {
        var request = call.Http.Request;
        var type = MediaType(request.ContentType);
        var packing = request.Headers.ContentEncoding.ToString().Trim().ToLowerInvariant();
        if (packing is not ("" or "identity" or "gzip"))
        {
            throw Unsupported("Content-Encoding is gzip, or none.");
        }

        if (type is "application/fhir+json" or "application/json")
        {
            var (asked, inner, data) = UploadParameters.OfResource(await Incoming.BodyAsync(call));
            return (asked, Format(MediaType(inner)), new UploadBody(new MemoryStream(data), zipped: false));
        }

        if (request.ContentLength > UploadBody.FileBytesMax)
        {
            throw UploadBody.TooLarge($"The file is larger than {UploadBody.FileBytesMax} bytes.");
        }

        return (UploadParameters.OfQuery(call), Format(type), new UploadBody(request.Body, packing == "gzip"));
    }

    private static string MediaType(string? type) => (type ?? "").Split(';')[0].Trim().ToLowerInvariant();

    private static ICaseloadFormat Format(string mediaType) => mediaType switch
    {
        "text/csv" => new CaseloadCsv(),
        "application/fhir+ndjson" or "application/ndjson" or "application/x-ndjson" => new CaseloadNdjson(),
        _ => throw Unsupported("A caseload is text/csv or application/fhir+ndjson."),
    };

    private static Refused Unsupported(string why) =>
        new(415, [new("error", "not-supported", DetailCode.Unsupported, why)]);

    private static Refused Busy(Call call, string why)
    {
        call.Http.Response.Headers.RetryAfter = RetrySeconds;
        return new Refused(429, [new("error", "throttled", DetailCode.TooManyRequests, why)]);
    }

    private static UploadJob Job(Call call, UploadParameters asked, ICaseloadFormat format, CaseloadHeader header) =>
        new()
        {
            Id = Guid.CreateVersion7(),
            Council = call.Caller.Organisation,
            Submission = asked.Submission,
            DryRun = asked.DryRun,
            Mode = asked.Mode,
            Stated = asked.Rows,
            ConfirmEnd = asked.ConfirmEnd,
            AllowOlder = asked.AllowOlder,
            Extracted = asked.Extracted.UtcDateTime,
            Format = format.Quoted ? "csv" : "ndjson",
            Header = [.. header.Names],
            Request = $"{call.Base}/$submit-caseload{call.Http.Request.QueryString}",
            Sender = JsonSerializer.Serialize(call.Entry() with { Kind = "upload", Query = null }),
        };

    private static void RequireRows(UploadParameters asked, int rows)
    {
        if (rows == 0 && asked.Snapshot)
        {
            throw new Refused(422, [new("error", "business-rule", UploadCodes.NothingLoaded,
                "CPF04: a snapshot without rows would end every plan. Send mode=changes as a sign of life.")]);
        }
    }

    /// <summary>The file enters its council's line in the commit that records it.</summary>
    /// <returns>The job that stands for it: itself, or the one that the same bytes made before.</returns>
    private Task<Guid> AcceptAsync(Call call, UploadJob job, byte[] hash, int rows) =>
        ledger.UploadAsync(job.Council, async write =>
        {
            var before = (await UploadStore.LockAsync(write, job)).Value;
            if (before.First is { } first)
            {
                return before.Hash.AsSpan().SequenceEqual(hash) ? first : throw Conflict(
                    "This submission was sent before with other bytes: give this file an id of its own.");
            }

            if (before.Newest > new DateTimeOffset(job.Extracted, TimeSpan.Zero) && !job.AllowOlder)
            {
                throw Conflict("A file that was extracted later than this one was taken before. Send it with "
                    + "allowOlder=true if that is meant.");
            }

            if (!before.Here)
            {
                throw UploadBody.TooSlow;
            }

            var entry = call.Entry() with
            {
                Kind = "upload", Status = 202, Found = rows, ResourceId = job.Id.ToString(),
            };
            await write.CommitAsync([entry], UploadStore.Accepted(job.Id, hash, rows, clock.GetUtcNow()));
            return job.Id;
        });

    private static Refused Conflict(string why) =>
        new(409, [new("error", "conflict", DetailCode.InvalidResource, why)]);
}
