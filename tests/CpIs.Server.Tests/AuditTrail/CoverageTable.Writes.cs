using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Tests.Bundles;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The part of the matrix where something is written.</summary>
internal static partial class CoverageTable
{
    private static IEnumerable<CoverageRow> Writes(string type)
    {
        var create = $"POST /{type}";
        ExpectedEntry No(string what, int status) => new(what, status, 4, null);
        if (type == "EpisodeOfCare")
        {
            yield return Row(create, "ok", Council, async t =>
            {
                var plan = Fresh(t);
                await t.Server.Lancashire.PutAsync(new Uri("Patient/" + plan.Number, UriKind.Relative),
                    RunningServer.Json(WithId(plan.Patient(), plan.Number)));
                return new("POST", type, new ExpectedEntry("create", 201, 0, plan.Number)) { Body = plan.Episode() };
            });
        }
        else
        {
            yield return Row(create, "second", Council, t => new("POST", type, No("create", 422))
            {
                Body = t.Plan.Flag("EpisodeOfCare/" + t.Episode),
            });
        }

        yield return Row(create, "refused", Council, _ => new("POST", type, No("create", 422))
        {
            Body = new JsonObject { ["resourceType"] = type },
        });
        yield return Row(create, "denied", Doctor, t => new("POST", type, No("create", 403))
        {
            Body = t.Plan.Episode(),
        });
        yield return Row(create, "unauthenticated", null, t => new("POST", type, No("create", 401))
        {
            Body = t.Plan.Episode(),
        });
    }

    private static IEnumerable<CoverageRow> Changes(string type)
    {
        var (update, delete) = ($"PUT /{type}/{{id}}", $"DELETE /{type}/{{id}}");
        ExpectedEntry No(string what, int status) => new(what, status, 4, null);
        yield return Row(update, "ok", Council, async t =>
        {
            var (url, body, plan) = await HeldAsync(t, type);
            return new("PUT", url, new ExpectedEntry("update", 200, 0, plan.Number)) { Body = body };
        });
        yield return Row(update, "stale", Council, async t =>
        {
            var (url, body, _) = await HeldAsync(t, type);
            return new("PUT", url, No("update", 412)) { Body = body, Header = ("If-Match", "W/\"7\"") };
        });
        yield return Row(update, "not yours", Other, async t =>
        {
            var (url, body, _) = await HeldAsync(t, type);
            return new("PUT", url) { Body = body, AnyRefusal = true };
        });
        yield return Row(update, "refused", Council, t => new("PUT", $"{type}/{Nobody}", No("update", 422))
        {
            Body = new JsonObject { ["resourceType"] = type, ["id"] = Nobody },
        });
        yield return Row(update, "not found", Council, t => new("PUT", $"{type}/{Nobody}", No("update", 404))
        {
            Body = WithId(type == "Flag" ? t.Plan.Flag("EpisodeOfCare/" + t.Episode) : t.Plan.Episode(), Nobody),
        });
        yield return Row(update, "denied", Doctor, _ => new("PUT", $"{type}/{Nobody}", No("update", 403)));
        yield return Row(update, "unauthenticated", null, _ => new("PUT", $"{type}/{Nobody}", No("update", 401)));
        yield return Row(delete, "ok", Council, async t =>
        {
            var (url, _, plan) = await HeldAsync(t, type);
            return new("DELETE", url, new ExpectedEntry("delete", 204, 0, plan.Number));
        });
        yield return Row(delete, "refused", Council, async t =>
            new("DELETE", (await HeldAsync(t, type)).Url, No("delete", 412)) { Header = ("If-Match", "W/\"7\"") });
        yield return Row(delete, "not found", Council, _ => new("DELETE", $"{type}/{Nobody}", No("delete", 404)));
        yield return Row(delete, "denied", Doctor, _ => new("DELETE", $"{type}/{Nobody}", No("delete", 403)));
        yield return Row(delete, "unauthenticated", null, _ => new("DELETE", $"{type}/{Nobody}", No("delete", 401)));
    }

    /// <summary>Updates that name their resource by its identifier.</summary>
    private static IEnumerable<CoverageRow> ConditionalUpdates(string type)
    {
        var route = $"PUT /{type}";
        ExpectedEntry No(int status) => new("update", status, 4, null);
        yield return Row(route, "ok", Council, async t =>
        {
            var (_, body, plan) = await HeldAsync(t, type);
            var by = type == "Patient" ? $"{Systems.NhsNumber}|{plan.Number}"
                : $"{Systems.CouncilPlan}ZZ001|{plan.RowId}";
            return new("PUT", $"{type}?identifier={by}", new ExpectedEntry("update", 200, 0, plan.Number))
            {
                Body = type == "Patient" ? (plan with { Family = "Sedgewick" }).Patient() : body,
            };
        });
        yield return Row(route, "refused", Council, async t =>
        {
            var (_, body, plan) = await HeldAsync(t, type);
            return new("PUT", type, No(400)) { Body = type == "Patient" ? plan.Patient() : body };
        });
        yield return Row(route, "denied", Doctor, _ => new("PUT", type, No(403)));
        yield return Row(route, "unauthenticated", null, _ => new("PUT", type, No(401)));
    }

