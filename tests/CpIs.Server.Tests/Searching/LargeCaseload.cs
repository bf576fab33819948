using CpIs.Fhir;
using CpIs.Server.Plans;
using Npgsql;
using NpgsqlTypes;

namespace CpIs.Server.Tests.Searching;

/// <summary>
/// A server whose Lancashire holds ten thousand plans, many of one day and many written at one instant.
/// </summary>
public sealed class LargeCaseload : Xunit.IAsyncLifetime
{
    public const int Plans = 10_000;

    private const string Columns = """
        copy cpis.plan (council, row_id, nhs_number, kind, start_day, birth_date, visible_from, visible_until,
            episode_id, episode_version, episode_updated, episode_status, episode,
            flag_id, flag_version, flag_updated, flag_status, flag) from stdin (format binary)
        """;

    private const string Patients = """
        insert into cpis.patient (council, nhs_number, version, updated, birth_date, family, content_hash, body)
        select council, nhs_number, 1, flag_updated, birth_date, 'Thistlewood', '', convert_to(
            '{"resourceType":"Patient","id":"' || nhs_number || '"}', 'UTF8') from cpis.plan;
        analyze cpis.plan;
        """;

    internal RunningServer Server { get; } = new();

    /// <summary>In the order of their writing.</summary>
    internal List<(InventedPlan Plan, string Episode, string Flag, DateTimeOffset Updated)> Held { get; } = [];

    public async Task InitializeAsync()
    {
        await Server.InitializeAsync();
        await using var connection = new NpgsqlConnection(Server.Database.OwnerConnectionString);
        await connection.OpenAsync();
        await using (var copy = await connection.BeginBinaryImportAsync(Columns))
        {
            var began = Server.Clock.GetUtcNow().AddDays(-3);
            for (var i = 0; i < Plans; i++)
            {
                await AddAsync(copy, new InventedPlan { Start = Server.Today.AddDays(-(i * 37 % 400)) },
                    began.AddTicks(-(began.Ticks % TimeSpan.TicksPerSecond)).AddSeconds(i / 150));
            }

            await copy.CompleteAsync();
        }

        await using var measure = new NpgsqlCommand(Patients, connection);
        await measure.ExecuteNonQueryAsync();
    }

    public Task DisposeAsync() => Server.DisposeAsync();

    private async Task AddAsync(NpgsqlBinaryImporter copy, InventedPlan plan, DateTimeOffset updated)
    {
        if (!NhsNumber.TryParse(plan.Number, out var number))
        {
            throw new InvalidOperationException("An invented number is not valid.");
        }

        var facts = new PlanFacts(plan.Council, plan.RowId, number, plan.Kind, plan.Start, null, null, null, null);
        var none = new ResourceState(Guid.NewGuid(), 1, updated, "active", []);
        var row = PlanWriter.Write(
            new PlanRow
            {
                Facts = facts, BirthDate = plan.BirthDate, Episode = none, Flag = none with { Id = Guid.NewGuid() },
            }, "active", null, "Lancashire County Council");
        await copy.StartRowAsync();
        foreach (var text in (string[])[plan.Council, plan.RowId, plan.Number, plan.Kind.Name])
        {
            await copy.WriteAsync(text, NpgsqlDbType.Text);
        }

        foreach (var day in (DateOnly[])[plan.Start, plan.BirthDate, row.Days.VisibleFrom, row.Days.VisibleUntil])
        {
            await copy.WriteAsync(day, NpgsqlDbType.Date);
        }

        foreach (var half in (ResourceState[])[row.Episode, row.Flag])
        {
            await copy.WriteAsync(half.Id, NpgsqlDbType.Uuid);
            await copy.WriteAsync(half.Version, NpgsqlDbType.Integer);
            await copy.WriteAsync(half.Updated, NpgsqlDbType.TimestampTz);
            await copy.WriteAsync(half.Status, NpgsqlDbType.Text);
            await copy.WriteAsync(half.Body, NpgsqlDbType.Bytea);
        }

        Held.Add((plan, row.Episode.Id.ToString(), row.Flag.Id.ToString(), updated));
    }
}
