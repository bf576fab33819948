using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using CpIs.Server.Access;
using CpIs.Server.Demographics;
using CpIs.Server.Sandbox;
using CpIs.Server.Summary;
using CpIs.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CpIs.Server.Tests;

/// <summary>The real server on a real port and a database of its own, with a clock that a test may move.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("cpis-server-").FullName;
    private TestDatabase? database;
    private House? house;
    private int port;
    private int strangers;

    internal MovableClock Clock { get; init; } = new();

    /// <summary>Who is asked about NHS numbers.</summary>
    internal DemographicsOptions Demographics { get; init; } = new();

    /// <summary>How long a caller of this server waits for its entry.</summary>
    internal int CommitWaitMs { get; init; } = 5000;

    /// <summary>What stands between this server and its database, if anything does.</summary>
    internal Func<string, string> Through { get; init; } = connection => connection;

    /// <summary>Certificates and rates of this server.</summary>
    internal WireOptions Wire { get; init; } = new();

    /// <summary>Web pages of which origins may ask this server.</summary>
    internal Browsers Browsers { get; init; } = new();

    /// <summary>How many people one person may look at on this server.</summary>
    internal BrowsingOptions Browsing { get; init; } = new();

    /// <summary>The database of another server that this one runs beside; null: one of its own.</summary>
    internal TestDatabase? Shared { get; init; }

    internal bool Sandbox { get; init; } = true;

    /// <summary>Whose tokens this server believes beside its own.</summary>
    internal IReadOnlyList<IssuerOptions> Issuers { get; init; } = [];

    /// <summary>Keys and the checkpoints outside the database.</summary>
    internal string Folder => folder;

    internal TestDatabase Database => database!;

    internal IServiceProvider Services => house!.Services;

    public Uri Root => new($"{(Wire.CertificateFile is null ? "http" : "https")}://localhost:{port}/");

    public Uri Base => new(Root, Routes.Prefix[1..] + "/");

    public DateOnly Today => CpIs.Fhir.Visibility.Today(Clock);

    public async Task InitializeAsync()
    {
        database = Shared ?? await TestDatabase.CreateAsync();
        port = Ports.Free();
        var options = new ServerOptions
        {
            Port = port,
            Connection = Through(database.ServerConnectionString),
            CommitWaitMs = CommitWaitMs,
            OwnerConnection = database.OwnerConnectionString,
            DataFolder = folder,
            Sandbox = Sandbox,
            Samples = false,
            Issuers = Issuers,
            Demographics = Demographics,
            Notices = new() { Loopback = true },
            Wire = Wire,
            Browsers = Browsers,
            Browsing = Browsing,
            Attendance = AttendanceRules.Read(new ConfigurationBuilder().AddInMemoryCollection(
                [new("Attendance:RuleOf:RW5", "leeds-four-in-six-months")]).Build()),
        };
        house = await House.OpenAsync(options, Clock, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await house!.DisposeAsync();
        if (Shared is null)
        {
            await database!.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }

    /// <summary>A client of a persona; every request carries a fresh token.</summary>
    public HttpClient As(string persona) => With(() => Token(persona));

    public HttpClient Clinician => As("sandbox-ed-clinician");

    public HttpClient Nurse => As("sandbox-school-nurse");

    public HttpClient Lancashire => As("sandbox-council-lancashire");

    public HttpClient Leeds => As("sandbox-council-leeds");

    public HttpClient Auditor => As("sandbox-auditor");

    /// <summary>The doctor's like in another organisation.</summary>
    /// <param name="organisation">ODS code.</param>
    public HttpClient Another(string organisation) => With(() => house!.Services.GetRequiredService<TokenIssuer>()
        .Issue(Persona.All["sandbox-ed-clinician"] with
        {
            ClientId = "another-epr", Organisation = organisation, UserId = "999100000009", Name = "Dr Peregrine Oake",
        }));

    /// <summary>A client that sends what the test says as its token.</summary>
    public HttpClient With(Func<string?> token) =>
        new(new TokenHandler(token) { InnerHandler = new SocketsHttpHandler() }) { BaseAddress = Base };

    /// <summary>Somebody without a token, from an address of this machine that nobody else comes from.</summary>
    public HttpClient Stranger()
    {
        var from = new IPAddress([127, 1, 0, (byte)(Interlocked.Increment(ref strangers) % byte.MaxValue)]);
        return new(new SocketsHttpHandler
        {
            ConnectCallback = async (to, stop) =>
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(IPAddress.Loopback, to.DnsEndPoint.Port, stop);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            BaseAddress = Base,
        };
    }

    internal string Token(string persona) =>
        house!.Services.GetRequiredService<TokenIssuer>().Issue(Persona.All[persona]);

    /// <summary>Returns when everything recorded so far is covered by signed checkpoints.</summary>
    public async Task SignedAsync()
    {
        const string Unsigned = """
            select count(*) from ledger.lane l
            cross join lateral (select last from ledger.batch where lane = l.lane order by first desc limit 1) b
            where b.last > coalesce((select max(size) from ledger.checkpoint where lane = l.lane), 0)
            """;
        await using var connection = new Npgsql.NpgsqlConnection(Database.OwnerConnectionString);
        for (var attempt = 0; await Dapper.SqlMapper.ExecuteScalarAsync<long>(connection, Unsigned) > 0; attempt++)
        {
            if (attempt > 100)
            {
                throw new InvalidOperationException("Nothing signs the ledger.");
            }

            await Task.Delay(100);
        }
    }

    /// <summary>A lane that has signed entries: which numbers the lanes in use have is chance.</summary>
    public async Task<int> SignedLaneAsync()
    {
        await SignedAsync();
        await using var connection = new Npgsql.NpgsqlConnection(Database.OwnerConnectionString);
        return await Dapper.SqlMapper.ExecuteScalarAsync<int>(
            connection, "select lane from ledger.checkpoint order by size desc limit 1");
    }

    /// <summary>Submits one plan as its council and gives the ids of its episode and flag.</summary>
    internal async Task<(string Episode, string Flag)> SubmitAsync(InventedPlan plan)
    {
        var answer = await As(plan.Persona).PostAsync(Base, Json(plan.Bundle()));
        var body = await answer.BodyAsync();
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new InvalidOperationException(body.ToJsonString());
        }

        return (IdIn(body, 1), IdIn(body, 2));
    }

    internal static StringContent Json(JsonNode body) => Json(body.ToJsonString());

    internal static StringContent Json(string body) => new(body, Encoding.UTF8, "application/fhir+json");

    private static string IdIn(JsonNode bundle, int entry) =>
        bundle["entry"]![entry]!["response"]!["location"]!.GetValue<string>().Split('/')[^3];

    private sealed class TokenHandler(Func<string?> token) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            if (token() is { } value)
            {
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", value);
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}

/// <summary>System time, moved by as much as the test says.</summary>
internal sealed class MovableClock : TimeProvider
{
    private long offset;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Volatile.Read(ref offset));

    public void Move(TimeSpan by) => Interlocked.Add(ref offset, by.Ticks);
}
