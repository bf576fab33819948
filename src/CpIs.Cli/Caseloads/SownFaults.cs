namespace CpIs.Cli.Caseloads;

/// <summary>
/// Spoils a share of the rows in the ways that real files are spoilt, so that refusals can be tried and measured. It
/// draws by itself: the rows that stay sound are the same as without faults.
/// </summary>
internal sealed class SownFaults(ulong seed, double share)
{
    /// <summary>Parts of which a share is counted.</summary>
    private const int Million = 1_000_000;

    /// <summary>Keeps the draws of faults apart from those of rows.</summary>
    private const ulong Apart = 0xFA_17;

    private static readonly Func<CaseloadRow, CaseloadRow>[] Ways =
    [
        row => row with { NhsNumber = row.NhsNumber[..^1] + (char)('0' + ((row.NhsNumber[^1] - '0' + 1) % 10)) },
        row => row with { NhsNumber = "9.99E+09" },
        row => row with { Plan = "category 2" },
        row => row with { Family = "" },
        row => row with { End = row.Start.AddDays(-1) },
    ];

    private readonly Draw draw = new(seed ^ Apart);

    /// <summary>How many rows were spoilt.</summary>
    public int Sown { get; private set; }

    public IEnumerable<CaseloadRow> In(IEnumerable<CaseloadRow> rows)
    {
        foreach (var row in rows)
        {
            var isSpoilt = draw.Below(Million) < share * Million;
            Sown += isSpoilt ? 1 : 0;
            yield return isSpoilt ? draw.One(Ways)(row) : row;
        }
    }
}
