using CpIs.Faults;
using CpIs.Faults.Attacks;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};
try
{
    if (args is [Attackers.Command, .. var whom])
    {
        return await Attackers.ServeAsync(whom, Console.In, Console.Out);
    }

    return await FaultRuns.RunAsync(FaultOptions.Read(args), Console.Out, stop.Token);
}
catch (ArgumentException wrong)
{
    await Console.Error.WriteLineAsync(wrong.Message + "\n" + FaultRuns.Usage);
    return 2;
}
catch (OperationCanceledException)
{
    return 130;
}
