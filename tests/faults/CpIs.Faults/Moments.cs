namespace CpIs.Faults;

/// <summary>When the next fault comes: at a random moment of a random length, from the printed seed.</summary>
internal sealed class Moments(int seed)
{
    private const int WaitMsMin = 300;
    private const int WaitMsMax = 1800;

    /// <summary>A fault without traffic shows nothing: so many answers must have come since the last.</summary>
    private const int AnswersMin = 100;

    private const int LookMs = 20;
    private const int AnswersSecondsMax = 60;

    private readonly Random random = new(seed);
    private long before;

    public int Next(int below) => random.Next(below);

    public async Task WaitAsync(Stage stage, CancellationToken stop)
    {
        await Task.Delay(random.Next(WaitMsMin, WaitMsMax), stop);
        for (var waited = 0; stage.Witness.Answers < before + AnswersMin; waited += LookMs)
        {
            if (waited > AnswersSecondsMax * 1000)
            {
                throw new InvalidOperationException("No answers come any more.");
            }

            await Task.Delay(LookMs, stop);
        }

        before = stage.Witness.Answers;
    }
}
