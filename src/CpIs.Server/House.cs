using CpIs.Audit;
using CpIs.Server.Access;
using CpIs.Server.Database;
using CpIs.Server.Sandbox;
using CpIs.Server.Searching;
using Dapper;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Npgsql;

namespace CpIs.Server;

/// <summary>
/// The running server: database, ledger and web endpoint, opened in that order and closed in the other. Tests open the
/// same house on a port of their own.
/// </summary>
internal sealed class House : IAsyncDisposable
{
    /// <summary>Connections for reads; more than a few per core only wait for each other.</summary>
    private const int ReadConnectionsMax = 16;

    /// <summary>Statements a connection keeps prepared.</summary>
    private const int PreparedMax = 64;

    /// <summary>
    /// Lanes that look-ups share: while one waits for its commit the other asks for those who came since.
    /// </summary>
    private const int ReadLanes = 2;

    private const int ConnectSeconds = 5;

    private const int StatementSeconds = 15;

    private readonly ServerOptions options;
    private readonly EmbeddedCluster? cluster;
    private readonly WebApplication app;
    private readonly string dataFolder;

    private House(ServerOptions options, EmbeddedCluster? cluster, string connection, TimeProvider clock)
    {
        this.options = options;
        this.cluster = cluster;
        dataFolder = cluster?.DataFolder ?? options.DataFolder ?? Path.Combine(AppContext.BaseDirectory, "data");
        app = Build(connection, clock);
        cluster?.Tell = app.Services.GetRequiredService<ILogger<EmbeddedCluster>>().Database;
    }

    /// <summary>Services of the running server, for the tests that look behind the wire.</summary>
    public IServiceProvider Services => app.Services;

    /// <summary>
    /// Starts database, migrations, ledger and endpoint; in the sandbox also seeds and loads the samples.
    /// </summary>
    /// <exception cref="StartRefusedException">When the database cannot be had; the message says what to
    /// do.</exception>
    public static async Task<House> OpenAsync(ServerOptions options, TimeProvider clock, CancellationToken stop)
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;

