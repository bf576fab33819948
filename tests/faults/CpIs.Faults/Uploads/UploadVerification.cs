using System.Globalization;
using System.Text.Json;

namespace CpIs.Faults.Uploads;

/// <summary>
/// Promise P3 after a run: of each row of each file it is known what must have become of it, and the job, its outcomes,
/// the ledger, the plans with their versions and what the council was told must all say so, once.
/// </summary>
internal sealed class UploadVerification
{
    private readonly UploadFolder folder;
    private readonly UploadBooks books;
    private readonly List<string> wrong = [];

    /// <summary>Versions of each plan as the files, one after another, say that they made them.</summary>
    private readonly Dictionary<(string Council, string RowId), (string Episode, string Flag)> stands = [];

    private readonly Dictionary<(string Council, string RowId), SentRow> sent = [];
    private long rows;
    private long taken;

    private UploadVerification(UploadFolder folder, UploadBooks books)
    {
        this.folder = folder;
        this.books = books;
    }

    /// <summary>What was counted, and what is wrong; null when the run had no uploads.</summary>
    public static async Task<(string Counted, IReadOnlyList<string> Wrong)?> OfAsync(
        Stage stage, CancellationToken stop)
    {
        var folder = new UploadFolder(stage.Folder);
        if (!folder.Exists)
        {
            return null;
        }

        var verification = new UploadVerification(folder, await UploadBooks.ReadAsync(stage.Superuser, stop));
        var names = folder.Names;
        foreach (var name in names)
        {
            await verification.FileAsync(name, stop);
        }

        verification.NoOthers(names);
        verification.PlansStand();
        return (string.Create(CultureInfo.InvariantCulture,
            $"{names.Count} files, {verification.rows} rows, {verification.taken} taken, ")
            + string.Create(CultureInfo.InvariantCulture, $"{verification.stands.Count} plans"), verification.wrong);
    }

    private async Task FileAsync(string name, CancellationToken stop)
    {
        var expected = (await File.ReadAllLinesAsync(folder.Expected(name), stop)).Select(SentRow.Read).ToList();
        var jobs = books.Jobs.Where(job => job.Submission == name && job.State != "receiving").ToList();
        if (jobs is not [{ State: "done" } job])
        {
            wrong.Add($"{name}: {jobs.Count} jobs, {jobs.FirstOrDefault()?.State}");
            return;
        }

        rows += expected.Count;
        var outcomes = books.Rows[job.Id].OrderBy(row => row.RowNo).ToList();
        if (job.Read != expected.Count || job.Judged != job.Read || outcomes.Count != job.Read
            || job.Council != UploadFolder.Council(name))
        {
            wrong.Add($"{name}: {expected.Count} sent, {job.Read} read, {job.Judged} judged, {outcomes.Count} told");
            return;
        }

        foreach (var (row, became) in expected.Zip(outcomes))
        {
            Row(name, job, row, became);
        }

        Entries(name, job, outcomes);
        await ToldAsync(name, expected, stop);
    }

    /// <summary>What became of the row, and that its plan went on by one version, or by none.</summary>
    private void Row(string name, BookedJob job, SentRow row, BookedRow became)
    {
        if (row.RowNo != became.RowNo || row.RowId != became.RowId || row.Became != became.Became)
        {
            wrong.Add($"{name} row {row.RowNo}: {row.Became} expected, {became.Became} found");
        }

        if (row.Became is "refused" or "skipped")
        {
            return;
        }

        taken++;
        var key = (job.Council, row.RowId);
        var versions = (Episode: became.Versions.First(v => v.StartsWith("EpisodeOfCare/", StringComparison.Ordinal)),
            Flag: became.Versions.First(v => v.StartsWith("Flag/", StringComparison.Ordinal)));
        var before = stands.GetValueOrDefault(key);
        var step = row.Became is "changed" or "ended" ? 1 : 0;
        var rightly = before.Episode is null
            ? versions.Episode.EndsWith("/_history/1", StringComparison.Ordinal) && row.Became == "inserted"
            : versions.Episode == Later(before.Episode, step) && row.Became != "inserted";
        if (!rightly)
        {
            wrong.Add($"{name} row {row.RowNo}: {row.Became} took it from {before.Episode} to {versions.Episode}");
        }

        stands[key] = versions;
        sent[key] = row;
    }

