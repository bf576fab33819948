using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Cli.Uploads;

/// <summary>What the detail codes of refused rows mean, as the published code system says it.</summary>
internal static class RefusalWords
{
    private static readonly Lazy<Dictionary<string, string>> Displays = new(Read);

    /// <summary>The words of a code; the code itself when it is not published.</summary>
    public static string Of(string detail) => Displays.Value.GetValueOrDefault(detail, detail);

    private static Dictionary<string, string> Read()
    {
        var system = Profiles.Load().Definitions.Single(one => one.Url == Systems.CpisOutcome);
        using var json = JsonDocument.Parse(system.Json);
        return json.RootElement.GetProperty("concept").EnumerateArray().ToDictionary(
            concept => concept.GetProperty("code").GetString()!,
            concept => concept.GetProperty("display").GetString()!);
    }
}
