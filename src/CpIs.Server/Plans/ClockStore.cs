using CpIs.Audit;
using CpIs.Fhir;
using Npgsql;

namespace CpIs.Server.Plans;

/// <summary>
/// What the clock worker asks of the plan table: which councils have plans whose day has come, and some of these plans,
/// locked.
/// </summary>
internal sealed class ClockStore(NpgsqlDataSource database)
{
    private const string Due = """
        select distinct p.council from cpis.plan p where p.status_until <= $1 order by p.council
        """;

    /// <summary>
    /// A plan that somebody else holds is passed over: another server is turning it, or its council is writing it and
    /// gives it the new status itself. What is left is found at the next look.
    /// </summary>
    private const string Take = "select " + PlanStore.Columns + """
         from cpis.plan p where p.council = $1 and p.status_until <= $2
        order by p.status_until, p.row_id limit $3
        for update skip locked
        """;

    private const string AsEvery = "select set_config('cpis.reads', 'every-council', true)";

    /// <summary>Councils with a plan whose stored status is not true on that day.</summary>
    public async Task<Internal<IReadOnlyList<string>>> DueAsync(DateOnly today, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsEvery));
        batch.BatchCommands.Add(new(Due) { Parameters = { new() { Value = today } } });
        await using var reader = await batch.ExecuteReaderAsync(stop);
        await reader.NextResultAsync(stop);
        var councils = new List<string>();
        while (await reader.ReadAsync(stop))
        {
            councils.Add(reader.GetString(0));
        }

        return new(councils);
    }

    /// <summary>Locks plans of the transaction's council whose day has come.</summary>
    public static Task<Internal<IReadOnlyList<PlanRow>>> TakeAsync(
        WriteTransaction write, string council, DateOnly today, int plansMax) => PlanStore.TakeAsync(write, new(Take)
    {
        Parameters = { new() { Value = council }, new() { Value = today }, new() { Value = plansMax } },
    });
}
