using System.Buffers;
using System.Text;
using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Searching;

/// <summary>
/// Writes a searchset Bundle, stored bytes spliced in as they are. http://hl7.org/fhir/R4/bundle.html
/// </summary>
internal sealed class SearchBundle : IDisposable
{
    /// <summary>Bytes of a Bundle beside the resources in it, for most searches.</summary>
    private const int FrameBytes = 1024;

    private readonly ArrayBufferWriter<byte> buffer;
    private readonly Utf8JsonWriter json;
    private readonly string root;
    private readonly HashSet<string> added = new(StringComparer.Ordinal);
    private bool anyEntry;

    /// <param name="call">The request.</param>
    /// <param name="now">When it is answered.</param>
    /// <param name="total">Matches, when they were counted.</param>
    /// <param name="next">Link to the next page.</param>
    /// <param name="self">The search as it was applied.</param>
    /// <param name="bodyBytes">How much the resources will need, when that is known.</param>
    public SearchBundle(
        Call call, DateTimeOffset now, int? total, string? next, string self, int bodyBytes = 3 * FrameBytes)
    {
        buffer = new(FrameBytes + bodyBytes);
        root = call.Base + "/";
        json = new Utf8JsonWriter(buffer, Outcome.Writing);
        json.WriteStartObject();
        json.WriteString("resourceType"u8, "Bundle"u8);
        json.WriteString("type"u8, "searchset"u8);
        json.WriteString("timestamp"u8, PlanJson.Instant(now));
        if (total is { } count)
        {
            json.WriteNumber("total"u8, count);
        }

        json.WriteStartArray("link"u8);
        WriteLink("self", self);
        if (next is not null)
        {
            WriteLink("next", next);
        }

        json.WriteEndArray();
    }

    /// <summary>How much of each resource is shown.</summary>
    public Narrowing Shown { get; init; } = Narrowing.None;

    /// <summary>Adds a resource once.</summary>
    /// <param name="reference">Type/id.</param>
    /// <param name="body">UTF-8 JSON.</param>
    /// <param name="mode">match or include.</param>
    public void Add(string reference, ReadOnlySpan<byte> body, string mode)
    {
        if (!added.Add(reference))
        {
            return;
        }

        StartEntry();
        json.WriteString("fullUrl"u8, root + reference);
        json.WritePropertyName("resource"u8);
        json.WriteRawValue(Part(reference, mode) is { } part ? part.Cut(body) : body, skipInputValidation: true);
        EndEntry(mode);
    }

    /// <summary>Adds a resource once that is written for this answer.</summary>
    public void Add<T>(string reference, T row, Action<Utf8JsonWriter, T> write, string mode)
    {
        if (Part(reference, mode) is not null)
        {
            var body = new ArrayBufferWriter<byte>();
            using (var whole = new Utf8JsonWriter(body, Outcome.Writing))
            {
                write(whole, row);
            }

            Add(reference, body.WrittenSpan, mode);
            return;
        }

        if (!added.Add(reference))
        {
            return;
        }

        StartEntry();
        json.WriteString("fullUrl"u8, root + reference);
        json.WritePropertyName("resource"u8);
        write(json, row);
        EndEntry(mode);
    }

    /// <summary>Adds what was computed for this answer and has no place of its own.</summary>
    public void AddComputed(ReadOnlySpan<byte> body, string mode)
    {
        StartEntry();
        json.WriteString("fullUrl"u8, "urn:uuid:" + Guid.NewGuid());
        json.WritePropertyName("resource"u8);
        json.WriteRawValue(body, skipInputValidation: true);
        EndEntry(mode);
    }

    /// <summary>Adds what is written for this answer under an id of its own and has no place.</summary>
    public void AddMade(Guid id, Action<Utf8JsonWriter, Guid> write, string mode)
    {
        StartEntry();
        json.WriteString("fullUrl"u8, "urn:uuid:" + id);
        json.WritePropertyName("resource"u8);
        write(json, id);
        EndEntry(mode);
    }

    public void AddOutcome(IReadOnlyList<OutcomeIssue> issues)
    {
        StartEntry();
        json.WritePropertyName("resource"u8);
        Outcome.Write(json, issues);
        EndEntry("outcome");
    }

    public ReadOnlyMemory<byte> Finish()
    {
        if (anyEntry)
        {
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    public void Dispose() => json.Dispose();

    private Subset? Part(string reference, string mode) => Shown == Narrowing.None ? null
        : Shown.Of(reference[..reference.IndexOf('/', StringComparison.Ordinal)], mode == "match");

    private void StartEntry()
    {
        if (!anyEntry)
        {
            json.WriteStartArray("entry"u8);
            anyEntry = true;
        }

        json.WriteStartObject();
    }

    private void EndEntry(string mode)
    {
        json.WriteStartObject("search"u8);
        json.WriteString("mode"u8, mode);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteLink(string relation, string url)
    {
        json.WriteStartObject();
        json.WriteString("relation"u8, relation);
        json.WriteString("url"u8, url);
        json.WriteEndObject();
    }
}
