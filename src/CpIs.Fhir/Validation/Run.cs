using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>
/// The working memory of one check, kept by its thread and used again: the tape, what each open object has shown, where
/// the walk stands, and what was found. An accepted resource allocates nothing here.
/// </summary>
internal sealed class Run
{
    /// <summary>Issues after this many are counted, not listed.</summary>
    public const int IssuesMax = 200;

    private const int NoIndex = -1;

    [ThreadStatic]
    private static Run? mine;

    private int[] frames = new int[1024];
    private int top;
    private readonly string[] names = new string[Tape.DepthMax * 2];
    private readonly int[] indices = new int[Tape.DepthMax * 2];
    private int depth;
    private string root = "";
    private List<Issue>? issues;
    private int unlisted;

    public Tape Tape { get; } = new();

    /// <summary>The resource the walk is in: what #id and %resource are about.</summary>
    public int Resource { get; set; }

    /// <summary>The rule that closes extensions outside the places a profile names; null when they are open.</summary>
    public Invariant? Closed { get; set; }

    public static Run Rent() => mine ??= new();

    public void Begin(string type, Invariant? closed)
    {
        (root, Closed, issues, unlisted, top, depth, Resource) = (type, closed, null, 0, 0, 0, 0);
    }

    /// <summary>Ends the check and gives what was found, in the order of the definitions.</summary>
    public IReadOnlyList<Issue> End()
    {
        Tape.Trim();
        if (unlisted > 0)
        {
            issues!.Add(new(IssueSeverity.Information, "too-long", root,
                $"{unlisted} further issues are not listed.", "issues-max", null));
        }

        return issues ?? (IReadOnlyList<Issue>)[];
    }

    /// <summary>Room for what one object shows, all zero.</summary>
    public int Open(int size)
    {
        var start = top;
        top += size;
        if (top > frames.Length)
        {
            Array.Resize(ref frames, Math.Max(top, frames.Length * 2));
        }

        frames.AsSpan(start, size).Clear();
        return start;
    }

    public void Close(int start) => top = start;

    public ref int Cell(int cell) => ref frames[cell];

    public void Enter(string name)
    {
        if (depth == names.Length)
        {
            throw new InvalidOperationException("The walk is deeper than any tape.");
        }

        names[depth] = name;
        indices[depth++] = NoIndex;
    }

    /// <summary>What a client says in meta is ignored, so its extensions are nobody's concern.</summary>
    public bool IsInMeta => depth > 0 && names[0] == "meta";

    public bool IsInContained => depth > 0 && names[depth - 1] == "contained";

    public void At(int index) => indices[depth - 1] = index;

    public void Leave() => depth--;

    public void Report(
        IssueSeverity severity, string code, string rule, string? profile, string text, string below = "")
    {
        issues ??= [];
        if (issues.Count == IssuesMax)
        {
            unlisted++;
            return;
        }

        issues.Add(new(severity, code, Expression(below), text, rule, profile));
    }

    private string Expression(string below)
    {
        var path = new StringBuilder(root);
        for (var step = 0; step < depth; step++)
        {
            path.Append('.').Append(names[step]);
            if (indices[step] != NoIndex)
            {
                path.Append('[').Append(indices[step]).Append(']');
            }
        }

        return below.Length == 0 ? path.ToString() : path.Append('.').Append(below).ToString();
    }
}
