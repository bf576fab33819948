using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Patients;
using CpIs.Server.Plans;

namespace CpIs.Server.Bundles;

/// <summary>One entry of a Bundle: the request it stands for, and the id it is given when it makes something.</summary>
internal sealed class BundleEntry
{
    private readonly JsonElement request;

    /// <param name="index">Place in the Bundle.</param>
    /// <param name="entry">The entry.</param>
    public BundleEntry(int index, JsonElement entry)
    {
        Index = index;
        if (entry.ValueKind == JsonValueKind.Object)
        {
            request = entry.TryGetProperty("request", out var asked) ? asked : default;
            Sent = entry.TryGetProperty("resource", out var sent) && sent.ValueKind == JsonValueKind.Object ? sent
                : null;
        }

        var url = Text("url") ?? "";
        var at = url.IndexOf(Routes.Prefix + "/", StringComparison.Ordinal);
        url = at < 0 ? url.TrimStart('/') : url[(at + Routes.Prefix.Length + 1)..];
        var question = url.IndexOf('?', StringComparison.Ordinal);
        (Path, Query) = question < 0 ? (url, "") : (url[..question], url[question..]);
        Method = Text("method") ?? "";
        FullUrl = Incoming.Text(entry, "fullUrl");
    }

    public int Index { get; }

    public string? FullUrl { get; }

    public string Method { get; }

    /// <summary>Under the base, without a leading slash.</summary>
    public string Path { get; }

    /// <summary>With its question mark; empty when there is none.</summary>
    public string Query { get; }

    public Guid NewId { get; } = Guid.CreateVersion7();

    public JsonElement Resource => Sent ?? throw Refused.BadBody("An entry has no resource.");

    /// <summary>The resource, where there is one; in a transaction with its references rewritten.</summary>
    public JsonElement? Sent { get; set; }

    public int? IfMatch => Incoming.IfMatch(Text("ifMatch"));

    public string? IfNoneExist => Text("ifNoneExist");

    /// <summary>The id in the URL.</summary>
    public Guid GivenId => Guid
        .TryParseExact(Path[(Path.IndexOf('/', StringComparison.Ordinal) + 1)..], "D", out var id)
        ? id : throw Refused.NotFound();

    /// <summary>What a reference to this entry's full URL stands for.</summary>
    public string Reference =>
        Path == "Patient" ? "Patient/" + PatientJson.Number(Resource)
        : Path.Contains('/', StringComparison.Ordinal) ? Path : $"{Path}/{NewId}";

    /// <summary>A member of the request; null when it is not there.</summary>
    public string? Text(string name) => Incoming.Text(request, name);

    /// <summary>The entries of a Bundle.</summary>
    /// <exception cref="Refused">400 when it has none, 413 when it has too many.</exception>
    public static List<BundleEntry> All(JsonElement bundle, int entriesMax)
    {
        if (!bundle.TryGetProperty("entry", out var entries) || entries.ValueKind != JsonValueKind.Array
            || entries.GetArrayLength() == 0)
        {
            throw Refused.BadBody("The Bundle has no entry.");
        }

        return entries.GetArrayLength() > entriesMax
            ? throw new Refused(413, [new("error", "too-costly", DetailCode.InvalidResource,
                $"A Bundle holds at most {entriesMax} entries.")])
            : [.. entries.EnumerateArray().Select((entry, index) => new BundleEntry(index, entry))];
    }
}
