using CpIs.Fhir;

namespace CpIs.Server.Plans;

/// <summary>A plan while a submission is being decided: what stood, and what shall stand.</summary>
internal sealed class PlanDraft
{
    private PlanDraft(PlanRow? stood, PlanFacts facts, Guid episodeId, Guid flagId)
    {
        Stood = stood;
        Facts = facts;
        EpisodeId = episodeId;
        FlagId = flagId;
        Deleted = stood?.Deleted ?? false;
        Closed = stood?.Closed ?? 0;
        Unconfirmed = stood?.Unconfirmed ?? false;
    }

    /// <summary>The row as it was locked; null for a new plan.</summary>
    public PlanRow? Stood { get; }

    public PlanFacts Facts { get; set; }

    public bool Deleted { get; set; }

    /// <summary>R9: above 0 when its identifier went on to a plan under the number that superseded its own.</summary>
    public int Closed { get; private set; }

    public DateOnly BirthDate { get; set; }

    public Guid EpisodeId { get; }

    /// <summary>
    /// Of a new plan the id its own Flag brings, or one made here: a plan is never without its alert.
    /// </summary>
    public Guid FlagId { get; set; }

    /// <summary>True once a Flag of this submission belongs to it.</summary>
    public bool FlagSent { get; set; }

    /// <summary>Why the server changes it without having been asked to; null when it was asked.</summary>
    public string? Consequence { get; set; }

    /// <summary>Its council's latest word on it was refused; the next that is taken confirms it.</summary>
    public bool Unconfirmed { get; set; }

    /// <summary>True when the submission names it.</summary>
    public bool Named { get; set; }

    public Visibility Days => Facts.Days(BirthDate);

    public static PlanDraft Of(PlanRow row) =>
        new(row, row.Facts, row.Episode.Id, row.Flag.Id) { BirthDate = row.BirthDate };

    public static PlanDraft New(PlanFacts facts, Guid episodeId) => new(null, facts, episodeId, Guid.CreateVersion7());

    /// <summary>The submission names it, and says how it is.</summary>
    public void Confirm() => (Named, Unconfirmed) = (true, false);

    /// <summary>A draft that may be changed, and thrown away, apart from this one.</summary>
    public PlanDraft Copy() => (PlanDraft)MemberwiseClone();

    /// <summary>R9: hides it for good; its ids and its history stay.</summary>
    public void Close(int place)
    {
        Closed = place;
        Facts = Facts with { Removed = "number-changed" };
        Consequence = "closed: its NHS number was superseded";
    }

    /// <summary>Status of the episode as it shall stand.</summary>
    public string StatusOn(DateOnly today) => Deleted ? "entered-in-error" : Days.EpisodeStatus(today);

    /// <summary>The row as it shall stand: a version goes up only where something is different.</summary>
    public PlanRow Finish(DateOnly today, DateTimeOffset now, string councilName)
    {
        var status = StatusOn(today);
        var end = Days.EndShown(status);
        var flagStatus = Visibility.FlagStatus(status);
        var sameFlag = Stood is not null && Stood.Flag.Status == flagStatus && Stood.Facts.Kind == Facts.Kind
            && Stood.Facts.Start == Facts.Start && Stood.EndShown == end && Stood.Deleted == Deleted
            && Stood.Unconfirmed == Unconfirmed;
        var sameEpisode = sameFlag && Stood!.Episode.Status == status && Stood.Facts == Facts;
        var row = new PlanRow
        {
            Facts = Facts,
            BirthDate = BirthDate,
            Deleted = Deleted,
            Closed = Closed,
            Unconfirmed = Unconfirmed,
            StatusUntil = Deleted ? null : Days.StatusUntil(today),
            Episode = Next(EpisodeId, Stood?.Episode, sameEpisode, now),
            Flag = Next(FlagId, Stood?.Flag, sameFlag, now),
        };
        return sameEpisode && sameFlag
            ? row with { Episode = Stood!.Episode, Flag = Stood.Flag }
            : PlanWriter.Write(row, status, end, councilName);
    }

    private static ResourceState Next(Guid id, ResourceState? stood, bool same, DateTimeOffset now) =>
        stood is null ? new(id, 1, now, "", [])
        : same ? stood
        : stood with { Version = stood.Version + 1, Updated = now };
}
