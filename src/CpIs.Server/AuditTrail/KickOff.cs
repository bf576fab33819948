using System.Globalization;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;
using CpIs.Server.Searching;
using Microsoft.AspNetCore.WebUtilities;

namespace CpIs.Server.AuditTrail;

/// <summary>
/// What an export was asked for, from the query of a GET or the Parameters of a POST.
/// https://hl7.org/fhir/uv/bulkdata/export.html#query-parameters
/// </summary>
internal sealed record KickOff(DateTime? Since, DateTime? Until, string Filter)
{
    private const string Type = "AuditEvent";

    private static readonly string[] Formats = ["application/fhir+ndjson", "application/ndjson", "ndjson"];

    private static readonly string[] Instants =
        ["yyyy-MM-dd'T'HH:mm:sszzz", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    /// <summary>Reads and checks a kick-off.</summary>
    /// <exception cref="Refused">400 for a parameter, type or format that is not served.</exception>
    public static async Task<KickOff> ReadAsync(Call call)
    {
        var prefer = call.Http.Request.Headers["Prefer"].ToString();
        if (!prefer.Contains("respond-async", StringComparison.OrdinalIgnoreCase))
        {
            throw Refused.BadHeader("An export needs the header Prefer: respond-async.");
        }

        var asked = HttpMethods.IsPost(call.Http.Request.Method) && call.Http.Request.ContentLength is not 0
            ? Parameters(await Incoming.BodyAsync(call))
            : [.. QueryHelpers.ParseQuery(call.Http.Request.QueryString.Value)
                .SelectMany(p => p.Value.Select(v => (p.Key, v ?? "")))];
        var lenient = prefer.Contains("handling=lenient", StringComparison.OrdinalIgnoreCase);
        return asked.Aggregate(new KickOff(null, null, ""),
            (kickOff, one) => kickOff.With(one.Name, one.Value, lenient));
    }

    private static List<(string Name, string Value)> Parameters(JsonElement body)
    {
        if (Incoming.Text(body, "resourceType") != "Parameters")
        {
            throw Refused.BadBody("An export is asked for by a Parameters resource.");
        }

        if (!body.TryGetProperty("parameter", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            return [];
        }

        return [.. list.EnumerateArray().Select(one => (
            Incoming.Text(one, "name") ?? throw Refused.BadBody("A parameter has no name."),
            Incoming.Text(one, "valueString") ?? Incoming.Text(one, "valueInstant") ?? Incoming.Text(one, "valueCode")
                ?? throw Refused.BadBody("A parameter of an export is valueString, valueInstant or valueCode.")))];
    }

    private KickOff With(string name, string value, bool lenient)
    {
        switch (name)
        {
            case "_type" when value.Split(',').All(type => type == Type):
            case "_outputFormat" when Formats.Contains(value.Replace(' ', '+')):
            case "_format" or "_pretty":
                return this;
            case "_type":
                throw Refused.BadSearch("Only AuditEvent is exported.");
            case "_outputFormat":
                throw Refused.BadSearch("An export is application/fhir+ndjson.");
            case "_since":
                return this with { Since = Instant(name, value) };
            case "_until":
                return this with { Until = Instant(name, value) };
            case "_typeFilter" when Filter.Length > 0:
                throw Refused.BadSearch("An export takes one _typeFilter.");
            case "_typeFilter":
                return this with { Filter = Checked(value) };
            default:
                return lenient ? this : throw Refused.BadSearch("Unknown parameter of an export.");
        }
    }

    private static DateTime Instant(string name, string value) => DateTimeOffset.TryParseExact(
        value.Replace(' ', '+').Replace("Z", "+00:00", StringComparison.Ordinal), Instants,
        CultureInfo.InvariantCulture, DateTimeStyles.None, out var instant)
        ? instant.UtcDateTime
        : throw Refused.BadSearch($"{name} must be an instant, such as 2026-01-05T00:00:00Z.");

    /// <summary>A search of AuditEvent that will be run later must be sound now.</summary>
    private static string Checked(string value)
    {
        const string Start = Type + "?";
        if (!value.StartsWith(Start, StringComparison.Ordinal))
        {
            throw Refused.BadSearch("_typeFilter must be a search, such as AuditEvent?outcome=4.");
        }

        var search = SearchRequest.Of(value[Start.Length..], TrailParameters.Terms);
        if (search.Sort.Count > 0 || search.Summary is not null || search.Elements is not null || search.CountOnly)
        {
            throw Refused.BadSearch("_typeFilter takes search parameters alone.");
        }

        _ = TrailParameters.Read(search).Arguments();
        return search.Asked;
    }
}
