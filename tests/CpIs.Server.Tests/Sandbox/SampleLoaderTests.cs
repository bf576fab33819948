using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

public sealed class SampleLoaderTests
{
    private static readonly SampleCouncil Leeds = SampleCouncil.All[1];

    [Fact]
    public async Task Rows_are_uploaded_as_the_council_they_belong_to()
    {
        using var server = new Recorder();

        await server.SendAsync(Row("R1", "9990000018"), Row("R2", "9990000026"));

        server.TokensAskedBy.Should().Equal("sandbox-council-leeds");
        var file = server.Uploads.Should().ContainSingle().Subject;
        file.Token.Should().Be("Bearer token-of-sandbox-council-leeds");
        file.Body.Split("\r\n").Should().HaveCount(4).And.Contain(line => line.StartsWith("R1,9990000018,"));
        file.Target.Should().Contain("$submit-caseload?submission=samples-").And.Contain("extracted=");
        server.Bundles.Should().BeEmpty();
    }

    [Fact]
    public async Task The_same_rows_are_the_same_submission_and_others_another()
    {
        using var server = new Recorder();

        await server.SendAsync(Row("R1", "9990000018"));
        await server.SendAsync(Row("R1", "9990000018"));
        await server.SendAsync(Row("R2", "9990000018"));

        var submissions = server.Uploads.Select(file => file.Target.Split('&')[0]).ToList();
        submissions.Distinct().Should().HaveCount(2);
        submissions[0].Should().Be(submissions[1]);
    }

    [Fact]
    public async Task A_row_that_the_upload_leaves_out_is_submitted_by_itself()
    {
        using var server = new Recorder { Skips = "R2" };

        await server.SendAsync(Row("R1", "9990000018"), Row("R2", "9990000026"));

        server.Bundles.Should().Equal("R2");
    }

    [Fact]
    public async Task What_the_server_holds_is_not_missing()
    {
        using var server = new Recorder { Held = ["R1"] };

        var missing = await server.MissingAsync(Row("R1", "9990000018"), Row("R2", "9990000026"));

        missing.Rows.Select(row => row.RowId).Should().Equal("R2");
    }

    [Fact]
    public async Task A_caseload_that_is_all_there_is_counted_and_left_alone()
    {
        using var server = new Recorder { Held = ["R1", "R2"] };

        var missing = await server.MissingAsync(Row("R1", "9990000018"), Row("R2", "9990000026"));
        await server.Loader().SendAsync([missing], CancellationToken.None);

        missing.Rows.Should().BeEmpty();
        server.Questions.Should().Equal("/FHIR/R4/EpisodeOfCare?_summary=count");
        server.Uploads.Should().BeEmpty();
    }

    [Fact]
    public async Task A_refused_row_stops_the_loading_and_is_named_with_every_reason()
    {
        using var server = new Recorder { Refuses = "R2" };

        var loading = () => server.SendAsync(Row("R1", "9990000018"), Row("R2", "9990000026"));

        (await loading.Should().ThrowAsync<SampleRefused>()).WithMessage(
            "leeds.csv: CPF03 row R2: end The end is before the start. | Name a council.");
    }

    [Fact]
    public async Task A_refused_file_stops_the_loading()
    {
        using var server = new Recorder { UploadStatus = HttpStatusCode.BadRequest };

        var loading = () => server.SendAsync(Row("R1", "9990000018"));

        (await loading.Should().ThrowAsync<SampleRefused>()).WithMessage("leeds.csv: 400 * Name a council.");
    }

    [Fact]
    public async Task A_council_without_a_token_stops_the_loading()
    {
        using var server = new Recorder { TokenStatus = HttpStatusCode.Unauthorized };

        var loading = () => server.SendAsync(Row("R1", "9990000018"));

        (await loading.Should().ThrowAsync<SampleRefused>()).WithMessage("No token for sandbox-council-leeds: 401*");
    }

    private static SampleRow Row(string id, string number) => new()
    {
        RowId = id, NhsNumber = number, Family = "Kilnsby", Given = "Arlo", BirthDate = "today-6y",
        Plan = "child-protection", Start = "today-9d",
    };

    private sealed record Sent(string Target, string Body, string Token);

