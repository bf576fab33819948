using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// Nothing grows or waits without a bound, and each bound has a name that carries its unit (QueueEntriesMax,
/// CommitWaitMs), so that it can be found, argued about and shown.
/// </summary>
internal static partial class Limits
{
    private static readonly HashSet<string> Bounded = new(StringComparer.Ordinal)
    {
        "CreateBounded", "Delay", "FromMilliseconds", "FromSeconds", "FromMinutes", "FromHours", "FromDays",
        "BoundedChannelOptions", "SemaphoreSlim", "PeriodicTimer", "CancelAfter", "WaitAsync",
    };

    /// <summary>Queues that are bounded by something other than their own length, and by what.</summary>
    public static readonly IReadOnlyDictionary<string, string> BoundedElsewhere = new Dictionary<string, string>
    {
        ["src/CpIs.Audit/ReadQueue.cs"] = "counted in entries, QueueEntriesMax",
        ["src/CpIs.Audit/WriteLanes.cs"] = "holds as many as there are lanes",
    };

    public static IEnumerable<string> Faults(SourceFile file)
    {
        foreach (var access in file.Nodes<SimpleNameSyntax>().Where(_ => !BoundedElsewhere.ContainsKey(file.Path)))
        {
            if (access.Identifier.ValueText is "CreateUnbounded" or "BlockingCollection")
            {
                yield return file.Fault(access, "a queue without a bound fills the memory: bound it");
            }
        }

        foreach (var literal in file.Nodes<LiteralExpressionSyntax>().Where(IsNumber).Where(BoundsSomething))
        {
            yield return file.Fault(literal, $"the bound {literal} has no name: make it a constant with its unit");
        }

        foreach (var name in ConstantNames(file).Where(name => Unitless().IsMatch(name.ValueText)))
        {
            yield return file.Fault(name.Parent!, $"{name} does not say its unit, as CommitWaitMs does");
        }
    }

    private static IEnumerable<SyntaxToken> ConstantNames(SourceFile file) =>
        file.Nodes<VariableDeclaratorSyntax>().Where(one => one.Ancestors().Any(node =>
                (node is FieldDeclarationSyntax field && field.Modifiers.Any(SyntaxKind.ConstKeyword)
                    && field.Declaration.Type.ToString() is "int" or "long" or "double")
                || (node is LocalDeclarationStatementSyntax { IsConst: true } local
                    && local.Declaration.Type.ToString() is "int" or "long" or "double")))
            .Select(one => one.Identifier);

    // Zero and one start a count or hand over a turn; anything more is somebody's decision.
    private static bool IsNumber(LiteralExpressionSyntax literal) =>
        literal.IsKind(SyntaxKind.NumericLiteralExpression) && literal.Token.ValueText is not ("0" or "1");

    private static bool BoundsSomething(LiteralExpressionSyntax literal)
    {
        if (literal.Ancestors().Any(node =>
            node is FieldDeclarationSyntax or LocalDeclarationStatementSyntax { IsConst: true }))
        {
            return false;
        }

        return literal.Parent switch
        {
            ArgumentSyntax { Parent.Parent: InvocationExpressionSyntax call } => IsBounded(call.Expression),
            ArgumentSyntax { Parent.Parent: ObjectCreationExpressionSyntax made } => IsBounded(made.Type),
            AssignmentExpressionSyntax set => LimitProperty().IsMatch(LastName(set.Left)),
            _ => false,
        };
    }

    private static bool IsBounded(ExpressionSyntax what) => Bounded.Contains(LastName(what));

    private static string LastName(ExpressionSyntax expression) => expression switch
    {
        MemberAccessExpressionSyntax access => access.Name.Identifier.ValueText,
        SimpleNameSyntax name => name.Identifier.ValueText,
        _ => expression.ToString(),
    };

    [GeneratedRegex("(Timeout|Wait|Delay|Interval|Period|Duration|Age|Lifetime)(Max|Min)?$|^(Max|Min)$|Limit$")]
    private static partial Regex Unitless();

    [GeneratedRegex("^(MaxDegreeOfParallelism|Max[A-Z]\\w*|\\w*Timeout|\\w*Limit|\\w*PoolSize)$")]
    private static partial Regex LimitProperty();
}
