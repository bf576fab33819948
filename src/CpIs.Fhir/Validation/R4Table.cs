using System.Globalization;

namespace CpIs.Fhir.Validation;

/// <summary>
/// The compact table of all R4 types and bound value sets, generated with the profiles from the pinned definitions
/// (profiles/closure.mjs describes its lines).
/// </summary>
internal sealed class R4Table
{
    private const string Embedded = "r4-closure.txt";

    private readonly Dictionary<string, TypeLine> types = new(StringComparer.Ordinal);
    private readonly Dictionary<int, CodeSet> sets = [];

    private R4Table(IEnumerable<string> lines)
    {
        TypeLine? type = null;
        SetLines? set = null;
        foreach (var line in lines)
        {
            var words = line.Split(' ');
            if (words[0] == "TYPE")
            {
                type = new(words[1], words[2], Keys(words[^1]), []);
                types.Add(type.Name, type);
            }
            else if (words[0] == "SET")
            {
                Keep(set);
                set = new(int.Parse(words[1], CultureInfo.InvariantCulture), words[2], []);
            }
            else if (set != null)
            {
                set.Codes.AddRange(words.Skip(1).Select(code => new CodedTerm(words[0], code, null)));
            }
            else if (words[0] != "#")
            {
                type!.Elements.Add(ElementLine.Read(words));
            }
        }

        Keep(set);
    }

    public IEnumerable<TypeLine> Types => types.Values;

    public IEnumerable<CodeSet> Sets => sets.Values;

    public static R4Table Load()
    {
        using var stream = typeof(R4Table).Assembly.GetManifestResourceStream(Embedded)!;
        using var reader = new StreamReader(stream);
        return new(reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    public TypeLine? Find(string type) => types.GetValueOrDefault(type);

    /// <summary>A type and all it is based on, nearest first.</summary>
    public IEnumerable<TypeLine> Lineage(TypeLine line)
    {
        for (var at = line; at != null; at = Find(at.Parent))
        {
            yield return at;
        }
    }

    public CodeSet? Set(int? number) => number is { } known ? sets[known] : null;

    private void Keep(SetLines? set)
    {
        if (set != null)
        {
            sets.Add(set.Number, new(set.Canonical, set.Codes));
        }
    }

    internal static string[] Keys(string word) => word.StartsWith('^') ? word[1..].Split(',') : [];

    private sealed record SetLines(int Number, string Canonical, List<CodedTerm> Codes);
}

/// <summary>One type of the table with the elements it adds to the type it is based on.</summary>
internal sealed record TypeLine(string Name, string Parent, string[] Invariants, List<ElementLine> Elements);

/// <summary>One element of the table; the path is relative to its type, with dots for what is nested.</summary>
internal sealed record ElementLine(string Path, int Min, int Max, string[] Types, int? Set, string[] Invariants)
{
    public static ElementLine Read(string[] words)
    {
        var set = Array.Find(words, word => word.StartsWith('@'));
        return new(
            words[0],
            int.Parse(words[1], CultureInfo.InvariantCulture),
            words[2] == "*" ? Element.Unbounded : int.Parse(words[2], CultureInfo.InvariantCulture),
            words[3].Split('|'),
            set == null ? null : int.Parse(set[1..], CultureInfo.InvariantCulture),
            R4Table.Keys(words[^1]));
    }
}
