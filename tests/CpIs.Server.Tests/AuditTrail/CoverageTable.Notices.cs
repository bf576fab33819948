using CpIs.Server.Tests.Notices;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The part of the matrix about subscriptions, and the notices that councils ask for again.</summary>
internal static partial class CoverageTable
{
    private static IEnumerable<CoverageRow> SubscriptionReads()
    {
        const string Type = "Subscription";
        ExpectedEntry Searched(int status = 200) => new("search-type", status, status == 200 ? 0 : 4, null);
        foreach (var (route, form) in ((string, bool)[])[
            ("GET /Subscription", false), ("POST /Subscription/_search", true)])
        {
            yield return Row(route, "ok", Council, async t =>
            {
                await new InventedSubscription().CreateAsync(t.Server.Lancashire);
                return Ask(Type, form, "status=active", Searched());
            });
            yield return Row(route, "empty", Council, _ => Ask(Type, form, "_id=" + Nobody, Searched()));
            yield return Row(route, "count", Council, _ => Ask(Type, form, "_summary=count", Searched()));
            yield return Row(route, "of all councils", Registrar, _ => Ask(Type, form, "status=active", Searched()));
            yield return Row(route, "denied", Doctor, _ => Ask(Type, form, "status=active", Searched(403)));
            yield return Row(route, "unauthenticated", null, _ => Ask(Type, form, "status=active", Searched(401)));
            yield return Row(route, "refused", Council, _ => Ask(Type, form, "name=x", Searched(400)));
        }

        const string Read = "GET /Subscription/{id}";
        ExpectedEntry Seen(int status = 200) => new("read", status, status == 200 ? 0 : 4, null);
        async Task<string> UrlAsync(InventedTrail t) =>
            "Subscription/" + await new InventedSubscription().CreateAsync(t.Server.Lancashire);
        yield return Row("GET /Subscription", "HEAD", Council, _ => new("HEAD", "Subscription", Searched()));
        yield return Row(Read, "ok", Council, async t => new("GET", await UrlAsync(t), Seen()));
        yield return Row(Read, "of a council", Registrar, async t => new("GET", await UrlAsync(t), Seen()));
        yield return Row(Read, "HEAD", Council, async t => new("HEAD", await UrlAsync(t), Seen()));
        yield return Row(Read, "304", Council, async t => new("GET", await UrlAsync(t), Seen())
        {
            Header = ("If-None-Match", "W/\"1\""), Answer = 304,
        });
        yield return Row(Read, "not found", Council, _ => new("GET", "Subscription/" + Nobody, Seen(404)));
        yield return Row(Read, "not yours", Other, async t => new("GET", await UrlAsync(t), Seen(404)));
        yield return Row(Read, "denied", Doctor, _ => new("GET", "Subscription/" + Nobody, Seen(403)));
        yield return Row(Read, "unauthenticated", null, _ => new("GET", "Subscription/" + Nobody, Seen(401)));
        yield return Row(Read, "refused", Council, _ => new("GET", "Subscription/none", Seen(404)));
    }

