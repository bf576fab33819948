namespace CpIs.Server.Uploads;

/// <summary>
/// One way to write a caseload down: what its records look like, and what columns it has. Both ways say the same.
/// </summary>
internal interface ICaseloadFormat
{
    /// <summary>Whether a field may hold line feeds between quotation marks.</summary>
    bool Quoted { get; }

    /// <summary>The columns, from the first record; a header is read away, a first row is not.</summary>
    /// <exception cref="Access.Refused">400 CPF01.</exception>
    (CaseloadHeader Header, bool FirstIsHeader) Header(ReadOnlySpan<byte> first);

    /// <summary>The fields of a record in the header's order, and what is wrong with its bytes.</summary>
    RecordFields Fields(CaseloadHeader header, ReadOnlySpan<byte> record);
}

/// <summary>The texts of one record; a text that could not be read is shown with replacement characters.</summary>
internal sealed record RecordFields(IReadOnlyList<string> Texts, IReadOnlyList<RowIssue> Issues);
