using Spectre.Console;

namespace CpIs.Cli;

/// <summary>Where the tool tells a person how it goes; results alone go to standard output.</summary>
internal static class Screen
{
    public static readonly IAnsiConsole Errors =
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
}