    /// <summary>A server at the other end of the wire that writes down what it is sent.</summary>
    private sealed class Recorder : HttpMessageHandler
    {
        private const string Base = "http://localhost:5080/FHIR/R4/";

        private const string Issues = """
            [{"diagnostics":"The end is before the start.","expression":["end"]},{"diagnostics":"Name a council."}]
            """;

        private int asked;

        public ConcurrentQueue<Sent> Uploads { get; } = [];

        public ConcurrentQueue<string> Bundles { get; } = [];

        public ConcurrentQueue<string> TokensAskedBy { get; } = [];

        public ConcurrentQueue<string> Questions { get; } = [];

        public string[] Held { get; init; } = [];

        public string? Refuses { get; init; }

        public string? Skips { get; init; }

        public HttpStatusCode TokenStatus { get; init; } = HttpStatusCode.OK;

        public HttpStatusCode UploadStatus { get; init; } = HttpStatusCode.Accepted;

        public SampleLoader Loader() =>
            new(new(this, disposeHandler: false) { BaseAddress = new("http://localhost:5080/") }, TimeProvider.System);

        public Task SendAsync(params SampleRow[] rows) =>
            Loader().SendAsync([new(Leeds, rows)], CancellationToken.None);

        public Task<SampleCaseload> MissingAsync(params SampleRow[] rows) =>
            Loader().MissingAsync(new SampleCaseload(Leeds, rows), CancellationToken.None);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
        {
            var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(stop);
            var path = request.RequestUri!.AbsolutePath;
            if (path == "/oauth2/token")
            {
                var client = body.Split("client_id=")[1];
                TokensAskedBy.Enqueue(client);
                return Answer(TokenStatus, $$"""{"access_token":"token-of-{{client}}"}""");
            }

            return path.EndsWith("$submit-caseload", StringComparison.Ordinal) ? Take(request, body)
                : path == "/FHIR/R4" ? Take(body)
                : path.EndsWith("/job", StringComparison.Ordinal) ? Status()
                : path.EndsWith(".ndjson", StringComparison.Ordinal) ? Rows(path)
                : List(request);
        }

        private HttpResponseMessage List(HttpRequestMessage request)
        {
            Questions.Enqueue(request.RequestUri!.PathAndQuery);
            var entries = Held.Select(id => $$$"""{"resource":{"identifier":[{"value":"{{{id}}}"}]}}""");
            return Answer(HttpStatusCode.OK, $$"""{"total":{{Held.Length}},"entry":[{{string.Join(',', entries)}}]}""");
        }

        private HttpResponseMessage Take(HttpRequestMessage request, string body)
        {
            Uploads.Enqueue(new(request.RequestUri!.PathAndQuery, body, request.Headers.Authorization!.ToString()));
            var answer = Answer(UploadStatus, $$"""{"resourceType":"OperationOutcome","issue":{{Issues}}}""");
            answer.Content.Headers.ContentLocation = new(Base + "$submit-caseload-status/job");
            return answer;
        }

        private HttpResponseMessage Take(string bundle)
        {
            var episode = JsonNode.Parse(bundle)!["entry"]![1]!["resource"]!;
            Bundles.Enqueue(episode["identifier"]![0]!["value"]!.GetValue<string>());
            return Answer(HttpStatusCode.OK, """{"resourceType":"Bundle"}""");
        }

        /// <summary>Not done at the first question.</summary>
        private HttpResponseMessage Status() => ++asked == 1 ? Answer(HttpStatusCode.Accepted, "") :
            Answer(HttpStatusCode.OK, $$$"""
                {"extension":{"fileCode":"{{{(Refuses is null ? "CPF02" : "CPF03")}}}"},
                 "error":[{{{File(Refuses)}}}],"outcome":[{{{File(Skips)}}}]}
                """);

        private static string File(string? row) => row is null ? "" : $$"""{"url":"{{Base}}{{row}}.ndjson"}""";

        private static HttpResponseMessage Rows(string path)
        {
            var row = Path.GetFileNameWithoutExtension(path);
            return Answer(HttpStatusCode.OK, $$"""
                {"extension":[{"extension":[{"url":"row"},{"url":"rowId","valueString":"{{row}}"}]}],"issue":{{Issues}}}
                """);
        }

        private static HttpResponseMessage Answer(HttpStatusCode status, string body) =>
            new(status) { Content = new StringContent(body) };
    }
}
