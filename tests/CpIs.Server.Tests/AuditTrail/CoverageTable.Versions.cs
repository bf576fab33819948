namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The part of the matrix where older versions are asked for.</summary>
internal static partial class CoverageTable
{
    private static IEnumerable<CoverageRow> VersionsOf(string type)
    {
        var (one, all) = ($"GET /{type}/{{id}}/_history", $"GET /{type}/_history");
        string Url(InventedTrail t) => $"{type}/{(type == "Flag" ? t.Flag : t.Episode)}/_history";
        ExpectedEntry Seen(InventedTrail t) => new("history-instance", 200, 0, t.Plan.Number);
        ExpectedEntry No(string what, int status) => new(what, status, 4, null);
        yield return Row(one, "ok", Council, t => new("GET", Url(t), Seen(t)));
        yield return Row(one, "empty", Council, t => new("GET", Url(t) + "?_at=1999", Seen(t)));
        yield return Row(one, "count", Council, t => new("GET", Url(t) + "?_count=0", Seen(t)));
        yield return Row(one, "HEAD", Council, t => new("HEAD", Url(t), Seen(t)));
        yield return Row(one, "not found", Council, _ =>
            new("GET", $"{type}/{Nobody}/_history", No("history-instance", 404)));
        yield return Row(one, "not yours", Other, t => new("GET", Url(t), No("history-instance", 404)));
        yield return Row(one, "denied", Doctor, t => new("GET", Url(t), No("history-instance", 403)));
        yield return Row(one, "unauthenticated", null, t => new("GET", Url(t), No("history-instance", 401)));
        yield return Row(one, "refused", Council, t => new("GET", Url(t) + "?_at=x", No("history-instance", 400)));
        ExpectedEntry Any() => new("history-type", 200, 0, null);
        foreach (var method in new[] { "GET", "HEAD" })
        {
            yield return Row(all, method == "GET" ? "ok" : "HEAD", Council, _ =>
                new(method, $"{type}/_history?_count=1", Any()) { AnyPatient = true });
        }

        yield return Row(all, "empty", "sandbox-council-sheffield", _ => new("GET", $"{type}/_history", Any()));
        yield return Row(all, "denied", Doctor, _ => new("GET", $"{type}/_history", No("history-type", 403)));
        yield return Row(all, "unauthenticated", null, _ => new("GET", $"{type}/_history", No("history-type", 401)));
        yield return Row(all, "refused", Council, _ =>
            new("GET", $"{type}/_history?_count=x", No("history-type", 400)));
    }

    private static IEnumerable<CoverageRow> PatientVersions()
    {
        foreach (var (route, what, more) in ((string, string, string)[])[
            ("GET /Patient/{id}/_history", "history-instance", "/_history"),
            ("GET /Patient/{id}/_history/{version}", "vread", "/_history/1")])
        {
            string Url(InventedTrail t) => $"Patient/{t.Plan.Number}{more}";
            ExpectedEntry Seen(InventedTrail t) => new(what, 200, 0, t.Plan.Number);
            ExpectedEntry No(int status) => new(what, status, 4, null);
            yield return Row(route, "ok", Council, t => new("GET", Url(t), Seen(t)));
            yield return Row(route, "HEAD", Council, t => new("HEAD", Url(t), Seen(t)));
            yield return Row(route, "not found", Council, t => new("GET", $"Patient/{t.Unknown}{more}",
                new ExpectedEntry(what, 404, 4, what == "vread" ? t.Unknown : null)));
            yield return Row(route, "denied", Doctor, t => new("GET", Url(t), No(403)));
            yield return Row(route, "unauthenticated", null, t => new("GET", Url(t), No(401)));
            yield return Row(route, "refused", Council, t =>
                new("GET", what == "vread" ? Url(t) : Url(t) + "?_at=x", No(what == "vread" ? 406 : 400))
                {
                    Header = what == "vread" ? ("Accept", "text/html") : null,
                });
            if (what == "vread")
            {
                yield return Row(route, "304", Council, t => new("GET", Url(t), Seen(t))
                {
                    Header = ("If-None-Match", "W/\"1\""), Answer = 304,
                });
            }
        }
    }

    /// <summary>As with reads of organisations: what was answered is not recorded, what was refused is.</summary>
    private static IEnumerable<CoverageRow> OrganizationVersions()
    {
        foreach (var (route, what, url) in ((string, string, string)[])[
            ("GET /Organization/{id}/_history", "history-instance", "Organization/ZZ003/_history"),
            ("GET /Organization/_history", "history-type", "Organization/_history"),
            ("GET /Organization/{id}/_history/{version}", "vread", "Organization/ZZ003/_history/1")])
        {
            ExpectedEntry No(int status) => new(what, status, 4, null);
            yield return Row(route, "ok", Doctor, _ => new("GET", url) { Answer = 200 });
            yield return Row(route, "HEAD", Doctor, _ => new("HEAD", url) { Answer = 200 });
            yield return Row(route, "denied", Feed, _ => new("GET", url, No(403)));
            yield return Row(route, "unauthenticated", null, _ => new("GET", url, No(401)));
            yield return Row(route, "refused", Doctor, _ =>
                new("GET", url, No(406)) { Header = ("Accept", "text/html") });
            if (what == "vread")
            {
                yield return Row(route, "not found", Doctor, _ => new("GET", url + "7", No(404)));
                yield return Row(route, "304", Doctor, _ => new("GET", url)
                {
                    Header = ("If-None-Match", "W/\"1\""), Answer = 304,
                });
            }
        }
    }
}
