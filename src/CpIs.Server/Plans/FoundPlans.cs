using CpIs.Server.Patients;
using Npgsql;

namespace CpIs.Server.Plans;

/// <summary>
/// What the look-up by number brought for everybody who asked: plans by the number asked for, which may be another than
/// the plan is held under (R9), and the links that led there.
/// </summary>
internal sealed class FoundPlans
{
    /// <summary>Column of the number asked for: after the plan's own.</summary>
    private const int AskedColumn = 24;

    private readonly ILookup<string, PlanRow> plans;
    private readonly ILookup<string, LinkedNumber> links;

    private FoundPlans(IEnumerable<(string Asked, PlanRow Row)> plans, IEnumerable<LinkedNumber> links)
    {
        this.plans = plans.ToLookup(p => p.Asked, p => p.Row);
        this.links = links.ToLookup(l => l.Asked);
    }

    public static async Task<FoundPlans> ReadAsync(NpgsqlDataReader reader, CancellationToken stop)
    {
        var plans = new List<(string, PlanRow)>();
        var links = new Dictionary<(string, string), LinkedNumber>();
        while (await reader.ReadAsync(stop))
        {
            var asked = reader.GetString(AskedColumn);
            if (!reader.IsDBNull(0))
            {
                plans.Add((asked, PlanStore.Row(reader)));
            }

            if (reader.GetInt32(AskedColumn + 3) is var steps and > 0)
            {
                var number = reader.GetString(AskedColumn + 1);
                links.TryAdd((asked, number), new(asked, number, reader.GetString(AskedColumn + 2), steps));
            }
        }

        return new(plans, links.Values);
    }

    /// <summary>Other numbers of the people a question names.</summary>
    public IReadOnlyList<LinkedNumber> Linked(PlanQuestion question) =>
        [.. question.Numbers!.SelectMany(n => links[n])];

    /// <summary>The numbers of those people, asked for or not.</summary>
    public IEnumerable<string> Numbers(PlanQuestion question) =>
        question.Numbers!.Concat(question.Numbers!.SelectMany(n => links[n]).Select(l => l.Number)).Distinct();

    /// <summary>Each plan of those people once, with the numbers that led to it.</summary>
    public List<PlanRow> Rows(PlanQuestion question) =>
        question.Numbers is [var one] && !links[one].Any()
            ? [.. plans[one]]
            : [.. question.Numbers!.SelectMany(n => plans[n].Select(row => (Asked: n, Row: row)))
                .GroupBy(f => f.Row.Flag.Id)
                .Select(f => f.First().Row with { AskedAs = Others(f.First().Row, f.Select(each => each.Asked)) })];

    private static List<string> Others(PlanRow row, IEnumerable<string> asked) =>
        [.. asked.Where(n => n != row.Facts.NhsNumber.Digits())];
}
