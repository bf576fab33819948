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
    public async Task Rows_are_sent_as_the_council_they_belong_to()
    {
        using var server = new Recorder();

        var sent = await server.Loader().LoadAsync(Leeds, [Row("R1", "9990000018")], CancellationToken.None);

        sent.Should().Be(1);
        server.TokensAskedBy.Should().Equal("sandbox-council-leeds");
        server.Bundles.Should().ContainSingle().Which.Token.Should().Be("Bearer token-of-sandbox-council-leeds");
    }

    [Fact]
    public async Task A_plan_is_sent_after_the_one_it_follows()
    {
        using var server = new Recorder();
        var child = Row("R1", "9990000026") with { FollowsRowId = "R2" };

        await server.Loader().LoadAsync(Leeds, [child, Row("R2", "9990000018")], CancellationToken.None);

        server.Bundles.Select(bundle => bundle.RowId).Should().Equal("R2", "R1");
    }

    [Fact]
    public async Task Plans_of_one_person_are_never_sent_at_the_same_time_and_people_are()
    {
        using var server = new Recorder { TakesMs = 50 };
        string[] numbers = ["9990000018", "9990000026", "9990000034"];
        var rows = numbers.SelectMany(number => new[] { Row(number + "a", number), Row(number + "b", number) });

        await server.Loader().LoadAsync(Leeds, [.. rows], CancellationToken.None);

        server.Bundles.Should().HaveCount(6);
        server.MostAtOnceOfOnePerson.Should().Be(1);
        server.MostAtOnce.Should().BeInRange(2, 8);
    }

    [Fact]
    public async Task What_the_server_holds_is_not_sent_again()
    {
        using var server = new Recorder { Held = ["R1"] };

        var sent = await server.Loader().LoadAsync(
            Leeds, [Row("R1", "9990000018"), Row("R2", "9990000026")], CancellationToken.None);

        sent.Should().Be(1);
        server.Bundles.Select(bundle => bundle.RowId).Should().Equal("R2");
    }

    [Fact]
    public async Task A_caseload_that_is_all_there_is_counted_and_left_alone()
    {
        using var server = new Recorder { Held = ["R1", "R2"] };

        var sent = await server.Loader().LoadAsync(
            Leeds, [Row("R1", "9990000018"), Row("R2", "9990000026")], CancellationToken.None);

        sent.Should().Be(0);
        server.Questions.Should().Equal("/FHIR/R4/EpisodeOfCare?_summary=count");
    }

    [Fact]
    public async Task A_refused_row_stops_the_loading_and_is_named_with_every_reason()
    {
        using var server = new Recorder { Refuses = "R2" };

        var loading = () => server.Loader().LoadAsync(
            Leeds, [Row("R1", "9990000018"), Row("R2", "9990000026")], CancellationToken.None);

        (await loading.Should().ThrowAsync<SampleRefused>()).WithMessage(
            "Sample row R2 of leeds.ndjson: 422 Bundle.entry[1] The end is before the start. | Name a council.");
    }

    [Fact]
    public async Task A_council_without_a_token_stops_the_loading()
    {
        using var server = new Recorder { TokenStatus = HttpStatusCode.Unauthorized };

        var loading = () => server.Loader().LoadAsync(Leeds, [Row("R1", "9990000018")], CancellationToken.None);

        (await loading.Should().ThrowAsync<SampleRefused>()).WithMessage("No token for sandbox-council-leeds: 401*");
    }

    private static SampleRow Row(string id, string number) => new()
    {
        RowId = id, NhsNumber = number, Family = "Kilnsby", Given = "Arlo", BirthDate = "today-6y",
        Plan = "child-protection", Start = "today-9d",
    };

    private sealed record Sent(string RowId, string Token);

    /// <summary>A server at the other end of the wire that writes down what it is sent.</summary>
    private sealed class Recorder : HttpMessageHandler
    {
        private const string Outcome = """
            {"resourceType":"OperationOutcome","issue":[
              {"diagnostics":"The end is before the start.","expression":["Bundle.entry[1]"]},
              {"diagnostics":"Name a council."}]}
            """;

        private readonly ConcurrentDictionary<string, int> underWay = new();
        private readonly Lock counting = new();

        public ConcurrentQueue<Sent> Bundles { get; } = [];

        public ConcurrentQueue<string> TokensAskedBy { get; } = [];

        public ConcurrentQueue<string> Questions { get; } = [];

        public string[] Held { get; init; } = [];

        public string? Refuses { get; init; }

        public int TakesMs { get; init; }

        public HttpStatusCode TokenStatus { get; init; } = HttpStatusCode.OK;

        public int MostAtOnce { get; private set; }

        public int MostAtOnceOfOnePerson { get; private set; }

        public SampleLoader Loader() =>
            new(new(this, disposeHandler: false) { BaseAddress = new("http://localhost:5080/") }, TimeProvider.System);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken stop)
        {
            var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(stop);
            if (request.RequestUri!.AbsolutePath == "/oauth2/token")
            {
                var client = body.Split("client_id=")[1];
                TokensAskedBy.Enqueue(client);
                return Answer(TokenStatus, $$"""{"access_token":"token-of-{{client}}"}""");
            }

            return request.Method == HttpMethod.Get ? List(request) : await TakeAsync(request, body, stop);
        }

        private HttpResponseMessage List(HttpRequestMessage request)
        {
            Questions.Enqueue(request.RequestUri!.PathAndQuery);
            var entries = Held.Select(id => $$$"""{"resource":{"identifier":[{"value":"{{{id}}}"}]}}""");
            return Answer(HttpStatusCode.OK, $$"""{"total":{{Held.Length}},"entry":[{{string.Join(',', entries)}}]}""");
        }

        private async Task<HttpResponseMessage> TakeAsync(
            HttpRequestMessage request, string body, CancellationToken stop)
        {
            var entries = JsonNode.Parse(body)!["entry"]!;
            var person = entries[0]!["resource"]!["id"]!.GetValue<string>();
            var rowId = entries[1]!["resource"]!["identifier"]![0]!["value"]!.GetValue<string>();
            lock (counting)
            {
                var own = underWay.AddOrUpdate(person, 1, (_, count) => count + 1);
                MostAtOnceOfOnePerson = Math.Max(MostAtOnceOfOnePerson, own);
                MostAtOnce = Math.Max(MostAtOnce, underWay.Values.Sum());
            }

            await Task.Delay(TakesMs, stop);
            underWay.AddOrUpdate(person, 0, (_, count) => count - 1);
            Bundles.Enqueue(new(rowId, request.Headers.Authorization!.ToString()));
            return rowId == Refuses
                ? Answer(HttpStatusCode.UnprocessableEntity, Outcome)
                : Answer(HttpStatusCode.OK, """{"resourceType":"Bundle"}""");
        }

        private static HttpResponseMessage Answer(HttpStatusCode status, string body) =>
            new(status) { Content = new StringContent(body) };
    }
}
