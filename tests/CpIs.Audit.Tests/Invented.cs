using System.Collections.Concurrent;
using FluentAssertions;
using Npgsql;

namespace CpIs.Audit.Tests;

/// <summary>Invented people and look-ups, and a log with short limits, for every test of the ledger.</summary>
internal static class Invented
{
    internal const string Ada = "9990000018";
    internal const string Ben = "9990000026";

    internal static AuditLogOptions Options(Database database) => new()
    {
        ConnectionString = database.Server,
        Instance = "test",
        ReadLanes = 1,
        WriteLanes = 2,
    };

    internal static AuditEntry LookUp(string? nhsNumber = Ada) => new()
    {
        Kind = "rest",
        Interaction = "search-type",
        Status = 200,
        Action = 'E',
        NhsNumber = nhsNumber,
        Query = "GET /FHIR/R4/Flag?patient=x"u8.ToArray(),
        AgentSubject = "subject-1",
        AgentUserId = "555000000001",
        AgentName = "Dr Zoë Ärzt",
        Organisation = "ZZ001",
        Unscheduled = true,
        RequestId = "0192f5a0-0000-7000-8000-000000000001",
    };

    internal static Sealed<string> Plan(string nhsNumber = Ada, string id = "f1") => new(
        "the plan", [new Disclosed("Flag", id, 1, nhsNumber, "ZZ100", true)], 1);

    internal static async Task<AuditLog> StartedAsync(AuditLogOptions options, TimeProvider? clock = null)
    {
        var alarms = new ConcurrentQueue<string>();
        options = options with { Alarm = options.Alarm + alarms.Enqueue };
        var log = new AuditLog(options, clock ?? TimeProvider.System);
        await log.StartAsync(CancellationToken.None);
        await Eventually(() => log.Ready, () => string.Join("; ", alarms));
        return log;
    }

    /// <summary>A writer who reached the read lane although another holds its lock.</summary>
    internal static async Task<Lane> ThiefAsync(Database database)
    {
        var connection = new NpgsqlConnection(database.Server);
        await connection.OpenAsync();
        var lane = await database.ScalarAsync<int>("select lane from ledger.lane where kind = 'read'");
        return new Lane(lane, connection, "thief", await LaneHead.ReadAsync(connection, lane, CancellationToken.None));
    }

    internal static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        var held = false;
        for (var i = 0; i < 100 && !held; i++)
        {
            held = await holds();
            await Task.Delay(held ? 0 : 50);
        }

        held.Should().BeTrue();
    }

    internal static async Task Eventually(Func<bool> holds, Func<string>? why = null)
    {
        for (var i = 0; i < 500 && !holds(); i++)
        {
            await Task.Delay(20);
        }

        if (!holds())
        {
            throw new TimeoutException("It did not come about within ten seconds. " + why?.Invoke());
        }
    }
}
