using CpIs.Server.AuditTrail;
using CpIs.Server.Sandbox;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>
/// Two servers on one database that take more than three people in an hour for too many; the second refuses. What they
/// tell auditors they tell when a test says so.
/// </summary>
public sealed class TwoBrowsed : IAsyncLifetime
{
    public const int PatientsMax = 3;

    private int people;

    public RunningServer First { get; private set; } = null!;

    /// <summary>As after a start: it has seen nobody yet.</summary>
    public RunningServer Refusing { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var clock = new MovableClock();
        First = new() { Clock = clock, Browsing = new() { PatientsMax = PatientsMax, WindowMinutes = 60 } };
        await First.InitializeAsync();
        Refusing = new()
        {
            Clock = clock,
            Shared = First.Database,
            Browsing = new() { PatientsMax = PatientsMax, WindowMinutes = 60, Refuse = true },
        };
        await Refusing.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await Refusing.DisposeAsync();
        await First.DisposeAsync();
    }

    /// <summary>A doctor nobody has seen before.</summary>
    internal Persona Doctor(string organisation = "RXR") => Persona.All["sandbox-ed-clinician"] with
    {
        UserId = $"9991010000{Interlocked.Increment(ref people):00}", Name = "Dr Peregrine Oake",
        Organisation = organisation,
    };

    internal static HttpClient As(RunningServer server, Persona person) =>
        server.With(() => server.Services.GetRequiredService<TokenIssuer>().Issue(person));

    /// <summary>Looks at each of so many people nobody has looked at, and gives the marks of the entries.</summary>
    internal async Task<List<string?>> LookAsync(RunningServer server, Persona person, int count)
    {
        using var client = As(server, person);
        var marks = new List<string?>();
        for (var i = 0; i < count; i++)
        {
            var id = Guid.NewGuid().ToString();
            using var asked = new HttpRequestMessage(
                HttpMethod.Get, new Uri($"Flag?patient={InventedPlan.NewNumber()}", UriKind.Relative));
            asked.Headers.Add("X-Request-ID", id);
            (await client.SendAsync(asked)).EnsureSuccessStatusCode();
            marks.Add(await MarkAsync(id));
        }

        return marks;
    }

    internal async Task<string?> MarkAsync(string requestId)
    {
        await using var connection = new NpgsqlConnection(First.Database.OwnerConnectionString);
        return await connection.QuerySingleAsync<string?>(
            "select reason from ledger.entry where request_id = @requestId", new { requestId });
    }

    /// <summary>Both servers look, the first twice.</summary>
    internal async Task TellAsync()
    {
        foreach (var server in (RunningServer[])[First, Refusing, First])
        {
            await server.Services.GetRequiredService<Alerts>().LookAsync(CancellationToken.None);
        }
    }
}
