using System.Diagnostics;

namespace CpIs.Faults;

/// <summary>How long it takes until a clinician gets an answer again, with nobody doing anything.</summary>
internal static class Health
{
    /// <summary>A valid number beyond those that clients give their children.</summary>
    private const string Nobody = "9999999999";

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Looks up a child of nobody at every server until each answers; writes down how long that took.
    /// </summary>
    public static async Task<double> WaitAsync(Stage stage, string what, CancellationToken stop)
    {
        var since = Stopwatch.StartNew();
        foreach (var seat in stage.Seats)
        {
            while (!await AnswersAsync(seat) && since.Elapsed.TotalSeconds < 2 * Verification.HealSecondsMax)
            {
                if (seat.HasEnded)
                {
                    seat.Launch();
                }

                await Task.Delay(LookEvery, stop);
            }
        }

        stage.Witness.Write(new Seen("heal", TimeProvider.System.GetUtcNow())
        {
            What = what,
            Seconds = since.Elapsed.TotalSeconds,
        });
        return since.Elapsed.TotalSeconds;
    }

    private static async Task<bool> AnswersAsync(ServerSeat seat)
    {
        try
        {
            var token = await seat.Process.TokenAsync("sandbox-ed-clinician");
            using var request = new HttpRequestMessage(HttpMethod.Get, "/FHIR/R4/Flag?patient=" + Nobody);
            request.Headers.Authorization = token;
            using var answer = await seat.Process.Client.SendAsync(request);
            return answer.IsSuccessStatusCode && await seat.Process.IsReadyAsync();
        }
        catch (Exception away) when (away is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
