using System.Text.Json.Nodes;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The matrix of every route and everything that may become of a request to it.</summary>
internal static partial class CoverageTable
{
    private const string Doctor = "sandbox-ed-clinician";
    private const string Council = "sandbox-council-lancashire";
    private const string Other = "sandbox-council-leeds";
    private const string Auditor = "sandbox-auditor";
    private const string Trust = "sandbox-auditor-rxr";
    private const string Archive = "sandbox-audit-archive";
    private const string Feed = "sandbox-epr-system";
    private const string Nobody = "01a20000-0000-7000-8000-000000000000";

    private static readonly (string, string) Async = ("Prefer", "respond-async");

    public static readonly IReadOnlyList<CoverageRow> Rows =
    [
        Row("GET /metadata", "ok", null, _ => new("GET", "metadata") { Answer = 200 }),
        .. Search("Flag"), .. Search("EpisodeOfCare"), .. Reads("Flag"), .. Reads("EpisodeOfCare"),
        .. Patients(), .. Organizations(), .. Trail(), .. Histories(), .. Summaries(), .. Exports(), .. Log(),
        .. Writes("Flag"), .. Writes("EpisodeOfCare"),
        .. Changes("Flag"), .. Changes("EpisodeOfCare"), .. PatientWrites(), .. Bundles(),
        .. ConditionalUpdates("Flag"), .. ConditionalUpdates("EpisodeOfCare"), .. ConditionalUpdates("Patient"),
        .. Patches("Flag"), .. Patches("EpisodeOfCare"), .. VersionsOf("Flag"), .. VersionsOf("EpisodeOfCare"),
        .. PatientVersions(), .. OrganizationVersions(), .. OrganizationPatches(),
        .. Validations(),
        .. EncounterSearches(), .. EncounterReads(), .. EncounterWrites(), .. Uploads(),
        .. OrganizationWrites(), .. Registrations(), .. SubscriptionReads(), .. SubscriptionWrites(), .. NoticesAsked(),
        .. Definitions(),
    ];

    private static IEnumerable<CoverageRow> Search(string type)
    {
        var (get, post) = ($"GET /{type}", $"POST /{type}/_search");
        var other = type == "Flag" ? "&_include=Flag:detail&_include=Flag:patient" : "&_revinclude=Flag:detail";
        foreach (var (route, form) in ((string, bool)[])[(get, false), (post, true)])
        {
            yield return Row(route, "ok", Doctor, t => Ask(type, form, $"patient={t.Plan.Number}", Found(t)));
            yield return Row(route, "empty", Doctor, t => Ask(type, form, $"patient={t.Unknown}", Query(t.Unknown)));
            yield return Row(route, "count", Doctor, t =>
                Ask(type, form, $"patient={t.Plan.Number}&_summary=count", Found(t)));
            yield return Row(route, "include", Doctor, t =>
                Ask(type, form, $"patient={t.Plan.Number}{other}", Found(t)));
            yield return Row(route, "several patients", Council, t => Ask(type, form, $"status=active"
                + $"&patient={t.Plan.Number},{t.Other.Number}", Found(t), Query(t.Other.Number)));
            yield return Row(route, "denied", Auditor, t => Ask(type, form, $"patient={t.Plan.Number}", No(403)));
            yield return Row(route, "unauthenticated", null, t => Ask(type, form, $"patient={t.Plan.Number}", No(401)));
            yield return Row(route, "refused", Doctor, _ => Ask(type, form, "patient=9990000019", No(400)));
            yield return Row(route, "lists", Doctor, _ => Ask(type, form, "status=active", No(403)));
        }

        yield return Row(get, "HEAD", Doctor, t => new("HEAD", $"{type}?patient={t.Plan.Number}", Found(t)));
        yield return Row(get, "page 2", Council, async t =>
        {
            var page = await t.Server.As(Council).GetOkAsync(
                $"{type}?_count=1&patient={t.Plan.Number},{t.Other.Number}");
            var rest = page.All(type).Single().ToJsonString().Contains(t.Plan.Number, StringComparison.Ordinal)
                ? t.Other.Number : t.Plan.Number;
            return new("GET", Next(page), Query(rest));
        });
        yield return Row(get, "page of another", Other, async t =>
        {
            var page = await t.Server.As(Council).GetOkAsync(
                $"{type}?_count=1&patient={t.Plan.Number},{t.Other.Number}");
            return new("GET", Next(page), No(403));
        });
    }

