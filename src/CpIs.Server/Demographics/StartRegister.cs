using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;
using CpIs.Server.Uploads;
using Microsoft.AspNetCore.Http.Features;

namespace CpIs.Server.Demographics;

/// <summary>
/// The registrar sends the register, or what changed in it: each row is put down as it comes, and 202 is answered once
/// all are durable. Nothing is taken over here.
/// </summary>
internal sealed class StartRegister(RegisterJobStore jobs, AuditLog ledger, TimeProvider clock)
{
    /// <summary>Rows put down at a time.</summary>
    private const int StagedTogether = 500;

    private int receiving;

    public async Task AnswerAsync(Call call)
    {
        RequireScopes(call.Caller);
        if (Interlocked.Exchange(ref receiving, 1) == 1)
        {
            throw new Refused(429, [new("error", "throttled", DetailCode.TooManyRequests,
                "A file of the register is coming in at this moment: send this one after it.")]);
        }

        try
        {
            var id = await ReceiveAsync(call);
            call.Http.Response.Headers.ContentLocation = $"{call.Base}{ShowRegister.StatusPath}{id}";
            await Answers.OutcomeAsync(call.Http, 202, [new("information", "informational", DetailCode.Informational,
                "The file was accepted: ask at Content-Location what became of its rows.")]);
        }
        finally
        {
            Interlocked.Exchange(ref receiving, 0);
        }
    }

    /// <summary>A register touches people alone, but has no resource type of its own in the route table.</summary>
    public static void RequireScopes(Caller caller)
    {
        if (!caller.Scopes.Allow("Patient", 'c') || !caller.Scopes.Allow("Patient", 'u'))
        {
            throw Refused.Denied("The register needs the scope system/Patient.cu.");
        }
    }

    private async Task<Guid> ReceiveAsync(Call call)
    {
        if (call.Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            // UploadBody counts for itself, so that its sender is told why.
            size.MaxRequestBodySize = null;
        }

        await using var body = await OpenAsync(call);
        var records = new RecordReader(body, quoted: true);
        var stop = call.Http.RequestAborted;
        if (!await records.NextAsync(stop))
        {
            throw CaseloadHeader.Unreadable("The file is empty: it has not even a header.");
        }

        var job = Job(call, RegisterFile.Read(records.Bytes.Span));
        await jobs.BeginAsync(job, clock.GetUtcNow(), stop);
        await AcceptAsync(call, job, records, stop);
        return job.Id;
    }

    /// <summary>The body itself, or the Binary of a Parameters resource.</summary>
    private static async Task<UploadBody> OpenAsync(Call call)
    {
        var request = call.Http.Request;
        var type = MediaType(request.ContentType);
        var packing = request.Headers.ContentEncoding.ToString().Trim().ToLowerInvariant();
        byte[]? inner = null;
        if (type is "application/fhir+json" or "application/json")
        {
            (var innerType, inner) = UploadParameters.Binary(await Incoming.BodyAsync(call), "register", alone: true);
            type = MediaType(innerType);
        }

        if (type != "text/csv" || packing is not ("" or "identity" or "gzip"))
        {
            throw new Refused(415, [new("error", "not-supported", DetailCode.Unsupported,
                "The register is text/csv, packed with gzip or not at all.")]);
        }

        return inner is null ? new(request.Body, packing == "gzip") : new(new MemoryStream(inner), zipped: false);
    }

    private static string MediaType(string? type) => (type ?? "").Split(';')[0].Trim().ToLowerInvariant();

    /// <summary>A file that does not come in to its end leaves nothing behind.</summary>
    private async Task AcceptAsync(Call call, RegisterJob job, RecordReader records, CancellationToken stop)
    {
        var kept = false;
        try
        {
            var rows = await StageAsync(job, records, stop);
            var entry = call.Entry() with { Status = 202, Found = rows, ResourceId = job.Id.ToString() };
            await ledger.UploadAsync(null, async write =>
            {
                if (!(await RegisterJobStore.HoldAsync(write, job.Id)).Value)
                {
                    throw UploadBody.TooSlow;
                }

                await write.CommitAsync([entry], RegisterJobStore.Accepted(job.Id, rows, clock.GetUtcNow()));
                return rows;
            });
            kept = true;
        }
        finally
        {
            if (!kept)
            {
                await jobs.ForgetAsync(job.Id, CancellationToken.None);
            }
        }
    }

    private static RegisterJob Job(Call call, RegisterFile file) => new()
    {
        Id = Guid.CreateVersion7(),
        Client = call.Caller.ClientId,
        Organisation = call.Caller.Organisation,
        Request = $"{call.Base}/$submit-register",
        Sender = JsonSerializer.Serialize(call.Entry() with { Kind = "upload", Query = null }),
        Header = [.. file.Names],
    };

    private async Task<int> StageAsync(RegisterJob job, RecordReader records, CancellationToken stop)
    {
        var rows = new List<RegisterStaged>(StagedTogether);
        var count = 0;
        while (await records.NextAsync(stop))
        {
            if (++count > StageRows.RowsMax)
            {
                throw UploadBody.TooLarge($"The file has more than {StageRows.RowsMax} rows.");
            }

            rows.Add(Read(count, records));
            if (rows.Count == StagedTogether)
            {
                await jobs.StageAsync(job.Id, rows, stop);
                rows.Clear();
            }
        }

        if (rows.Count > 0)
        {
            await jobs.StageAsync(job.Id, rows, stop);
        }

        return count;
    }

    private static RegisterStaged Read(int rowNo, RecordReader record)
    {
        if (record.Fault is { } fault)
        {
            return new(rowNo, checked((int)record.Line), record.At, "[]", fault.Text);
        }

        var issues = new List<RowIssue>();
        var texts = CaseloadCsv.Texts(record.Bytes.Span, issues);

        // The database's texts hold no NUL, and the row is refused for it anyway.
        var fields = JsonSerializer.Serialize(texts.Select(t => t.Replace("\0", "", StringComparison.Ordinal)));
        return new(rowNo, checked((int)record.Line), record.At, fields, issues.Count > 0 ? issues[0].Text : null);
    }
}
