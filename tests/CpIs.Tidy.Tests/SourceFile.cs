using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests;

/// <summary>
/// One C# file as the rules see it: its path from the root, its text, and the compiler's own reading of it.
/// </summary>
internal sealed class SourceFile(string path, string text)
{
    private static readonly CSharpParseOptions Language = new(LanguageVersion.Latest);
    private readonly Lazy<CompilationUnitSyntax> unit = new(() =>
        CSharpSyntaxTree.ParseText(text, Language).GetCompilationUnitRoot());

    public string Path { get; } = path;

    public string Text { get; } = text;

    public string Name => System.IO.Path.GetFileName(Path);

    public bool InProduct => Path.Begins("src/");

    public IReadOnlyList<string> Lines => Text.Split('\n');

    public CompilationUnitSyntax Unit => unit.Value;

    public static SourceFile Of(string path) => new(path, Checkout.Read(path));

    /// <summary>All nodes of one kind, in the order they are written.</summary>
    public IEnumerable<T> Nodes<T>()
        where T : SyntaxNode => Unit.DescendantNodes().OfType<T>();

    /// <summary>Types that stand on their own, not inside another.</summary>
    public IEnumerable<BaseTypeDeclarationSyntax> OuterTypes() =>
        Nodes<BaseTypeDeclarationSyntax>().Where(type => type.Parent is not BaseTypeDeclarationSyntax);

    /// <summary>A complaint a reader can click on.</summary>
    public string Fault(SyntaxNode node, string words) =>
        $"{Path}:{node.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {words}";

    public string Fault(int line, string words) => $"{Path}:{line}: {words}";
}