    private static IEnumerable<CoverageRow> Reads(string type)
    {
        foreach (var (route, interaction, more) in ((string, string, string)[])[
            ($"GET /{type}/{{id}}", "read", ""),
            ($"GET /{type}/{{id}}/_history/{{version}}", "vread", "/_history/1")])
        {
            string Url(InventedTrail t) => $"{type}/{(type == "Flag" ? t.Flag : t.Episode)}{more}";
            ExpectedEntry Seen(InventedTrail t, int status = 200) => new(interaction, status, 0, t.Plan.Number);
            ExpectedEntry Not(int status) => new(interaction, status, 4, null);
            yield return Row(route, "ok", Doctor, t => new("GET", Url(t), Seen(t)));
            yield return Row(route, "HEAD", Doctor, t => new("HEAD", Url(t), Seen(t)));
            yield return Row(route, "304", Doctor, t => new("GET", Url(t), Seen(t))
            {
                Header = ("If-None-Match", "W/\"1\""), Answer = 304,
            });
            yield return Row(route, "not found", Doctor, _ => new("GET", $"{type}/{Nobody}{more}", Not(404)));
            yield return Row(route, "not yours", Other, t => new("GET", Url(t), Not(404)));
            yield return Row(route, "denied", Auditor, t => new("GET", Url(t), Not(403)));
            yield return Row(route, "unauthenticated", null, t => new("GET", Url(t), Not(401)));
            yield return Row(route, "refused", Doctor, t => new("GET", Url(t), Not(400))
            {
                Header = ("IsUnscheduledEvent", "perhaps"),
            });
        }
    }

    private static IEnumerable<CoverageRow> Patients()
    {
        foreach (var (route, form) in ((string, bool)[])[("GET /Patient", false), ("POST /Patient/_search", true)])
        {
            yield return Row(route, "ok", Doctor, t => Ask("Patient", form, $"_id={t.Plan.Number}", Found(t)));
            yield return Row(route, "empty", Doctor, t => Ask("Patient", form, $"_id={t.Unknown}", Query(t.Unknown)));
            yield return Row(route, "count", Doctor, t =>
                Ask("Patient", form, $"_id={t.Plan.Number}&_summary=count", Found(t)));
            yield return Row(route, "denied", Auditor, t => Ask("Patient", form, $"_id={t.Plan.Number}", No(403)));
            yield return Row(route, "unauthenticated", null, t =>
                Ask("Patient", form, $"_id={t.Plan.Number}", No(401)));
            yield return Row(route, "refused", Doctor, _ => Ask("Patient", form, "name=x", No(400)));
        }

        const string Read = "GET /Patient/{id}";
        ExpectedEntry Seen(InventedTrail t) => new("read", 200, 0, t.Plan.Number);
        yield return Row("GET /Patient", "HEAD", Doctor, t => new("HEAD", $"Patient?_id={t.Plan.Number}", Found(t)));
        yield return Row(Read, "ok", Doctor, t => new("GET", $"Patient/{t.Plan.Number}", Seen(t)));
        yield return Row(Read, "HEAD", Doctor, t => new("HEAD", $"Patient/{t.Plan.Number}", Seen(t)));
        yield return Row(Read, "304", Doctor, t => new("GET", $"Patient/{t.Plan.Number}", Seen(t))
        {
            Header = ("If-None-Match", "W/\"2\""), Answer = 304,
        });
        yield return Row(Read, "not found", Doctor, t =>
            new("GET", $"Patient/{t.Unknown}", new ExpectedEntry("read", 404, 4, t.Unknown)));
        yield return Row(Read, "denied", Auditor, t =>
            new("GET", $"Patient/{t.Plan.Number}", new ExpectedEntry("read", 403, 4, null)));
        yield return Row(Read, "unauthenticated", null, t =>
            new("GET", $"Patient/{t.Plan.Number}", new ExpectedEntry("read", 401, 4, null)));
        yield return Row(Read, "refused", Doctor, t =>
            new("GET", $"Patient/{t.Plan.Number}", new ExpectedEntry("read", 400, 4, null))
            {
                Header = ("X-Purpose-Of-Use", "BTG"),
            });
    }

