using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Demographics;

namespace CpIs.Server.Sandbox;

/// <summary>
/// Fills the sandbox's register once: the people of the sample caseloads, and the numbers that the NHS sandbox of the
/// Personal Demographics Service is known by, so that a client tried there meets the same answers here.
/// </summary>
internal sealed class SampleRegister(PersonStore people, TakePeople take, ServerOptions options, TimeProvider clock)
{
    // 9111231130 is not among them, since it must not be found; 9000000000 is no valid number.
    private static readonly RegisterRow[] OfNhsSandbox =
    [
        new() { Number = Number("9000000009"), Name = new("Smith", ["Jane"]), BirthDate = new(2010, 10, 22) },
        new()
        {
            Number = Number("9000000025"), Name = new("Smythe", ["Janet"]), BirthDate = new(2010, 10, 22),
            Sensitive = true,
        },
        new() { Number = Number("9000000033") },
    ];

    /// <summary>
    /// Puts those whom the register does not know yet, and those whose plans are about to be sent: a caseload that was
    /// loaded in part goes on another day with other birth dates. Who is there otherwise keeps the birth date of that
    /// day.
    /// </summary>
    /// <param name="folder">Where the caseloads are.</param>
    /// <param name="sent">What is about to be sent of them.</param>
    /// <param name="stop">Stops the start of the server.</param>
    public async Task FillAsync(string folder, IEnumerable<SampleCaseload> sent, CancellationToken stop)
    {
        var again = sent.SelectMany(council => council.Rows).Select(row => row.NhsNumber).ToHashSet();
        var rows = SampleCouncil.All.SelectMany(council => SampleRow.ReadAll(Path.Combine(folder, council.File)))
            .Select(Row).Concat(OfNhsSandbox).ToList();
        string[] numbers = [.. rows.Select(r => r.Number.Digits()).Distinct()];
        var known = (await people.FindAsync(numbers, stop)).Value;
        var wanted = rows.Where(r => known[r.Number.Digits()].Version == 0 || again.Contains(r.Number.Digits()));
        foreach (var batch in wanted.Chunk(TakePeople.RowsMax))
        {
            await take.TakeAsync(batch, new AuditEntry
            {
                Kind = "system", Interaction = "operation", Action = 'E', Status = 200, Instance = options.Instance,
            });
        }
    }

    private RegisterRow Row(SampleRow row) => new()
    {
        Number = Number(row.NhsNumber),
        Name = new(row.Family, [row.Given, .. row.OtherGiven?.Split(' ') ?? []]),
        BirthDate = RelativeDay.Parse(row.BirthDate, Visibility.Today(clock)),
    };

    private static NhsNumber Number(string digits) =>
        NhsNumber.TryParse(digits, out var number) ? number
            : throw new FormatException("A sample has an NHS number that is none.");
}
