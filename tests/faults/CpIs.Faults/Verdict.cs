using System.Globalization;

namespace CpIs.Faults;

/// <summary>What became of one promise in one run.</summary>
internal enum Outcome
{
    Held,
    Broken,
    NotExamined,
}

/// <summary>A promise of the service, whether it held, and on how much that rests.</summary>
internal sealed record Finding(string Promise, Outcome Outcome, string Words);

/// <summary>All promises after one run. It is printed; a broken one fails the program.</summary>
internal sealed class Verdict
{
    /// <summary>Examples shown of what broke a promise.</summary>
    private const int ExamplesMax = 5;

    private static readonly (string Name, string Words)[] Promises =
    [
        ("P1", "every 2xx that a client received has its entry"),
        ("P2", "every committed change has its entry and vice versa"),
        ("P3", "each upload row applied exactly once"),
        ("P4", "no cross-council read or write"),
        ("P5", "no data in a non-2xx; it says that it is no answer"),
        ("P6", "no acknowledged write lost, none shown older than acknowledged"),
        ("P7", "threads, files and memory bounded"),
        ("P8", "no personal data or token in logs"),
        ("P9", "healthy again without a human"),
        ("lanes", "every lane verifies, also against the checkpoints outside"),
    ];

    private readonly Dictionary<string, Finding> findings = [];

    public IEnumerable<Finding> All => Promises.Select(promise =>
        findings.GetValueOrDefault(promise.Name, new(promise.Name, Outcome.NotExamined, "")));

    public IReadOnlyList<Finding> Broken => [.. All.Where(finding => finding.Outcome == Outcome.Broken)];

    /// <summary>Where the run was kept; null when there was no need.</summary>
    public string? Folder { get; set; }

    /// <summary>Held when nothing is wrong; the words say what was counted.</summary>
    public void Add(string promise, string counted, IReadOnlyCollection<string> wrong) =>
        findings[promise] = wrong.Count == 0
            ? new(promise, Outcome.Held, counted)
            : new(promise, Outcome.Broken, string.Create(
                CultureInfo.InvariantCulture,
                $"{counted}; WRONG: {wrong.Count}: {string.Join(" | ", wrong.Take(ExamplesMax))}"));

    public void NotExamined(string promise, string why) =>
        findings[promise] = new(promise, Outcome.NotExamined, why);

    public void Print(TextWriter output)
    {
        foreach (var (name, words) in Promises)
        {
            var finding = All.First(one => one.Promise == name);
            var state = finding.Outcome switch
            {
                Outcome.Held => "held",
                Outcome.Broken => "BROKEN",
                _ => "not examined by this run",
            };
            output.WriteLine($"  {name,-5} {state}: {words}{(finding.Words.Length > 0 ? " – " : "")}{finding.Words}");
        }

        if (Folder is not null)
        {
            output.WriteLine($"  kept in {Folder}");
        }
    }
}