        // The door verifies each token once; the framework's own middleware would verify it again at every request.
        AppContext.SetSwitch("Microsoft.AspNetCore.Authentication.SuppressAutoDefaultScheme", true);
        var cluster = options.Connection is null
            ? await EmbeddedCluster.StartAsync(options.DataFolder, stop)
            : null;
        var connection = cluster?.ServerConnectionString ?? options.Connection!;
        House? house = null;
        try
        {
            await Migrations.PrepareAsync(connection, cluster?.OwnerConnectionString ?? options.OwnerConnection, stop);
            house = new House(options, cluster, connection, clock);
            await house.StartAsync(stop);
            return house;
        }
        catch
        {
            await (house?.DisposeAsync() ?? cluster?.DisposeAsync() ?? ValueTask.CompletedTask);
            throw;
        }
    }

    /// <summary>Serves until it is told to stop.</summary>
    public Task RunAsync() => app.WaitForShutdownAsync();

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        if (cluster is not null)
        {
            await cluster.DisposeAsync();
        }
    }

    private async Task StartAsync(CancellationToken stop)
    {
        await app.Services.GetRequiredService<AuditLog>().StartAsync(app.Lifetime.ApplicationStopping);
        await app.StartAsync(stop);
        if (options.Sandbox)
        {
            await app.Services.GetRequiredService<Opening>().RunAsync(stop);
        }

        app.Services.GetRequiredService<Readiness>().Open();
        app.Services.GetRequiredService<ILogger<House>>().Ready(options.Port);
    }

    private WebApplication Build(string connection, TimeProvider clock)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders().AddSimpleConsole(c => c.SingleLine = true)
            .SetMinimumLevel(LogLevel.Warning).AddFilter("CpIs", LogLevel.Information)
            // It logs nothing here but would open a trace and a scope for every request.
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Wire.Open(kestrel, options));
        AddRooms(builder.Services, connection, clock);
        AddTokens(builder, clock);
        Metrics.Add(builder.Services);
        builder.Services.AddCors();
        var web = builder.Build();
        GivenUp.PassOver(web, clock);
        Wire.Dress(web);
        Failures.Catch(web, web.Services.GetRequiredService<ILogger<House>>());
        Metrics.Serve(web, options);
        options.Browsers.Answer(web, options.Port, options.Sandbox);
        web.UseRouting();
        Routes.Map(web);
        Health.Map(web);
        web.Services.GetService<TokenIssuer>()?.Map(web, web.Services.GetRequiredService<TokenEndpoint>());
        return web;
    }

    private void AddRooms(IServiceCollection services, string connection, TimeProvider clock)
    {
        services.AddSingleton(options).AddSingleton(clock);
        services.AddSingleton(_ => Source(connection)).AddSingleton(_ => new DatabaseProbe(connection, clock));
        services.AddSingleton(s => new AuditLog(
            new AuditLogOptions
            {
                ConnectionString = connection,
                Instance = options.Instance,
                Deployment = options.Deployment,
                ReadLanes = ReadLanes,
                CommitWaitMs = options.CommitWaitMs,
                CheckpointKeyFile = Path.Combine(dataFolder, "keys", "checkpoint-signing-key"),
                EarlierKeysFile = Path.Combine(dataFolder, "keys", "checkpoint-earlier-keys"),
                CheckpointFile = Path.Combine(dataFolder, "checkpoints.txt"),
                Alarm = s.GetRequiredService<ILogger<AuditLog>>().LedgerAlarm,
                Shown = s.GetRequiredService<Browsing>().Count,
            },
            clock));
        services.AddSingleton<PageTokens>();
        services.AddDataProtection().SetApplicationName("cpis");
        services.AddOptions<KeyManagementOptions>().Configure<NpgsqlDataSource>(
            (keys, database) => keys.XmlRepository = new PageKeys(database));
        Rooms.Add(services, options, connection);
    }

    /// <summary>
    /// The sandbox trusts its own issuer; elsewhere one must be configured, or the server does not start.
    /// </summary>
    private void AddTokens(WebApplicationBuilder builder, TimeProvider clock)
    {
        var bearer = builder.Services.AddAuthentication();
        if (!options.Sandbox && options.Issuers.Count == 0)
        {
            throw new StartRefusedException(
                "Configure Issuers, see docs/issuers.md: without an issuer nobody could come in.");
        }

        var own = options.Sandbox ? AddOwnIssuer(builder.Services, bearer, clock) : null;
        builder.Services.AddSingleton(Issuers.Add(bearer, options.Issuers, clock, own));
    }

    private Issuers.Known AddOwnIssuer(IServiceCollection services, AuthenticationBuilder bearer, TimeProvider clock)
    {
        var keyFolder = Path.Combine(dataFolder, "keys");
        var issuer = new TokenIssuer($"http://localhost:{options.Port}", keyFolder, clock);
        var assertions = new Assertions(new ClientKeys(keyFolder), options.Councils, issuer.TokenAddress, clock);
        services.AddSingleton(_ => issuer).AddSingleton<SampleRegister>().AddSingleton<Opening>();
        services.AddSingleton(s => new TokenEndpoint(issuer, assertions, s.GetRequiredService<Denials>(), options));
        bearer.AddJwtBearer(JwtBearerDefaults.AuthenticationScheme, o =>
        {
            Tokens.Accept(o, issuer.Issuer, issuer.Audience, clock);
            o.TokenValidationParameters.IssuerSigningKey = issuer.Key;
        });
        return new(new() { Type = IssuerType.Sandbox, Authority = issuer.Issuer, Audience = issuer.Audience },
            JwtBearerDefaults.AuthenticationScheme, null);
    }

    private static NpgsqlDataSource Source(string connection)
    {
        var settings = new NpgsqlConnectionStringBuilder(connection)
        {
            MaxPoolSize = ReadConnectionsMax,
            MaxAutoPrepare = PreparedMax,
            AutoPrepareMinUsages = 2,
            Timeout = ConnectSeconds,
            CommandTimeout = StatementSeconds,
        };
        return new NpgsqlSlimDataSourceBuilder(settings.ConnectionString).EnableArrays().Build();
    }
}
