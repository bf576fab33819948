using System.Globalization;
using System.Text.RegularExpressions;
using CpIs.Faults.Uploads;

namespace CpIs.Faults;

/// <summary>
/// Judges a run: the witness is what clients know, the books are what the server kept. Where they differ, a promise is
/// broken. It needs nothing of the run but its folder and its database.
/// </summary>
internal sealed partial class Verification
{
    /// <summary>
    /// How long the last entries may wait for their signature: orphaned lanes are looked for every 10 s.
    /// </summary>
    private const int SignedSecondsMax = 40;

    /// <summary>Longest time from the end of a fault to the first answer.</summary>
    public const int HealSecondsMax = 60;

    private const int ThreadsMoreMax = 64;
    private const int FilesMoreMax = 128;
    private const int MegabytesMoreMax = 512;

    private readonly IReadOnlyList<Seen> seen;
    private readonly Books books;
    private readonly Verdict verdict = new();

    private Verification(IReadOnlyList<Seen> seen, Books books)
    {
        this.seen = seen;
        this.books = books;
    }

    public static async Task<Verdict> OfAsync(Stage stage, CancellationToken stop)
    {
        await stage.Witness.FlushAsync();
        var unsigned = await SignedAsync(stage, stop);
        var seen = await Witness.ReadAsync(Stage.WitnessFile(stage.Folder), stop);
        var books = await Books.ReadAsync(stage.Superuser, stop);
        var verification = new Verification(seen, books);
        verification.EveryAnswerIsRecorded();
        verification.EveryChangeIsRecorded();
        verification.EveryRowOnce(await UploadVerification.OfAsync(stage, stop));
        verification.NothingCrosses();
        verification.NothingLeaks();
        verification.NothingIsLost();
        verification.NothingGrows();
        verification.LogsAreSilent(stage);
        verification.AllHealed();
        var lanes = await Books.CheckAsync(stage.Superuser, stage.ServerFolder, stop);
        List<string> bad = [.. lanes.Where(lane => !lane.IsWhole).Select(lane => lane.ToString())];
        bad.AddRange(unsigned > 0 ? [$"{unsigned} lanes were not signed to their end"] : []);
        verification.verdict.Add(
            "lanes", Counted($"{lanes.Count} lanes, {lanes.Sum(lane => lane.Size)} entries, signed to the end"), bad);
        return verification.verdict;
    }

    private static async Task<long> SignedAsync(Stage stage, CancellationToken stop)
    {
        for (var second = 0; ; second++)
        {
            var unsigned = await Books.UnsignedAsync(stage.Superuser, stop);
            if (unsigned == 0 || second >= SignedSecondsMax || stage.Seats.Count == 0)
            {
                return unsigned;
            }

            await Task.Delay(TimeSpan.FromSeconds(1), stop);
        }
    }

    private void EveryAnswerIsRecorded()
    {
        var entries = books.Entries.Where(entry => entry is { Outcome: 0, Request: not null })
            .ToLookup(entry => entry.Request!.Value);
        var wrong = new List<string>();
        var answers = seen.Where(line => line.Kind == "answer" && line.Status is >= 200 and < 300).ToList();
        var references = 0;
        foreach (var answer in answers)
        {
            var mine = entries[answer.Request].Where(
                entry => entry.Client == answer.Client && entry.Organisation == answer.Organisation).ToList();
            var told = answer.Shown.Concat(answer.Changed).ToList();
            references += told.Count;
            if (mine.Count == 0)
            {
                wrong.Add($"{answer.Method} {answer.Request} of server {answer.Server} at {answer.At:O} has no entry");
            }
            else if (!mine.Exists(entry => entry.NhsNumber == answer.NhsNumber))
            {
                wrong.Add($"{answer.Request}: its entries name another patient");
            }
            else if (told.Except(mine.SelectMany(entry => entry.Disclosed)).Any())
            {
                wrong.Add($"{answer.Request}: a version that was disclosed is not in its entry");
            }
        }

        verdict.Add("P1", Counted($"{answers.Count} answers, {references} disclosed versions"), wrong);
    }

