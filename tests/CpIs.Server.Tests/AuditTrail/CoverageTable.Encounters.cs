using System.Text.Json.Nodes;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The part of the matrix about attendances.</summary>
internal static partial class CoverageTable
{
    private static IEnumerable<CoverageRow> EncounterSearches()
    {
        const string Type = "Encounter";
        foreach (var (route, form) in ((string, bool)[])[
            ("GET /Encounter", false), ("POST /Encounter/_search", true)])
        {
            yield return Row(route, "ok", Doctor, async t =>
            {
                await ReportedAsync(t);
                return Ask(Type, form, $"patient={t.Plan.Number}", Found(t));
            });
            yield return Row(route, "empty", Doctor, t => Ask(Type, form, $"patient={t.Unknown}", Query(t.Unknown)));
            yield return Row(route, "count", Doctor, async t =>
            {
                await ReportedAsync(t);
                return Ask(Type, form, $"patient={t.Plan.Number}&_summary=count", Found(t));
            });
            yield return Row(route, "of a council's people", Council, async t =>
            {
                var plan = Fresh(t);
                await t.Server.SubmitAsync(plan);
                await Attended(t, plan).ReportAsync(t.Server.Clinician);
                return Ask(Type, form, $"patient={plan.Number}", Query(plan.Number));
            });
            yield return Row(route, "denied", Feed, t => Ask(Type, form, $"patient={t.Plan.Number}", No(403)));
            yield return Row(route, "unauthenticated", null, t => Ask(Type, form, $"patient={t.Plan.Number}", No(401)));
            yield return Row(route, "refused", Doctor, _ => Ask(Type, form, "patient=9990000019", No(400)));
            yield return Row(route, "lists", Doctor, _ => Ask(Type, form, "status=finished", No(403)));
        }

        yield return Row("GET /Encounter", "HEAD", Doctor, t =>
            new("HEAD", $"Encounter?patient={t.Plan.Number}", Found(t)));
    }

    private static IEnumerable<CoverageRow> EncounterReads()
    {
        foreach (var (route, interaction, more) in ((string, string, string)[])[
            ("GET /Encounter/{id}", "read", ""),
            ("GET /Encounter/{id}/_history/{version}", "vread", "/_history/1")])
        {
            ExpectedEntry Seen(InventedTrail t, int status = 200) => new(interaction, status, 0, t.Plan.Number);
            ExpectedEntry Not(int status) => new(interaction, status, 4, null);
            async Task<string> UrlAsync(InventedTrail t) => $"Encounter/{await ReportedAsync(t)}{more}";
            yield return Row(route, "ok", Doctor, async t => new("GET", await UrlAsync(t), Seen(t)));
            yield return Row(route, "of a council's child", Council, async t =>
                new("GET", await UrlAsync(t), Seen(t)));
            yield return Row(route, "HEAD", Doctor, async t => new("HEAD", await UrlAsync(t), Seen(t)));
            yield return Row(route, "304", Doctor, async t => new("GET", await UrlAsync(t), Seen(t))
            {
                Header = ("If-None-Match", "W/\"1\""), Answer = 304,
            });
            yield return Row(route, "not found", Doctor, _ => new("GET", $"Encounter/{Nobody}{more}", Not(404)));
            yield return Row(route, "not yours", Other, async t => new("GET", await UrlAsync(t), Not(404)));
            yield return Row(route, "denied", Feed, _ => new("GET", $"Encounter/{Nobody}{more}", Not(403)));
            yield return Row(route, "unauthenticated", null, _ => new("GET", $"Encounter/{Nobody}{more}", Not(401)));
            yield return Row(route, "refused", Doctor, _ => new("GET", $"Encounter/{Nobody}{more}", Not(400))
            {
                Header = ("X-Purpose-Of-Use", "BTG"),
            });
        }
    }

    private static IEnumerable<CoverageRow> EncounterWrites()
    {
        const string Create = "POST /Encounter";
        const string Update = "PUT /Encounter/{id}";
        ExpectedEntry Made(InventedTrail t) => new("create", 201, 0, t.Plan.Number);
        ExpectedEntry Not(string what, int status, string? patient = null) => new(what, status, 4, patient);
        foreach (var (kind, persona) in ((string, string)[])[("ok", Doctor), ("by a feed", Feed)])
        {
            yield return Row(Create, kind, persona, t => new("POST", "Encounter", Made(t))
            {
                Body = Attended(t, t.Plan).Resource(),
            });
            yield return Row(Update, kind, persona, async t =>
            {
                var encounter = Attended(t, t.Plan);
                var id = await encounter.ReportAsync(t.Server.Clinician);
                return new("PUT", "Encounter/" + id, new ExpectedEntry("update", 200, 0, t.Plan.Number))
                {
                    Body = (encounter with { Status = "finished" }).Resource(id),
                };
            });
        }

        yield return Row(Create, "not held", Doctor, t => new("POST", "Encounter", Not("create", 422, t.Unknown))
        {
            Body = (Attended(t, t.Plan) with { Number = t.Unknown }).Resource(),
        });
        yield return Row(Create, "refused", Doctor, _ => new("POST", "Encounter", Not("create", 422))
        {
            Body = new JsonObject { ["resourceType"] = "Encounter" },
        });
        yield return Row(Create, "denied", Council, t => new("POST", "Encounter", Not("create", 403))
        {
            Body = Attended(t, t.Plan).Resource(),
        });
        yield return Row(Create, "unauthenticated", null, _ => new("POST", "Encounter", Not("create", 401)));
        yield return Row(Update, "stale", Doctor, async t =>
        {
            var encounter = Attended(t, t.Plan);
            var id = await encounter.ReportAsync(t.Server.Clinician);
            return new("PUT", "Encounter/" + id, Not("update", 412, t.Plan.Number))
            {
                Body = encounter.Resource(id), Header = ("If-Match", "W/\"7\""),
            };
        });
        yield return Row(Update, "not found", Doctor, t => new("PUT", "Encounter/" + Nobody, Not("update", 404))
        {
            Body = Attended(t, t.Plan).Resource(Nobody),
        });
        yield return Row(Update, "refused", Doctor, _ => new("PUT", "Encounter/" + Nobody, Not("update", 422))
        {
            Body = new JsonObject { ["resourceType"] = "Encounter", ["id"] = Nobody },
        });
        yield return Row(Update, "denied", Council, _ => new("PUT", "Encounter/" + Nobody, Not("update", 403)));
        yield return Row(Update, "unauthenticated", null, _ => new("PUT", "Encounter/" + Nobody, Not("update", 401)));
    }

    private static Task<string> ReportedAsync(InventedTrail t) => Attended(t, t.Plan).ReportAsync(t.Server.Clinician);

    private static InventedEncounter Attended(InventedTrail t, InventedPlan plan) =>
        new() { Number = plan.Number, Start = t.Server.Clock.GetUtcNow().AddHours(-1) };
}