    private static IEnumerable<CoverageRow> SubscriptionWrites()
    {
        const string Create = "POST /Subscription";
        const string Update = "PUT /Subscription/{id}";
        const string Delete = "DELETE /Subscription/{id}";
        ExpectedEntry Left(string what, int status) => new(what, status, status < 300 ? 0 : 4, null);
        var unserved = new InventedSubscription { Topic = "weather" };
        yield return Row(Create, "ok", Council, _ => new("POST", "Subscription", Left("create", 201))
        {
            Body = new InventedSubscription().Resource(),
        });
        yield return Row(Create, "refused", Council, _ => new("POST", "Subscription", Left("create", 422))
        {
            Body = unserved.Resource(),
        });
        yield return Row(Create, "denied", Doctor, _ => new("POST", "Subscription", Left("create", 403)));
        yield return Row(Create, "unauthenticated", null, _ => new("POST", "Subscription", Left("create", 401)));
        yield return Row(Update, "ok", Council, async t =>
        {
            var id = await new InventedSubscription().CreateAsync(t.Server.Lancashire);
            return new("PUT", "Subscription/" + id, Left("update", 200))
            {
                Body = new InventedSubscription { Content = "id-only" }.Resource(id),
            };
        });
        yield return Row(Update, "stale", Council, async t =>
        {
            var id = await new InventedSubscription().CreateAsync(t.Server.Lancashire);
            return new("PUT", "Subscription/" + id, Left("update", 412))
            {
                Body = new InventedSubscription().Resource(id), Header = ("If-Match", "W/\"9\""),
            };
        });
        yield return Row(Update, "not yours", Other, async t =>
        {
            var id = await new InventedSubscription().CreateAsync(t.Server.Lancashire);
            return new("PUT", "Subscription/" + id, Left("update", 404))
            {
                Body = new InventedSubscription().Resource(id),
            };
        });
        yield return Row(Update, "refused", Council, _ => new("PUT", "Subscription/" + Nobody, Left("update", 422))
        {
            Body = unserved.Resource(Nobody),
        });
        yield return Row(Update, "denied", Doctor, _ => new("PUT", "Subscription/" + Nobody, Left("update", 403)));
        yield return Row(Update, "unauthenticated", null, _ =>
            new("PUT", "Subscription/" + Nobody, Left("update", 401)));
        yield return Row(Delete, "ok", Council, async t => new("DELETE",
            "Subscription/" + await new InventedSubscription().CreateAsync(t.Server.Lancashire), Left("delete", 204)));
        yield return Row(Delete, "refused", Council, async t => new("DELETE",
            "Subscription/" + await new InventedSubscription().CreateAsync(t.Server.Lancashire), Left("delete", 412))
        {
            Header = ("If-Match", "W/\"9\""),
        });
        yield return Row(Delete, "not found", Council, _ =>
            new("DELETE", "Subscription/" + Nobody, Left("delete", 404)));
        yield return Row(Delete, "denied", Doctor, _ => new("DELETE", "Subscription/" + Nobody, Left("delete", 403)));
        yield return Row(Delete, "unauthenticated", null, _ =>
            new("DELETE", "Subscription/" + Nobody, Left("delete", 401)));
    }

    private static IEnumerable<CoverageRow> NoticesAsked()
    {
        ExpectedEntry Left(int status) => new("operation", status, status < 300 ? 0 : 4, null);
        foreach (var (method, path) in ((string, string)[])[
            ("GET", "/{id}/$status"), ("POST", "/{id}/$status"), ("GET", "/{id}/$events"), ("POST", "/{id}/$events")])
        {
            var route = $"{method} /Subscription{path}";
            string Url(string id) => "Subscription" + path.Replace("{id}", id, StringComparison.Ordinal);
            yield return Row(route, "ok", Council, async t =>
                new(method, Url(await new InventedSubscription().CreateAsync(t.Server.Lancashire)), Left(200)));
            yield return Row(route, "not yours", Other, async t =>
                new(method, Url(await new InventedSubscription().CreateAsync(t.Server.Lancashire)), Left(404)));
            yield return Row(route, "denied", Doctor, _ => new(method, Url(Nobody), Left(403)));
            yield return Row(route, "unauthenticated", null, _ => new(method, Url(Nobody), Left(401)));
        }

        yield return Row("GET /Subscription/{id}/$events", "of a child", Council, async t =>
        {
            var id = await new InventedSubscription().CreateAsync(t.Server.Lancashire);
            var plan = Fresh(t);
            await t.Server.SubmitAsync(plan);
            await t.Server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
            await PollTests.UntilAsync(t.Server.Lancashire, id, 1);
            return new("GET", $"Subscription/{id}/$events", new ExpectedEntry("operation", 200, 0, plan.Number));
        });
        const string All = "GET /Subscription/$status";
        yield return Row(All, "ok", Council, _ => new("GET", "Subscription/$status", Left(200)));
        yield return Row(All, "denied", Doctor, _ => new("GET", "Subscription/$status", Left(403)));
        yield return Row(All, "unauthenticated", null, _ => new("GET", "Subscription/$status", Left(401)));
    }
}
