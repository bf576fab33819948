using CpIs.Audit;
using CpIs.Server.Database;

namespace CpIs.Server;

/// <summary>
/// Whether the process lives and whether it can answer, for those who restart and route. Public, about nobody.
/// </summary>
internal static class Health
{
    public const string Path = "/health";

    public static void Map(WebApplication app)
    {
        app.MapGet(Path + "/live", () => Results.Text("live"));
        app.MapGet(Path + "/ready", async (Readiness readiness, CancellationToken stop) =>
            await readiness.AskAsync(stop) ? Results.Text("ready") : Results.Text("not ready", statusCode: 503));
    }
}

/// <summary>
/// Ready means: opened, samples loaded where there are any, the ledger holds its lanes, and the database answers now
/// (an idle lane would learn of a lost database only with its next commit).
/// </summary>
internal sealed class Readiness(AuditLog ledger, DatabaseProbe database)
{
    private volatile bool open;

    public async Task<bool> AskAsync(CancellationToken stop) =>
        open && ledger.Ready && await database.AnswersAsync(stop);

    public void Open() => open = true;
}
