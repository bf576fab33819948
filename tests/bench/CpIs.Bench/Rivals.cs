using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CpIs.Bench;

/// <summary>
/// What the look-up is measured against, in the same process: (a) fixed bytes, (b) the same query without a record,
/// (c) the same query with a record in a commit of its own, which is what most would build.
/// </summary>
internal sealed class Rivals : IAsyncDisposable
{
    private const string Query = """
        select p.council, p.row_id, p.nhs_number, p.kind, p.start_day, p.end_day, p.due_day, p.follows_row_id,
            p.removed, p.birth_date, p.deleted, p.status_until,
            p.episode_id, p.episode_version, p.episode_updated, p.episode_status, ''::bytea,
            p.flag_id, p.flag_version, p.flag_updated, p.flag_status, p.flag
        from unnest($1::text[]) with ordinality as asked(nhs_number, place)
        join cpis.plan p on p.nhs_number = asked.nhs_number
        order by asked.place, p.start_day desc, p.flag_id
        """;

    private const string Record = """
        insert into cpis.bench_audit (recorded, entry_id, nhs_number, agent, org, line)
        values (now(), $1, $2, $3, $4, $5)
        """;

    private const string Table = """
        create table if not exists cpis.bench_audit (
            recorded timestamptz not null, entry_id uuid primary key, nhs_number text, agent text, org text, line text);
        create index if not exists bench_audit_1 on cpis.bench_audit (nhs_number, recorded);
        create index if not exists bench_audit_2 on cpis.bench_audit (agent, recorded);
        create index if not exists bench_audit_3 on cpis.bench_audit (org, recorded);
        grant insert on cpis.bench_audit to cpis_server
        """;

    private const int FlagColumn = 21;
    private const int FixedBytes = 2048;
    private const int LineBytes = 600;

    private readonly WebApplication app;
    private readonly NpgsqlDataSource source;
    private readonly byte[] body = Encoding.ASCII.GetBytes(new string('x', FixedBytes));
    private readonly string line = new('x', LineBytes);

    private Rivals(string connection, int port)
    {
        source = new NpgsqlSlimDataSourceBuilder(new NpgsqlConnectionStringBuilder(connection)
        {
            MaxPoolSize = 16,
            MaxAutoPrepare = 16,
            AutoPrepareMinUsages = 2,
            Options = "-c cpis.reads=every-council",
        }.ConnectionString).EnableArrays().Build();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.ListenLocalhost(port));
        app = builder.Build();
        app.MapGet("/fixed", (RequestDelegate)(http => WriteAsync(http, body)));
        app.MapGet("/query", (RequestDelegate)(http => AnswerAsync(http, false)));
        app.MapGet("/commit", (RequestDelegate)(http => AnswerAsync(http, true)));
    }

    public static async Task<Rivals> OpenAsync(Stage stage, int port)
    {
        await using var owner = new NpgsqlConnection(stage.OwnerConnection);
        await owner.OpenAsync();
        await using var table = new NpgsqlCommand(Table, owner);
        await table.ExecuteNonQueryAsync();
        var rivals = new Rivals(stage.ServerConnection, port);
        await rivals.app.StartAsync();
        return rivals;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        await source.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext http, bool record)
    {
        var number = http.Request.Query["patient"].ToString();
        await using var batch = source.CreateBatch();
        if (record)
        {
            batch.BatchCommands.Add(new(Record)
            {
                Parameters =
                {
                    new() { Value = Guid.CreateVersion7() }, new() { Value = number }, new() { Value = "clinician" },
                    new() { Value = "RXR" }, new() { Value = line },
                },
            });
        }

        batch.BatchCommands.Add(new(Query) { Parameters = { new() { Value = new[] { number } } } });
        var flag = await FlagAsync(batch, http.RequestAborted);
        byte[] answer = [.. "{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[{\"resource\":"u8, .. flag,
            .. "}]}"u8];
        await WriteAsync(http, answer);
    }

    private static async Task<byte[]> FlagAsync(NpgsqlBatch batch, CancellationToken stop)
    {
        await using var reader = await batch.ExecuteReaderAsync(stop);
        return await reader.ReadAsync(stop) ? reader.GetFieldValue<byte[]>(FlagColumn) : [];
    }

    private static Task WriteAsync(HttpContext http, byte[] answer)
    {
        http.Response.ContentType = "application/fhir+json";
        http.Response.ContentLength = answer.Length;
        return http.Response.Body.WriteAsync(answer).AsTask();
    }
}