    private static string Later(string reference, int step)
    {
        var at = reference.LastIndexOf('/') + 1;
        var version = int.Parse(reference[at..], CultureInfo.InvariantCulture) + step;
        return reference[..at] + version.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>One entry for each row that was taken, naming its versions; and no entry more.</summary>
    private void Entries(string name, BookedJob job, IReadOnlyList<BookedRow> outcomes)
    {
        var recorded = books.Entries[job.Request].Select(Joined).Order(StringComparer.Ordinal).ToList();
        var made = outcomes.Where(row => row.Versions.Count > 0).Select(row => Joined(row.Versions))
            .Order(StringComparer.Ordinal).ToList();
        if (!recorded.SequenceEqual(made))
        {
            wrong.Add($"{name}: {made.Count} rows taken, {recorded.Count} entries, "
                + $"{made.Except(recorded).Count()} rows without, {recorded.Except(made).Count()} entries without");
        }
    }

    private static string Joined(IReadOnlyList<string> versions) =>
        string.Join(' ', versions.Order(StringComparer.Ordinal));

    /// <summary>The manifest's counts, and the files with a line for each row.</summary>
    private async Task ToldAsync(string name, IReadOnlyList<SentRow> expected, CancellationToken stop)
    {
        using var manifest = JsonDocument.Parse(await File.ReadAllBytesAsync(folder.Told(name, "manifest"), stop));
        var facts = manifest.RootElement.GetProperty("extension");
        var counts = expected.CountBy(row => row.Became).ToDictionary();
        foreach (var result in (string[])["inserted", "changed", "unchanged", "ended", "refused", "skipped"])
        {
            if (facts.GetProperty(result).GetInt32() != counts.GetValueOrDefault(result))
            {
                wrong.Add($"{name}: the manifest counts {result} otherwise");
            }
        }

        var numbers = new List<int>();
        foreach (var what in (string[])["accepted.ndjson", "refused.ndjson", "skipped.ndjson"])
        {
            await foreach (var line in File.ReadLinesAsync(folder.Told(name, what), stop))
            {
                numbers.Add(RowOf(line));
            }
        }

        if (!numbers.Order().SequenceEqual(expected.Select(row => row.RowNo)))
        {
            wrong.Add($"{name}: the files of outcomes do not have each row once");
        }
    }

    /// <summary>The row number of a line, of either form.</summary>
    private static int RowOf(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        var first = root.TryGetProperty("parameter", out var parameters) ? parameters[0]
            : root.GetProperty("extension")[0].GetProperty("extension")[0];
        return first.EnumerateObject().First(member => member.Value.ValueKind == JsonValueKind.Number).Value.GetInt32();
    }

    private void NoOthers(IReadOnlyList<string> names) => wrong.AddRange(books.Jobs
        .Where(job => job.State != "receiving" && !names.Contains(job.Submission))
        .Select(job => $"a job that nobody sent: {job.Submission}"));

    /// <summary>What stands is what was sent last, in the version that its row was told.</summary>
    private void PlansStand()
    {
        foreach (var plan in books.Plans)
        {
            var key = (plan.Council, plan.RowId);
            if (!sent.Remove(key, out var row))
            {
                wrong.Add("a plan that no council sent");
            }
            else if (row.Number != plan.Number || row.Start != plan.Start || row.End != plan.End
                || stands[key] != (plan.Episode, plan.Flag))
            {
                wrong.Add($"{plan.Council} {plan.RowId} does not stand as it was sent");
            }
        }

        wrong.AddRange(sent.Keys.Select(key => $"{key.Council} {key.RowId} is lost"));
    }
}
