using System.Text.Json.Nodes;
using CpIs.Server.Validating;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>The part of the matrix where a resource is only checked.</summary>
internal static partial class CoverageTable
{
    private static IEnumerable<CoverageRow> Validations() => ValidateResource.Types.SelectMany(type =>
    {
        var (route, url) = ($"POST /{type}/$validate", $"{type}/$validate");
        CoverageCase Asked(int status, int outcome) => new(
            "POST", url, new ExpectedEntry("operation", status, outcome, null))
        {
            Body = new JsonObject { ["resourceType"] = type },
        };
        return new[]
        {
            Row(route, "ok", Council, _ => Asked(200, 0)),
            Row(route, "denied", "sandbox-auditor", _ => Asked(403, 4)),
            Row(route, "unauthenticated", null, _ => Asked(401, 4)),
        };
    });
}
