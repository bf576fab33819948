using CpIs.Audit;
using CpIs.Server.Patients;
using CpIs.Server.Uploads;

namespace CpIs.Server.Demographics;

/// <summary>
/// R9: what demographics said of the numbers of a file becomes links, as the registrar's word does, so that a look-up
/// under the new number finds what stands under the old one before the council sends it anew. A number that is in force
/// after all loses its link, one made invalid every link it had.
/// </summary>
internal sealed class TakeLinks(IDemographics demographics, Supersede supersede)
{
    public async Task OfAsync(IReadOnlyList<AskedRow> asked, AuditEntry entry)
    {
        if (demographics.LinksFrom is { } source
            && asked.Select(State).OfType<NumberState>().DistinctBy(s => s.Number).ToList() is { Count: > 0 } states)
        {
            await supersede.TakeAsync(states, source, entry);
        }
    }

    /// <summary>Null when nothing was learnt of the number itself.</summary>
    private static NumberState? State(AskedRow asked) => asked.Answer.Verdict switch
    {
        PersonVerdict.Superseded => new(asked.Row.Number, asked.Answer.NewNumber),
        PersonVerdict.Invalid => new(asked.Row.Number, null, Invalid: true),
        PersonVerdict.Verified or PersonVerdict.Deceased => new(asked.Row.Number, null),
        _ => null,
    };
}
