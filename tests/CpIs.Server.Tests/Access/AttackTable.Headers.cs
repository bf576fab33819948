using System.Text;
using System.Text.Json;

namespace CpIs.Server.Tests.Access;

internal static partial class AttackTable
{
    /// <summary>Headers that say too much, too often, or what is not theirs to say.</summary>
    private static IEnumerable<Attack> Headers()
    {
        Attack With(string name, string[] headers, int status, string? echo = null) => new("header: " + name,
            s => Request(s, "GET", $"/FHIR/R4/Flag?patient={s.Plan.Number}&_summary=count", Doctor, headers), status)
        {
            Echo = echo,
        };
        yield return With("X-Request-ID that is no UUID", ["X-Request-ID: zz'--<b>"], 400, "zz'--<b>");
        yield return With("X-Request-ID with another header in it",
            ["X-Request-ID: 1%0d%0aSet-Cookie:%20a=b"], 400, "Set-Cookie");
        yield return With("X-Request-ID beyond ASCII", ["X-Request-ID: \u00e9\u00fc"], 400);
        yield return With("two X-Request-IDs", [$"X-Request-ID: {Guid.Empty}", $"X-Request-ID: {Guid.Empty}"], 400);
        yield return With("X-Correlation-ID of a page", ["X-Correlation-ID: " + new string('q', 4000)], 200,
            new string('q', 4000));
        yield return With("X-Correlation-ID with a blank", ["X-Correlation-ID: a b; Set-Cookie=1"], 200, "Set-Cookie");
        yield return With("TraceID beyond ASCII", ["TraceID: \u00e9"], 400);
        yield return With("scheduled and unscheduled at once",
            ["IsUnscheduledEvent: true", "IsUnscheduledEvent: false"], 400);
        yield return With("a purpose in small letters", ["X-Purpose-Of-Use: btg"], 400);
        yield return With("breaking the glass without a reason", ["X-Purpose-Of-Use: BTG", "X-Purpose-Reason:  "], 400);
        yield return With("a role that the token does not hold", ["NHSD-Session-URID: ' or 1=1--"], 400);
        yield return With("another organisation", ["NHSD-End-User-Organisation-ODS: ZZ001"], 400);
        yield return With("method override", ["X-HTTP-Method-Override: DELETE", "X-Method-Override: DELETE"], 200);
        yield return With("another address and host", ["X-Forwarded-For: 127.9.9.9", "X-Forwarded-Host: evil.example",
            "X-Original-URL: /audit-log/totals", "Forwarded: for=127.9.9.9;host=evil.example"], 200, "evil.example");
        yield return With("a range of the answer", ["Range: bytes=0-9999999999999999999"], 200);
        yield return With("an upgrade", ["Upgrade: websocket", "Connection: upgrade"], 200);
        yield return With("an expectation", ["Expect: the-unexpected"], 200, "the-unexpected");
        yield return With("more headers than anybody needs",
            [.. Enumerable.Range(0, 100).Select(n => $"X-Extra-{n}: 1")], 431);
        yield return With("headers of forty kilobytes", ["X-Extra: " + new string('x', 40 * 1024)], 431);
        yield return With("an answer as a page", ["Accept: text/html, image/*"], 406);
        yield return new("header: target of twenty kilobytes",
            s => Request(s, "GET", "/FHIR/R4/Flag?patient=" + new string('9', 20_000), Doctor), 414);
        yield return new("header: a method nobody serves",
            s => Request(s, "TRACE", "/FHIR/R4/metadata", Doctor, "X-Secret: mirrored"), 405) { Echo = "mirrored" };
        foreach (var match in (string[])["*", "W/\"9999999999999999999\"", "'; drop table cpis.plan--", "\"1\",\"2\""])
        {
            yield return new("header: If-Match " + match, s => Encoding.Latin1.GetBytes(
                Head(s, "PUT", $"/FHIR/R4/Flag/{s.IdsOfLeeds.Flag}", Lancashire,
                    ["If-Match: " + match, "Content-Type: " + FhirJson, "Content-Length: 2"]) + "\r\n{}"), 412);
        }
    }

    /// <summary>Tokens that are none.</summary>
    private static IEnumerable<Attack> Tokens()
    {
        Attack Bearing(string name, Func<AttackStage, string> authorization, params int[] status) => new(
            "token: " + name, s => Request(s, "GET", $"/FHIR/R4/Flag/{s.Ids.Flag}", null,
                "Authorization: " + authorization(s)), status);
        yield return Bearing("none at all", _ => "", 401);
        yield return Bearing("a password", _ => "Basic YWRtaW46YWRtaW4=", 401);
        yield return Bearing("unsigned", s => "Bearer " + Altered(s, "none", keepSignature: false), 401);
        yield return Bearing("unsigned, as the signed", s => "Bearer " + Altered(s, "None", keepSignature: true), 401);
        yield return Bearing("signed with our public key as a password",
            s => "Bearer " + Altered(s, "HS256", keepSignature: true), 401);
        yield return Bearing("cut short", s => "Bearer " + s.Server.Token(Doctor)[..^8], 401);
        yield return Bearing("a page of it", _ => "Bearer " + new string('a', 20_000), 401);
        yield return Bearing("dots and nothing", _ => "Bearer ....", 401);
        yield return Bearing("two of them", s =>
            $"Bearer {s.Server.Token(Doctor)}\r\nAuthorization: Bearer {s.Server.Token(Lancashire)}", 401);
        yield return new("token: in the address", s => Request(s, "GET",
            $"/FHIR/R4/Flag/{s.Ids.Flag}?access_token={s.Server.Token(Doctor)}", null), 401);
    }

    /// <summary>A doctor's token under another algorithm.</summary>
    private static string Altered(AttackStage stage, string algorithm, bool keepSignature)
    {
        var parts = stage.Server.Token(Doctor).Split('.');
        var head = Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(new { alg = algorithm, typ = "JWT" }))
            .TrimEnd('=').Replace('+', '-').Replace('/', '_');
        return $"{head}.{parts[1]}.{(keepSignature ? parts[2] : "")}";
    }
}
