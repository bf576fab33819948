using CpIs.Server.Tests.Uploads;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The part of the matrix where a council sends its caseload whole.</summary>
internal static partial class CoverageTable
{
    private static IEnumerable<CoverageRow> Uploads()
    {
        const string Start = "POST /$submit-caseload";
        const string Status = "GET /$submit-caseload-status/{id}";
        const string Stop = "DELETE /$submit-caseload-status/{id}";
        const string File = "GET /$submit-caseload-file/{id}/{file}";
        ExpectedEntry Left(int status) => new("operation", status, status < 400 ? 0 : 4, null);
        CoverageCase Sent(InventedTrail t, int status, string file) =>
            new("POST", $"$submit-caseload?submission={Sender.NewSubmission()}&extracted="
                + Uri.EscapeDataString(Fhir.PlanJson.Instant(t.Server.Clock.GetUtcNow())), Left(status))
            {
                Form = file, FormType = "text/csv",
            };
        yield return Row(Start, "ok", Council, t => Sent(t, 202, Sender.Header));
        yield return Row(Start, "refused", Council, t => Sent(t, 400, "row_id,category_of_abuse\r\n"));
        yield return Row(Start, "denied", Doctor, t => Sent(t, 403, Sender.Header));
        yield return Row(Start, "unauthenticated", null, t => Sent(t, 401, Sender.Header));
        yield return Row(Status, "ok", Council, async t => new("GET", await DoneAsync(t)) { Answer = 200 });
        yield return Row(Stop, "ok", Council, async t => new("DELETE", await DoneAsync(t), Left(202)));
        foreach (var file in (string[])["accepted.ndjson", "refused.ndjson", "skipped.ndjson", "errors.csv",
            "ended.csv"])
        {
            yield return Row(File, file, Council, async t => new("GET", await FileAsync(t, file), Left(200)));
        }

        yield return Row(File, "HEAD", Council, async t => new("HEAD", await FileAsync(t, "errors.csv"), Left(200)));
        yield return Row(File, "no such file", Council, async t => new("GET", await FileAsync(t, "x.csv"), Left(404)));
        yield return Row(Status, "not yours", Other, async t => new("GET", await DoneAsync(t), Left(404)));
        yield return Row(Stop, "not yours", Other, async t => new("DELETE", await DoneAsync(t), Left(404)));
        yield return Row(File, "not yours", Other, async t => new("GET", await FileAsync(t, "errors.csv"), Left(404)));
        foreach (var (route, url) in ((string, string)[])[(Status, $"$submit-caseload-status/{Nobody}"),
            (Stop, $"$submit-caseload-status/{Nobody}"), (File, $"$submit-caseload-file/{Nobody}/errors.csv")])
        {
            var method = route[..route.IndexOf(' ', StringComparison.Ordinal)];
            yield return Row(route, "not found", Council, _ => new(method, url, Left(404)));
            yield return Row(route, "denied", Doctor, _ => new(method, url, Left(403)));
            yield return Row(route, "unauthenticated", null, _ => new(method, url, Left(401)));
        }
    }

    private static async Task<string> DoneAsync(InventedTrail t)
    {
        var sender = new Sender(t.Server);
        return (await sender.SendAsync(Sender.Header + sender.Row("COVER", "9990000019"))).Status;
    }

    private static async Task<string> FileAsync(InventedTrail t, string file) =>
        (await DoneAsync(t)).Replace("-status/", "-file/", StringComparison.Ordinal) + "/" + file;
}