    /// <summary>Whom to telephone is no secret: what was answered is not recorded, what was refused is.</summary>
    private static IEnumerable<CoverageRow> Organizations()
    {
        foreach (var (route, form) in ((string, bool)[])[
            ("GET /Organization", false), ("POST /Organization/_search", true)])
        {
            yield return Row(route, "ok", Doctor, _ => Ask("Organization", form, "name=Lanc") with { Answer = 200 });
            yield return Row(route, "empty", Doctor, _ =>
                Ask("Organization", form, "name=Nowhere") with { Answer = 200 });
            yield return Row(route, "count", Doctor, _ =>
                Ask("Organization", form, "_summary=count") with { Answer = 200 });
            yield return Row(route, "denied", Feed, _ => Ask("Organization", form, "name=Lanc", No(403)));
            yield return Row(route, "unauthenticated", null, _ => Ask("Organization", form, "name=Lanc", No(401)));
            yield return Row(route, "refused", Doctor, _ => Ask("Organization", form, "unknown=x", No(400)));
        }

        const string Read = "GET /Organization/{id}";
        yield return Row("GET /Organization", "HEAD", Doctor, _ =>
            new("HEAD", "Organization?name=Lanc") { Answer = 200 });
        yield return Row(Read, "ok", Doctor, _ => new("GET", "Organization/ZZ001") { Answer = 200 });
        yield return Row(Read, "HEAD", Doctor, _ => new("HEAD", "Organization/ZZ001") { Answer = 200 });
        yield return Row(Read, "304", Doctor, _ => new("GET", "Organization/ZZ001")
        {
            Header = ("If-None-Match", "W/\"1\""), Answer = 304,
        });
        yield return Row(Read, "not found", Doctor, _ =>
            new("GET", "Organization/ZZ999", new ExpectedEntry("read", 404, 4, null)));
        yield return Row(Read, "denied", Feed, _ =>
            new("GET", "Organization/ZZ001", new ExpectedEntry("read", 403, 4, null)));
        yield return Row(Read, "unauthenticated", null, _ =>
            new("GET", "Organization/ZZ001", new ExpectedEntry("read", 401, 4, null)));
        yield return Row(Read, "refused", Doctor, _ =>
            new("GET", "Organization/ZZ001?_format=blah", new ExpectedEntry("read", 406, 4, null)));
    }

    private static IEnumerable<CoverageRow> Trail()
    {
        foreach (var (route, form) in ((string, bool)[])[
            ("GET /AuditEvent", false), ("POST /AuditEvent/_search", true)])
        {
            yield return Row(route, "ok", Auditor, t => Ask("AuditEvent", form, $"patient={t.Plan.Number}", Found(t)));
            yield return Row(route, "several patients", Auditor, _ => Ask("AuditEvent", form, "action=E", Query(null)));
            yield return Row(route, "empty", Auditor, t =>
                Ask("AuditEvent", form, $"patient={InventedPlan.NewNumber()}&_id={Nobody}", Query(null)) with
                {
                    AnyPatient = true,
                });
            yield return Row(route, "count", Auditor, _ => Ask("AuditEvent", form, "_summary=count", Query(null)));
            yield return Row(route, "denied", Feed, _ => Ask("AuditEvent", form, "action=E", No(403)));
            yield return Row(route, "unauthenticated", null, _ => Ask("AuditEvent", form, "action=E", No(401)));
            yield return Row(route, "refused", Auditor, _ => Ask("AuditEvent", form, "outcome=5", No(400)));
        }

        const string Get = "GET /AuditEvent";
        yield return Row(Get, "HEAD", Auditor, _ => new("HEAD", "AuditEvent?action=E", Query(null)));
        yield return Row(Get, "page 2", Auditor, async t => new(
            "GET", Next(await t.Server.Auditor.GetOkAsync("AuditEvent?_count=1")), Query(null)));
        foreach (var row in Entry("GET /AuditEvent/{id}", "", "read")
            .Concat(Entry("GET /AuditEvent/{id}/$inclusion-proof", "/$inclusion-proof", "operation")))
        {
            yield return row;
        }
    }

