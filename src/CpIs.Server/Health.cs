using CpIs.Audit;

namespace CpIs.Server;

/// <summary>
/// Whether the process lives and whether it can answer, for those who restart and route. Public, about nobody.
/// </summary>
internal static class Health
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/health/live", () => Results.Text("live"));
        app.MapGet("/health/ready", (Readiness readiness) =>
            readiness.Ready ? Results.Text("ready") : Results.Text("not ready", statusCode: 503));
    }
}

/// <summary>Ready means: opened, samples loaded where there are any, and the ledger holds its lanes.</summary>
internal sealed class Readiness(AuditLog ledger)
{
    private volatile bool open;

    public bool Ready => open && ledger.Ready;

    public void Open() => open = true;
}
