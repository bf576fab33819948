using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;

namespace CpIs.Server.Tests.Uploads;

/// <summary>A council's system that sends files and waits for what becomes of them.</summary>
internal sealed class Sender(RunningServer server, string persona = "sandbox-council-lancashire")
{
    public const string Header = "row_id,nhs_number,family,given,birth_date,plan,start,end,remove,follows_row_id\r\n";

    private static int next;

    public HttpClient Http { get; } = server.As(persona);

    public static string NewSubmission() => "submission-" + Interlocked.Increment(ref next);

    /// <summary>A row of the usual columns.</summary>
    public string Row(string rowId, string number, string family = "Thistlewood", string given = "Wren",
        string birth = "2018-04-05", string plan = "child-protection", string? start = null, string end = "",
        string remove = "", string follows = "") =>
        $"{rowId},{number},{family},{given},{birth},{plan},{start ?? Day(-5)},{end},{remove},{follows}\r\n";

    public string Day(int days) => PlanJson.Day(server.Today.AddDays(days));

    public Task<HttpResponseMessage> PostAsync(string file, string more = "", string? submission = null) =>
        PostAsync(new StringContent(file, Encoding.UTF8, "text/csv"), more, submission);

    public Task<HttpResponseMessage> PostAsync(byte[] file, string more = "", string? submission = null)
    {
        var content = new ByteArrayContent(file);
        content.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        return PostAsync(content, more, submission);
    }

    public Task<HttpResponseMessage> PostZippedAsync(byte[] file)
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.SmallestSize))
        {
            zip.Write(file);
        }

        return PostPackedAsync(packed.ToArray());
    }

    public Task<HttpResponseMessage> PostPackedAsync(byte[] packed)
    {
        var content = new ByteArrayContent(packed);
        content.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        content.Headers.ContentEncoding.Add("gzip");
        return PostAsync(content);
    }

    public async Task<HttpResponseMessage> PostAsync(HttpContent content, string more = "", string? submission = null)
    {
        var extracted = more.Contains("extracted=", StringComparison.Ordinal) ? ""
            : "&extracted=" + PlanJson.Instant(server.Clock.GetUtcNow());
        return await Http.PostAsync(new Uri(
            $"$submit-caseload?submission={submission ?? NewSubmission()}{extracted}{more}", UriKind.Relative),
                content);
    }

    /// <summary>Sends a file that must be accepted, and gives the manifest's extension once it is done.</summary>
    public async Task<Uploaded> SendAsync(string file, string more = "", string? submission = null) =>
        await DoneAsync(await PostAsync(file, more, submission));

    public async Task<Uploaded> DoneAsync(HttpResponseMessage accepted)
    {
        accepted.StatusCode.Should().Be(HttpStatusCode.Accepted, await accepted.Content.ReadAsStringAsync());
        return await DoneAsync(accepted.Content.Headers.ContentLocation!.ToString());
    }

    public async Task<Uploaded> DoneAsync(string status)
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            var answer = await Http.TryAsync(status);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                var done = new Uploaded(this, await answer.BodyAsync(), status);
                done.ShouldAddUp();
                return done;
            }

            answer.StatusCode.Should().Be(HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
            answer.Headers.GetValues("X-Progress").Single().Should().MatchRegex(@"^\d+ % \([\d,]+ of [\d,]+ rows, ");
            await Task.Delay(100);
        }

        throw new InvalidOperationException("The upload does not end.");
    }
}

/// <summary>An upload that is done: its manifest, and its files.</summary>
internal sealed record Uploaded(Sender Sender, JsonNode Manifest, string Status)
{
    public JsonNode Facts => Manifest["extension"]!;

    public int this[string count] => Facts[count]!.GetValue<int>();

    public string Code => Facts.Text("fileCode");

    public void ShouldAddUp() => (this["accepted"] + this["refused"] + this["skipped"]).Should().Be(this["read"]);

    public async Task<string> FileAsync(string name)
    {
        var answer = await Sender.Http.TryAsync(
            Status.Replace("$submit-caseload-status", "$submit-caseload-file", StringComparison.Ordinal) + "/" + name);
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.Should().Be(HttpStatusCode.OK, text);
        return text;
    }

    public async Task<List<JsonNode>> LinesAsync(string name) =>
        [.. (await FileAsync(name)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!)];

    /// <summary>Refused rows: line, byte offset, CPR code and our codes.</summary>
    public async Task<List<RefusedLine>> RefusedAsync() =>
        [.. (await LinesAsync("refused.ndjson")).Select(RefusedLine.Of)];
}

/// <summary>One line of refused.ndjson as the tests look at it.</summary>
internal sealed record RefusedLine(int Line, long At, string? RowId, string Code, string Details, string Text)
{
    public static RefusedLine Of(JsonNode outcome)
    {
        var named = outcome["extension"]![0]!["extension"]!.AsArray();
        JsonNode? Value(string url) => named.FirstOrDefault(e => e!.Text("url") == url);
        var issues = outcome["issue"]!.AsArray();
        string Codes(int place) => string.Join(' ', issues.Select(i =>
            i!["details"]!["coding"]![place]!.Text("code")).Distinct());
        return new(
            Value("line")!["valueUnsignedInt"]!.GetValue<int>(),
            Value("byteOffset")!["valueUnsignedInt"]!.GetValue<long>(),
            Value("rowId")?.Text("valueString"),
            Codes(0),
            Codes(1),
            string.Join(' ', issues.Select(i => i!.Text("diagnostics"))));
    }
}
