namespace CpIs.Server.Tests.Notices;

/// <summary>A server of one test, whose clock that test moves.</summary>
internal sealed class OwnServer : IAsyncDisposable
{
    public RunningServer Server { get; } = new();

    public static async Task<OwnServer> StartAsync()
    {
        var own = new OwnServer();
        await own.Server.InitializeAsync();
        return own;
    }

    public async ValueTask DisposeAsync() => await Server.DisposeAsync();
}
