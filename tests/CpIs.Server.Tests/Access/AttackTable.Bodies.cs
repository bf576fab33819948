using System.Text;
using System.Text.Json.Nodes;
using CpIs.Server.Access;
using CpIs.Server.Tests.Notices;

namespace CpIs.Server.Tests.Access;

internal static partial class AttackTable
{
    /// <summary>Levels that a body may have, contract.</summary>
    private const int DepthMax = 64;

    /// <summary>Searches that are more than a value in the wrong place.</summary>
    private static IEnumerable<Attack> Searches()
    {
        Attack Search(string name, Func<AttackStage, string> query, params int[] status) => new("search: " + name,
            s => Request(s, "GET", "/FHIR/R4/" + query(s), Doctor), status);
        yield return Search("no patient named", _ => "Flag?status=active", 403);
        yield return Search("two patients", s => $"Flag?patient={s.Plan.Number},{s.OfLeeds.Number}", 400, 403);
        yield return Search("the patient twice", s => $"Flag?patient={s.Plan.Number}&patient={s.OfLeeds.Number}",
            200, 400, 403);
        yield return Search("everybody but one", s => $"Flag?patient:not={s.Plan.Number}", 400, 403);
        yield return Search("a half-wide number", _ => "Flag?patient=%EF%BC%99990000018", 400);
        yield return Search("a NUL", _ => "Flag?patient=9990000018%00", 400);
        yield return Search("broken UTF-8", _ => "Flag?patient=%ff%fe", 400);
        yield return Search("a forged page", _ => "Flag?_page=AAAAAAAA", 400);
        yield return Search("a page of a megabyte count", s => $"Flag?patient={s.Plan.Number}&_count=99999999999", 400);
        yield return Search("a thousand criteria",
            s => "Flag?" + string.Join('&', Enumerable.Repeat("status=a", 1000)), 400, 403);
        yield return Search("an unknown parameter", s => $"Flag?patient={s.Plan.Number}&$where=1", 400);
        yield return Search("an include of everything", s => $"Flag?patient={s.Plan.Number}&_include=*", 400);
        yield return Search("a sort by a statement", s => $"Flag?patient={s.Plan.Number}&_sort=(select%201)", 400);
        yield return new("search: a form of a hundred kilobytes", s => Post(s, "Flag/_search", Doctor,
            Encoding.ASCII.GetBytes("patient=" + new string('9', 100_000)), "application/x-www-form-urlencoded"), 413);
    }

