using System.Text;

namespace CpIs.Server.Uploads;

/// <summary>One of the files in which a council reads what became of its rows.</summary>
/// <param name="Name">Last part of its address.</param>
/// <param name="MediaType">Content type.</param>
/// <param name="Results">What became of the rows in it; none: the plans that a snapshot ended.</param>
/// <param name="Count">Lines it has, its head aside.</param>
/// <param name="Head">What stands before the lines.</param>
/// <param name="Line">Writes one row.</param>
internal sealed record UploadFile(
    string Name,
    string MediaType,
    IReadOnlyList<string> Results,
    int Count,
    ReadOnlyMemory<byte> Head,
    Func<RowOutcome, ReadOnlyMemory<byte>> Line)
{
    public const string Accepted = "accepted.ndjson";
    public const string Refused = "refused.ndjson";
    public const string Skipped = "skipped.ndjson";
    public const string Errors = "errors.csv";
    public const string Ended = "ended.csv";

    private const string Ndjson = "application/fhir+ndjson";
    private const string Csv = "text/csv; charset=utf-8";

    /// <summary>The file of a name; null when an upload has no such file.</summary>
    public static UploadFile? Of(string name, UploadJob job) => name switch
    {
        Accepted => new(name, Ndjson, ["inserted", "changed", "unchanged", "ended", "reopened", "removed"],
            job.Accepted, default, RowText.Accepted),
        Refused => new(name, Ndjson, ["refused"], job.Refused, default, RowText.NotTaken),
        Skipped => new(name, Ndjson, ["skipped"], job.Skipped, default, RowText.NotTaken),
        Errors => new(name, Csv, ["refused"], job.Refused,
            Encoding.UTF8.GetBytes(RowText.Csv([.. job.Header, "code", "reason"])), RowText.Error(job)),
        Ended => new(name, Csv, [], job.Absent,
            Encoding.UTF8.GetBytes(RowText.Csv(["row_id", "nhs_number", "plan", "start"])), RowText.NotTaken),
        _ => null,
    };
}
