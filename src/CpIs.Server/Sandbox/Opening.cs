using System.Text.Json;
using CpIs.Audit;
using CpIs.Server.Organizations;
using Npgsql;

namespace CpIs.Server.Sandbox;

/// <summary>
/// What the sandbox does before it is ready: seeds the organisations, and uploads the invented children through its own
/// HTTP endpoint as their councils would.
/// </summary>
internal sealed class Opening(
    AuditLog ledger, Register register, SampleRegister people, ServerOptions options, TimeProvider clock)
{
    /// <summary>How long the ledger may take to hold its lanes.</summary>
    private static readonly TimeSpan LedgerWait = TimeSpan.FromSeconds(30);

    /// <summary>How often to look whether it does.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    private static readonly string Samples = Path.Combine(AppContext.BaseDirectory, "samples");

    public async Task RunAsync(CancellationToken stop)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(LedgerWait);
        while (!ledger.Ready)
        {
            await Task.Delay(LookEvery, patience.Token);
        }

        await SeedAsync(stop);
        if (options.Samples)
        {
            var folder = Path.Combine(Samples, "caseloads");
            using var http = new HttpClient { BaseAddress = new($"http://localhost:{options.Port}/") };
            var loader = new SampleLoader(http, clock);
            var missing = await loader.MissingAsync(folder, stop);
            await people.FillAsync(folder, missing, stop);
            await loader.SendAsync(missing, stop);
        }
    }

    private async Task SeedAsync(CancellationToken stop)
    {
        var known = (await register.CouncilsAsync()).All.Select(o => o.Id).ToHashSet();
        var lines = await File.ReadAllLinesAsync(Path.Combine(Samples, "organizations.ndjson"), stop);
        var missing = lines.Where(l => l.Length > 0)
            .Select(l => JsonSerializer.Deserialize<OrganizationFacts>(l)!)
            .Concat(InventedCouncils.Facts(options.Councils))
            .Where(o => !known.Contains(o.Id)).ToList();
        if (missing.Count == 0)
        {
            return;
        }

        var now = clock.GetUtcNow();
        await ledger.WriteAsync(null, async write =>
        {
            var entries = missing.Select(o => new AuditEntry
            {
                Kind = "system", Interaction = "create", Action = 'C', Status = 201, ResourceType = "Organization",
                ResourceId = o.Id, ResourceVersion = 1, Disclosed = [$"Organization/{o.Id}/_history/1"],
                Instance = options.Instance,
            }).ToList();
            NpgsqlBatchCommand[] inserts = [.. missing.Select(o => OrganizationStore.Add(o, now))];
            await write.CommitAsync(entries, inserts);
            return missing.Count;
        });
        register.Forget();
    }
}
