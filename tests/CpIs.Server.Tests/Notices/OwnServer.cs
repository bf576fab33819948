using CpIs.Testing;

namespace CpIs.Server.Tests.Notices;

/// <summary>A server of one test, whose clock that test moves; on another's database when one is given.</summary>
internal sealed class OwnServer(TestDatabase? shared = null) : IAsyncDisposable
{
    public RunningServer Server { get; } = new() { Shared = shared };

    public static async Task<OwnServer> StartAsync()
    {
        var own = new OwnServer();
        await own.Server.InitializeAsync();
        return own;
    }

    public async ValueTask DisposeAsync() => await Server.DisposeAsync();
}
