using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace CpIs.Server.Tests;

/// <summary>A test that needs Node and npm. CI has both; a developer who has neither sees it skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NodeFactAttribute : FactAttribute
{
    private static readonly string? Missing = Find();

    public NodeFactAttribute() => Skip = Missing;

    private static string? Find()
    {
        try
        {
            foreach (var program in (string[])["node", "npm"])
            {
                using var asked = Process.Start(new ProcessStartInfo(program, "--version")
                {
                    RedirectStandardOutput = true, RedirectStandardError = true,
                })!;
                asked.WaitForExit();
            }

            return null;
        }
        catch (Win32Exception)
        {
            return "Node and npm are not installed.";
        }
    }
}
