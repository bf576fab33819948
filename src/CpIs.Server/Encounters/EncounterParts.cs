using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;

namespace CpIs.Server.Encounters;

/// <summary>Reads the facts out of a submitted Encounter, after its profile was checked.</summary>
internal static class EncounterParts
{
    private const string Type = "Encounter";

    /// <summary>How far the sender's clock may be ahead: what lies later has not happened.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(AheadMinutesMax);

    private const int AheadMinutesMax = 15;

    /// <exception cref="Refused">422 when it is another organisation's, has no valid person, or has not
    /// begun.</exception>
    public static EncounterFacts Read(JsonElement encounter, string organisation, DateTimeOffset now)
    {
        var references = new PartsReader(reference => reference);
        if (references.Organisation(encounter, Type, "serviceProvider") is { } provider && provider != organisation)
        {
            throw Refused.Unprocessable(DetailCode.AccessDenied,
                "An organisation reports its own attendances: leave serviceProvider out, or name your own.",
                "Encounter.serviceProvider");
        }

        var identifier = encounter.GetProperty("identifier")[0];
        var types = encounter.GetProperty("type").EnumerateArray()
            .Select(t => Incoming.Text(t.GetProperty("coding")[0], "code")!).ToList();
        var period = encounter.GetProperty("period");
        var start = Moment(period, "start")!.Value;
        if (start > now + Ahead)
        {
            throw Refused.Unprocessable(DetailCode.InvalidValue,
                "The attendance has not begun: report it when it has.", "Encounter.period.start");
        }

        return new EncounterFacts(
            references.Person(encounter, Type, "subject"),
            organisation,
            Incoming.Text(identifier, "system")!,
            Incoming.Text(identifier, "value")!,
            Incoming.Text(encounter, "status")!,
            Incoming.Text(encounter.GetProperty("class"), "code")!,
            types.Single(AttendanceCodes.Settings.ContainsKey),
            types.SingleOrDefault(AttendanceCodes.Categories.ContainsKey),
            start,
            Moment(period, "end"));
    }

    /// <summary>An instant to the microsecond, as the database keeps it.</summary>
    private static DateTimeOffset? Moment(JsonElement period, string name)
    {
        if (Incoming.Text(period, name) is not { } text)
        {
            return null;
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)
            ? new DateTimeOffset(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero)
            : throw Refused.Unprocessable(DetailCode.InvalidValue, "This is no time of a day.",
                $"Encounter.period.{name}");
    }
}
