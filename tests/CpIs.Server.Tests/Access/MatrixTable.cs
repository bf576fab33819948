using CpIs.Server.Sandbox;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// What each persona hears at each route that is for it: of its own, of another's, of nobody's; one status where the
/// route names nothing. A star: the search found something.
/// </summary>
internal static class MatrixTable
{
    public static readonly IReadOnlyDictionary<string, string> Rows = new Dictionary<string, string>
    {
        ["GET /metadata"] = "all: 200",
        ["GET /openapi.json"] = "all: 200",
        // A transaction, which is a council's; a batch passes the same door entry by entry.
        ["POST /"] = "all: 403 403 403; council: 200 404 404",
        ["GET /Flag"] = "council: 200* 200 200; health: 200* 200* 200",
        ["POST /Flag/_search"] = "council: 200* 200 200; health: 200* 200* 200",
        ["GET /Flag/{id}"] = "council: 200 404 404; health: 200 200 404",
        ["GET /Flag/{id}/_history/{version}"] = "council: 200 404 404; health: 200 200 404",
        ["GET /Flag/{id}/_history"] = "council: 200 404 404",
        ["GET /Flag/_history"] = "council: 200",
        ["POST /Flag"] = "council: 422 422 422",
        ["PUT /Flag/{id}"] = "council: 200 404 404",
        ["PUT /Flag"] = "council: 200 404 404",
        ["PATCH /Flag/{id}"] = "council: 200 404 404",
        ["DELETE /Flag/{id}"] = "council: 204 404 404",
        ["POST /Flag/$validate"] = "council: 200; feed: 200; health: 200; registrar: 200",
        ["GET /EpisodeOfCare"] = "council: 200* 200 200; health: 200* 200* 200",
        ["POST /EpisodeOfCare/_search"] = "council: 200* 200 200; health: 200* 200* 200",
        ["GET /EpisodeOfCare/{id}"] = "council: 200 404 404; health: 200 200 404",
        ["GET /EpisodeOfCare/{id}/_history/{version}"] = "council: 200 404 404; health: 200 200 404",
        ["GET /EpisodeOfCare/{id}/_history"] = "council: 200 404 404",
        ["GET /EpisodeOfCare/_history"] = "council: 200",
        ["POST /EpisodeOfCare"] = "council: 201 422 422",
        ["PUT /EpisodeOfCare/{id}"] = "council: 200 404 404",
        ["PUT /EpisodeOfCare"] = "council: 200 404 404",
        ["PATCH /EpisodeOfCare/{id}"] = "council: 200 404 404",
        ["DELETE /EpisodeOfCare/{id}"] = "council: 204 404 404",
        ["POST /EpisodeOfCare/$validate"] = "council: 200; feed: 200; health: 200; registrar: 200",
        ["GET /Patient"] = "council: 200* 200 200; health: 200* 200* 200",
        ["POST /Patient/_search"] = "council: 200* 200 200; health: 200* 200* 200",
        ["GET /Patient/{id}"] = "council: 200 404 404; health: 200 200 404",
        ["POST /Patient"] = "council: 409 201 201",
        ["PUT /Patient/{id}"] = "council: 200 201 201",
        ["PUT /Patient"] = "council: 200 201 201",
        ["GET /Patient/{id}/_history/{version}"] = "council: 200 404 404",
        ["GET /Patient/{id}/_history"] = "council: 200 404 404",
        ["POST /Patient/$child-protection-summary"] = "health: 200* 200* 200",
        ["POST /Patient/$validate"] = "council: 200; feed: 200; health: 200; registrar: 200",
        ["GET /Encounter"] = "council: 200* 200 200; health: 200* 200 200",
        ["POST /Encounter/_search"] = "council: 200* 200 200; health: 200* 200 200",
        ["GET /Encounter/{id}"] = "council: 200 404 404; health: 200 404 404",
        ["GET /Encounter/{id}/_history/{version}"] = "council: 200 404 404; health: 200 404 404",
        ["POST /Encounter"] = "feed: 201 201 422; health: 201 201 422",
        ["PUT /Encounter/{id}"] = "feed: 200 404 404; health: 200 404 404",
        ["POST /Encounter/$validate"] = "council: 200; feed: 200; health: 200; registrar: 200",
        ["GET /Organization"] =
            "auditor: 200* 200* 200; council: 200* 200* 200; health: 200* 200* 200; registrar: 200* 200* 200",
        ["POST /Organization/_search"] =
            "auditor: 200* 200* 200; council: 200* 200* 200; health: 200* 200* 200; registrar: 200* 200* 200",
        ["GET /Organization/{id}"] =
            "auditor: 200 200 404; council: 200 200 404; health: 200 200 404; registrar: 200 200 404",
        ["PUT /Organization/{id}"] = "council: 200 403 403; registrar: 200 200 404",
        ["GET /Organization/{id}/_history/{version}"] =
            "auditor: 200 200 404; council: 200 200 404; health: 200 200 404; registrar: 200 200 404",
        ["GET /Organization/{id}/_history"] =
            "auditor: 200 200 404; council: 200 200 404; health: 200 200 404; registrar: 200 200 404",
        ["GET /Organization/_history"] = "auditor: 200; council: 200; health: 200; registrar: 200",
        ["PATCH /Organization/{id}"] = "council: 200 403 403; registrar: 200 200 404",
        ["PUT /Organization"] = "council: 200 403 403; registrar: 200 200 201",
        ["POST /Organization"] = "registrar: 409 409 201",
        ["GET /Organization/$unregistered"] = "registrar: 200",
        ["POST /Organization/{id}/$set-live"] = "registrar: 422 422 404",
        ["DELETE /Organization/{id}"] = "registrar: 204 204 404",
        ["POST /Organization/$validate"] = "council: 200; feed: 200; health: 200; registrar: 200",
        ["GET /CareTeam"] = "health: 200* 200* 200",
        ["POST /CareTeam/_search"] = "health: 200* 200* 200",
        ["POST /CareTeam/$validate"] = "council: 200; feed: 200; health: 200; registrar: 200",
        ["GET /AuditEvent"] =
            "archive: 200* 200* 200; auditor-rxr: 200* 200 200; "
            + "auditor: 200* 200* 200; council: 200* 200 200; health: 200* 200* 200",
        ["POST /AuditEvent/_search"] =
            "archive: 200* 200* 200; auditor: 200* 200* 200; council: 200* 200 200; health: 200* 200* 200",
        ["GET /AuditEvent/{id}"] = "archive: 200 200 404; auditor-rxr: 200 404 404; auditor: 200 200 404",
        ["GET /AuditEvent/{id}/$inclusion-proof"] =
            "archive: 200 200 404; auditor-rxr: 200 404 404; auditor: 200 200 404",
        ["GET /AuditEvent/$export"] = "archive: 202",
        ["POST /AuditEvent/$export"] = "archive: 202",
        ["POST /AuditEvent/$validate"] = "council: 200; feed: 200; health: 200; registrar: 200",
        ["GET /$export"] = "archive: 202",
        ["POST /$export"] = "archive: 202",
        ["GET /$export-status/{id}"] = "archive: 200 404 404",
        ["GET /$export-file/{id}/{file}"] = "archive: 200 404 404",
        ["DELETE /$export-status/{id}"] = "archive: 202 404 404",
        ["POST /$submit-caseload"] = "council: 202",
        ["GET /$submit-caseload-status/{id}"] = "council: 200 404 404",
        ["GET /$submit-caseload-file/{id}/{file}"] = "council: 200 404 404",
        ["DELETE /$submit-caseload-status/{id}"] = "council: 202 404 404",
        ["POST /$submit-register"] = "registrar: 202",
        ["GET /$submit-register-status/{id}"] = "registrar: 200 404 404",
        ["GET /$submit-register-file/{id}/{file}"] = "registrar: 200 404 404",
        ["DELETE /$submit-register-status/{id}"] = "registrar: 202 404 404",
        ["GET /Subscription"] = "council: 200* 200 200; registrar: 200* 200* 200",
        ["POST /Subscription/_search"] = "council: 200* 200 200; registrar: 200* 200* 200",
        ["GET /Subscription/{id}"] = "council: 200 404 404; registrar: 200 200 404",
        ["POST /Subscription"] = "council: 201 201 201",
        ["PUT /Subscription/{id}"] = "council: 200 404 404",
        ["GET /Subscription/$status"] = "council: 200; registrar: 200",
        ["GET /Subscription/{id}/$status"] = "council: 200 404 404; registrar: 200 200 404",
        ["POST /Subscription/{id}/$status"] = "council: 200 404 404; registrar: 200 200 404",
        ["GET /Subscription/{id}/$events"] = "council: 200 404 404",
        ["POST /Subscription/{id}/$events"] = "council: 200 404 404",
        ["DELETE /Subscription/{id}"] = "council: 204 404 404",
        ["GET /audit-log"] = "all: 200",
        ["GET /audit-log/checkpoint"] = "all: 200",
        ["GET /audit-log/{lane:int}/checkpoint"] = "all: 200",
        ["GET /audit-log/key"] = "all: 200",
        ["GET /audit-log/{lane:int}/consistency"] = "all: 200",
        ["GET /audit-log/{lane:int}/tile/{level:int}/{**index}"] = "all: 404",
        ["GET /audit-log/totals"] = "archive: 200; auditor-rxr: 403; auditor: 200",
        ["GET /audit-log/{lane:int}/batches"] = "archive: 200; auditor-rxr: 403; auditor: 200",
        ["GET /audit-log/{lane:int}/notes"] = "archive: 200; auditor-rxr: 403; auditor: 200",
        ["GET /audit-log/{lane:int}/tiles"] = "archive: 200; auditor-rxr: 403; auditor: 200",
        ["GET /audit-log/{lane:int}/stray"] = "archive: 200; auditor-rxr: 403; auditor: 200",
        ["GET /audit-log/{lane:int}/entries"] = "archive: 200; auditor-rxr: 403; auditor: 200",
        ["GET /audit-log/{lane:int}/claims"] = "archive: 200; auditor-rxr: 403; auditor: 200",
        ["GET /CodeSystem"] = "all: 200",
        ["POST /CodeSystem/_search"] = "all: 200",
        ["GET /CodeSystem/{id}"] = "all: 404",
        ["GET /NamingSystem"] = "all: 200",
        ["POST /NamingSystem/_search"] = "all: 200",
        ["GET /NamingSystem/{id}"] = "all: 404",
        ["GET /OperationDefinition"] = "all: 200",
        ["POST /OperationDefinition/_search"] = "all: 200",
        ["GET /OperationDefinition/{id}"] = "all: 404",
        ["GET /StructureDefinition"] = "all: 200",
        ["POST /StructureDefinition/_search"] = "all: 200",
        ["GET /StructureDefinition/{id}"] = "all: 404",
        ["GET /SearchParameter"] = "all: 200",
        ["POST /SearchParameter/_search"] = "all: 200",
        ["GET /SearchParameter/{id}"] = "all: 404",
        ["GET /ValueSet"] = "all: 200",
        ["POST /ValueSet/_search"] = "all: 200",
        ["GET /ValueSet/{id}"] = "all: 404",
    };

