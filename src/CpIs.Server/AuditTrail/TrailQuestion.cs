using CpIs.Server.Searching;

namespace CpIs.Server.AuditTrail;

/// <summary>The key a question is answered by: each has an index.</summary>
internal enum TrailLead
{
    Patient,
    Subject,
    UserId,
    Organisation,
    Client,
    Alert,
    BreakGlass,
    Refused,
    Time,
}

/// <summary>How much trouble the number of matches is worth.</summary>
internal enum TrailTotal
{
    /// <summary>Given when it is small enough to be counted in passing.</summary>
    WhenCheap,
    Exact,
    None,
}

/// <summary>What an auditor asks of the trail: every list is any-of, all that are set must hold.</summary>
internal sealed record TrailQuestion
{
    /// <summary>Beyond it no date is asked for and none is recorded.</summary>
    private static readonly DateTime Never = new(9000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Unix milliseconds of a day in the year 8941: an id that claims more was not made here.</summary>
    private const long MadeMsMax = 220_000_000_000_000;

    /// <summary>Either side of the time an id was made; its entry was recorded within.</summary>
    private static readonly TimeSpan MadeWithin = TimeSpan.FromSeconds(1);

    /// <summary>Set for a trust's auditor: its own organisation's callers only.</summary>
    public string? OwnOrganisation { get; init; }

    /// <summary>Criteria on the time of record, each its alternatives.</summary>
    public IReadOnlyList<IReadOnlyList<DateRange>> Dates { get; init; } = [];

    /// <summary>The span an export's file stays in, its end excluded.</summary>
    public (DateTime From, DateTime Until)? Within { get; init; }

    public string[]? Ids { get; init; }

    public string[]? Numbers { get; init; }

    /// <summary>Subjects of tokens.</summary>
    public string[]? Subjects { get; init; }

    /// <summary>SDS user ids.</summary>
    public string[]? UserIds { get; init; }

    public string[]? Organisations { get; init; }

    /// <summary>Client ids of systems.</summary>
    public string[]? Clients { get; init; }

    public string[]? Entities { get; init; }

    public string[]? Actions { get; init; }

    public int[]? Outcomes { get; init; }

    public string[]? Interactions { get; init; }

    public string[]? Purposes { get; init; }

    /// <summary>What was asked can be said of alerts alone.</summary>
    public bool Alerts { get; init; }

    public bool? Unscheduled { get; init; }

    public bool? PlanFound { get; init; }

    /// <summary>Criteria on the person's name: how to compare (s, c or e) and the alternatives.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Lists of facts, one of each of which must hold.</summary>
    public IReadOnlyList<string> Wanted { get; init; } = [];

    /// <summary>Facts none of which may hold.</summary>
    public IReadOnlyList<string> Unwanted { get; init; } = [];

    /// <summary>Beginnings of facts that must be there (<c>:missing=false</c>).</summary>
    public IReadOnlyList<string> Present { get; init; } = [];

    /// <summary>Beginnings of facts that may not (<c>:missing=true</c>).</summary>
    public IReadOnlyList<string> Absent { get; init; } = [];

    public bool OldestFirst { get; init; }

    /// <summary>The last entry of the page before, in the order asked; null for the first page.</summary>
    public (DateTimeOffset Recorded, Guid Id)? After { get; init; }

    public int Limit { get; init; }

    public bool CountOnly { get; init; }

    public TrailTotal Total { get; init; }

    /// <summary>The most telling key that is asked for by itself.</summary>
    public TrailLead Lead =>
        Numbers is not null ? TrailLead.Patient
        : Subjects is not null ? TrailLead.Subject
        : UserIds is not null ? TrailLead.UserId
        : Alerts ? TrailLead.Alert
        : Purposes is ["BTG"] ? TrailLead.BreakGlass
        : Clients is not null ? TrailLead.Client
        : Organisations is not null || OwnOrganisation is not null ? TrailLead.Organisation
        : Outcomes is not null && !Outcomes.Contains(0) ? TrailLead.Refused
        : TrailLead.Time;

    /// <summary>What the texts of <see cref="TrailStore"/> take.</summary>
    public object Arguments()
    {
        var (from, until) = Span();
        var gaps = Gaps();
        return new
        {
            from,
            until,
            keys = LeadKeys(),
            own = OwnOrganisation,
            ids = Ids?.Select(Guid.Parse).ToArray(),
            numbers = Numbers,
            subjects = Subjects,
            userIds = UserIds,
            organisations = Organisations,
            clients = Clients,
            entities = Entities,
            actions = Actions,
            outcomes = Outcomes,
            interactions = Interactions,
            purposes = Purposes,
            unscheduled = Unscheduled,
            planFound = PlanFound,
            names = OrNull(Names),
            addresses = OrNull(Addresses),
            byFacts = Wanted.Count + Unwanted.Count + Present.Count + Absent.Count > 0,
            wanted = Wanted.ToArray(),
            unwanted = Unwanted.ToArray(),
            present = Present.ToArray(),
            absent = Absent.ToArray(),
            afterAt = After?.Recorded.UtcDateTime ?? Never,
            afterId = After?.Id,
            gapOf = gaps.Length == 0 ? null : Array.ConvertAll(gaps, g => g.Of),
            gapLow = Array.ConvertAll(gaps, g => g.Low),
            gapHigh = Array.ConvertAll(gaps, g => g.High),
            limit = Limit + 1,
            countMax = Total == TrailTotal.WhenCheap ? TrailStore.TotalEntriesMax + 1 : (int?)null,
        };
    }

    /// <summary>RFC 9562 §5.7: the first 48 bits of a version 7 UUID are Unix milliseconds.</summary>
    public static DateTime Made(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        long milliseconds = 0;
        foreach (var part in bytes[..6])
        {
            milliseconds = (milliseconds << 8) | part;
        }

        return DateTimeOffset.UnixEpoch.AddMilliseconds(Math.Min(milliseconds, MadeMsMax)).UtcDateTime;
    }

    private static string[]? OrNull(IReadOnlyList<string> list) => list.Count == 0 ? null : [.. list];

    private string[] LeadKeys() => Lead switch
    {
        TrailLead.Patient => Numbers!,
        TrailLead.Subject => Subjects!,
        TrailLead.UserId => UserIds!,
        TrailLead.Client => Clients!,
        TrailLead.Organisation => Organisations ?? [OwnOrganisation!],
        _ => [],
    };

    /// <summary>
    /// The span that dates, ids and the page leave open; half-open, so that partitions outside it are not read.
    /// </summary>
    private (DateTime From, DateTime Until) Span()
    {
        var (from, until) = Within ?? (DateTime.UnixEpoch, Never);
        foreach (var spans in Dates.Select(dates => dates.SelectMany(Bounds).ToList()))
        {
            (from, until) = (Later(from, spans.Min(s => s.Low)), Earlier(until, spans.Max(s => s.High)));
        }

        if (Ids is { Length: > 0 })
        {
            var made = Ids.Select(id => Made(Guid.Parse(id))).ToList();
            (from, until) = (Later(from, made.Min() - MadeWithin), Earlier(until, made.Max() + MadeWithin));
        }

        return After is not { } after ? (from, until)
            : OldestFirst ? (Later(from, after.Recorded.UtcDateTime), until)
            : (from, Earlier(until, after.Recorded.UtcDateTime.AddMicroseconds(1)));
    }

    /// <summary>Criteria that one span does not say, numbered.</summary>
    private (int Of, DateTime Low, DateTime High)[] Gaps() =>
        [.. Dates.Select((dates, i) => (i, Spans: dates.SelectMany(Bounds).ToList()))
            .Where(criterion => criterion.Spans.Count > 1)
            .SelectMany(criterion => criterion.Spans.Select(s => (criterion.i, s.Low, s.High)))];

    private static IEnumerable<(DateTime Low, DateTime High)> Bounds(DateRange date)
    {
        var (from, until) = (Earlier(date.From.UtcDateTime, Never), Earlier(date.Until.UtcDateTime, Never));
        return date.Prefix switch
        {
            "gt" or "sa" => [(until, Never)],
            "ge" => [(from, Never)],
            "lt" or "eb" => [(DateTime.UnixEpoch, from)],
            "le" => [(DateTime.UnixEpoch, until)],
            "eq" => [(from, until)],
            _ => [(DateTime.UnixEpoch, from), (until, Never)],
        };
    }

    private static DateTime Later(DateTime one, DateTime other) => one > other ? one : other;

    private static DateTime Earlier(DateTime one, DateTime other) => one < other ? one : other;
}
