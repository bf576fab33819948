using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Notices;

/// <summary><c>$status</c> and <c>$events</c>: councils that poll, and councils that missed something.</summary>
public sealed class PollTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task A_council_without_a_receiver_reads_its_notices_by_number()
    {
        var id = await new InventedSubscription().CreateAsync(server.Lancashire);
        (await server.Lancashire.GetOkAsync("Subscription/" + id)).Text("status").Should().Be("active");
        string[] numbers = [.. await LooksAsync(3)];
        await UntilAsync(server.Lancashire, id, 3);

        var all = new Received(await server.Lancashire.GetOkAsync($"Subscription/{id}/$events"), NoHeaders, 0);
        var some = new Received(await server.Lancashire.GetOkAsync(
            $"Subscription/{id}/$events?eventsSinceNumber=2&eventsUntilNumber=2"), NoHeaders, 0);
        var later = new Received(
            await server.Lancashire.GetOkAsync($"Subscription/{id}/$events?eventsSinceNumber=4"), NoHeaders, 0);

        all.Type.Should().Be("query-event");
        all.Numbers.Should().Equal(1, 2, 3);
        all.Bundle.All("Patient").Select(p => p.Text("id")).Should().Equal(numbers);
        some.Numbers.Should().Equal(2);
        some.Bundle.ToJsonString().Should().Contain(numbers[1]).And.NotContain(numbers[0]);
        later.Numbers.Should().BeEmpty();
        later.Value("events-since-subscription-start", "valueString").Should().Be("3");
    }

    [Fact]
    public async Task The_council_says_how_much_it_wants_to_be_shown()
    {
        var id = await new InventedSubscription().CreateAsync(server.Lancashire);
        var number = (await LooksAsync(1))[0];
        await UntilAsync(server.Lancashire, id, 1);

        var empty = await server.Lancashire.GetOkAsync($"Subscription/{id}/$events?content=empty");
        var ids = await (await server.Lancashire.TryAsync($"Subscription/{id}/$events?content=id-only")).BodyAsync();
        var posted = await server.Lancashire.PostAsync(new Uri($"Subscription/{id}/$events", UriKind.Relative),
            RunningServer.Json(new JsonObject
            {
                ["resourceType"] = "Parameters",
                ["parameter"] = new JsonArray(new JsonObject { ["name"] = "content", ["valueCode"] = "id-only" }),
            }));

        empty.ToJsonString().Should().NotContain(number).And.NotContain("EpisodeOfCare");
        ids.ToJsonString().Should().NotContain(number).And.Contain("EpisodeOfCare").And.Contain("AuditEvent/");
        (await posted.BodyAsync())["entry"]!.AsArray().Count.Should().Be(ids["entry"]!.AsArray().Count);
        await (await server.Lancashire.TryAsync($"Subscription/{id}/$events?content=all")).ShouldBeRefusedAsync(400);
        await (await server.Lancashire.TryAsync($"Subscription/{id}/$events?since=1")).ShouldBeRefusedAsync(400);
        await (await server.Lancashire.TryAsync($"Subscription/{id}/$events?eventsSinceNumber=-1"))
            .ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task The_status_is_a_searchset_of_the_subscriptions_asked_for()
    {
        var id = await new InventedSubscription().CreateAsync(server.Leeds);
        var other = await new InventedSubscription { Topic = "attendance" }.CreateAsync(server.Leeds);
        var foreign = await new InventedSubscription().CreateAsync(server.Lancashire);

        var one = await server.Leeds.GetOkAsync($"Subscription/{id}/$status");
        var all = await server.Leeds.GetOkAsync("Subscription/$status?status=active");
        var named = await server.Leeds.GetOkAsync($"Subscription/$status?id={other}&id={foreign}");

        one.Text("type").Should().Be("searchset");
        one["entry"]![0]!["search"]!.Text("mode").Should().Be("match");
        var status = one.All("Parameters").Should().ContainSingle().Which["parameter"]!.AsArray();
        status.Select(p => p!.Text("name")).Should().Equal(
            "subscription", "topic", "status", "type", "events-since-subscription-start");
        status.Single(p => p!.Text("name") == "type")!.Text("valueCode").Should().Be("query-status");
        all.All("Parameters").Should().HaveCountGreaterThanOrEqualTo(2);
        all.ToJsonString().Should().Contain(id).And.Contain(other).And.NotContain(foreign);
        named.All("Parameters").Should().ContainSingle().Which.ToJsonString().Should().Contain(other);
    }

    [Fact]
    public async Task Asking_for_notices_is_itself_recorded_for_the_child()
    {
        var id = await new InventedSubscription().CreateAsync(server.Lancashire);
        var number = (await LooksAsync(1))[0];
        await UntilAsync(server.Lancashire, id, 1);

        await server.Lancashire.GetOkAsync($"Subscription/{id}/$events");

        var trail = await server.Auditor.GetOkAsync($"AuditEvent?patient={number}&agent=sandbox-council-lancashire"
            + "&entity-type=http://hl7.org/fhir/resource-types|Subscription");
        trail.Total().Should().Be(1);
        Encoding.UTF8.GetString(Convert.FromBase64String(trail.All("AuditEvent").Single()["entity"]!.AsArray()
            .Single(e => e!["query"] != null)!.Text("query"))).Should().EndWith("$events");
    }

    internal static readonly IReadOnlyDictionary<string, string> NoHeaders = new Dictionary<string, string>();

    /// <summary>Waits until a subscription has so many notices.</summary>
    internal static async Task UntilAsync(HttpClient client, string id, int count)
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var status = new Received(await client.GetOkAsync($"Subscription/{id}/$status"), NoHeaders, 0);
            if (long.Parse(status.Value("events-since-subscription-start", "valueString"),
                CultureInfo.InvariantCulture) >= count)
            {
                return;
            }

            await Task.Delay(50);
        }

        throw new InvalidOperationException("The notices did not come.");
    }

    private async Task<List<string>> LooksAsync(int count)
    {
        var numbers = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
            await server.SubmitAsync(plan);
            await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
            numbers.Add(plan.Number);
        }

        return numbers;
    }
}