    /// <summary>What these show is nobody's data: answered, they leave no entry; refused, they do.</summary>
    public static readonly string[] Unrecorded =
    [
        "GET /Organization", "POST /Organization/_search", "GET /Organization/{id}", "GET /Organization/_history",
        "GET /Organization/{id}/_history", "GET /Organization/{id}/_history/{version}",
        "GET /Organization/$unregistered", "GET /$submit-caseload-status/{id}", "GET /$submit-register-status/{id}",
        "GET /$export-status/{id}", "GET /audit-log/totals", "GET /audit-log/{lane:int}/batches",
        "GET /audit-log/{lane:int}/notes", "GET /audit-log/{lane:int}/tiles", "GET /audit-log/{lane:int}/stray",
    ];

    /// <summary>
    /// Health may know that another's child has a plan: an answer without the other organisation's attendances says so.
    /// </summary>
    public static bool IsHeldKnown(Route route, Persona persona) =>
        persona.Role is null && route is { Resource: "Encounter", Interaction: "search-type" };

    public static string Name(Route route) =>
        $"{route.Method} {(route.Prefix == Routes.Prefix ? "" : route.Prefix)}{route.Path}";

    /// <summary>The persona's own words in the row, or its kind's.</summary>
    public static string Of(Route route, Persona persona)
    {
        var cells = Rows.GetValueOrDefault(Name(route), "").Split("; ").Select(c => c.Split(": ", 2))
            .Where(c => c.Length == 2).ToDictionary(c => c[0], c => c[1]);
        return cells.GetValueOrDefault(persona.ClientId["sandbox-".Length..])
            ?? cells.GetValueOrDefault(persona.Role ?? "health") ?? cells.GetValueOrDefault("all") ?? "nothing";
    }
}
