using System.Runtime.InteropServices;
using CpIs.Cli;
using CpIs.Cli.Caseloads;
using CpIs.Cli.Checks;
using CpIs.Cli.Ledger;
using CpIs.Cli.Notices;
using CpIs.Cli.Uploads;
using Spectre.Console;

using var stopping = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stopping.Cancel();
};
using var ended = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    stopping.Cancel();
});
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
        ["upload", .. var rest] => await UploadAsync(UploadOptions.Read(rest)),
        ["check", .. var rest] => await CheckAsync(
            CheckOptions.Read(rest, Environment.GetEnvironmentVariable("CPIS_SAMPLES") ?? "samples")),
        ["listen", .. var rest] => await ListenAsync(ListenOptions.Read(rest)),
        _ => throw new ArgumentException(string.Join(
            "\n\n", VerifyOptions.Usage, ArchiveOptions.Usage, GenerateOptions.Usage, UploadOptions.Usage,
                ListenOptions.Usage, CheckOptions.Usage)),
    };
}
catch (ArgumentException wrong)
{
    // As it is written: folded at the width of a terminal its columns would fall into one another.
    Console.Error.WriteLine(wrong.Message);
    return args is ["upload", ..] ? UploadExit.Nothing : 1;
}
catch (HttpRequestException away) when (args is ["listen" or "check", ..])
{
    Screen.Errors.WriteLine(away.Message);
    return 1;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested && args is ["upload", ..])
{
    Screen.Errors.WriteLine("Stopped. The same command again goes on: a file that the server has whole is applied "
        + "meanwhile, one that it has in part is sent anew, and no row is applied twice.");
    return UploadExit.Nothing;
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    Screen.Errors.WriteLine("Stopped: nothing is said about what was not checked.");
    return 1;
}

async Task<int> CheckAsync(CheckOptions options)
{
    using var http = new HttpClient();
    return await new CheckServer(http, Console.Out).RunAsync(options, stopping.Token);
}

async Task<int> ListenAsync(ListenOptions options)
{
    using var http = new HttpClient { BaseAddress = options.Server };
    return await new Listen(http, options, Console.Out).RunAsync(stopping.Token);
}

async Task<int> UploadAsync(UploadOptions options)
{
    using var http = new HttpClient { BaseAddress = options.Server, Timeout = Timeout.InfiniteTimeSpan };
    var wire = new UploadHttp(http, options.ClientId, key: options.Key);
    var upload = new UploadCaseload(wire, Console.Out, Screen.Errors);
    if (options.File is { } file)
    {
        return await upload.RunAsync(options, file, stopping.Token);
    }

    await new WatchFolder(upload).RunAsync(options, stopping.Token);
    return UploadExit.All;
}
