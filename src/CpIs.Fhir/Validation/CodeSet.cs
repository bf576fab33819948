using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>The codes of one value set, by system, asked with UTF-8 so that no text is made to answer.</summary>
internal sealed class CodeSet
{
    /// <summary>More codes than this are not listed in a message.</summary>
    private const int ListedCodesMax = 12;

    private readonly Entry[] entries;

    private sealed record Entry(byte[] System, byte[] Code);

    public CodeSet(string canonical, IEnumerable<(string System, string Code)> codes)
    {
        Canonical = canonical;
        var all = codes.ToList();
        entries = [.. all.Select(c => new Entry(Encoding.UTF8.GetBytes(c.System), Encoding.UTF8.GetBytes(c.Code)))];
        Listed = all.Count <= ListedCodesMax ? string.Join(", ", all.Select(c => c.Code)) : null;
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
