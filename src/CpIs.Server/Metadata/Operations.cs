using CpIs.Fhir;

namespace CpIs.Server.Metadata;

/// <summary>
/// Which definition each operation of the route table follows. What only fetches the outcome of another request, under
/// a path with a number, is no operation of its own.
/// </summary>
internal static class Operations
{
    public const string Interaction = "operation";

    private const string Backport = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/";

    private static readonly Dictionary<string, string> Definitions = new()
    {
        ["$validate"] = "http://hl7.org/fhir/OperationDefinition/Resource-validate",
        ["$export"] = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/export",
        ["$child-protection-summary"] = Systems.Base + "/OperationDefinition/CpIs-ChildProtectionSummary",
        ["$submit-register"] = Systems.Base + "/OperationDefinition/CpIs-SubmitRegister",
        ["$set-live"] = Systems.Base + "/OperationDefinition/CpIs-SetLive",
        ["$unregistered"] = Systems.Base + "/OperationDefinition/CpIs-Unregistered",
        ["$submit-caseload"] = Systems.Base + "/OperationDefinition/CpIs-SubmitCaseload",
        ["$status"] = Backport + "backport-subscription-status",
        ["$events"] = Backport + "backport-subscription-events",
        ["$inclusion-proof"] = Systems.Base + "/OperationDefinition/CpIs-InclusionProof",
    };

    /// <summary>The name of a route's operation, with its dollar sign; null when it is none.</summary>
    public static string? NameOf(Route route)
    {
        var last = route.Path[(route.Path.LastIndexOf('/') + 1)..];
        return route.Interaction == Interaction && last.StartsWith('$') ? last : null;
    }

    /// <summary>Operations of some routes, each once: name with its dollar sign, and canonical.</summary>
    public static IEnumerable<(string Name, string Definition)> Of(IEnumerable<Route> routes) =>
        routes.Select(NameOf).OfType<string>().Distinct().Select(name => (name, Definitions[name]));
}
