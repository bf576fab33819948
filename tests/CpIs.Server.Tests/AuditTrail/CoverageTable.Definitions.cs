using CpIs.Server.Metadata;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>Rows of what is open to everybody: it is about nobody, and leaves nothing behind.</summary>
internal static partial class CoverageTable
{
    private static IEnumerable<CoverageRow> Definitions() => ShowDefinitions.Types.SelectMany(type => (CoverageRow[])
    [
        Row($"GET /{type}", "ok", null, _ => new("GET", $"{type}?name=CpIs") { Answer = 200 }),
        Row($"POST /{type}/_search", "ok", null, _ => new("POST", $"{type}/_search")
        {
            Form = "name=CpIs", Answer = 200,
        }),
        Row($"GET /{type}/{{id}}", "ok", null, _ => new("GET", $"{type}/absent") { Answer = 404 }),
    ]).Append(Row("GET /openapi.json", "ok", null, _ => new("GET", "../../openapi.json") { Answer = 200 }));
}
