using System.Text;
using System.Text.Json.Nodes;

namespace CpIs.Server.Tests.AuditTrail;

/// <summary>An entry that a request must leave behind.</summary>
internal sealed record ExpectedEntry(string Interaction, int Status, int Outcome, string? Patient);

/// <summary>A request, and what it must leave behind.</summary>
internal sealed record CoverageCase(string Method, string Url, params ExpectedEntry[] Entries)
{
    public JsonNode? Body { get; init; }

    public string? Form { get; init; }

    /// <summary>A search's form stands in its entry; a file never does.</summary>
    public string FormType { get; init; } = "application/x-www-form-urlencoded";

    public (string Name, string Value)? Header { get; init; }

    /// <summary>Status that is answered; the entries' own where it is null.</summary>
    public int? Answer { get; init; }

    /// <summary>The entry names a person who is made up on the spot.</summary>
    public bool AnyPatient { get; init; }

    /// <summary>The entries are about requests inside this one, and name those.</summary>
    public bool Within { get; init; }

    /// <summary>Refused, with one entry, whatever the reason given.</summary>
    public bool AnyRefusal { get; init; }

    public HttpRequestMessage Request(string id)
    {
        var request = new HttpRequestMessage(new HttpMethod(Method), new Uri(Url, UriKind.RelativeOrAbsolute))
        {
            Content = Body is not null ? RunningServer.Json(Body)
                : Form is not null ? new StringContent(Form, Encoding.UTF8, FormType) : null,
        };
        request.Headers.Add("X-Request-ID", id);
        if (Header is { } header)
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        return request;
    }
}

/// <summary>One cell of the matrix: a route, a kind of outcome, who asks, and the request.</summary>
internal sealed record CoverageRow(
    string Route, string Kind, string? Persona, Func<InventedTrail, Task<CoverageCase>> Make)
{
    public string Name => $"{Route} {Kind}";
}
