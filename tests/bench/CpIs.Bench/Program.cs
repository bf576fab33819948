using CpIs.Bench;

var file = Array.IndexOf(args, "--json") is var at and > 0 && at + 1 < args.Length ? args[at + 1] : null;
var quick = args.Contains("--quick");
var report = args.FirstOrDefault() switch
{
    "validate" => ValidateBench.Run(quick),
    "reads" => await ReadsBench.RunAsync(quick),
    "writes" => await WritesBench.RunAsync(quick),
    _ => null,
};
if (report is null)
{
    Console.Error.WriteLine("bench validate|reads|writes [--json FILE] [--quick]");
    return 2;
}

report.Print(Console.Out);
if (file != null)
{
    File.WriteAllText(file, report.Json());
}

return 0;