    private static IEnumerable<CoverageRow> Entry(string route, string more, string interaction)
    {
        ExpectedEntry Left(int status) => new(interaction, status, status < 400 ? 0 : 4, null);
        async Task<string> UrlAsync(InventedTrail t)
        {
            var first = (await t.Server.Auditor.GetOkAsync("AuditEvent?_sort=date&_count=1")).All("AuditEvent")[0];
            await t.Server.SignedAsync();
            return $"AuditEvent/{first.Text("id")}{more}";
        }

        yield return Row(route, "ok", Auditor, async t => new("GET", await UrlAsync(t), Left(200)));
        yield return Row(route, "HEAD", Auditor, async t => new("HEAD", await UrlAsync(t), Left(200)));
        yield return Row(route, "not found", Auditor, _ => new("GET", $"AuditEvent/{Nobody}{more}", Left(404)));
        yield return Row(route, "not yours", Trust, async t => new("GET", await UrlAsync(t), Left(404)));
        yield return Row(route, "denied", Doctor, async t => new("GET", await UrlAsync(t), Left(403)));
        yield return Row(route, "unauthenticated", null, async t => new("GET", await UrlAsync(t), Left(401)));
        yield return Row(route, "refused", Auditor, _ =>
            new("GET", $"AuditEvent/{Nobody}{more}?_format=blah", Left(406)));
        if (interaction == "read")
        {
            yield return Row(route, "304", Auditor, async t => new("GET", await UrlAsync(t), Left(200))
            {
                Header = ("If-None-Match", "W/\"1\""), Answer = 304,
            });
        }
    }

    private static IEnumerable<CoverageRow> Exports()
    {
        ExpectedEntry Left(int status) => new("operation", status, status < 400 ? 0 : 4, null);
        foreach (var (method, path) in ((string, string)[])[
            ("GET", "$export"), ("POST", "$export"), ("GET", "AuditEvent/$export"), ("POST", "AuditEvent/$export")])
        {
            var route = $"{method} /{path}";
            yield return Row(route, "ok", Archive, _ =>
                new(method, path + "?_type=AuditEvent", Left(202)) { Header = Async });
            yield return Row(route, "denied", Auditor, _ => new(method, path, Left(403)) { Header = Async });
            yield return Row(route, "unauthenticated", null, _ => new(method, path, Left(401)) { Header = Async });
            yield return Row(route, "refused", Archive, _ => new(method, path, Left(400)));
        }

        const string Status = "GET /$export-status/{id}";
        const string Removal = "DELETE /$export-status/{id}";
        const string File = "GET /$export-file/{id}/{file}";
        yield return Row(Status, "ok", Archive, async t =>
            new("GET", "$export-status/" + (await t.ExportAsync()).Job) { Answer = 200 });
        yield return Row(Removal, "ok", Archive, async t =>
            new("DELETE", "$export-status/" + (await t.ExportAsync()).Job, Left(202)));
        yield return Row(File, "export file", Archive, async t => new("GET", (await t.ExportAsync()).File, Left(200)));
        yield return Row(File, "HEAD", Archive, async t => new("HEAD", (await t.ExportAsync()).File, Left(200)));
        foreach (var (route, url) in ((string, string)[])[(Status, $"$export-status/{Nobody}"),
            (Removal, $"$export-status/{Nobody}"), (File, $"$export-file/{Nobody}/2026-01")])
        {
            var method = route[..route.IndexOf(' ', StringComparison.Ordinal)];
            yield return Row(route, "not found", Archive, _ => new(method, url, Left(404)));
            yield return Row(route, "denied", Auditor, _ => new(method, url, Left(403)));
            yield return Row(route, "unauthenticated", null, _ => new(method, url, Left(401)));
        }
    }

