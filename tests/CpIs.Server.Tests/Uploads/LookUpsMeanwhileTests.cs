using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>
/// A clinician who looks while a council's file is applied sees a child as it was or as it is, never in between.
/// </summary>
public sealed class LookUpsMeanwhileTests : IAsyncLifetime
{
    private const int Children = 2500;
    private const int LooksTogether = 4;

    private readonly RunningServer server = new();

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_child_whose_plan_becomes_another_is_never_seen_with_both_or_with_neither()
    {
        var council = new Sender(server);
        string[] numbers = [.. Enumerable.Range(0, Children).Select(_ => InventedPlan.NewNumber())];
        await council.SendAsync(Sender.Header + string.Concat(numbers.Select((n, i) => council.Row("OLD-" + i, n))));
        var after = Sender.Header + string.Concat(numbers.Select((n, i) =>
            council.Row("OLD-" + i, n, end: council.Day(0))
            + council.Row("NEW-" + i, n, plan: "looked-after", start: council.Day(0))));

        // All plans of a kind end: the council says that it means it.
        var sending = council.SendAsync(after, $"&confirmEnd={Children}");
        var seen = new HashSet<string>();
        var looks = Enumerable.Range(0, LooksTogether).Select(async part =>
        {
            for (var i = part; !sending.IsCompleted; i = (i + LooksTogether) % Children)
            {
                var answer = await server.Clinician.GetOkAsync("Flag?patient=" + numbers[i]);
                var state = State(answer);
                lock (seen)
                {
                    seen.Add(state);
                }
            }
        }).ToList();
        await Task.WhenAll(looks);

        (await sending)["inserted"].Should().Be(Children);
        seen.Should().BeSubsetOf(["OLD active", "NEW active, OLD inactive"]).And.HaveCount(2);
    }

    private static string State(JsonNode answer) => string.Join(", ", answer.All("Flag").Select(flag =>
        $"{flag["identifier"]![0]!.Text("value")[..3]} {flag.Text("status")}").Order(StringComparer.Ordinal));
}
