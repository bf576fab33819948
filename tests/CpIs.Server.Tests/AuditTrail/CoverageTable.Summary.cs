namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The part of the matrix where a clinician sees a child's plans, and who looked before.</summary>
internal static partial class CoverageTable
{
    private const string Nurse = "sandbox-school-nurse";

    private static IEnumerable<CoverageRow> Histories()
    {
        foreach (var (type, form) in ((string, bool)[])[
            ("CareTeam", false), ("CareTeam", true), ("AuditEvent", false), ("AuditEvent", true)])
        {
            var route = form ? $"POST /{type}/_search" : $"GET /{type}";
            var (ok, empty, count, refused) = type == "CareTeam" ? ("ok", "empty", "count", "refused")
                : ("history", "history empty", "history count", "history refused");
            yield return Row(route, ok, Doctor, t => Ask(type, form, $"patient={t.Plan.Number}", Found(t)));
            yield return Row(route, ok + " silently", Nurse, t =>
                Ask(type, form, $"patient={t.Plan.Number}", Found(t)));
            yield return Row(route, empty, Doctor, t => Ask(type, form, $"patient={t.Unknown}", Query(t.Unknown)));
            yield return Row(route, count, Doctor, t =>
                Ask(type, form, $"patient={t.Plan.Number}&_summary=count", Found(t)));
            yield return Row(route, refused, Doctor, _ => Ask(type, form, "patient=9990000019", No(400)));
            yield return Row(route, "lists " + type, Doctor, _ => Ask(type, form, "_count=1", No(403)));
        }

        yield return Row("GET /AuditEvent", "history of the council", Council, t =>
            Ask("AuditEvent", false, $"patient={t.Plan.Number}", Found(t)));
        yield return Row("GET /AuditEvent", "history of another council", Other, t =>
            Ask("AuditEvent", false, $"patient={t.Plan.Number}", Query(t.Plan.Number)));
        yield return Row("GET /AuditEvent", "history HEAD", Doctor, t =>
            new("HEAD", $"AuditEvent?patient={t.Plan.Number}", Found(t)));
        yield return Row("GET /CareTeam", "HEAD", Doctor, t =>
            new("HEAD", $"CareTeam?patient={t.Plan.Number}", Found(t)));
        foreach (var (route, form) in ((string, bool)[])[("GET /CareTeam", false), ("POST /CareTeam/_search", true)])
        {
            yield return Row(route, "denied", Council, t => Ask("CareTeam", form, $"patient={t.Plan.Number}", No(403)));
            yield return Row(route, "unauthenticated", null, t =>
                Ask("CareTeam", form, $"patient={t.Plan.Number}", No(401)));
        }
    }

    private static IEnumerable<CoverageRow> Summaries()
    {
        const string Route = "POST /Patient/$child-protection-summary";
        CoverageCase Asked(string number, string? mother, params ExpectedEntry[] left) =>
            new("POST", "Patient/$child-protection-summary", left)
            {
                Body = InventedQuestion.Parameters(number, mother),
            };
        ExpectedEntry Left(int status, string? patient) => new("operation", status, status < 400 ? 0 : 4, patient);
        yield return Row(Route, "ok", Doctor, t => Asked(t.Plan.Number, null, Left(200, t.Plan.Number)));
        yield return Row(Route, "ok silently", Nurse, t => Asked(t.Plan.Number, null, Left(200, t.Plan.Number)));
        yield return Row(Route, "empty", Doctor, t => Asked(t.Unknown, null, Left(200, t.Unknown)));
        yield return Row(Route, "mother too", Doctor, t =>
            Asked(t.Plan.Number, t.Other.Number, Left(200, t.Plan.Number), Left(200, t.Other.Number)));
        yield return Row(Route, "refused", Doctor, _ => Asked("9990000019", null, Left(400, null)));
        yield return Row(Route, "denied", Council, t => Asked(t.Plan.Number, null, Left(403, null)));
        yield return Row(Route, "unauthenticated", null, t => Asked(t.Plan.Number, null, Left(401, null)));
    }
}
