using CpIs.Audit;
using CpIs.Server.Plans;

namespace CpIs.Server.Uploads;

/// <summary>What the rows of one commit come to, person after person.</summary>
internal sealed class DecidedBatch
{
    private readonly List<PatientRow> people = [];
    private readonly List<(PlanRow? Stood, PlanRow Row)> plans = [];
    private readonly List<RowOutcome> outcomes = [];
    private readonly List<(PlanRow Row, string Why)> consequences = [];
    private readonly HashSet<Guid> touched = [];
    private readonly HashSet<string> numbers = new(StringComparer.Ordinal);
    private readonly HashSet<string> rowIds = new(StringComparer.Ordinal);

    public IReadOnlyList<PatientRow> People => people;

    public IReadOnlyList<(PlanRow? Stood, PlanRow Row)> Plans => plans;

    public IReadOnlyList<RowOutcome> Outcomes => outcomes;

    /// <summary>Place of the last row that is decided.</summary>
    public string Reached { get; private set; } = "";

    /// <summary>True once the rows are applied, and not only decided.</summary>
    public bool Committed { get; set; }

    /// <summary>
    /// Whether one of these plans, or this person, is changed by the batch already, or a plan they follow made by it.
    /// </summary>
    public bool Touches(IEnumerable<PlanRow> held, string number, IEnumerable<string> followed) =>
        numbers.Contains(number) || held.Any(p => touched.Contains(p.Episode.Id)) || followed.Any(rowIds.Contains);

    public void Add(DecidedRows decided, string reached, string number)
    {
        people.AddRange(decided.People);
        plans.AddRange(decided.Plans);
        outcomes.AddRange(decided.Accepted);
        outcomes.AddRange(decided.NotTaken);
        consequences.AddRange(decided.Consequences);
        touched.UnionWith(decided.Plans.Select(p => p.Row.Episode.Id));
        rowIds.UnionWith(decided.Plans.Select(p => p.Row.Facts.RowId));
        numbers.Add(number);
        Reached = reached;
    }

    /// <summary>What would be held once the batch were committed.</summary>
    public HeldRows After(HeldRows held)
    {
        var changed = plans.Select(p => p.Row.Episode.Id).ToHashSet();
        var known = people.Select(p => p.NhsNumber).ToHashSet(StringComparer.Ordinal);
        return held with
        {
            Plans = [.. held.Plans.Where(p => !changed.Contains(p.Episode.Id)), .. plans.Select(p => p.Row)],
            Patients = [.. held.Patients.Where(p => !known.Contains(p.NhsNumber)), .. people],
        };
    }

    /// <summary>One entry for each row that was taken, and for each plan that changed because of one.</summary>
    public IReadOnlyList<AuditEntry> Entries(UploadJob job)
    {
        var sender = job.Entry with { ResourceType = PlanView.Episode.ResourceType };
        return
        [
            .. outcomes.Where(o => o.Versions.Count > 0).Select(o => sender with
            {
                Interaction = o.Became == "inserted" ? "create" : "update",
                Action = o.Became == "inserted" ? 'C' : 'U',
                Status = o.Became == "inserted" ? 201 : 200,
                NhsNumber = Part(o.Versions[0], 1),
                ResourceId = Part(o.Versions[1], 1),
                ResourceVersion = int.Parse(Part(o.Versions[1], 3), System.Globalization.CultureInfo.InvariantCulture),
                Disclosed = o.Versions,
            }),
            .. consequences.Select(c => sender with
            {
                Interaction = "update",
                Action = 'U',
                Status = 200,
                Reason = c.Why,
                NhsNumber = c.Row.Facts.NhsNumber.Digits(),
                ResourceId = c.Row.Episode.Id.ToString(),
                ResourceVersion = c.Row.Episode.Version,
                Disclosed = c.Row.References,
            }),
        ];
    }

    /// <summary>A part of a versioned reference, such as the id in <c>Flag/id/_history/1</c>.</summary>
    private static string Part(string reference, int part) => reference.Split('/')[part];
}
