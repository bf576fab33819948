using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// A catch of everything can turn a failure into "no plan". It is allowed where every failure becomes a loud answer,
/// and once in each loop that must outlive its failures; each is named here.
/// </summary>
internal static class Catches
{
    /// <summary>File and method of each broad catch, with why it may stand.</summary>
    public static readonly IReadOnlyDictionary<string, string> Allowed = new Dictionary<string, string>
    {
        ["src/CpIs.Server/Failures.cs"] = "any failure of a request becomes a 500 that says the check was not made",
    };

    public static IEnumerable<string> Faults(SourceFile file) =>
        file.Nodes<CatchClauseSyntax>().Where(IsBroad).Select(one => (Clause: one, Place: PlaceOf(file, one)))
            .Where(one => !Allowed.ContainsKey(file.Path) && !Allowed.ContainsKey(one.Place))
            .Select(one => file.Fault(one.Clause, $"a broad catch: name the exceptions, or list {one.Place}"));

    public static string PlaceOf(SourceFile file, CatchClauseSyntax clause)
    {
        var method = clause.Ancestors().OfType<BaseMethodDeclarationSyntax>().FirstOrDefault();
        var name = method is MethodDeclarationSyntax named ? named.Identifier.ValueText : "constructor";
        return $"{file.Path}:{name}";
    }

    /// <summary>Catches everything: no type, or Exception without a filter that names types.</summary>
    public static bool IsBroad(CatchClauseSyntax clause) =>
        clause.Declaration?.Type.ToString() is null or "Exception" or "System.Exception" or "SystemException"
        && clause.Filter?.FilterExpression.DescendantNodesAndSelf()
            .Any(node => node is IsPatternExpressionSyntax pattern && NamesTypes(pattern)) != true;

    // "e is not OperationCanceledException" still catches all but one.
    private static bool NamesTypes(IsPatternExpressionSyntax test) =>
        !test.Pattern.DescendantNodesAndSelf().Any(node => node is UnaryPatternSyntax);
}