    /// <summary>Bodies that are no resource, or too much of one.</summary>
    private static IEnumerable<Attack> Bodies()
    {
        Attack Body(string name, byte[] body, params int[] status) =>
            new("body: " + name, s => Post(s, "Flag", Lancashire, body), status);
        Attack Text(string name, string body, params int[] status) =>
            Body(name, Encoding.UTF8.GetBytes(body), status);
        yield return Text("nothing", "", 400);
        yield return Text("an array", "[]", 400);
        yield return Text("a number", "7", 400);
        yield return Text("null", "null", 400);
        yield return Text("a hundred thousand brackets", new string('[', 100_000), 400);
        yield return Text("a hundred thousand objects", string.Concat(Enumerable.Repeat("{\"a\":", 100_000)), 400);
        yield return Text("one level too deep", Nested(DepthMax + 2), 400);
        yield return Text("two of one key", "{\"resourceType\":\"Flag\",\"resourceType\":\"Patient\"}", 400);
        yield return Text("two of one key, one escaped", "{\"resourceType\":\"Flag\",\"status\":\"active\","
            + "\"st\\u0061tus\":\"inactive\"}", 400);
        yield return Text("an escaped NUL", "{\"resourceType\":\"Flag\",\"id\":\"a\\u0000b\"}", 400, 422);
        yield return Text("half a character", "{\"resourceType\":\"Flag\",\"id\":\"\\ud800\"}", 400, 422);
        yield return Body("broken UTF-8", [.. "{\"resourceType\":\"Flag\",\"id\":\""u8, 0xff, 0xfe, .. "\"}"u8], 400);
        yield return Body("UTF-16", Encoding.Unicode.GetBytes("{\"resourceType\":\"Flag\"}"), 400);
        yield return Text("a number with a thousand digits",
            "{\"resourceType\":\"Flag\",\"status\":" + new string('9', 1000) + "}", 400, 422);
        yield return Text("not a number", "{\"resourceType\":\"Flag\",\"status\":NaN}", 400);
        yield return Text("a comment", "{/* */\"resourceType\":\"Flag\"}", 400);
        yield return Text("something after it", "{\"resourceType\":\"Flag\"}{}", 400);
        yield return Text("another type", "{\"resourceType\":\"Patient\"}", 400, 422);
        yield return Text("a type that is none", "{\"resourceType\":\"__proto__\"}", 400, 422);
        yield return Text("a million keys", "{" + string.Join(',',
            Enumerable.Range(0, 200_000).Select(n => $"\"k{n}\":1")) + "}", 400, 422);
        yield return Body("one byte too many", new byte[Call.BodyBytesMax + 1], 413);
        yield return new("body: XML that fetches a file", s => Post(s, "Flag", Lancashire, Encoding.UTF8.GetBytes(
            "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><Flag xmlns=\"http://hl7.org/fhir\">&b;</Flag>"),
            "application/fhir+xml"), 400);
        yield return new("body: a page", s => Post(s, "Flag", Lancashire, "<html>"u8.ToArray(), "text/html"), 415);
        yield return new("body: a Bundle in a Bundle", s => Post(s, "", Lancashire, new JsonObject
        {
            ["resourceType"] = "Bundle", ["type"] = "transaction",
            ["entry"] = new JsonArray(new JsonObject
            {
                ["resource"] = s.Plan.Bundle(),
                ["request"] = new JsonObject { ["method"] = "POST", ["url"] = "Bundle" },
            }),
        }), 422);
        yield return new("body: a Bundle of more than a thousand entries", s => Post(s, "", Lancashire, new JsonObject
        {
            ["resourceType"] = "Bundle", ["type"] = "transaction",
            ["entry"] = new JsonArray([.. Enumerable.Range(0, 1001).Select(_ => new JsonObject())]),
        }), 413);
        foreach (var url in (string[])["../../Organization/ZZ002", "http://evil.example/Flag", "Flag?identifier=%00",
            "$submit-caseload", "Flag/..%2fPatient", "//evil.example/Flag", "file:///etc/passwd", "Flag#x"])
        {
            yield return new("body: a Bundle entry for " + url, s =>
            {
                var bundle = s.Plan.Bundle();
                bundle["entry"]![2]!["request"]!["url"] = url;
                return Post(s, "", Lancashire, bundle);
            }, 400, 403, 422);
        }
    }

    /// <summary>Bodies and connections that never end.</summary>
    private static IEnumerable<Attack> Slow()
    {
        yield return new("slow: headers that never end", _ =>
            Encoding.ASCII.GetBytes("GET /FHIR/R4/metadata HTTP/1.1\r\nHost: localhost\r\nX-Extra: "), 0, 408);
        yield return new("slow: a body that never comes", s => Encoding.ASCII.GetBytes(Head(s, "POST", "/FHIR/R4/Flag",
            Lancashire, ["Content-Type: " + FhirJson, "Content-Length: 1000"]) + "\r\n{"), 408);
        yield return new("slow: a chunk that never comes", s => Encoding.ASCII.GetBytes(Head(s, "POST",
            "/FHIR/R4/Flag", Lancashire, ["Content-Type: " + FhirJson, "Transfer-Encoding: chunked"])
            + "\r\n5\r\n{"), 408);
    }

