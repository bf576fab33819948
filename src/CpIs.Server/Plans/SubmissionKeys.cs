namespace CpIs.Server.Plans;

/// <summary>Keys a submission touches.</summary>
internal sealed record SubmissionKeys(string[] RowIds, string[] Numbers, Guid[] EpisodeIds, Guid[] FlagIds)
{
    public static SubmissionKeys Of(IReadOnlyList<Change> changes)
    {
        var episodes = changes.OfType<EpisodeChange>().ToList();
        var flags = changes.OfType<FlagChange>().ToList();
        var deletions = changes.OfType<PlanDeletion>().ToList();
        return new SubmissionKeys(
            [.. episodes.Select(e => e.Parts.RowId).Concat(episodes.Select(e => e.Parts.FollowsRowId).OfType<string>())
                .Concat(flags.Select(f => f.Parts.RowId))
                .Concat(flags.Select(f => f.Parts.DetailRowId).OfType<string>()).Distinct()],
            [.. changes.OfType<PatientChange>().Select(p => p.Number.Digits())
                .Concat(episodes.Select(e => e.Parts.Number.Digits()))
                .Concat(flags.Select(f => f.Parts.Number.Digits())).Distinct()],
            [.. episodes.Select(e => e.Id).Concat(deletions.Where(d => d.View == PlanView.Episode).Select(d => d.Id))
                .Concat(flags.Select(f => f.Parts.DetailId ?? Guid.Empty))],
            [.. flags.Select(f => f.Id).Concat(deletions.Where(d => d.View == PlanView.Flag).Select(d => d.Id))]);
    }

    /// <summary>Names to lock, sorted so that two submissions never wait for each other in a circle.</summary>
    public string[] Locks(string council) =>
        [.. RowIds.Select(r => $"{council}/plan/{r}").Concat(Numbers.Select(n => $"{council}/person/{n}"))
            .Order(StringComparer.Ordinal)];
}

/// <summary>What a submission's keys found.</summary>
/// <param name="Plans">The council's plans, those closed under an identifier included.</param>
/// <param name="Patients">Its records of people.</param>
/// <param name="Superseded">R9: submitted numbers, each with one that it supersedes.</param>
internal sealed record HeldRows(
    IReadOnlyList<PlanRow> Plans,
    IReadOnlyList<PatientRow> Patients,
    IReadOnlySet<(string Number, string Superseded)> Superseded);