    private void EveryChangeIsRecorded()
    {
        var written = books.Entries.Where(entry => entry is { Outcome: 0, Action: "C" or "U" or "D" })
            .SelectMany(entry => entry.Disclosed.Where(reference => Books.Types.Contains(reference.Split('/')[0]))
                .Select(reference => Books.Key(entry.Organisation, reference)))
            .ToHashSet(StringComparer.Ordinal);
        List<string> wrong =
        [
            .. books.Versions.Keys.Except(written).Select(_ => "a version that no entry names"),
            .. written.Except(books.Versions.Keys).Select(_ => "an entry names a version that is not there"),
            .. books.Current.Where(one => Enumerable.Range(1, one.Value).Any(
                version => !books.Versions.ContainsKey(Counted($"{one.Key}/_history/{version}"))))
                .Select(_ => "a version is missing in a history"),
        ];
        var unknown = seen.Where(line => line.Kind == "unknown").ToList();
        var requests = books.Entries.Where(entry => entry.Outcome == 0).Select(entry => entry.Request).ToHashSet();
        var refused = seen.Where(line => line is { Kind: "answer", Status: 503, Method: not "GET" }).ToList();
        verdict.Add("P2", Counted($"{books.Versions.Count} versions; {unknown.Count} writes without an answer, ")
            + Counted($"{unknown.Count(line => requests.Contains(line.Request))} of them committed; ")
            + Counted($"{refused.Count} answered 503, {refused.Count(line => requests.Contains(line.Request))} ")
            + "of them committed", wrong);
    }

    private void EveryRowOnce((string Counted, IReadOnlyList<string> Wrong)? uploads)
    {
        if (uploads is { } found)
        {
            verdict.Add("P3", found.Counted, [.. found.Wrong, .. Wrong("P3")]);
        }
    }

    /// <summary>
    /// Whatever an entry says a council was shown, or changed, of plans and people is that council's own.
    /// </summary>
    private void NothingCrosses()
    {
        var holders = books.Current.Keys.Select(key => key.Split(' '))
            .Where(key => Books.OfCouncils.Contains(key[1].Split('/')[0])).ToLookup(key => key[1], key => key[0]);
        var councils = holders.SelectMany(held => held).ToHashSet(StringComparer.Ordinal);
        var told = books.Entries.Where(entry => entry is { Outcome: 0, Organisation: { } who }
            && councils.Contains(who))
            .SelectMany(entry => entry.Disclosed.Select(reference => (
                Council: entry.Organisation!, Resource: reference.Split("/_history")[0])))
            .Where(one => Books.OfCouncils.Contains(one.Resource.Split('/')[0])).ToList();
        var tried = seen.Where(line => line.Kind == "trespass").ToList();
        if (councils.Count < 2 || told.Count == 0)
        {
            verdict.NotExamined("P4", "fewer than two councils");
            return;
        }

        verdict.Add("P4", Counted($"{told.Count} versions told to {councils.Count} councils; {tried.Count} reaches ")
            + Counted($"for another's, {tried.Count(line => line.Status == 503)} answered 503"),
            [.. Wrong("P4"), .. told.Where(one => holders[one.Resource].Any() && !holders[one.Resource].Contains(
                one.Council)).Select(_ => "a council was told of what another holds")]);
    }

    private void NothingLeaks()
    {
        var answers = seen.Where(line => line.Kind == "answer" && line.Status is < 200 or >= 300).ToList();
        verdict.Add("P5", Counted($"{answers.Count} answers without success"), Wrong("P5"));
    }