    /// <summary>Resources that say they are somebody else's, or smuggle something in.</summary>
    private static IEnumerable<Attack> Forgeries()
    {
        Attack Episode(string name, Action<JsonObject> change, params int[] status) => new("forgery: " + name, s =>
        {
            var episode = s.Next().Episode();
            change(episode);
            return Post(s, "EpisodeOfCare", Lancashire, episode);
        }, status);
        JsonNode Json(string text) => JsonNode.Parse(text)!;
        yield return Episode("another council as manager",
            e => e["managingOrganization"] = Json("""{"reference":"Organization/ZZ002"}"""), 422);
        yield return Episode("another council's identifier",
            e => e["identifier"]![0]!["system"] = CpIs.Fhir.Systems.CouncilPlan + "ZZ002", 422);
        yield return Episode("a person inside",
            e => e["contained"] = Json("""[{"resourceType":"Patient","id":"a"}]"""), 422);
        yield return Episode("a reference into itself", e => e["patient"] = Json("""{"reference":"#a"}"""), 422);
        yield return Episode("a reference to this machine's metadata",
            e => e["patient"] = Json("""{"reference":"http://169.254.169.254/latest/meta-data"}"""), 422);
        yield return Episode("a reference to a file",
            e => e["patient"] = Json("""{"reference":"file:///etc/passwd"}"""), 422);
        yield return Episode("an extension of one's own",
            e => e["extension"] = Json("""[{"url":"http://evil.example/x","valueString":"x"}]"""), 422);
        yield return Episode("a modifier extension",
            e => e["modifierExtension"] = Json("""[{"url":"http://evil.example/x","valueBoolean":true}]"""), 422);
        yield return Episode("a script as text", e => e["text"] = Json(
            """{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>x</script></div>"}"""),
            422);
        yield return Episode("rules of one's own", e => e["implicitRules"] = "http://evil.example/rules", 422);
        yield return Episode("a prototype", e => e["__proto__"] = Json("""{"admin":true}"""), 422);
        yield return Episode("a council's private column", e => e["live"] = true, 422);
        yield return Episode("a social worker", e => e["careManager"] = Json("""{"display":"Quillfeather"}"""), 422);
        yield return new("forgery: a flag in another council's name", s =>
        {
            var flag = s.Plan.Flag("EpisodeOfCare/" + s.Ids.Episode);
            flag["id"] = s.Ids.Flag;
            flag["author"] = Json("""{"reference":"Organization/ZZ002"}""");
            return Post(s, "Flag/" + s.Ids.Flag, Lancashire, flag, "PUT");
        }, 422);
        yield return new("forgery: a flag of one's own on another council's episode", s =>
            Post(s, "Flag", Leeds, s.OfLeeds.Flag("EpisodeOfCare/" + s.Ids.Episode)), 404, 422);
        foreach (var method in (string[])["PUT", "DELETE", "PATCH"])
        {
            yield return new($"forgery: {method} of another council's episode", s =>
            {
                var episode = s.OfLeeds.Episode();
                episode["id"] = s.IdsOfLeeds.Episode;
                return Post(s, "EpisodeOfCare/" + s.IdsOfLeeds.Episode, Lancashire, episode, method);
            }, method == "PATCH" ? 415 : 404, method == "PATCH" ? 415 : 422);
        }

        foreach (var endpoint in (string[])["http://169.254.169.254/latest", "file:///etc/passwd",
            "https://[fd00::1]/x",
            "https://user:password@receiver.example/", "https://127.0.0.1.nip.io/", "gopher://receiver.example/",
            "https://receiver.example/#@localhost"])
        {
            yield return new("forgery: notices to " + endpoint, s => Post(s, "Subscription", Lancashire,
                new InventedSubscription { Endpoint = new(endpoint) }.Resource()), 422);
        }

        yield return new("forgery: a header of notices with another in it", s => Post(s, "Subscription", Lancashire,
            new InventedSubscription { Endpoint = new("http://localhost:1/"), Headers = ["X-A: b\r\nX-C: d"] }
                .Resource()), 422);
        yield return new("forgery: a header of notices that is not the sender's to set", s => Post(s, "Subscription",
            Lancashire, new InventedSubscription
            {
                Endpoint = new("http://localhost:1/"), Headers = ["Host: evil.example", "Content-Length: 0"],
            }.Resource()), 422);
    }

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"extension\":[", depth / 2))
        + "{}" + string.Concat(Enumerable.Repeat("]}", depth / 2));
}
