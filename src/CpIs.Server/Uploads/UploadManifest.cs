using System.Buffers;
using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Server.Uploads;

/// <summary>
/// The end of an upload in one answer: counts that add up to the rows read, and where what became of each row is found.
/// Its form is that of FHIR bulk data, https://hl7.org/fhir/uv/bulkdata/export.html#response---output-manifest
/// </summary>
internal static class UploadManifest
{
    public static ReadOnlyMemory<byte> Render(string url, UploadJob job)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using (var json = new Utf8JsonWriter(buffer, Outcome.Writing))
        {
            json.WriteStartObject();
            json.WriteString("transactionTime"u8,
                PlanJson.Instant(new DateTimeOffset(job.Received!.Value, TimeSpan.Zero)));
            json.WriteString("request"u8, job.Request);
            json.WriteBoolean("requiresAccessToken"u8, true);
            WriteFiles(json, url, job);
            WriteExtension(json, url, job);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteFiles(Utf8JsonWriter json, string url, UploadJob job)
    {
        WriteFile(json, url, job, "output", "Parameters", UploadFile.Accepted);
        WriteFile(json, url, job, "error", "OperationOutcome", UploadFile.Refused);
        WriteFile(json, url, job, "outcome", "OperationOutcome", UploadFile.Skipped);
    }

    private static void WriteFile(
        Utf8JsonWriter json, string url, UploadJob job, string name, string type, string file)
    {
        json.WriteStartArray(name);
        if (!job.OutcomesGone && UploadFile.Of(file, job) is { Count: > 0 } found)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            json.WriteString("url"u8, Address(url, job, file));
            json.WriteNumber("count"u8, found.Count);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteExtension(Utf8JsonWriter json, string url, UploadJob job)
    {
        json.WriteStartObject("extension"u8);
        json.WriteString("fileCode"u8, job.FileCode);
        json.WriteString("submission"u8, job.Submission);
        json.WriteBoolean("dryRun"u8, job.DryRun);
        json.WriteBoolean("cancelled"u8, job.Cancelled);
        foreach (var (name, count) in ((string, int)[])[
            ("read", job.Read), ("accepted", job.Accepted), ("inserted", job.Inserted), ("changed", job.Changed),
            ("unchanged", job.Unchanged), ("ended", job.Ended), ("reopened", job.Reopened), ("removed", job.Removed),
            ("refused", job.Refused), ("skipped", job.Skipped), ("kept", job.Kept), ("endedByAbsence", job.Absent)])
        {
            json.WriteNumber(name, count);
        }

        if (job.Accepted > 0)
        {
            json.WriteNumber("matched"u8, Math.Round((decimal)job.Verified / job.Accepted, Digits));
        }

        if (!job.OutcomesGone)
        {
            json.WriteString("errorsCsv"u8, Address(url, job, UploadFile.Errors));
            json.WriteString("endedCsv"u8, Address(url, job, UploadFile.Ended));
        }

        json.WriteStartArray("issue"u8);
        foreach (var issue in RowIssue.Read(job.FileIssues))
        {
            RowText.Issue(json, issue, issue.Code.Length > 0 ? "error" : "information");
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Decimal places of a share.</summary>
    private const int Digits = 4;

    private static string Address(string url, UploadJob job, string file) =>
        $"{url}{ShowUpload.FilePath}{job.Id}/{file}";
}
