using CpIs.Cli;
using CpIs.Cli.Caseloads;
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
        ["generate", .. var rest] => await new GenerateCaseloads(Console.Out)
            .RunAsync(GenerateOptions.Read(rest, TimeProvider.System), stopping.Token),
        _ => throw new ArgumentException(
            string.Join("\n\n", VerifyOptions.Usage, ArchiveOptions.Usage, GenerateOptions.Usage)),
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
