using System.Globalization;
using System.Text.Json.Nodes;
using CpIs.Server.Sandbox;
using CpIs.Server.Tests.Demographics;
using CpIs.Server.Tests.Notices;
using CpIs.Server.Tests.Organizations;
using CpIs.Server.Tests.Uploads;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>Whose the things are that a request names.</summary>
internal enum Whose
{
    Own,
    Anothers,
    Nobodys,
}

/// <summary>What requests name, of one owner.</summary>
internal sealed record Things
{
    public static readonly string Nobody = "01a20000-0000-7000-8000-000000000000";

    private static int unknown = 100;

    public string Ods { get; init; } = $"ZZ{Interlocked.Increment(ref unknown)}";

    /// <summary>The owner's organisation as it is registered; null where it is not.</summary>
    public JsonObject? Organization { get; init; }

    /// <summary>A child with a plan of the owner's.</summary>
    public InventedPlan Plan { get; init; } = null!;

    public string Flag { get; init; } = Nobody;

    public string Episode { get; init; } = Nobody;

    public string Subscription { get; init; } = Nobody;

    public string Upload { get; init; } = Nobody;

    /// <summary>An attendance of the child, at the owner's organisation.</summary>
    public string Encounter { get; init; } = Nobody;

    /// <summary>What was reported as that attendance.</summary>
    public InventedEncounter? Attended { get; init; }

    /// <summary>An entry of the ledger about a caller of the owner's organisation.</summary>
    public string Entry { get; init; } = Nobody;

    public string Export { get; init; } = Nobody;

    public string ExportFile { get; init; } = "2026-01";

    public string Register { get; init; } = Nobody;
}

/// <summary>
/// A server on which every council, two trusts, two archives and two registrars have something of their own.
/// </summary>
public sealed class MatrixStage : IAsyncLifetime
{
    private readonly Dictionary<string, Things> byCouncil = [];
    private int trusts = 100;
    private Things mine = new();
    private Things theirs = new();

    public RunningServer Server { get; } = new();

    /// <summary>A lane of the ledger that has entries.</summary>
    public string Lane { get; private set; } = "";

    public async Task InitializeAsync()
    {
        await Server.InitializeAsync();
        foreach (var council in Persona.All.Values.Where(p => p.Role == "council"))
        {
            byCouncil[council.Organisation] = await OfCouncilAsync(council.ClientId, council.Organisation);
        }

        mine = await OfTrustAsync(byCouncil["ZZ001"], "RXR", "");
        theirs = await OfTrustAsync(byCouncil["ZZ002"], "RW5", "another-");
        Lane = (await Server.SignedLaneAsync()).ToString(CultureInfo.InvariantCulture);
    }

    public Task DisposeAsync() => Server.DisposeAsync();

    /// <summary>Things as a persona sees them.</summary>
    internal Things Of(Persona persona, Whose whose) => (whose, persona) switch
    {
        (Whose.Nobodys, _) => new() { Plan = Child("sandbox-council-lancashire", "ZZ001") },
        (Whose.Own, { Role: "council", Organisation: var ods }) => byCouncil[ods],
        (_, { Role: "council", Organisation: var ods }) => byCouncil[ods == "ZZ001" ? "ZZ002" : "ZZ001"],
        (Whose.Own, { Organisation: "RW5" }) or (Whose.Anothers, not { Organisation: "RW5" }) => theirs,
        _ => mine,
    };

    /// <summary>A client of a persona changed as the test says.</summary>
    internal HttpClient As(Persona persona) =>
        Server.With(() => Server.Services.GetRequiredService<TokenIssuer>().Issue(persona));

    /// <summary>The owner's things, with a plan, subscription or trust that may be changed or deleted.</summary>
    internal async Task<Things> FreshAsync(Things things, string type)
    {
        if (things.Flag == Things.Nobody)
        {
            return things;
        }

        if (type == "Subscription")
        {
            using var council = Server.As(things.Plan.Persona);
            return things with { Subscription = await new InventedSubscription().CreateAsync(council) };
        }

        if (type == "Organization")
        {
            return await WithTrustAsync(things);
        }

        var plan = Child(things.Plan.Persona, things.Plan.Council);
        var (episode, flag) = await Server.SubmitAsync(plan);
        return things with { Plan = plan, Episode = episode, Flag = flag };
    }

