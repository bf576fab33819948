using System.Text.Json;

namespace CpIs.Server.Uploads;

/// <summary>
/// Records as lines of JSON, each a Parameters resource of profile CpIs-CaseloadRow whose parameters are named as the
/// columns. https://github.com/ndjson/ndjson-spec
/// </summary>
internal sealed class CaseloadNdjson : ICaseloadFormat
{
    /// <summary>Depth of nesting of one line; a row needs three.</summary>
    private const int DepthMax = 8;

    private static readonly JsonDocumentOptions Parsing =
        new() { MaxDepth = DepthMax, AllowDuplicateProperties = false };

    public bool Quoted => false;

    public (CaseloadHeader Header, bool FirstIsHeader) Header(ReadOnlySpan<byte> first)
    {
        var unknown = new List<string>();
        _ = Fields(CaseloadHeader.OfNdjson, first, unknown);
        return unknown.Count > 0 ? throw CaseloadHeader.UnknownNames(unknown) : (CaseloadHeader.OfNdjson, false);
    }

    public RecordFields Fields(CaseloadHeader header, ReadOnlySpan<byte> record)
    {
        var unknown = new List<string>();
        var fields = Fields(header, record, unknown);
        return unknown.Count == 0 ? fields : fields with
        {
            Issues = [.. fields.Issues, RowIssue.NotLoaded("unknown-column",
                "The row has parameters that no caseload has; they were not kept.")],
        };
    }

    private static RecordFields Fields(CaseloadHeader header, ReadOnlySpan<byte> record, List<string> unknown)
    {
        try
        {
            using var line = JsonDocument.Parse(record.ToArray(), Parsing);
            return Read(header, line.RootElement, unknown);
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException)
        {
            return Broken("The line is no JSON that can be stored.");
        }
    }

    private static RecordFields Read(CaseloadHeader header, JsonElement row, List<string> unknown)
    {
        if (row.ValueKind != JsonValueKind.Object || !row.TryGetProperty("resourceType", out var type)
            || type.ValueKind != JsonValueKind.String || type.GetString() != "Parameters"
            || !row.TryGetProperty("parameter", out var parameters) || parameters.ValueKind != JsonValueKind.Array)
        {
            return Broken("The line is no Parameters resource.");
        }

        if (row.EnumerateObject().Any(m => m.Name is not ("resourceType" or "id" or "meta" or "language"
            or "parameter")))
        {
            return Broken("The line has more than its parameters.");
        }

        var texts = new string[header.Names.Count];
        Array.Fill(texts, "");
        var issues = new List<RowIssue>();
        foreach (var parameter in parameters.EnumerateArray())
        {
            var (name, value) = One(parameter);
            var place = name is null ? -1 : header.Names.ToList().IndexOf(name);
            if (place < 0)
            {
                unknown.Add(name ?? "");
            }
            else if (value is null)
            {
                issues.Add(RowIssue.NotLoaded("shape", $"The parameter has {TypeOf(name!)} and nothing else.", name));
            }
            else if (texts[place].Length > 0)
            {
                issues.Add(RowIssue.NotLoaded("shape", "The parameter stands twice.", name));
            }
            else
            {
                texts[place] = value;
            }
        }

        if (texts.Any(text => text.Contains('\0', StringComparison.Ordinal)))
        {
            issues.Add(RowIssue.NotLoaded("nul", "The row holds a NUL character."));
        }

        return new(texts, issues);
    }

    private static (string? Name, string? Value) One(JsonElement parameter)
    {
        if (parameter.ValueKind != JsonValueKind.Object)
        {
            return (null, null);
        }

        var name = parameter.TryGetProperty("name", out var said) && said.ValueKind == JsonValueKind.String
            ? said.GetString() : null;
        string? value = null;
        foreach (var member in parameter.EnumerateObject().Where(m => m.Name is not ("name" or "id")))
        {
            if (name is null || member.Name != TypeOf(name) || member.Value.ValueKind != JsonValueKind.String)
            {
                return (name, null);
            }

            value = member.Value.GetString();
        }

        return (name, value);
    }

    /// <summary>As the profile has it.</summary>
    private static string TypeOf(string name) => name switch
    {
        Columns.BirthDate or Columns.Start or Columns.End or Columns.DueDate => "valueDate",
        Columns.Plan or Columns.Remove => "valueCode",
        _ => "valueString",
    };

    private static RecordFields Broken(string why) => new([], [RowIssue.NotLoaded("shape", why)]);
}