    private static IEnumerable<CoverageRow> Patches(string type)
    {
        var route = $"PATCH /{type}/{{id}}";
        ExpectedEntry No(int status) => new("patch", status, 4, null);
        CoverageCase Patch(string url, string patch, params ExpectedEntry[] entries) =>
            new("PATCH", url, entries) { Form = patch, FormType = "application/json-patch+json" };
        const string Same = """[{"op":"test","path":"/resourceType","value":"@"}]""";
        var fitting = Same.Replace("@", type, StringComparison.Ordinal);
        yield return Row(route, "ok", Council, async t =>
        {
            var (url, _, plan) = await HeldAsync(t, type);
            return Patch(url, fitting, new ExpectedEntry("patch", 200, 0, plan.Number));
        });
        yield return Row(route, "refused", Council, async t => Patch((await HeldAsync(t, type)).Url, Same, No(422)));
        yield return Row(route, "stale", Council, async t =>
            Patch((await HeldAsync(t, type)).Url, fitting, No(412)) with { Header = ("If-Match", "W/\"7\"") });
        yield return Row(route, "not yours", Other, async t => Patch((await HeldAsync(t, type)).Url, fitting, No(404)));
        yield return Row(route, "denied", Doctor, _ => Patch($"{type}/{Nobody}", fitting, No(403)));
        yield return Row(route, "unauthenticated", null, _ => Patch($"{type}/{Nobody}", fitting, No(401)));
    }

    /// <summary>A plan of its own for a change: where it is, what to send, whose it is.</summary>
    private static async Task<(string Url, JsonObject Body, InventedPlan Plan)> HeldAsync(
        InventedTrail t, string type)
    {
        var plan = Fresh(t);
        var (episode, flag) = await t.Server.SubmitAsync(plan);
        return type == "Flag"
            ? ($"Flag/{flag}", WithId(plan.Flag("EpisodeOfCare/" + episode), flag), plan)
            : ($"EpisodeOfCare/{episode}", WithId(
                (plan with { Status = "finished", End = t.Server.Today }).Episode(),
                episode), plan);
    }

    private static IEnumerable<CoverageRow> PatientWrites()
    {
        foreach (var (method, route, what) in ((string, string, string)[])[
            ("POST", "POST /Patient", "create"), ("PUT", "PUT /Patient/{id}", "update")])
        {
            string Url(InventedPlan plan) => method == "PUT" ? "Patient/" + plan.Number : "Patient";
            ExpectedEntry No(int status) => new(what, status, 4, null);
            yield return Row(route, "ok", Council, t =>
            {
                var plan = Fresh(t);
                return new(method, Url(plan), new ExpectedEntry("create", 201, 0, plan.Number))
                {
                    Body = method == "PUT" ? WithId(plan.Patient(), plan.Number) : plan.Patient(),
                };
            });
            yield return Row(route, "refused", Council, t => new(method, Url(t.Plan), No(422))
            {
                Body = new JsonObject { ["resourceType"] = "Patient" },
            });
            yield return Row(route, "denied", Doctor, t => new(method, Url(t.Plan), No(403)));
            yield return Row(route, "unauthenticated", null, t => new(method, Url(t.Plan), No(401)));
        }

        yield return Row("PUT /Patient/{id}", "changed", Council, t =>
            new("PUT", "Patient/" + t.Other.Number, new ExpectedEntry("update", 200, 0, t.Other.Number))
            {
                Body = WithId((t.Other with { Family = "Sedgewick" }).Patient(), t.Other.Number),
            });
    }

    private static IEnumerable<CoverageRow> Bundles()
    {
        const string Route = "POST /";
        ExpectedEntry No(int status) => new("transaction", status, 4, null);
        yield return Row(Route, "bundle entries", Council, t =>
        {
            var plan = Fresh(t);
            var made = new ExpectedEntry("create", 201, 0, plan.Number);
            return new("POST", "", made, made, made) { Body = plan.Bundle(), Answer = 200 };
        });
        yield return Row(Route, "batch", Doctor, t => new("POST", "",
            new ExpectedEntry("read", 200, 0, t.Plan.Number), new ExpectedEntry("search-type", 403, 4, null))
        {
            Body = InventedBundle.Of("batch", InventedBundle.Entry("GET", "Flag/" + t.Flag),
                InventedBundle.Entry("GET", "Flag?status=active")),
            Answer = 200,
            Within = true,
        });
        yield return Row(Route, "empty batch", Doctor, _ => new("POST", "", new ExpectedEntry("batch", 400, 4, null))
        {
            Body = InventedBundle.Of("batch"),
        });
        yield return Row(Route, "refused", Council, _ => new("POST", "", No(400))
        {
            Body = new JsonObject { ["resourceType"] = "Bundle", ["type"] = "collection" },
        });
        yield return Row(Route, "sent again", Council, t => new("POST", "", No(422)) { Body = t.Plan.Bundle() });
        yield return Row(Route, "denied", Doctor, t => new("POST", "", No(403)) { Body = t.Plan.Bundle() });
        yield return Row(Route, "unauthenticated", null, t => new("POST", "", No(401)) { Body = t.Plan.Bundle() });
    }
}
