using Npgsql;
using Xunit;

namespace CpIs.Testing;

/// <summary>
/// A migrated database of a test class's own, copied from a template in a fraction of a second: classes run side by
/// side on one cluster without meeting. Use it as <c>IClassFixture&lt;TestDatabase&gt;</c> or make one with
/// <see cref="CreateAsync"/>.
/// </summary>
public sealed class TestDatabase : IAsyncLifetime, IAsyncDisposable
{
    private TestCluster? _cluster;
    private string? _name;

    /// <summary>What the running server uses: the role that may not change the ledger.</summary>
    public string ServerConnectionString => Cluster.ServerConnectionString(Name);

    /// <summary>The superuser.</summary>
    public string OwnerConnectionString => Cluster.OwnerConnectionString(Name);

    private TestCluster Cluster => _cluster ?? throw new InvalidOperationException("The database is not made yet.");

    private string Name => _name ?? throw new InvalidOperationException("The database is not made yet.");

    public static async Task<TestDatabase> CreateAsync(TestCluster? cluster = null)
    {
        var database = new TestDatabase { _cluster = cluster };
        await database.InitializeAsync();
        return database;
    }

    /// <summary>A database without any of our tables, for tests of the migrations themselves.</summary>
    public static async Task<TestDatabase> CreateEmptyAsync()
    {
        var database = new TestDatabase { _cluster = await TestCluster.SharedAsync() };
        database._name = await database._cluster.CreateDatabaseAsync(migrated: false);
        return database;
    }

    public async Task InitializeAsync()
    {
        _cluster ??= await TestCluster.SharedAsync();
        _name = await _cluster.CreateDatabaseAsync(migrated: true);
    }

    public async ValueTask DisposeAsync()
    {
        if (_name is null)
        {
            return;
        }
        foreach (var address in new[] { ServerConnectionString, OwnerConnectionString })
        {
            await using var pool = new NpgsqlConnection(address);
            NpgsqlConnection.ClearPool(pool);
        }
        await Cluster.DropDatabaseAsync(_name);
        _name = null;
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
