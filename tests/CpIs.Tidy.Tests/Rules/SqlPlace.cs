using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// SQL is const text, in stores, the ledger and Database/ alone, never interpolated, and never run without a
/// token. So all of it can be found, and none of it can be built from what a caller sent.
/// </summary>
internal static partial class SqlPlace
{
    private static readonly HashSet<string> Dapper = new(StringComparer.Ordinal)
    {
        "QueryAsync", "QueryFirstAsync", "QueryFirstOrDefaultAsync", "QuerySingleAsync", "QuerySingleOrDefaultAsync",
        "QueryMultipleAsync", "QueryUnbufferedAsync", "ExecuteAsync", "ExecuteScalarAsync", "ExecuteReaderAsync",
    };

    private static readonly HashSet<string> Tokenless = new(StringComparer.Ordinal)
    {
        "ExecuteReaderAsync", "ExecuteNonQueryAsync", "ExecuteScalarAsync", "OpenConnectionAsync", "NextResultAsync",
        "ReadAsync", "PrepareAsync", "BeginTransactionAsync", "Query", "QueryFirst", "QuerySingle", "ExecuteNonQuery",
        "ExecuteScalar", "ExecuteReader", "OpenConnection",
    };

    public static IEnumerable<string> Faults(SourceFile file)
    {
        var sql = file.Nodes<ExpressionSyntax>().Where(IsSql).ToList();
        foreach (var text in sql)
        {
            if (!MayHoldSql(file.Path))
            {
                yield return file.Fault(text, "SQL stands only in a *Store.cs, in CpIs.Audit and in Database/");
            }

            if (!IsConst(text))
            {
                yield return file.Fault(text, "SQL is a const");
            }
        }

        foreach (var built in file.Nodes<InterpolatedStringExpressionSyntax>().Where(_ => sql.Count > 0))
        {
            yield return file.Fault(built, "a file with SQL holds no interpolated text");
        }

        var calls = InLedger(file.Path) ? [] : file.Nodes<InvocationExpressionSyntax>();
        foreach (var call in calls.Where(call => RunsTokenless(call) && !InLane(call)))
        {
            yield return file.Fault(call, "a command runs with a token: CommandDefinition, or NpgsqlBatch with one");
        }
    }

    /// <summary>A store without SQL is something else under a store's name.</summary>
    public static bool IsStoreWithoutSql(SourceFile file) =>
        file.Name.Finishes("Store.cs") && !file.Nodes<ExpressionSyntax>().Any(IsSql);

    private static bool InLedger(string path) => path.Begins("src/CpIs.Audit/");

    private static bool MayHoldSql(string path) =>
        path.Finishes("Store.cs") || InLedger(path)
        || path.Begins("src/CpIs.Server/Database/");

    private static bool IsSql(ExpressionSyntax node) => node switch
    {
        LiteralExpressionSyntax text when text.IsKind(SyntaxKind.StringLiteralExpression)
            || text.IsKind(SyntaxKind.Utf8StringLiteralExpression) => Sql().IsMatch(text.Token.ValueText),
        InterpolatedStringExpressionSyntax built => Sql().IsMatch(built.Contents.ToString()),
        _ => false,
    };

    private static bool IsConst(ExpressionSyntax text) => text.Ancestors().Any(node =>
        (node is FieldDeclarationSyntax field && field.Modifiers.Any(SyntaxKind.ConstKeyword))
        || node is LocalDeclarationStatementSyntax { IsConst: true });

    // A change and its record commit together, and a lane reads for many: a caller who hangs up must not tear them.
    private static bool InLane(SyntaxNode call) => call.Ancestors().OfType<MethodDeclarationSyntax>()
        .Any(method => method.ParameterList.Parameters.Any(one =>
            one.Type?.ToString() is "WriteTransaction" or "NpgsqlDataReader"));

    private static bool RunsTokenless(InvocationExpressionSyntax call)
    {
        if (call.Expression is not MemberAccessExpressionSyntax member)
        {
            return false;
        }

        var name = member.Name.Identifier.ValueText;
        var arguments = call.ArgumentList.Arguments;
        return (arguments.Count == 0 && Tokenless.Contains(name))
            || (arguments.Count > 1 && Dapper.Contains(name) && !arguments.ToString().Holds("oken"))
            || (arguments.Count == 1 && Dapper.Contains(name) && IsText(arguments[0].Expression));
    }

    private static bool IsText(ExpressionSyntax argument) => argument is LiteralExpressionSyntax;

    [GeneratedRegex(
        @"\bselect\s[\s\S]*\bfrom\s+[a-z_]+([.(]|\s*$|\s+(where|order|limit|join|left|group|for)\b)"
        + @"|\bselect\s+(set_config|pg_\w+|nextval)\s*\(|^\s*select\s+\S+\s*$"
        + @"|\b(insert\s+into\s+\w|update\s+[\w.]+\s+set\s+\w+\s*=|delete\s+from\s+\w|with\s+\w+\s+as\s*\()"
        + @"|\b(create|alter|drop)\s+(table|index|schema|role|database|user)\s|\bmerge\s+into\s|\bcopy\s+[\w.]+\s*\("
        + @"|\bgrant\s+\w+\s+on\s|\btruncate\s+\w|\breset\s+role",
        RegexOptions.IgnoreCase)]
    private static partial Regex Sql();
}
