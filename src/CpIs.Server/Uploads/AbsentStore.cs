using CpIs.Audit;
using CpIs.Server.Plans;
using Npgsql;

namespace CpIs.Server.Uploads;

/// <summary>Plans that a snapshot leaves out: still to end, or, in a dry run, only counted.</summary>
internal sealed class AbsentStore(NpgsqlDataSource database)
{
    private const string AsCouncil = "select set_config('cpis.council', $1, true)";

    /// <summary>What has ended, or was taken back, is left out of files by right.</summary>
    private const string Open = """
         from cpis.plan p where p.council = $1 and p.closed = 0 and not p.deleted and p.removed is null
            and p.episode_status in ('active', 'planned') and (p.end_day is null or p.end_day > $3)
            and not exists (select 1 from cpis.upload_row r where r.upload = $2 and r.row_id = p.row_id)
        """;

    private const string Take = "select " + PlanStore.Columns + Open + " order by p.row_id limit $4 for update";

    private const string Imagine = """
        with left_out as (
            insert into cpis.upload_absent (upload, council, row_id, nhs_number, kind, start_day)
            select $2, p.council, p.row_id, p.nhs_number, p.kind, p.start_day
        """ + Open + """
             on conflict do nothing returning 1)
        update cpis.upload u set state = 'applying', absent = (select count(*) from left_out)
        where u.id = $2 and u.state = 'ending'
        """;

    /// <summary>Locks some of the plans that the file leaves out, in the transaction's first round trip.</summary>
    public static Task<Internal<IReadOnlyList<PlanRow>>> TakeAsync(
        WriteTransaction write, UploadJob job, DateOnly today, int plansMax) => PlanStore.TakeAsync(write, new(Take)
    {
        Parameters =
        {
            new() { Value = job.Council }, new() { Value = job.Id }, new() { Value = today },
            new() { Value = plansMax },
        },
    });

    /// <summary>A dry run: says what would end, and goes on.</summary>
    public async Task ImagineAsync(UploadJob job, DateOnly today, CancellationToken stop)
    {
        await using var batch = database.CreateBatch();
        batch.BatchCommands.Add(new(AsCouncil) { Parameters = { new() { Value = job.Council } } });
        batch.BatchCommands.Add(new(Imagine)
        {
            Parameters = { new() { Value = job.Council }, new() { Value = job.Id }, new() { Value = today } },
        });
        await batch.ExecuteNonQueryAsync(stop);
    }
}
