using CpIs.Server.Access;
using CpIs.Server.Database;
using CpIs.Server.Demographics;
using CpIs.Server.Notices;
using CpIs.Server.Sandbox;
using CpIs.Server.Summary;

namespace CpIs.Server;

/// <summary>What the command line and the configuration decide.</summary>
internal sealed record ServerOptions
{
    /// <summary>TCP port of the service.</summary>
    public int Port { get; init; } = 5080;

    /// <summary>TCP port of health and metrics; the next one where nothing else is said.</summary>
    public int ManagementPort
    {
        get => field == 0 ? Port + 1 : field;
        init;
    }

    /// <summary>Folder of the embedded cluster and the sandbox's keys; null for the default.</summary>
    public string? DataFolder { get; init; }

    /// <summary>Connection string of the server role; null: the server runs its own cluster.</summary>
    public string? Connection { get; init; }

    /// <summary>Connection string for migrations; null with an external database: they are only checked.</summary>
    public string? OwnerConnection { get; init; }

    /// <summary>Sandbox: token issuer, personas and sample data.</summary>
    public bool Sandbox { get; init; }

    public bool Samples { get; init; } = true;

    /// <summary>Councils of the sandbox, ZZ001 and on; the samples have five.</summary>
    public int Councils { get; init; }

    /// <summary>How long a caller waits for its ledger entry before it is refused.</summary>
    public int CommitWaitMs { get; init; } = 5000;

    /// <summary>Name of the deployment in every signed checkpoint: letters, digits, hyphens.</summary>
    public string Deployment { get; init; } = "local";

    /// <summary>Name of this process in the ledger.</summary>
    public string Instance { get; init; } = $"{Environment.MachineName}-{Environment.ProcessId}";

    /// <summary>ODS code of the national body, whose auditors see all organisations.</summary>
    public string NationalOrganisation { get; init; } = "X26";

    /// <summary>R20: by which rule each organisation is told of frequent attendance.</summary>
    public AttendanceRules Attendance { get; init; } = AttendanceRules.Default;

    /// <summary>Who is asked about NHS numbers.</summary>
    public DemographicsOptions Demographics { get; init; } = new();

    /// <summary>Whose tokens are believed, beside the sandbox's own.</summary>
    public IReadOnlyList<IssuerOptions> Issuers { get; init; } = [];

    /// <summary>Addresses, certificates, and how often a client may ask.</summary>
    public WireOptions Wire { get; init; } = new();

    /// <summary>Web pages of which origins may ask.</summary>
    public Browsers Browsers { get; init; } = new();

    /// <summary>How many people one person may look at before auditors hear of it.</summary>
    public BrowsingOptions Browsing { get; init; } = new();

    /// <summary>Where notices may be sent.</summary>
    public NoticeOptions Notices { get; init; } = new();

    /// <summary>What the configuration says: the file, over it the environment, over it a folder of secrets.</summary>
    /// <param name="secrets">Folder with a file for each secret, named as its setting with <c>__</c> for <c>:</c>;
    /// null: none. What must not stand in a process's environment stands there.</param>
    public static IConfiguration Configuration(string? secrets)
    {
        var builder = new ConfigurationBuilder().AddJsonFile("appsettings.json", optional: true)
            .AddEnvironmentVariables();
        return secrets is null ? builder.Build()
            : Directory.Exists(secrets) ? builder.AddKeyPerFile(Path.GetFullPath(secrets), optional: false).Build()
            : throw new StartRefusedException("CPIS_SECRETS names no folder.");
    }

    /// <summary>
    /// Reads arguments <c>--port N --management-port N --data DIR --no-samples --councils N</c>, then <c>CPIS_PORT</c>
    /// and <c>CPIS_MANAGEMENT_PORT</c>, then configuration.
    /// </summary>
    public static ServerOptions Read(string[] args, IConfiguration configuration, bool sandbox)
    {
        var options = new ServerOptions
        {
            Sandbox = sandbox,
            Connection = configuration.GetConnectionString("Cpis"),
            OwnerConnection = configuration.GetConnectionString("CpisOwner"),
            Attendance = AttendanceRules.Read(configuration),
            Wire = WireOptions.Read(configuration, sandbox),
            Browsers = Browsers.Read(configuration),
            Browsing = BrowsingOptions.Read(configuration),
            Notices = NoticeOptions.Read(configuration, sandbox),
            Demographics = DemographicsOptions.Read(configuration),
            Issuers = IssuerOptions.Read(configuration),
            Deployment = configuration["Deployment"] ?? (sandbox ? "sandbox" : "local"),
        };
        if (int.TryParse(configuration["CPIS_PORT"], out var port))
        {
            options = options with { Port = port };
        }

        if (int.TryParse(configuration["CPIS_MANAGEMENT_PORT"], out var management))
        {
            options = options with { ManagementPort = management };
        }

        for (var i = 0; i < args.Length; i++)
        {
            options = args[i] switch
            {
                "--no-samples" => options with { Samples = false },
                "--port" => options with { Port = PortOf(Value(args, ++i)) },
                "--management-port" => options with { ManagementPort = PortOf(Value(args, ++i)) },
                "--councils" when sandbox => options with { Councils = Count(Value(args, ++i)) },
                "--data" => options with { DataFolder = Path.GetFullPath(Value(args, ++i)) },
                var other => throw new ArgumentException($"Unknown argument {other}."),
            };
        }

        if (options.ManagementPort == options.Port)
        {
            throw new StartRefusedException("The management port is not the port of the service.");
        }

        return options is { Sandbox: true, Samples: true, Wire: not { Address: null, CertificateFile: null } }
            ? throw new StartRefusedException("The sandbox loads its samples from this machine and in the clear: with "
                + "Listen:Address or Listen:CertificateFile start it with --no-samples.")
            : options;
    }

    private static int PortOf(string value) => int.Parse(value, System.Globalization.CultureInfo.InvariantCulture);

    private static int Count(string value) =>
        int.TryParse(value, System.Globalization.NumberStyles.None, null, out var count)
            && count is >= 1 and <= InventedCouncils.CouncilsMax ? count
            : throw new ArgumentException($"--councils is a number from 1 to {InventedCouncils.CouncilsMax}.");

    private static string Value(string[] args, int at) =>
        at < args.Length ? args[at] : throw new ArgumentException($"{args[at - 1]} needs a value.");
}