    /// <summary>Sizes and hashes are nobody's data; a page of entries is.</summary>
    private static IEnumerable<CoverageRow> Log()
    {
        ExpectedEntry Left(int status) => new("operation", status, status < 400 ? 0 : 4, null);
        yield return Row("GET /audit-log", "ok", null, _ => new("GET", "/audit-log") { Answer = 200 });
        yield return Row("GET /audit-log/checkpoint", "ok", null, _ =>
            new("GET", "/audit-log/checkpoint") { Answer = 200 });
        yield return Row("GET /audit-log/{lane:int}/checkpoint", "ok", null, async t =>
            new("GET", $"/audit-log/{await t.Server.SignedLaneAsync()}/checkpoint") { Answer = 200 });
        yield return Row("GET /audit-log/key", "ok", null, _ => new("GET", "/audit-log/key") { Answer = 200 });
        foreach (var (path, url, none) in ((string, string, string)[])[
            ("consistency", "consistency?from=1&to=1", "consistency?from=1&to=999999999"),
            ("tile/{level:int}/{**index}", "tile/0/000.p/1", "tile/7/000")])
        {
            var route = "GET /audit-log/{lane:int}/" + path;
            yield return Row(route, "ok", null, async t =>
                new("GET", $"/audit-log/{await t.Server.SignedLaneAsync()}/{url}") { Answer = 200 });
            yield return Row(route, "not found", null, _ => new("GET", "/audit-log/1/" + none) { Answer = 404 });
        }

        foreach (var (path, query, recorded) in ((string, string, bool)[])[("totals", "", false),
            ("{lane:int}/batches", "?after=0&end=9", false), ("{lane:int}/notes", "?after=0&end=9", false),
            ("{lane:int}/tiles", "?level=0&start=0&end=9", false), ("{lane:int}/stray", "", false),
                ("{lane:int}/entries", "?start=1&end=5", true),
            ("{lane:int}/claims", "?position=1", true)])
        {
            var route = "GET /audit-log/" + path;
            var url = "/audit-log/" + path.Replace("{lane:int}", "1", StringComparison.Ordinal) + query;
            yield return Row(route, "ok", Auditor, _ => recorded ? new("GET", url, Left(200))
                : new("GET", url) { Answer = 200 });
            yield return Row(route, "not yours", Trust, _ => new("GET", url, Left(403)));
            yield return Row(route, "denied", Doctor, _ => new("GET", url, Left(403)));
            yield return Row(route, "unauthenticated", null, _ => new("GET", url, Left(401)));
            if (query.Length > 0)
            {
                yield return Row(route, "refused", Auditor, _ => new("GET", url[..^1] + "x", Left(400)));
            }

            if (recorded)
            {
                yield return Row(route, "HEAD", Auditor, _ => new("HEAD", url, Left(200)));
            }
        }
    }

    private static CoverageRow Row(
        string route, string kind, string? persona, Func<InventedTrail, CoverageCase> make) =>
        new(route, kind, persona, t => Task.FromResult(make(t)));

    private static CoverageRow Row(
        string route, string kind, string? persona, Func<InventedTrail, Task<CoverageCase>> make) =>
        new(route, kind, persona, make);

    private static CoverageCase Ask(string type, bool form, string query, params ExpectedEntry[] entries) => form
        ? new("POST", type + "/_search", entries) { Form = query }
        : new("GET", $"{type}?{query}", entries);

    private static ExpectedEntry Found(InventedTrail t) => Query(t.Plan.Number);

    private static ExpectedEntry Query(string? patient) => new("search-type", 200, 0, patient);

    private static ExpectedEntry No(int status) => new("search-type", status, 4, null);

    private static InventedPlan Fresh(InventedTrail t) => new() { Start = t.Server.Today.AddDays(-1) };

    private static JsonObject WithId(JsonObject resource, string id)
    {
        resource["id"] = id;
        return resource;
    }

    private static string Next(JsonNode page) =>
        page["link"]!.AsArray().Single(l => l!.Text("relation") == "next")!.Text("url");
}
