using CpIs.Server.Database;
using CpIs.Testing;
using Npgsql;

namespace CpIs.Faults;

/// <summary>
/// A private PostgreSQL whose commits wait for the disk, one or more real servers before it, and the witness. The
/// harness is the service manager of both.
/// </summary>
internal sealed class Stage : IAsyncDisposable
{
    private const int SharedBuffersMegabytes = 64;

    private readonly EmbeddedCluster cluster;

    private Stage(string folder, EmbeddedCluster cluster, IReadOnlyList<ServerSeat> seats)
    {
        this.cluster = cluster;
        Folder = folder;
        Seats = seats;
        Witness = new Witness(WitnessFile(folder));
    }

    public string Folder { get; }

    public Witness Witness { get; }

    public IReadOnlyList<ServerSeat> Seats { get; }

    public ClusterFolders Cluster => cluster.Folders;

    /// <summary>Keep the folder: something in it is worth a look.</summary>
    public bool Keep { get; set; }

    public IEnumerable<string> Logs =>
    [
        .. Directory.GetFiles(Folder, "server-*.log"), .. Directory.GetFiles(Cluster.Cluster, "postgres.log*"),
    ];

    /// <summary>PEM file of the servers' certificate, where they speak TLS.</summary>
    public string CertificateFile => Path.Combine(Folder, Certificates.FileName);

    public string Superuser => cluster.OwnerConnectionString + ";Pooling=false";

    /// <summary>Where the servers keep keys and the checkpoints outside the database.</summary>
    public string ServerFolder => Path.Combine(Folder, "server");

    /// <summary>Not where tests put theirs: what is kept must outlive the next test run's clearing up.</summary>
    public static string NewFolder() =>
        Path.Combine(Path.GetTempPath(), "cpis-faults-" + Guid.NewGuid().ToString("N")[..8]);

    public static string WitnessFile(string folder) => Path.Combine(folder, "witness.jsonl");

    /// <summary>Starts everything and returns when every server is ready.</summary>
    /// <param name="servers">Server processes on the one database.</param>
    /// <param name="through">What stands between servers and database, if anything does.</param>
    /// <param name="disk">Another place for the database, such as a small file system.</param>
    /// <param name="secure">Speaks TLS, and so HTTP/2.</param>
    /// <param name="stop">Ends the wait.</param>
    public static async Task<Stage> OpenAsync(int servers, CancellationToken stop,
        Func<ClusterFolders, string, string>? through = null, string? disk = null, bool secure = false)
    {
        var folder = NewFolder();
        var cluster = await EmbeddedCluster.StartAsync(
            disk ?? folder, new ClusterOptions { SharedBuffersMegabytes = SharedBuffersMegabytes }, stop);
        var connection = through?.Invoke(cluster.Folders, cluster.ServerConnectionString)
            ?? cluster.ServerConnectionString;
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Cpis"] = connection,
            ["ConnectionStrings__CpisOwner"] = cluster.OwnerConnectionString,
        };
        Directory.CreateDirectory(folder);
        var certificate = secure ? Certificates.Make(folder, settings) : null;
        var seats = Enumerable.Range(0, servers).Select(place => new ServerSeat(
            new ServerStart(Path.Combine(folder, "server"), Ports.Free())
            {
                Arguments = ["--no-samples"],
                Environment = settings,
                Certificate = certificate,
                LogFile = Path.Combine(folder, $"server-{place}.log"),
            })).ToList();
        var stage = new Stage(folder, cluster, seats);
        try
        {
            foreach (var seat in seats)
            {
                await seat.ReadyAsync(stop);
            }

            return stage;
        }
        catch
        {
            await stage.DisposeAsync();
            throw;
        }
    }

    /// <summary>A run's folder without its servers, to be verified again.</summary>
    public static async Task<Stage> ReopenAsync(string folder, CancellationToken stop) =>
        new(folder, await EmbeddedCluster.StartAsync(folder, stop), []) { Keep = true };

    /// <summary>As the superuser, who is not bound by the ledger's rules.</summary>
    public async Task ExecuteAsync(string sql, CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(Superuser);
        await connection.OpenAsync(stop);
#pragma warning disable CA2100 // Texts of this program, never input.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(stop);
    }

    /// <summary>Threads, files and memory of every server that lives, for the comparison at the end.</summary>
    public void Measure(string what)
    {
        foreach (var (place, seat) in Seats.Index().Where(one => !one.Item.HasEnded))
        {
            Witness.Write(seat.Measure(what) with { Server = place });
        }
    }

    /// <summary>The promises of this run; what broke one stays on the disk to be looked at.</summary>
    public async Task<Verdict> JudgeAsync(CancellationToken stop)
    {
        var verdict = await Verification.OfAsync(this, stop);
        Keep = verdict.Broken.Count > 0;
        verdict.Folder = Keep ? Folder : null;
        return verdict;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var seat in Seats)
        {
            await seat.DisposeAsync();
        }

        await Witness.DisposeAsync();
        await cluster.DisposeAsync();
        if (!Keep)
        {
            Directory.Delete(Folder, recursive: true);
            Directory.Delete(cluster.Folders.Socket, recursive: true);
        }
    }
}
