using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// Every log message stands in a file named Logs.cs, numbered and source generated, and none can be handed a number, a
/// name, a body, a token or a query: what is not a parameter cannot leak.
/// </summary>
internal static partial class Logging
{
    private static readonly HashSet<string> Calls = new(StringComparer.Ordinal)
    {
        "LogTrace", "LogDebug", "LogInformation", "LogWarning", "LogError", "LogCritical", "BeginScope",
    };

    public static IEnumerable<string> Faults(SourceFile file)
    {
        foreach (var call in file.Nodes<MemberAccessExpressionSyntax>())
        {
            var name = call.Name.Identifier.ValueText;
            if (Calls.Contains(name) || (name == "Log" && call.Parent?.ToString().Holds("LogLevel.") == true))
            {
                yield return file.Fault(call, "a message is written through Logs.cs, not on the spot");
            }
        }

        foreach (var message in Messages(file))
        {
            if (file.Name != "Logs.cs")
            {
                yield return file.Fault(message, "a log template stands in Logs.cs");
            }

            foreach (var personal in message.ParameterList.Parameters.Where(IsPersonal))
            {
                yield return file.Fault(personal, $"a log message takes no {personal.Identifier}");
            }

            if (NumberOf(message) is null)
            {
                yield return file.Fault(message, "a log message has a number (EventId)");
            }
        }
    }

    /// <summary>Numbers that two messages of one file share.</summary>
    public static IEnumerable<string> SharedNumbers(SourceFile file) =>
        Messages(file).GroupBy(NumberOf).Where(group => group.Count() > 1)
            .Select(group => file.Fault(group.Last(), $"log number {group.Key} is taken"));

    private static IEnumerable<MethodDeclarationSyntax> Messages(SourceFile file) =>
        file.Nodes<MethodDeclarationSyntax>().Where(method => AttributeOf(method) is not null);

    private static AttributeSyntax? AttributeOf(MethodDeclarationSyntax method) => method.AttributeLists
        .SelectMany(list => list.Attributes).FirstOrDefault(one => one.Name.ToString() is "LoggerMessage");

    private static string? NumberOf(MethodDeclarationSyntax method)
    {
        var arguments = AttributeOf(method)!.ArgumentList?.Arguments ?? [];
        var named = arguments.FirstOrDefault(one => one.NameEquals?.Name.ToString() == "EventId");
        var number = (named ?? arguments.FirstOrDefault())?.Expression.ToString();
        return int.TryParse(number, out var value) && value > 0 ? number : null;
    }

    private static bool IsPersonal(ParameterSyntax parameter) => Personal().IsMatch(parameter.Identifier.ValueText)
        || parameter.Type?.ToString().TrimEnd('?')
            is "NhsNumber" or "HttpContext" or "HttpRequest" or "Caller" or "AuditEntry";

    [GeneratedRegex(
        "nhs|birth|family|given|body|json|token|jwt|secret|query|target|uri|url|header|^(name|path|content)$"
        + "|(user|patient|person|agent)name",
        RegexOptions.IgnoreCase)]
    private static partial Regex Personal();
}
