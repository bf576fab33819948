using CpIs.Cli;
using CpIs.Cli.Ledger;
using Spectre.Console;

using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stopping.Cancel();
};
try
{
    return args switch
    {
        ["audit", "verify", .. var rest] =>
            await new VerifyLedger(Console.Out, Screen.Errors).RunAsync(VerifyOptions.Read(rest), stopping.Token),
        ["audit", "archive", .. var rest] =>
            await new ArchiveMonth(Console.Out, Screen.Errors).RunAsync(ArchiveOptions.Read(rest), stopping.Token),
        _ => throw new ArgumentException(VerifyOptions.Usage + "\n\n" + ArchiveOptions.Usage),
    };
}
catch (ArgumentException wrong)
{
    Screen.Errors.WriteLine(wrong.Message);
    return 1;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    Screen.Errors.WriteLine("Stopped: nothing is said about what was not checked.");
    return 1;
}
