using System.Net;
using System.Net.Http.Headers;
using System.Text;
using CpIs.Cli.Caseloads;
using CpIs.Fhir;

namespace CpIs.Faults.Uploads;

/// <summary>A caseload of any size in NDJSON, made while it is sent; every person has three plans.</summary>
internal sealed class LargeCaseload : HttpContent
{
    private const int EndedDays = 30;
    private const int CareDays = 29;
    private const int CareBeforeDays = 300;
    private const int CareEndedDays = 200;
    private const int StartDays = 400;
    private const int BornDays = 3000;
    private const int WrittenTogether = 64 * 1024;

    private readonly long bytes;
    private readonly int seed;

    public LargeCaseload(long bytes, int seed)
    {
        this.bytes = bytes;
        this.seed = seed;
        Headers.ContentType = new MediaTypeHeaderValue("application/fhir+ndjson");
    }

    /// <summary>Rows sent so far.</summary>
    public int Rows { get; private set; }

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        var text = new StringBuilder();
        var (sent, together) = (0L, 0);
        foreach (var row in People())
        {
            text.Append(CaseloadFile.Parameters(row)).Append('\n');
            together++;
            if (text.Length < WrittenTogether)
            {
                continue;
            }

            var part = Encoding.UTF8.GetBytes(text.ToString());
            text.Clear();
            if (sent + part.Length > bytes)
            {
                break;
            }

            await stream.WriteAsync(part);
            sent += part.Length;
            Rows += together;
            together = 0;
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private IEnumerable<CaseloadRow> People()
    {
        var draw = new Draw((ulong)seed);
        var (numbers, names) = (new InventedNumbers(draw), new InventedNames(draw));
        var today = Visibility.Today(TimeProvider.System);
        for (var person = 1; ; person++)
        {
            var id = person.ToString("000000", System.Globalization.CultureInfo.InvariantCulture);
            var row = new CaseloadRow
            {
                RowId = "A" + id,
                NhsNumber = numbers.Next(),
                Family = names.Family(),
                Given = names.First(),
                OtherGiven = names.First(),
                BirthDate = today.AddDays(-BornDays - draw.Below(BornDays / 2)),
                PersonId = "P" + id,
                Plan = PlanKind.ChildProtection.Name,
                Start = today.AddDays(-StartDays),
                End = today.AddDays(-EndedDays),
            };
            yield return row;
            yield return row with
            {
                RowId = "C" + id, Plan = PlanKind.LookedAfter.Name, Start = today.AddDays(-CareBeforeDays),
                End = today.AddDays(-CareEndedDays),
            };
            yield return row with
            {
                RowId = "B" + id, Plan = PlanKind.LookedAfter.Name, Start = today.AddDays(-CareDays), End = null,
            };
        }
    }
}