    internal InventedPlan Child(string persona, string council) => new()
    {
        Persona = persona, Council = council, Start = Server.Today.AddDays(-3),
    };

    private async Task<Things> OfCouncilAsync(string persona, string council)
    {
        var plan = Child(persona, council);
        var (episode, flag) = await Server.SubmitAsync(plan);
        var sender = new Sender(Server, persona);
        var upload = await sender.SendAsync(Sender.Header + sender.Row("MATRIX", "9990000019"));
        var attended = new InventedEncounter
        {
            Number = plan.Number, Start = Server.Clock.GetUtcNow().AddHours(-1),
        };
        using var doctor = Doctor(council == "ZZ001" ? "RXR" : "RW5");
        await doctor.GetOkAsync("Flag?patient=" + plan.Number);
        return new()
        {
            Ods = council, Plan = plan, Episode = episode, Flag = flag, Upload = upload.Status.Split('/')[^1],
            Organization = await OrganizationAsync(council), Attended = attended,
            Encounter = await attended.ReportAsync(doctor),
            Subscription = await new InventedSubscription().CreateAsync(Server.As(persona)),
        };
    }

    private async Task<Things> WithTrustAsync(Things things)
    {
        var trust = new Things { Ods = "ZZT" + Interlocked.Increment(ref trusts) };
        using var registrar = Server.As("sandbox-registrar");
        (await registrar.PostAsync(new Uri("Organization", UriKind.Relative),
            RunningServer.Json(WriteOrganizationTests.Trust(trust.Ods)))).EnsureSuccessStatusCode();
        return things with { Ods = trust.Ods };
    }

    private HttpClient Doctor(string trust) => As(Persona.All["sandbox-ed-clinician"] with { Organisation = trust });

    private async Task<JsonObject> OrganizationAsync(string ods) =>
        (JsonObject)await Server.Clinician.GetOkAsync("Organization/" + ods);

    private async Task<Things> OfTrustAsync(Things things, string trust, string prefix)
    {
        var entry = (await Server.Auditor.GetOkAsync($"AuditEvent?organization={trust}")).All("AuditEvent")[0];
        await Server.SignedAsync();
        var (export, file) = await ExportAsync(prefix);
        return things with
        {
            Ods = trust, Organization = await OrganizationAsync(trust), Entry = entry.Text("id"), Export = export,
            ExportFile = file, Register = await RegisterAsync(prefix),
        };
    }

    private async Task<(string Job, string File)> ExportAsync(string prefix)
    {
        var persona = Persona.All["sandbox-audit-archive"];
        using var archive = As(persona with { ClientId = prefix + persona.ClientId });
        archive.DefaultRequestHeaders.Add("Prefer", "respond-async");
        var status = (await archive.TryAsync("$export?_type=AuditEvent")).Content.Headers.ContentLocation!.ToString();
        for (var manifest = await archive.TryAsync(status); ; manifest = await archive.TryAsync(status))
        {
            if (manifest.StatusCode == System.Net.HttpStatusCode.OK)
            {
                var file = (await manifest.BodyAsync())["output"]![0]!.Text("url");
                return (status.Split('/')[^1], file.Split('/')[^1]);
            }

            await Task.Delay(200);
        }
    }

    private async Task<string> RegisterAsync(string prefix)
    {
        var persona = Persona.All["sandbox-registrar"];
        using var registrar = As(persona with { ClientId = prefix + persona.ClientId });
        using var file = new StringContent(Registrar.File(), System.Text.Encoding.UTF8, "text/csv");
        var accepted = await registrar.PostAsync(new Uri("$submit-register", UriKind.Relative), file);
        var status = accepted.Content.Headers.ContentLocation!.ToString();
        while ((await registrar.TryAsync(status)).StatusCode != System.Net.HttpStatusCode.OK)
        {
            await Task.Delay(100);
        }

        return status.Split('/')[^1];
    }
}
