using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server;
using CpIs.Server.Database;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using CpIs.Server.Plans;
using CpIs.Server.Sandbox;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace CpIs.Bench;

/// <summary>A server of the bench's own on a database of its own, holding generated children.</summary>
internal sealed class Stage : IAsyncDisposable
{
    private const int RowsPerInsert = 1000;

    private const int BuffersMegabytes = 2048;

    /// <summary>Five people looked at each child before.</summary>
    private const string History = """
        insert into ledger.access (nhs_number, recorded, entry_id, lane, position, author, org,
            interaction, action, name, role, organisation_name)
        select p.nhs_number, now() - n * interval '40 days', gen_random_uuid(), 0, n, 'P' || n, 'RXR',
            'search-type', 'E', 'Dr Invented ' || n, 'Emergency doctor', 'An invented hospital'
        from cpis.plan p cross join generate_series(1, 5) n
        """;

    private readonly EmbeddedCluster cluster;
    private readonly House house;
    private readonly string folder;

    private Stage(EmbeddedCluster cluster, House house, string folder, IReadOnlyList<string> numbers)
    {
        this.cluster = cluster;
        this.house = house;
        this.folder = folder;
        Numbers = numbers;
        NumbersFile = Path.Combine(Path.GetTempPath(), $"cpis-bench-{Environment.ProcessId}.txt");
        File.WriteAllLines(NumbersFile, numbers);
    }

    public IReadOnlyList<string> Numbers { get; }

    public string NumbersFile { get; }

    public string ServerConnection => cluster.ServerConnectionString;

    public string OwnerConnection => cluster.OwnerConnectionString;

    /// <summary>Port of the server under test.</summary>
    public int Port { get; private init; }

    public string Url => $"http://localhost:{Port}{CpIs.Server.Routes.Prefix}";

    public string Token(string persona) =>
        house.Services.GetRequiredService<TokenIssuer>().Issue(Persona.All[persona]);

    /// <summary>A token of a council's system.</summary>
    public string CouncilToken(string ods) => house.Services.GetRequiredService<TokenIssuer>().Issue(
        Persona.All["sandbox-council-lancashire"] with { Organisation = ods });

    public static async Task<Stage> OpenAsync(int port, int children, string modules = "", int councils = 0)
    {
        var folder = $"/var/lib/cpis/bench-{Environment.ProcessId}";
        var cluster = await EmbeddedCluster.StartAsync(
            folder, new ClusterOptions { SharedBuffersMegabytes = BuffersMegabytes, Modules = modules },
                CancellationToken.None);
        Cpu.Postmaster = Postmaster.FindLive(cluster.Folders)!.Pid;
        var house = await House.OpenAsync(
            new ServerOptions
            {
                Port = port,
                Sandbox = true,
                Samples = false,
                Notices = new() { Loopback = true },
                Councils = councils,
                Connection = cluster.ServerConnectionString,
                OwnerConnection = cluster.OwnerConnectionString,
                DataFolder = Path.Combine(folder, "server"),
            },
            TimeProvider.System,
            CancellationToken.None);
        var numbers = await FillAsync(cluster.OwnerConnectionString, children);
        return new Stage(cluster, house, folder, numbers) { Port = port };
    }

    public async ValueTask DisposeAsync()
    {
        await house.DisposeAsync();
        await cluster.DisposeAsync();
        File.Delete(NumbersFile);
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<IReadOnlyList<string>> FillAsync(string owner, int children)
    {
        var today = Visibility.Today(TimeProvider.System);
        var now = TimeProvider.System.GetUtcNow();
        var numbers = Invented().Take(children).ToList();
        await using var connection = new NpgsqlConnection(owner);
        await connection.OpenAsync();
        foreach (var chunk in numbers.Chunk(RowsPerInsert))
        {
            var plans = chunk.Select(n => Plan(n, today, now)).ToList();
            var people = chunk.Select(n => Person(n.Digits(), now)).ToList();
            await using var batch = new NpgsqlBatch(connection);
            foreach (var command in SubmissionStore.Put("ZZ001", people, [.. plans.Select(p => ((PlanRow?)null, p))]))
            {
                batch.BatchCommands.Add(command);
            }

            await batch.ExecuteNonQueryAsync();
        }

        await using var history = new NpgsqlCommand(History, connection) { CommandTimeout = 0 };
        await history.ExecuteNonQueryAsync();
        if (children == 0)
        {
            // PostgreSQL is to meet the first rows as it would: knowing nothing of the tables.
            return [];
        }

        await using var analyze = new NpgsqlCommand(
            "vacuum analyze cpis.plan, cpis.patient, ledger.access", connection);
        await analyze.ExecuteNonQueryAsync();
        return [.. numbers.Select(n => n.Digits())];
    }

    internal static IEnumerable<NhsNumber> Invented()
    {
        for (var i = 0; i < 1_000_000; i++)
        {
            for (var check = 0; check < 10; check++)
            {
                if (NhsNumber.TryParse($"999{i:000000}{check}", out var number))
                {
                    yield return number;
                }
            }
        }
    }

    private static PlanRow Plan(NhsNumber number, DateOnly today, DateTimeOffset now)
    {
        var facts = new PlanFacts("ZZ001", "B-" + number.Digits(), number, PlanKind.ChildProtection,
            today.AddDays(-100), null, null, null, null);
        var row = new PlanRow
        {
            Facts = facts,
            BirthDate = today.AddYears(-7),
            Episode = new(Guid.CreateVersion7(), 1, now, "", []),
            Flag = new(Guid.CreateVersion7(), 1, now, "", []),
        };
        return PlanWriter.Write(row, "active", null, "Lancashire County Council")
            with { StatusUntil = row.Days.StatusUntil(today) };
    }

    private static PatientRow Person(string number, DateTimeOffset now)
    {
        var sent = System.Text.Json.JsonElement.Parse($$"""
            {"resourceType":"Patient","identifier":[{"system":"{{Systems.NhsNumber}}","value":"{{number}}"}],
             "name":[{"family":"Benchley","given":["Quill"]}],"birthDate":"2019-01-01"}
            """);
        return new PatientRow("ZZ001", number, 1, now, new(2019, 1, 1), "Benchley", PatientJson.ContentHash(sent),
            PatientJson.Render(sent, number, 1, now));
    }
}
