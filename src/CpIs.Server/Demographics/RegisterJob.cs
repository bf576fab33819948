using System.Globalization;
using System.Text.Json;
using CpIs.Audit;

namespace CpIs.Server.Demographics;

/// <summary>A file of the registrar and how far it has come.</summary>
internal sealed record RegisterJob
{
    public required Guid Id { get; init; }

    public required string Client { get; init; }

    public required string Organisation { get; init; }

    public required string Request { get; init; }

    public required string Sender { get; init; }

    public required string[] Header { get; init; }

    public DateTime? Received { get; init; }

    public int Rows { get; init; }

    public int Inserted { get; init; }

    public int Changed { get; init; }

    public int Unchanged { get; init; }

    public int Refused { get; init; }

    /// <summary>Rows that nobody came to before the file was stopped.</summary>
    public int Skipped { get; init; }

    /// <summary>The registrar wants it stopped.</summary>
    public bool Cancelled { get; init; }

    public int Accepted => Inserted + Changed + Unchanged;

    /// <summary>Rows that are done with; batches are taken in order.</summary>
    public int Judged => Accepted + Refused + Skipped;

    public bool Done => Received is not null && Judged >= Rows;

    /// <summary>The code that councils know for a file, for the registrar alike.</summary>
    public string FileCode => Accepted == Rows ? Uploads.UploadCodes.AllLoaded
        : Accepted > 0 ? Uploads.UploadCodes.SomeLoaded : Uploads.UploadCodes.NoneLoaded;

    public AuditEntry Entry => JsonSerializer.Deserialize<AuditEntry>(Sender)!;

    public string Progress => string.Create(CultureInfo.InvariantCulture,
        $"{(Rows == 0 ? 0 : (int)(100L * Judged / Rows))} % ({Judged:N0} of {Rows:N0} rows, {Refused:N0} refused)");
}

/// <summary>A row as it came in: its texts, or why it could not be cut out of the file.</summary>
internal sealed record RegisterStaged(int RowNo, int Line, long At, string Fields, string? Fault);

/// <summary>A row that was refused, with its place and its texts.</summary>
internal sealed record RegisterRefusal(int RowNo, string Code, string Reason, int Line, long At, string Fields);
