namespace CpIs.Bench;

/// <summary>Look-ups alone, then while a council's file comes in and is applied, alternating.</summary>
internal static class BesideUploads
{
    private const int Children = 40_000;
    private const int QuickChildren = 10_000;

    public static async IAsyncEnumerable<(WrkRun Alone, WrkRun During, double UploadRate)> RunAsync(
        Stage stage, int rounds, bool quick, Func<Task<WrkRun>> look)
    {
        var folder = Directory.CreateTempSubdirectory("cpis-bench-beside-");
        try
        {
            await UploadBench.GenerateAsync(folder.FullName, rounds, quick ? QuickChildren : Children);
            using var http = new HttpClient();
            for (var round = 1; round <= rounds; round++)
            {
                var alone = await look();
                var council = $"ZZ00{round}";
                var sending = Sending.OfAsync(http, stage.Url, stage.CouncilToken(council),
                    Path.Combine(folder.FullName, council + ".csv"), "beside");
                var during = await look();
                if (sending.IsCompleted)
                {
                    throw new InvalidOperationException("The upload was over before the look-ups were.");
                }

                var sent = await sending;
                yield return (alone, during, sent.Read / sent.Seconds);
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
