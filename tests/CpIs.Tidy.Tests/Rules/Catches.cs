using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// A catch of everything can turn a failure into "no plan". It is allowed where every failure becomes a loud answer,
/// and once in each loop that must outlive its failures; each is named here. Cleaning up and throwing on is no catch.
/// </summary>
internal static class Catches
{
    /// <summary>File and method of each broad catch, with why it may stand.</summary>
    public static readonly IReadOnlyDictionary<string, string> Allowed = new Dictionary<string, string>
    {
        ["src/CpIs.Server/Failures.cs"] = "any failure of a request becomes a 500 that says the check was not made",
        ["src/CpIs.Audit/ReadLane.cs:CommitAsync"] = "any failure loses the lane, and its callers get 503",
        ["src/CpIs.Audit/ReadLane.cs:CommitSinglyAsync"] = "the same, for one entry at a time",
        ["src/CpIs.Audit/LaneKeeper.cs:TakeAsync"] = "a lane is looked for until one is found, and an alarm is raised",
        ["src/CpIs.Audit/CheckpointSigner.cs:TryAsync"] = "tried again a second later, and an alarm is raised",
        ["src/CpIs.Server/Plans/ClockWorker.cs:TryAsync"] = "one council's trouble is told, and the others' plans turn",
        ["src/CpIs.Server/Uploads/UploadWorker.cs:TryAsync"] = "one council's trouble is told, and others' files move",
        ["src/CpIs.Server/Notices/Follower.cs:TryAsync"] =
            "told once, tried again: nobody else would tell the councils",
        ["src/CpIs.Server/AuditTrail/Alerts.cs:TryAsync"] =
            "told once, tried again: nobody else would tell the auditors",
        ["src/CpIs.Server/Notices/Sender.cs:TryAsync"] = "one council's trouble is told, and the others are sent to",
        ["src/CpIs.Audit/WriteTransaction.cs:CommitAsync"] = "an unclear commit is looked up before it is answered",
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

    /// <summary>Takes everything and keeps it: no type, or Exception without a filter that chooses.</summary>
    public static bool IsBroad(CatchClauseSyntax clause) =>
        clause.Declaration?.Type.ToString() is null or "Exception" or "System.Exception" or "SystemException"
        && clause.Block.Statements.LastOrDefault() is not ThrowStatementSyntax
        && clause.Filter?.FilterExpression.DescendantNodesAndSelf().Any(node => Chooses(clause, node)) != true;

    // A type is named, or the exception is handed to a question about it. "All but one" chooses nothing.
    private static bool Chooses(CatchClauseSyntax clause, SyntaxNode node) => node switch
    {
        IsPatternExpressionSyntax test =>
            !test.Pattern.DescendantNodesAndSelf().Any(part => part is UnaryPatternSyntax),
        BinaryExpressionSyntax test => test.IsKind(SyntaxKind.IsExpression),
        InvocationExpressionSyntax question => question.Parent is not PrefixUnaryExpressionSyntax
            && question.ArgumentList.Arguments.Any(one => one.ToString() == clause.Declaration!.Identifier.ValueText),
        _ => false,
    };
}
