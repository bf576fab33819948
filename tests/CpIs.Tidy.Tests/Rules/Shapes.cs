using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// How a type is declared: hidden unless another project needs it, closed, introduced by a sentence, and no longer
/// than its purpose asks.
/// </summary>
internal static class Shapes
{
    // What other projects call; everything else in src keeps to itself.
    private static readonly string[] SharedProjects = ["src/CpIs.Fhir/", "src/CpIs.Audit/"];

    public static IEnumerable<string> Faults(SourceFile file, IReadOnlySet<string> derivedFrom)
    {
        foreach (var type in file.OuterTypes())
        {
            if (type.Modifiers.Any(SyntaxKind.PublicKeyword) && !SharedProjects.Any(start => Begins(file, start)))
            {
                yield return file.Fault(type, $"{type.Identifier} is public, and no other project needs it");
            }

            if (!IsIntroduced(type))
            {
                yield return file.Fault(type, $"{type.Identifier} does not open with a sentence on what it is and why");
            }
        }

        foreach (var type in file.Nodes<TypeDeclarationSyntax>())
        {
            if (IsOpen(type) && !derivedFrom.Contains(type.Identifier.ValueText))
            {
                yield return file.Fault(type, $"{type.Identifier} is open, and nothing derives from it");
            }

            if (type is ClassDeclarationSyntax && HoldsOnlyProperties(type))
            {
                yield return file.Fault(type, $"{type.Identifier} is a shape: make it a record");
            }

            if (LongWayRound(type))
            {
                yield return file.Fault(type, $"{type.Identifier} only keeps what it gets: use a primary constructor");
            }
        }
    }

    /// <summary>Names after the colon of every type of these files.</summary>
    public static HashSet<string> DerivedFrom(IEnumerable<SourceFile> files) =>
        [.. files.SelectMany(file => file.Nodes<BaseTypeSyntax>()).Select(parent => PlainName(parent.Type))];

    /// <summary>Interfaces of these files with fewer than two types behind them.</summary>
    public static IEnumerable<string> EarlyInterfaces(IReadOnlyCollection<SourceFile> files)
    {
        var parents = files.SelectMany(file => file.Nodes<TypeDeclarationSyntax>())
            .Where(type => type is not InterfaceDeclarationSyntax && type.BaseList is not null)
            .SelectMany(type => type.BaseList!.Types.Select(parent => PlainName(parent.Type))).ToList();
        return files.SelectMany(file => file.Nodes<InterfaceDeclarationSyntax>()
            .Where(type => parents.Count(name => name == type.Identifier.ValueText) < 2)
            .Select(type => file.Fault(type, $"{type.Identifier} has fewer than two implementations")));
    }

    private static bool Begins(SourceFile file, string start) => file.Path.Begins(start);

    private static string PlainName(TypeSyntax type) => type switch
    {
        GenericNameSyntax generic => generic.Identifier.ValueText,
        QualifiedNameSyntax qualified => PlainName(qualified.Right),
        _ => type.ToString(),
    };

    private static bool IsIntroduced(BaseTypeDeclarationSyntax type) => type.GetLeadingTrivia().Any(trivia =>
        trivia.IsKind(SyntaxKind.SingleLineDocumentationCommentTrivia)
        || trivia.IsKind(SyntaxKind.SingleLineCommentTrivia));

    private static bool IsOpen(TypeDeclarationSyntax type) =>
        (type is ClassDeclarationSyntax
            || type is RecordDeclarationSyntax { ClassOrStructKeyword.RawKind: not (int)SyntaxKind.StructKeyword })
        && !type.Modifiers.Any(word => word.IsKind(SyntaxKind.SealedKeyword) || word.IsKind(SyntaxKind.StaticKeyword)
            || word.IsKind(SyntaxKind.AbstractKeyword));

    private static bool HoldsOnlyProperties(TypeDeclarationSyntax type) =>
        type.BaseList is null && type.Members.Count > 0 && type.ParameterList is null
        && type.Members.All(member => member is PropertyDeclarationSyntax { AccessorList: { } accessors } property
            && !property.Modifiers.Any(SyntaxKind.StaticKeyword)
            && accessors.Accessors.All(accessor => accessor.Body is null && accessor.ExpressionBody is null));

    // A primary constructor is as open as its type; one that is less open must be written out.
    private static bool IsNarrowerThan(TypeDeclarationSyntax type, ConstructorDeclarationSyntax constructor) =>
        !constructor.Modifiers.Any(SyntaxKind.PublicKeyword)
        && (type.Modifiers.Any(SyntaxKind.PublicKeyword) || !constructor.Modifiers.Any(SyntaxKind.InternalKeyword));

    // One constructor that copies its parameters into fields and does nothing else.
    private static bool LongWayRound(TypeDeclarationSyntax type)
    {
        var constructors = type.Members.OfType<ConstructorDeclarationSyntax>()
            .Where(made => !made.Modifiers.Any(SyntaxKind.StaticKeyword)).ToList();
        if (constructors is not [var only] || only.Body is null || IsNarrowerThan(type, only))
        {
            return false;
        }

        var fields = type.Members.OfType<FieldDeclarationSyntax>()
            .SelectMany(field => field.Declaration.Variables.Select(name => name.Identifier.ValueText)).ToHashSet();
        var parameters = only.ParameterList.Parameters.Select(one => one.Identifier.ValueText).ToHashSet();
        return only.Body.Statements.Count > 0 && only.Body.Statements.All(statement =>
            statement is ExpressionStatementSyntax { Expression: AssignmentExpressionSyntax copy }
            && fields.Contains(copy.Left.ToString().Replace("this.", "", StringComparison.Ordinal))
            && parameters.Contains(copy.Right.ToString()));
    }
}
