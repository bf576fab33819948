using CpIs.Bench;

if (args is not ["validate", ..])
{
    Console.Error.WriteLine("bench validate [--json FILE] [--quick]");
    return 2;
}

var file = Array.IndexOf(args, "--json") is var at and > 0 && at + 1 < args.Length ? args[at + 1] : null;
var report = ValidateBench.Run(quick: args.Contains("--quick"));
report.Print(Console.Out);
if (file != null)
{
    File.WriteAllText(file, report.Json());
}

return 0;
