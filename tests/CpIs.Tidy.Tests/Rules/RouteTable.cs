using CpIs.Server;
using CpIs.Server.Access;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// Every route says who may come in and what its answer shows, and stands in the one table. A route mapped elsewhere
/// would pass by the door where callers are known and looks are recorded.
/// </summary>
internal static class RouteTable
{
    private static readonly HashSet<string> PatientData = new(StringComparer.Ordinal)
    {
        "Flag", "EpisodeOfCare", "Patient", "Encounter", "CareTeam",
    };

    /// <summary>Files that map something outside the table, and why nobody's data can leave by it.</summary>
    private static readonly Dictionary<string, string> MapsElsewhere = new()
    {
        ["src/CpIs.Server/Routes.cs"] = "the table itself",
        ["src/CpIs.Server/Health.cs"] = "whether the process lives, about nobody",
        ["src/CpIs.Server/Sandbox/TokenIssuer.cs"] = "tokens and keys of the sandbox",
    };

    public static IEnumerable<string> Faults(Route route)
    {
        var name = $"{route.Method} {route.Path}";
        if (route.Who == 0)
        {
            yield return $"{name} names nobody who may come in";
        }

        if (route.Who.HasFlag(Who.Public) && (route.Who != Who.Public || route.Discloses != Discloses.Nothing))
        {
            yield return $"{name} is open to everybody and discloses {route.Discloses}";
        }

        if (route.Resource.Length == 0 && route.Who != Who.Public && route.Discloses == Discloses.Nothing)
        {
            yield return $"{name} is not for everybody and says that it discloses nothing";
        }

        if (PatientData.Contains(route.Resource) && route.Discloses != Discloses.Patients)
        {
            yield return $"{name} shows patient data and says it discloses {route.Discloses}";
        }

        if (route.Resource == "AuditEvent" && route.Discloses is not (Discloses.Trail or Discloses.Patients))
        {
            yield return $"{name} shows the trail and says it discloses {route.Discloses}";
        }

        // A validation stores nothing and shows nothing but what was sent: a token of the right kind is enough.
        if (route.Resource.Length > 0 && route.Letter is null && route.Who != Who.Public
            && !route.Path.EndsWith("/$validate", StringComparison.Ordinal))
        {
            yield return $"{name} asks for no scope";
        }
    }

    public static IEnumerable<string> MappedElsewhere(SourceFile file) =>
        file.Nodes<InvocationExpressionSyntax>().Where(_ => !MapsElsewhere.ContainsKey(file.Path))
            .Where(call => call.Expression is MemberAccessExpressionSyntax { Name.Identifier.ValueText: var name }
                && name is "MapGet" or "MapPost" or "MapPut" or "MapPatch" or "MapDelete" or "MapMethods"
                    or "MapFallback" or "MapGroup" or "MapControllers")
            .Select(call => file.Fault(call, "a route stands in the table of Routes.cs"));
}