    private void NothingIsLost()
    {
        List<string> wrong = [.. Wrong("P6")];
        var writes = seen.Where(line => line.Changed.Count > 0).ToList();
        wrong.AddRange(writes.SelectMany(line => line.Changed.Select(reference => (line, reference)))
            .Where(one => !books.Versions.TryGetValue(Books.Key(one.line.Organisation, one.reference), out var hash)
                || (one.line.Raw && hash != one.line.Hash))
            .Select(one => $"{one.line.Request}: what was acknowledged is not there"));
        var stored = books.Versions.Select(one => one.Value).ToHashSet(StringComparer.Ordinal);
        var reads = seen.Where(line => line is { Raw: true, Shown.Count: 1 }).ToList();
        wrong.AddRange(reads.Where(line => !stored.Contains(line.Hash!))
            .Select(line => $"{line.Request}: what was shown is not what is stored"));
        if (writes.Count + reads.Count == 0 && wrong.Count == 0)
        {
            verdict.NotExamined("P6", "nothing was read or written singly");
            return;
        }

        var again = seen.Where(line => line.Kind == "again").ToList();
        verdict.Add("P6", Counted($"{writes.Count} acknowledged writes, {reads.Count} reads byte for byte")
            + (again.Count == 0 ? "" : Counted($"; {again.Count} writes of {again.DistinctBy(l => l.What).Count()} ")
                + "kinds sent again after their server died at the commit"), wrong);
    }

    private void NothingGrows()
    {
        var pairs = seen.Where(line => line.Kind == "process").GroupBy(line => line.Server)
            .Where(group => group.Count() > 1).Select(group => (Before: group.First(), After: group.Last())).ToList();
        if (pairs.Count == 0)
        {
            verdict.NotExamined("P7", "no server lived through it");
            return;
        }

        verdict.Add(
            "P7",
            string.Join(", ", pairs.Select(pair => Counted(
                $"threads {pair.Before.Threads}→{pair.After.Threads}, ")
                + Counted($"files {pair.Before.Files}→{pair.After.Files}, ")
                + Counted($"{pair.Before.Megabytes}→{pair.After.Megabytes} MB"))),
            [.. pairs.Where(pair => pair.After.Threads > pair.Before.Threads + ThreadsMoreMax
                || pair.After.Files > pair.Before.Files + FilesMoreMax
                || pair.After.Megabytes > pair.Before.Megabytes + MegabytesMoreMax).Select(_ => "it grew")]);
    }

    private void LogsAreSilent(Stage stage)
    {
        var logs = stage.Logs.ToList();
        long lines = 0;
        var wrong = new List<string>();
        foreach (var log in logs)
        {
            // The sandbox greets with commands to paste, about a child of the samples.
            foreach (var line in File.ReadLines(log).Where(l => !l.StartsWith("curl -s -H", StringComparison.Ordinal)))
            {
                lines++;
                if (Personal().IsMatch(line)
                    || Child.Families.Any(name => line.Contains(name, StringComparison.Ordinal)))
                {
                    wrong.Add($"{Path.GetFileName(log)}: {line}");
                }
            }
        }

        verdict.Add("P8", Counted($"{lines} lines of {logs.Count} logs"), wrong);
    }

    private void AllHealed()
    {
        var heals = seen.Where(line => line.Kind == "heal").ToList();
        if (heals.Count == 0)
        {
            verdict.NotExamined("P9", "nothing had to heal");
            return;
        }

        verdict.Add(
            "P9",
            Counted($"{heals.Count} times, longest {heals.Max(heal => heal.Seconds):0.0} s ")
                + Counted($"(median {heals.Select(heal => heal.Seconds).Order().ElementAt(heals.Count / 2):0.0} s)"),
            [.. heals.Where(heal => heal.Seconds > HealSecondsMax).Select(heal => Counted(
                $"{heal.What}: {heal.Seconds:0.0} s"))]);
    }

    private IReadOnlyList<string> Wrong(string promise) =>
        [.. seen.Where(line => line.Promise == promise).Select(line => $"{line.Method} {line.Request}: {line.Wrong}")];

    private static string Counted(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>A number of an invented child, a row of a council's system, or the beginning of a token.</summary>
    [GeneratedRegex(@"\b999\d{7}\b|\bW-999|eyJ[A-Za-z0-9_-]{10}")]
    private static partial Regex Personal();
}
