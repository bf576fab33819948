using System.Globalization;
using System.Text.Json;
using CpIs.Audit;

namespace CpIs.Server.Uploads;

/// <summary>One file of a council: what was asked, how far it has come, and what became of its rows.</summary>
internal sealed record UploadJob
{
    public required Guid Id { get; init; }

    public required string Council { get; init; }

    public required string Submission { get; init; }

    public required bool DryRun { get; init; }

    public required string Mode { get; init; }

    /// <summary>Rows that a snapshot says it has.</summary>
    public int? Stated { get; init; }

    /// <summary>Endings that the council confirms.</summary>
    public int? ConfirmEnd { get; init; }

    public required bool AllowOlder { get; init; }

    public required DateTime Extracted { get; init; }

    public required string Format { get; init; }

    public required string[] Header { get; init; }

    public required string Request { get; init; }

    public required string Sender { get; init; }

    public string State { get; init; } = "receiving";

    public DateTime? Received { get; init; }

    public DateTime? Finished { get; init; }

    public bool Cancelled { get; init; }

    public bool FirstLoad { get; init; }

    public string Reached { get; init; } = "";

    public int Read { get; init; }

    public int Inserted { get; init; }

    public int Changed { get; init; }

    public int Unchanged { get; init; }

    public int Ended { get; init; }

    public int Reopened { get; init; }

    public int Removed { get; init; }

    public int Refused { get; init; }

    public int Skipped { get; init; }

    public int Kept { get; init; }

    public int Absent { get; init; }

    public int Verified { get; init; }

    public string? FileCode { get; init; }

    public string? FileIssues { get; init; }

    public bool OutcomesGone { get; init; }

    public bool Snapshot => Mode == "snapshot";

    public bool Done => State == "done";

    public int Accepted => Inserted + Changed + Unchanged + Ended + Reopened + Removed;

    /// <summary>Rows that are done with.</summary>
    public int Judged => Accepted + Refused + Skipped;

    public CaseloadHeader Columns => CaseloadHeader.Again(Header);

    /// <summary>What every entry of this file says: who sent it, with which request.</summary>
    public AuditEntry Entry => JsonSerializer.Deserialize<AuditEntry>(Sender)!;

    /// <summary>What councils know of a whole file, once no row is left.</summary>
    public string FinalCode => Refused == 0 && !Cancelled && Judged == Read ? UploadCodes.AllLoaded
        : Accepted > 0 ? UploadCodes.SomeLoaded
        : UploadCodes.NoneLoaded;

    /// <summary>As the header X-Progress says it.</summary>
    public string Progress
    {
        get
        {
            var percent = Read == 0 ? 0 : (int)(100L * Judged / Read);
            return string.Create(CultureInfo.InvariantCulture,
                $"{percent} % ({Judged:N0} of {Read:N0} rows, {Refused:N0} refused)");
        }
    }
}
