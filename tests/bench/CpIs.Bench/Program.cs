using CpIs.Bench;

if (args is ["check-ledger", var connection, var trust])
{
    return await CheckRun.InChildAsync(connection, trust);
}

string? After(string name) => Array.IndexOf(args, name) is var at and > 0 && at + 1 < args.Length ? args[at + 1] : null;

var file = After("--json");
var quick = args.Contains("--quick");
var report = args.FirstOrDefault() switch
{
    "validate" => ValidateBench.Run(quick),
    "reads" => await ReadsBench.RunAsync(quick),
    "writes" => await WritesBench.RunAsync(quick),
    "notices" => await NoticesBench.RunAsync(quick),
    "reload" => await ReloadBench.RunAsync(quick),
    "upload" => await UploadBench.RunAsync(quick),
    "audit" => await AuditBench.RunAsync(AuditBench.EntriesOf(After("--entries"), quick)),
    _ => null,
};
if (report is null)
{
    Console.Error.WriteLine(
        "bench validate|reads|writes|upload|reload|notices|audit [--json FILE] [--quick] [--entries N]");
    return 2;
}

report.Print(Console.Out);
if (file != null)
{
    File.WriteAllText(file, report.Json());
}

return 0;
