using CpIs.Fhir;

namespace CpIs.Server.Plans;

/// <summary>Writes both resources of a row from its facts, under the versions the row names.</summary>
internal static class PlanWriter
{
    public static PlanRow Write(PlanRow row, string episodeStatus, DateOnly? end, string councilName)
    {
        var flagStatus = Visibility.FlagStatus(episodeStatus);
        var episodeId = row.Episode.Id.ToString();
        var episode = PlanJson.Episode(row.Facts, Head(row, row.Episode), episodeStatus, end, councilName);
        var flag = PlanJson.Flag(row.Facts, Head(row, row.Flag), flagStatus, end, councilName, episodeId);
        return row with
        {
            Episode = row.Episode with { Status = episodeStatus, Body = episode },
            Flag = row.Flag with { Status = flagStatus, Body = flag },
        };
    }

    private static PlanJson.Head Head(PlanRow row, ResourceState state) =>
        new(state.Id.ToString(), state.Version, state.Updated) { Unconfirmed = row.Unconfirmed };
}
