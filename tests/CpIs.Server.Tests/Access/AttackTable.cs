using System.Text;
using System.Text.Json.Nodes;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// The attacks: what is written in the request's line, in its headers, in a search, in a body. Bytes are written by
/// hand, since a well-behaved client would mend most of them.
/// </summary>
internal static partial class AttackTable
{
    private const string Doctor = "sandbox-ed-clinician";
    private const string Lancashire = "sandbox-council-lancashire";
    private const string Leeds = "sandbox-council-leeds";
    private const string Auditor = "sandbox-auditor";
    private const string Archive = "sandbox-audit-archive";
    private const string FhirJson = "application/fhir+json";

    public static readonly IReadOnlyList<Attack> All =
        [.. Paths(), .. Framing(), .. Headers(), .. Tokens(), .. Searches(), .. Bodies(), .. Forgeries(), .. Slow()];

    /// <summary>Tricks in the request's path.</summary>
    private static IEnumerable<Attack> Paths()
    {
        Attack Get(string path, params int[] status) =>
            new("path " + (path.Length > 60 ? path[..60] : path), s => Request(s, "GET", path, Doctor), status);
        yield return Get("/FHIR/R4/Flag/..%2fPatient%2f9990000018", 404);
        yield return Get("/FHIR/R4/Flag/..%2f..%2f..%2fetc%2fpasswd", 404);
        yield return Get("/FHIR/R4/Flag/..%5c..%5cweb.config", 404);
        yield return Get("/FHIR/R4/Flag/%2e%2e/%2e%2e/audit-log/totals", 404);
        yield return Get("/FHIR/R4/../../audit-log/totals", 403);
        yield return Get("/FHIR/R4/Flag/%00", 400);
        yield return Get("/FHIR/R4/Flag/%c0%ae%c0%ae", 404);
        yield return Get("/FHIR/R4/Flag/%zz", 404);
        yield return Get("/FHIR/R4/Flag/" + new string('a', 65), 404);
        yield return Get("/FHIR/R4/Flag/" + new string('b', 4000), 404);
        yield return Get("/FHIR/R4/Flag/x;jsessionid=1", 404);
        yield return Get("/FHIR/R4/Flag/'%20or%201=1--", 404);
        yield return Get("/FHIR/R4/flag/x", 404);
        yield return Get("//FHIR//R4//Flag", 404);
        yield return Get("/FHIR/R4/Flag/x/_history/-1", 404);
        yield return Get("/FHIR/R4/Flag/x/_history/99999999999999999999", 404);
        yield return Get("/FHIR/R4/Flag/x/_history/..%2f1", 404);
        yield return Get("/audit-log/1/tile/0/../../../../etc/passwd", 404);
        yield return Get("/audit-log/1/tile/0/..%2f..%2fkeys", 404);
        yield return Get("/audit-log/99999999999/checkpoint", 404);
        yield return new("path $export-file up and away", s => Request(s, "GET",
            "/FHIR/R4/$export-file/01a20000-0000-7000-8000-000000000000/..%2f..%2fkeys", Archive), 404);
        yield return new("path $submit-caseload-file up and away", s => Request(s, "GET",
            "/FHIR/R4/$submit-caseload-file/01a20000-0000-7000-8000-000000000000/..%2f..%2fkeys", Lancashire), 404);
    }

    /// <summary>Requests that two parsers would read differently.</summary>
    private static IEnumerable<Attack> Framing()
    {
        Attack Raw(string name, string text, params int[] status) =>
            new("framing: " + name, _ => Encoding.Latin1.GetBytes(text), status);
        const string Start = "POST /FHIR/R4/Flag HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        yield return Raw("two lengths", Start + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400);
        yield return Raw("length that is no number", Start + "Content-Length: 2x\r\n\r\n{}", 400);
        yield return Raw("negative length", Start + "Content-Length: -2\r\n\r\n{}", 400);
        yield return Raw("unknown transfer encoding", Start + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400);
        yield return Raw("chunked and then something", Start + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            400);
        yield return Raw("length and chunked at once",
            Start + "Content-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "0\r\n\r\n", 400, 401);
        yield return Raw("space before the colon", Start + "X-Extra : 1\r\n\r\n", 400);
        yield return Raw("folded header", Start + "X-Extra: 1\r\n 2\r\n\r\n", 400);
        yield return Raw("NUL in a header", Start + "X-Extra: a\0b\r\n\r\n", 400);
        yield return Raw("two hosts", "GET /FHIR/R4/metadata HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400);
        yield return Raw("no host", "GET /FHIR/R4/metadata HTTP/1.1\r\nConnection: close\r\n\r\n", 400);
        yield return Raw("script as host", "GET /FHIR/R4/metadata HTTP/1.1\r\nHost: \"><script>\r\n\r\n", 400);
        yield return Raw("another server's address",
            "GET http://evil.example/FHIR/R4/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n", 400);
        yield return Raw("unknown version", "GET /FHIR/R4/metadata HTTP/9.9\r\nHost: localhost\r\n\r\n", 505);
        yield return Raw("method that is no token", "GE(T /FHIR/R4/metadata HTTP/1.1\r\nHost: localhost\r\n\r\n", 400);
        yield return Raw("TLS to a port without it", "\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003\r\n",
            400);
        yield return Raw("HTTP/2 to a port without it", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0);
        yield return Raw("broken chunk", Start + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n", 400, 401);
    }

    /// <summary>A request as it goes over the wire.</summary>
    private static byte[] Request(AttackStage stage, string method, string target, string? persona,
        params string[] headers) =>
        Encoding.Latin1.GetBytes(Head(stage, method, target, persona, headers) + "\r\n");

    private static byte[] Post(AttackStage stage, string path, string persona, byte[] body, string type = FhirJson,
        string method = "POST") =>
    [
        .. Encoding.Latin1.GetBytes(Head(stage, method, "/FHIR/R4/" + path, persona,
            [$"Content-Type: {type}", $"Content-Length: {body.Length}"]) + "\r\n"),
        .. body,
    ];

    private static byte[] Post(AttackStage stage, string path, string persona, JsonNode body, string method = "POST") =>
        Post(stage, path, persona, Encoding.UTF8.GetBytes(body.ToJsonString()), method: method);

    private static string Head(AttackStage stage, string method, string target, string? persona, string[] headers)
    {
        var lines = new List<string> { $"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close" };
        if (persona is not null)
        {
            lines.Add("Authorization: Bearer " + stage.Server.Token(persona));
        }

        return string.Concat(lines.Concat(headers).Select(line => line + "\r\n"));
    }
}
