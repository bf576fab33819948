using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>How long files, methods, lines and folder paths may grow, so that all can be read in one sitting.</summary>
internal static class Sizes
{
    public const int FileLinesAim = 200;
    public const int FileLinesMax = 400;
    public const int MethodLinesAim = 30;
    public const int MethodLinesMax = 70;
    public const int ProgramLinesMax = 70;
    public const int ColumnsMax = 120;
    public const int FolderDepthMax = 3;

    /// <summary>One in so many may pass its aim; nothing may pass its limit.</summary>
    public const int OverAimShare = 10;

    public static IEnumerable<string> Faults(SourceFile file)
    {
        var limit = file.Path == "src/CpIs.Server/Program.cs" ? ProgramLinesMax : FileLinesMax;
        if (LineCount(file.Text) > limit)
        {
            yield return file.Fault(limit + 1, $"the file has {LineCount(file.Text)} lines, more than {limit}");
        }

        for (var at = 0; at < file.Lines.Count; at++)
        {
            if (file.Lines[at].TrimEnd('\r').Length > ColumnsMax)
            {
                yield return file.Fault(at + 1, $"the line is wider than {ColumnsMax} columns");
            }
        }

        foreach (var method in Methods(file).Where(method => Height(method) > MethodLinesMax))
        {
            yield return file.Fault(method, $"the method has {Height(method)} lines, more than {MethodLinesMax}");
        }

        // src/Project/Folder/Folder: the file's own name and "src" are not folders one has to open.
        if (file.Path.Split('/').Length - 2 > FolderDepthMax)
        {
            yield return file.Fault(1, $"the file lies deeper than {FolderDepthMax} folders");
        }
    }

    public static int LineCount(string text) => text.TrimEnd('\n').Split('\n').Length;

    public static IEnumerable<SyntaxNode> Methods(SourceFile file) => file.Unit.DescendantNodes().Where(node =>
        node is BaseMethodDeclarationSyntax or LocalFunctionStatementSyntax or AccessorDeclarationSyntax);

    public static int Height(SyntaxNode method)
    {
        var span = method.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }
}
