using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace CpIs.Cli.Uploads;

/// <summary>How far the server has come with a file, as its header X-Progress says.</summary>
internal sealed partial record UploadProgress(int Percent, string Text)
{
    /// <summary>Reads such as <c>41 % (123,000 of 300,000 rows, 12 refused)</c>.</summary>
    public static UploadProgress Read(string header) => Parts().Match(header) is { Success: true } match
        ? new(int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), match.Groups[2].Value + match.Groups[3])
        : new(0, header);

    [GeneratedRegex(@"^(\d{1,3}) % \((.*?)\)(.*)$")]
    private static partial Regex Parts();
}

/// <summary>What became of a file, as the finished job's manifest says.</summary>
internal sealed record UploadManifest(JsonNode Body)
{
    private static readonly string[] NotAccepted = ["refused", "skipped"];

    private static readonly string[] Accepted = ["inserted", "changed", "unchanged", "ended", "reopened", "removed"];

    public static UploadManifest Read(string body) => new(JsonNode.Parse(body) as JsonObject
        ?? throw new JsonException("The manifest is no object."));

    public string FileCode => Body["extension"]?["fileCode"]?.GetValue<string>() ?? "";

    public int Refused => Count("refused");

    /// <summary>Plans that a snapshot left out.</summary>
    public int EndedByAbsence => Count("endedByAbsence");

    /// <summary>When the server had the whole file.</summary>
    public DateTimeOffset? Received => Body["transactionTime"]?.GetValue<DateTimeOffset>();

    /// <summary>What is said of the file as a whole.</summary>
    public IReadOnlyList<string> Issues => Body["extension"]?["issue"] is JsonArray issues
        ? [.. issues.Select(issue => issue?["diagnostics"]?.GetValue<string>()).OfType<string>()] : [];

    /// <summary>Each count and its name, in the order in which they are told.</summary>
    public IReadOnlyList<(string Name, int Rows)> Counts =>
        [.. Accepted.Prepend("read").Concat(NotAccepted).Select(name => (name, Count(name)))];

    /// <summary>How the file ended.</summary>
    public UploadEnd End => FileCode is "CPF01" or "CPF04" or "CPF05" ? UploadEnd.Nothing
        : Refused == 0 ? UploadEnd.All
        : Accepted.Sum(Count) > 0 ? UploadEnd.SomeRefused : UploadEnd.Nothing;

    /// <summary>Addresses of the files with an outcome for each refused row.</summary>
    public IReadOnlyList<string> ErrorFiles => Body["error"] is JsonArray files
        ? [.. files.Select(file => file?["url"]?.GetValue<string>()).OfType<string>()
            .Where(url => !url.EndsWith(".csv", StringComparison.Ordinal))] : [];

    /// <summary>Address of a file by the end of its name, wherever the manifest names it.</summary>
    public string? Address(string name) => Texts(Body)
        .FirstOrDefault(text => text.EndsWith(name, StringComparison.Ordinal));

    private int Count(string name) => Body["extension"]?[name]?.GetValue<int>() ?? 0;

    private static IEnumerable<string> Texts(JsonNode? node) => node switch
    {
        JsonObject one => one.SelectMany(member => Texts(member.Value)),
        JsonArray list => list.SelectMany(Texts),
        JsonValue value when value.TryGetValue<string>(out var text) => [text],
        _ => [],
    };
}

/// <summary>What the tool ends with.</summary>
internal static class UploadExit
{
    public const int All = 0;
    public const int SomeRefused = 1;
    public const int Nothing = 2;
}

/// <summary>How the upload of a file ended.</summary>
internal enum UploadEnd
{
    /// <summary>Every row was taken.</summary>
    All,

    /// <summary>Some rows were refused.</summary>
    SomeRefused,

    /// <summary>Nothing was done, and the same file would meet the same answer.</summary>
    Nothing,

    /// <summary>The server did not say: the same file may be sent again.</summary>
    Away,
}
