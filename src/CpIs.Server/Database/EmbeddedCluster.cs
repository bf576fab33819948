using Npgsql;

namespace CpIs.Server.Database;

/// <summary>
/// The server's own PostgreSQL, so that a sandbox needs no set-up and runs the same engine as production. It listens
/// on a unix socket in a folder closed to others, outlives a killed server (the next one adopts it), and is stopped
/// with the server that holds it.
/// </summary>
internal sealed class EmbeddedCluster : IAsyncDisposable
{
    public const string DatabaseName = "cpis";
    public const string ServerRole = "cpis_server";
    public const string Superuser = "postgres";

    private const string DatabaseExists = """
        select 1 from pg_database where datname = 'cpis'
        """;

    private const string CreateDatabase = """
        create database cpis
        """;

    private readonly ClusterFolders _folders;
    private readonly ClusterCommands _commands;
    private readonly FileStream _serverLock;
    private readonly CancellationTokenSource _watchEnd = new();
    private Task _watch = Task.CompletedTask;
    private string _socket;

    private EmbeddedCluster(ClusterFolders folders, ClusterCommands commands, FileStream serverLock)
    {
        _folders = folders;
        _commands = commands;
        _serverLock = serverLock;
        _socket = folders.Socket;
    }

    /// <summary>Told when the cluster was found dead and started again; null: nobody listens.</summary>
    public Action<string>? Tell { get; set; }

    /// <summary>The folder the server may keep its other files in (keys, checkpoints).</summary>
    public string DataFolder => _folders.Data;

    public string ServerConnectionString => ConnectionString(ServerRole, DatabaseName);

    /// <summary>The superuser, for migrations only.</summary>
    public string OwnerConnectionString => ConnectionString(Superuser, DatabaseName);

    internal ClusterFolders Folders => _folders;

    internal ClusterCommands Commands => _commands;

    public static Task<EmbeddedCluster> StartAsync(string? dataFolder, CancellationToken stop) =>
        StartAsync(dataFolder, new ClusterOptions(), stop);

    public static async Task<EmbeddedCluster> StartAsync(
        string? dataFolder, ClusterOptions options, CancellationToken stop)
    {
        var programs = PostgresPrograms.Find();
        var account = await DatabaseAccount.FindAsync(stop);
        var folders = await ClusterFolders.PrepareAsync(dataFolder, account, stop);
        var commands = new ClusterCommands(programs, account, folders, options);
        var cluster = new EmbeddedCluster(folders, commands, TakeServerLock(folders));
        var started = false;
        try
        {
            await commands.InitialiseAsync(stop);
            cluster._socket = await commands.RunningAsync(stop);
            await cluster.CreateDatabaseAsync(stop);
            started = true;
        }
        finally
        {
            if (!started)
            {
                await cluster.DisposeAsync();
            }
        }
        cluster._watch = new ClusterWatch(folders, commands, what => cluster.Tell?.Invoke(what))
            .RunAsync(cluster._watchEnd.Token);
        return cluster;
    }

    public async ValueTask DisposeAsync()
    {
        await _watchEnd.CancelAsync();
        try
        {
            await _watch;
        }
        finally
        {
            await _commands.StopAsync();
            await _serverLock.DisposeAsync();
            _watchEnd.Dispose();
        }
    }

    internal string ConnectionString(string user, string database) =>
        ClusterCommands.ConnectionString(_socket, user, database);

    // Two servers on one folder would each stop the other's database. The kernel frees the lock of a killed server.
    private static FileStream TakeServerLock(ClusterFolders folders)
    {
        try
        {
            return new FileStream(folders.ServerLock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException taken)
        {
            throw new StartRefusedException(
                "Another server is running on the data folder '" + folders.Data
                + "'. Stop it, or choose another folder with --data DIR.", taken);
        }
    }

    private async Task CreateDatabaseAsync(CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(Superuser, "postgres") + ";Pooling=false");
        await connection.OpenAsync(stop);
        await using var exists = new NpgsqlCommand(DatabaseExists, connection);
        if (await exists.ExecuteScalarAsync(stop) is not null)
        {
            return;
        }
        await using var create = new NpgsqlCommand(CreateDatabase, connection);
        try
        {
            await create.ExecuteNonQueryAsync(stop);
        }
        catch (PostgresException made) when (made.SqlState is PostgresErrorCodes.DuplicateDatabase
            or PostgresErrorCodes.UniqueViolation)
        {
            // A server killed a moment ago left its command running: it has just made the database.
        }
    }
}
