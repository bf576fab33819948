using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;
using Microsoft.AspNetCore.WebUtilities;

namespace CpIs.Server.Uploads;

/// <summary>
/// What is said about a file beside its rows: parameters of the URL when the file is the body, or of the Parameters
/// resource that carries it as a Binary.
/// </summary>
internal sealed record UploadParameters
{
    private const int SubmissionCharsMax = 128;

    private static readonly string[] Instants =
        ["yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    public required string Submission { get; init; }

    public required DateTimeOffset Extracted { get; init; }

    public string Mode { get; init; } = "changes";

    public int? Rows { get; init; }

    public int? ConfirmEnd { get; init; }

    public bool DryRun { get; init; }

    public bool AllowOlder { get; init; }

    public string? Council { get; init; }

    public bool Snapshot => Mode == "snapshot";

    /// <summary>Reads the URL.</summary>
    /// <exception cref="Refused">400.</exception>
    public static UploadParameters OfQuery(Call call) => Of(
        [.. QueryHelpers.ParseQuery(call.Http.Request.QueryString.Value)
            .SelectMany(p => p.Value.Select(v => (p.Key, v ?? "")))]);

    /// <summary>Reads a Parameters resource; its Binary is the file.</summary>
    /// <exception cref="Refused">400.</exception>
    public static (UploadParameters Asked, string ContentType, byte[] File) OfResource(JsonElement body)
    {
        var (contentType, file) = Binary(body, "caseload");
        var asked = Of([.. Named(body).Where(p => p.Name != "caseload").Select(p => (p.Name, Value(p.One)))]);
        return (asked, contentType, file);
    }

    /// <summary>The file that a Parameters resource carries.</summary>
    /// <param name="body">The resource.</param>
    /// <param name="parameter">Name of the parameter whose Binary is the file.</param>
    /// <param name="alone">Whether there may be no other parameter.</param>
    /// <exception cref="Refused">400.</exception>
    public static (string ContentType, byte[] File) Binary(JsonElement body, string parameter, bool alone = false)
    {
        var binary = Named(body).Where(p => p.Name == parameter && p.One.TryGetProperty("resource", out _))
            .Select(p => (JsonElement?)p.One.GetProperty("resource")).FirstOrDefault();
        var data = binary is { } found ? Incoming.Text(found, "data") ?? "" : "";
        var file = new byte[data.Length];
        if (binary is null || !Convert.TryFromBase64String(data, file, out var length)
            || (alone && Named(body).Count > 1))
        {
            throw Refused.BadBody($"The parameter {parameter} must be a Binary with its data in base64"
                + (alone ? ", and the only one." : "."));
        }

        return (Incoming.Text(binary.Value, "contentType") ?? "", file[..length]);
    }

    private static List<(string Name, JsonElement One)> Named(JsonElement body) =>
        Incoming.Text(body, "resourceType") != "Parameters"
            || !body.TryGetProperty("parameter", out var list) || list.ValueKind != JsonValueKind.Array
            ? throw Refused.BadBody("A file comes as the body itself, or as the Binary of a Parameters resource.")
            : [.. list.EnumerateArray().Select(one => (Incoming.Text(one, "name") ?? "", one))];

    private static string Value(JsonElement parameter) => parameter.ValueKind != JsonValueKind.Object ? ""
        : parameter.EnumerateObject().Where(m => m.Name.StartsWith("value", StringComparison.Ordinal))
            .Select(m => m.Value.ValueKind == JsonValueKind.String ? m.Value.GetString()! : m.Value.GetRawText())
            .FirstOrDefault() ?? "";

    private static UploadParameters Of(IReadOnlyList<(string Name, string Value)> sent)
    {
        if (sent.GroupBy(p => p.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
        {
            throw Refused.BadSearch($"A parameter stands twice: {Known(twice.Key)}.");
        }

        var values = sent.ToDictionary(p => p.Name, p => p.Value);
        var asked = new UploadParameters
        {
            Submission = Submitted(values.GetValueOrDefault("submission")),
            Extracted = Instant(values.GetValueOrDefault("extracted")),
            Mode = values.GetValueOrDefault("mode", "changes"),
            Rows = Count("rows", values.GetValueOrDefault("rows")),
            ConfirmEnd = Count("confirmEnd", values.GetValueOrDefault("confirmEnd")),
            DryRun = Truth("dryRun", values.GetValueOrDefault("dryRun")),
            AllowOlder = Truth("allowOlder", values.GetValueOrDefault("allowOlder")),
            Council = values.GetValueOrDefault("council"),
        };
        if (values.Keys.FirstOrDefault(name => Known(name) == "another") is not null)
        {
            throw Refused.BadSearch("Unknown parameter of $submit-caseload.");
        }

        return asked.Mode is not ("changes" or "snapshot") ? throw Refused.BadSearch("mode is changes or snapshot.")
            : asked.Snapshot && asked.Rows is null
                ? throw Refused.BadSearch("A snapshot needs rows=N, the number of rows in the file.")
            : asked;
    }

    private static string Known(string name) => name is "submission" or "extracted" or "mode" or "rows"
        or "confirmEnd" or "dryRun" or "allowOlder" or "council" or "_format" ? name : "another";

    private static string Submitted(string? text) =>
        text is { Length: > 0 and <= SubmissionCharsMax } && text.All(c => !char.IsControl(c)) ? text
            : throw Refused.BadSearch(
                $"submission is needed: your own id of this upload, at most {SubmissionCharsMax} characters.");

    private static DateTimeOffset Instant(string? text) => DateTimeOffset.TryParseExact(
        text?.Replace(' ', '+').Replace("Z", "+00:00", StringComparison.Ordinal), Instants,
        CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant)
        ? instant.ToUniversalTime()
        : throw Refused.BadSearch(
            "extracted is needed: when your system made the file, such as 2026-01-05T06:00:00Z.");

    private static int? Count(string name, string? text) => text is null ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count
        : throw Refused.BadSearch($"{name} is a whole number.");

    private static bool Truth(string name, string? text) => text switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw Refused.BadSearch($"{name} is true or false."),
    };
}
