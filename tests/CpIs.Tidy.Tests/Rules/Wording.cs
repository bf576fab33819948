using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// Names that say nothing, calls that hide the clock or block a thread, and styles this house does without.
/// Time comes from a TimeProvider, so a test can stand on any day; work is awaited, so a failure is seen.
/// </summary>
internal static partial class Wording
{
    private static readonly HashSet<string> EmptyWords = new(StringComparer.Ordinal)
    {
        "Helper", "Helpers", "Manager", "Managers", "Util", "Utils", "Utility", "Utilities", "Common", "Base",
        "Service", "Services", "Mediator", "Repository", "Dto", "Shared", "Abstractions",
    };

    private static readonly Dictionary<string, string> Calls = new(StringComparer.Ordinal)
    {
        ["DateTime.Now"] = "ask the TimeProvider", ["DateTime.UtcNow"] = "ask the TimeProvider",
        ["DateTime.Today"] = "ask the TimeProvider", ["DateTimeOffset.Now"] = "ask the TimeProvider",
        ["DateTimeOffset.UtcNow"] = "ask the TimeProvider", ["Task.Run"] = "await the work",
        ["Thread.Sleep"] = "await a delay",
    };

    public static IEnumerable<string> Faults(SourceFile file) =>
        EmptyNames(file).Concat(BannedCalls(file)).Concat(BannedForms(file));

    /// <summary>The words of a name: <c>PlanStore</c> is Plan and Store.</summary>
    public static IEnumerable<string> WordsOf(string name) => Word().Matches(name).Select(match => match.Value);

    private static IEnumerable<string> EmptyNames(SourceFile file)
    {
        var path = file.Path.Split('/', '.').SelectMany(WordsOf);
        var types = file.Nodes<BaseTypeDeclarationSyntax>().SelectMany(type => WordsOf(type.Identifier.ValueText));
        return path.Concat(types).Where(EmptyWords.Contains).Distinct()
            .Select(word => file.Fault(1, $"'{word}' in a name says nothing: name what it is"));
    }

    private static IEnumerable<string> BannedCalls(SourceFile file)
    {
        foreach (var access in file.Nodes<MemberAccessExpressionSyntax>())
        {
            if (Calls.TryGetValue(access.ToString(), out var instead) && (file.InProduct || !IsClock(access)))
            {
                yield return file.Fault(access, $"{access}: {instead}");
            }

            if (access.Name.Identifier.ValueText is "Result" or "GetAwaiter" && !IsCalled(access, "Result"))
            {
                yield return file.Fault(access, $".{access.Name} blocks a thread: await it");
            }

            if (IsCalled(access, "Wait"))
            {
                yield return file.Fault(access, ".Wait blocks a thread: await it");
            }
        }
    }

    private static IEnumerable<string> BannedForms(SourceFile file)
    {
        foreach (var method in file.Nodes<MethodDeclarationSyntax>().Where(IsAsyncVoid))
        {
            yield return file.Fault(method, "async void loses its failures: return a Task");
        }

        foreach (var trivia in file.Unit.DescendantTrivia(descendIntoTrivia: true))
        {
            if (trivia.IsKind(SyntaxKind.RegionDirectiveTrivia))
            {
                yield return file.Fault(LineOf(trivia.GetLocation()), "a region hides code: split the file");
            }
        }
    }

    // A test may measure, or forge a token that ran out; it may not take a local day from the machine.
    private static bool IsClock(MemberAccessExpressionSyntax access) => access.Name.Identifier.ValueText == "UtcNow";

    private static bool IsCalled(MemberAccessExpressionSyntax access, string name) =>
        access.Name.Identifier.ValueText == name && access.Parent is InvocationExpressionSyntax;

    private static bool IsAsyncVoid(MethodDeclarationSyntax method) =>
        method.Modifiers.Any(SyntaxKind.AsyncKeyword) && method.ReturnType.ToString() == "void";

    private static int LineOf(Location place) => place.GetLineSpan().StartLinePosition.Line + 1;

    [GeneratedRegex("[A-Z]+(?![a-z])|[A-Z][a-z0-9]*|[a-z0-9]+")]
    private static partial Regex Word();
}
