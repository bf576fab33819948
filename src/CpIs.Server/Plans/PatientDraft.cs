using System.Text.Json;
using CpIs.Server.Patients;

namespace CpIs.Server.Plans;

/// <summary>A council's record of a person while a submission is being decided.</summary>
/// <param name="Stood">The row as it was locked; null for a new one.</param>
/// <param name="Sent">What the council sends; null when it only holds the person.</param>
internal sealed record PatientDraft(PatientRow? Stood, JsonElement? Sent)
{
    public DateOnly BirthDate => Sent is { } sent ? PatientJson.BirthDate(sent) : Stood!.BirthDate;

    public string Family => Sent is { } sent ? PatientJson.Family(sent) : Stood!.Family;

    /// <summary>The row as it shall stand: same content keeps its version.</summary>
    public PatientRow Finish(string council, string nhsNumber, DateTimeOffset now)
    {
        if (Sent is not { } sent)
        {
            return Stood!;
        }

        var hash = PatientJson.ContentHash(sent);
        if (Stood is not null && hash.AsSpan().SequenceEqual(Stood.ContentHash))
        {
            return Stood;
        }

        var version = (Stood?.Version ?? 0) + 1;
        return new PatientRow(council, nhsNumber, version, now, BirthDate, PatientJson.Family(sent), hash,
            PatientJson.Render(sent, nhsNumber, version, now));
    }
}
