using System.Text;
using System.Text.Json.Nodes;
using CpIs.Server.AuditTrail;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>A running server whose ledger tells a story: two children, their council, a doctor and a nurse.</summary>
public sealed class InventedTrail : IAsyncLifetime
{
    public RunningServer Server { get; } = new();

    internal InventedPlan Plan { get; private set; } = null!;

    internal InventedPlan Other { get; private set; } = null!;

    public string Unknown { get; } = InventedPlan.NewNumber();

    public string Flag { get; private set; } = "";

    public string Episode { get; private set; } = "";

    public async Task InitializeAsync()
    {
        await Server.InitializeAsync();
        Plan = new InventedPlan { Start = Server.Today.AddDays(-3) };
        Other = new InventedPlan { Start = Server.Today.AddDays(-2) };
        (Episode, Flag) = await Server.SubmitAsync(Plan);
        await Server.SubmitAsync(Other);
        await Server.Clinician.GetOkAsync($"Flag?patient={Plan.Number}&_include=Flag:detail");
        await Server.Clinician.GetOkAsync($"Flag?patient={Unknown}");
        using var breaking = Server.Clinician;
        breaking.DefaultRequestHeaders.Add("X-Purpose-Of-Use", "BTG");
        breaking.DefaultRequestHeaders.Add("X-Purpose-Reason", "Unconscious, nobody with her");
        await breaking.GetOkAsync($"Flag/{Flag}");
        await Server.Nurse.GetOkAsync($"EpisodeOfCare/{Episode}/_history/1");
        await Server.Lancashire.GetOkAsync("Flag?status=active");
        await Server.Lancashire.PostAsync(new Uri("Flag/_search", UriKind.Relative), new StringContent(
            $"patient={Plan.Number}", Encoding.UTF8, "application/x-www-form-urlencoded"));
        await Server.Clinician.TryAsync("Flag?status=active");
        await Server.Leeds.TryAsync($"Flag/{Flag}");
        await Server.With(() => null).TryAsync($"Flag/{Flag}");
        await Server.Lancashire.PutAsync(
            new Uri($"Patient/{Plan.Number}", UriKind.Relative), RunningServer.Json(Renamed()));
        var ended = new InventedPlan { Start = Server.Today };
        var (_, flag) = await Server.SubmitAsync(ended);
        await Server.Lancashire.DeleteAsync(new Uri($"Flag/{flag}", UriKind.Relative));
        await Server.Services.GetRequiredService<Alerts>().LookAsync(CancellationToken.None);
    }

    public Task DisposeAsync() => Server.DisposeAsync();

    /// <summary>
    /// Every entry that the auditor's search gives, page after page; of few pages, since each is an entry itself.
    /// </summary>
    public async Task<List<JsonNode>> FindAsync(string query, string persona = "sandbox-auditor")
    {
        var auditor = Server.As(persona);
        var found = new List<JsonNode>();
        var pages = query.Contains("_count", StringComparison.Ordinal) ? "" : "&_count=500";
        for (var next = $"AuditEvent?{query}{pages}"; next is not null;)
        {
            var page = await auditor.GetOkAsync(next);
            found.AddRange(page.All("AuditEvent"));
            next = page["link"]!.AsArray().FirstOrDefault(l => l!.Text("relation") == "next")?.Text("url");
        }

        return found;
    }

    /// <summary>An export that is done: its job, and its first file.</summary>
    public async Task<(string Job, string File)> ExportAsync(string query = "")
    {
        using var archive = Server.As("sandbox-audit-archive");
        archive.DefaultRequestHeaders.Add("Prefer", "respond-async");
        var accepted = await archive.TryAsync("$export?_type=AuditEvent" + query);
        var status = accepted.Content.Headers.ContentLocation!.ToString();
        for (var manifest = await archive.TryAsync(status); ; manifest = await archive.TryAsync(status))
        {
            if (manifest.StatusCode == System.Net.HttpStatusCode.OK)
            {
                var output = (await manifest.BodyAsync())["output"]!.AsArray();
                return (status.Split('/')[^1], output.Count > 0 ? output[0]!.Text("url") : "");
            }

            await Task.Delay(manifest.Headers.RetryAfter!.Delta!.Value / 5);
        }
    }

    private JsonObject Renamed()
    {
        var patient = (Plan with { Family = "Marlowe" }).Patient();
        patient["id"] = Plan.Number;
        return patient;
    }
}
