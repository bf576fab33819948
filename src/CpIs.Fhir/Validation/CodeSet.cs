using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>One code of a value set, with its words where our own value sets give them.</summary>
internal sealed record CodedTerm(string System, string Code, string? Display)
{
    /// <summary>The words help where the code is a number.</summary>
    public string Shown => Display != null && Code.All(char.IsAsciiDigit) ? $"{Code} ({Display})" : Code;
}

/// <summary>The codes of one value set, by system, asked with UTF-8 so that no text is made to answer.</summary>
internal sealed class CodeSet
{
    /// <summary>More codes than this are not listed in a message.</summary>
    private const int ListedCodesMax = 12;

    private readonly Entry[] entries;

    private sealed record Entry(byte[] System, byte[] Code);

    public CodeSet(string canonical, IEnumerable<CodedTerm> codes)
    {
        Canonical = canonical;
        var all = codes.ToList();
        entries = [.. all.Select(c => new Entry(Encoding.UTF8.GetBytes(c.System), Encoding.UTF8.GetBytes(c.Code)))];
        Listed = all.Count <= ListedCodesMax ? string.Join(", ", all.Select(c => c.Shown).Distinct()) : null;
    }

    public string Canonical { get; }

    /// <summary>The codes for a message; null when they are too many.</summary>
    public string? Listed { get; }

    public bool HasCode(ReadOnlySpan<byte> code)
    {
        foreach (var entry in entries)
        {
            if (code.SequenceEqual(entry.Code))
            {
                return true;
            }
        }

        return false;
    }

    public bool Has(ReadOnlySpan<byte> system, ReadOnlySpan<byte> code)
    {
        foreach (var entry in entries)
        {
            if (code.SequenceEqual(entry.Code) && system.SequenceEqual(entry.System))
            {
                return true;
            }
        }

        return false;
    }
}
