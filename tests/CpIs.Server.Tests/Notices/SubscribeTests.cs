using System.Net;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Notices;

/// <summary>
/// Subscriptions as the public test kit for the backport guide checks them: handshake, forms of notification, and what
/// is not served refused. https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/
/// </summary>
public sealed class SubscribeTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task A_subscription_is_active_only_after_its_receiver_answered_a_handshake()
    {
        await using var receiver = await LoopbackReceiver.StartAsync();
        receiver.Answer(HttpStatusCode.ServiceUnavailable);
        var wish = new InventedSubscription { Endpoint = receiver.Address, Headers = ["X-Council-Route: duty team"] };

        var created = await wish.PostAsync(server.Lancashire);
        var body = await created.BodyAsync();
        var id = body.Text("id");

        created.StatusCode.Should().Be(HttpStatusCode.Created);
        created.Headers.Location!.AbsolutePath.Should().EndWith("/Subscription/" + id);
        body.Text("status").Should().Be("requested");
        (await server.Lancashire.GetOkAsync("Subscription/" + id)).Text("status").Should().Be("requested");
        receiver.Instead = null;
        await InventedSubscription.HasStatusAsync(server.Lancashire, id, "active");
        var handshake = receiver.Taken.Should().ContainSingle().Which;
        handshake.Type.Should().Be("handshake");
        handshake.Value("status", "valueCode").Should().Be("requested");
        handshake.Value("events-since-subscription-start", "valueString").Should().Be("0");
        handshake.Headers["Content-Type"].Should().StartWith("application/fhir+json");
        handshake.Headers["X-Council-Route"].Should().Be("duty team");
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("id-only")]
    [InlineData("full-resource")]
    public async Task A_notification_holds_as_much_as_the_council_chose(string content)
    {
        await using var receiver = await LoopbackReceiver.StartAsync();
        var id = await new InventedSubscription { Endpoint = receiver.Address, Content = content }
            .ActivateAsync(server.Lancashire);
        var number = await LookAsync();

        var told = (await receiver.EventsAsync(1)).Single();

        var entries = told.Bundle["entry"]!.AsArray();
        entries.Should().OnlyContain(e => e!["request"] != null && e["response"] != null);
        entries[0]!["request"]!.Text("url").Should().EndWith($"Subscription/{id}/$status");
        told.Has("topic").Should().Be(content != "empty");
        told.Numbers.Should().Equal(1);
        switch (content)
        {
            case "empty":
                entries.Should().ContainSingle();
                told.Bundle.ToJsonString().Should().NotContain(number).And.NotContain("focus");
                break;
            case "id-only":
                entries.Skip(1).Should().NotBeEmpty().And.OnlyContain(e => e!["resource"] == null);
                told.Bundle.ToJsonString().Should().NotContain(number);
                break;
            default:
                entries.Skip(1).Should().OnlyContain(e => e!["resource"] != null);
                ReferencesStand(told);
                break;
        }
    }

    /// <summary>What an element says, and why it cannot be kept.</summary>
    public static TheoryData<string, string, string> Unserved => new()
    {
        { "criteria", "\"https://example.org/SubscriptionTopic/admission\"", "topic" },
        { "_criteria", Extension("backport-filter-criteria", "valueString", "Patient?_id=1"), "filter" },
        { "_criteria", """
            {"extension":[{"url":"http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription.topic",
            "valueCanonical":"https://fhir.cpis.example/SubscriptionTopic/access"}]}
            """, "extension" },
        { "channel.type", "\"websocket\"", "." },
        { "channel.payload", "\"application/fhir+xml\"", "application/fhir+json" },
        { "channel._payload", Extension("backport-payload-content", "valueCode", "everything"), "full-resource" },
        { "channel._payload", "{\"extension\":[]}", "." },
        { "channel._payload", "{}", "." },
        { "channel._payload", "{\"extension\":{}}", "." },
        { "channel.endpoint", "\"https://receiver.example.org/notices\"", "list of receivers" },
        { "channel.endpoint", "\"http://receiver.example.org/notices\"", "https" },
        { "channel.endpoint", "\"http://10.0.0.7/notices\"", "https" },
        { "channel.endpoint", "\"http://someone@localhost/notices\"", "user" },
        { "channel.endpoint", "\"file:///etc/passwd\"", "https" },
        { "channel.header", "[\"Host: elsewhere\"]", "header" },
        { "channel.header", "[\"no colon\"]", "header" },
        { "channel.header", "[\"X-A: b\\r\\nX-C: d\"]", "." },
        { "contact", "[{\"system\":\"phone\",\"value\":\"01632 960999\"}]", "." },
        { "end", "\"2020-01-01T00:00:00Z\"", "past" },
    };

    [Theory]
    [MemberData(nameof(Unserved))]
    public async Task What_is_not_served_is_refused_and_never_adjusted(string path, string value, string why)
    {
        var sent = new InventedSubscription { Endpoint = new("http://127.0.0.1:9/notices") }.Resource();
        var parts = path.Split('.');
        var holder = parts.Length == 1 ? sent : sent[parts[0]]!.AsObject();
        holder[parts[^1]] = JsonNode.Parse(value);

        var refused = await (await server.Lancashire.PostAsync(
            new Uri("Subscription", UriKind.Relative), RunningServer.Json(sent))).ShouldBeRefusedAsync(422);

        string.Join(' ', refused.Diagnostics()).Should().Contain(why);
    }

    [Fact]
    public async Task What_was_asked_for_is_read_back_as_it_was_sent()
    {
        var wish = new InventedSubscription
        {
            Content = "id-only", Filter = "EpisodeOfCare?type=http://snomed.info/sct|342191000000101",
            Headers = ["Authorization: Bearer a-secret-of-the-council"], DigestMinutes = 30,
            Numbers = [("backport-heartbeat-period", 600), ("backport-timeout", 20), ("backport-max-count", 7)],
            End = server.Clock.GetUtcNow().AddDays(30),
        };
        var sent = wish.Resource();
        var id = await wish.CreateAsync(server.Lancashire);

        var own = await server.Lancashire.GetOkAsync("Subscription/" + id);
        var registrars = await server.As("sandbox-registrar").GetOkAsync("Subscription/" + id);

        foreach (var name in new[] { "criteria", "_criteria", "reason", "end" })
        {
            JsonNode.DeepEquals(own[name], sent[name]).Should().BeTrue(name);
        }

        foreach (var (name, value) in sent["channel"]!.AsObject())
        {
            JsonNode.DeepEquals(own["channel"]![name], value).Should().BeTrue(name);
        }

        registrars["channel"]!["header"]![0]!.GetValue<string>().Should().Be("Authorization: ***");
    }

    [Fact]
    public async Task A_filter_leaves_out_other_kinds_of_plan()
    {
        await using var receiver = await LoopbackReceiver.StartAsync();
        await new InventedSubscription
        {
            Endpoint = receiver.Address, Filter = "EpisodeOfCare?type=" + PlanKind.LookedAfter.Code,
        }.ActivateAsync(server.Lancashire);

        await LookAsync();
        var wanted = await LookAsync(PlanKind.LookedAfter);

        await receiver.EventsAsync(1);
        receiver.Numbers.Should().Equal(1);
        receiver.Events.Single().Bundle.All("Patient").Single().Text("id").Should().Be(wanted);
    }

    [Fact]
    public async Task A_digest_collects_notices_and_a_group_has_no_more_than_the_council_takes()
    {
        await using var own = await OwnServer.StartAsync();
        await using var receiver = await LoopbackReceiver.StartAsync();
        var id = await new InventedSubscription
        {
            Endpoint = receiver.Address, DigestMinutes = 60, Numbers = [("backport-max-count", 2)],
        }.ActivateAsync(own.Server.Lancashire);
        for (var i = 0; i < 3; i++)
        {
            var plan = new InventedPlan { Start = own.Server.Today.AddDays(-3) };
            await own.Server.SubmitAsync(plan);
            await own.Server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        }

        await PollTests.UntilAsync(own.Server.Lancashire, id, 3);
        await Task.Delay(500);
        receiver.Events.Should().BeEmpty("the hour is not over");
        own.Server.Clock.Move(TimeSpan.FromMinutes(61));

        (await receiver.EventsAsync(3)).Select(e => e.Numbers.Count).Should().Equal(2, 1);
        receiver.Numbers.Should().Equal(1, 2, 3);
    }

    [Fact]
    public async Task A_quiet_receiver_gets_a_heartbeat()
    {
        await using var own = await OwnServer.StartAsync();
        await using var receiver = await LoopbackReceiver.StartAsync();
        await new InventedSubscription
        {
            Endpoint = receiver.Address, Numbers = [("backport-heartbeat-period", 3600)],
        }.ActivateAsync(own.Server.Lancashire);

        own.Server.Clock.Move(TimeSpan.FromMinutes(61));
        while (receiver.Taken.Count < 2)
        {
            await Task.Delay(20);
        }

        receiver.Taken.Last().Type.Should().Be("heartbeat");
        receiver.Taken.Last().Events.Should().BeEmpty();
    }

    [Fact]
    public async Task The_capabilities_name_the_topics()
    {
        using var stranger = server.Stranger();
        var metadata = await stranger.GetOkAsync("metadata");

        var subscription = metadata["rest"]![0]!["resource"]!.AsArray().Single(r => r!.Text("type") == "Subscription")!;
        subscription["extension"]!.AsArray().Select(e => e!.Text("valueCanonical")).Should().BeEquivalentTo(
            new[] { "access", "attendance", "person-change", "plan-lapse" }.Select(
                t => $"{Systems.Base}/SubscriptionTopic/{t}"));
        subscription["operation"]!.AsArray().Select(o => o!.Text("name")).Should().BeEquivalentTo("status", "events");
    }

    [Fact]
    public async Task What_is_off_ended_or_deleted_is_told_nothing_and_goes_on_where_it_was()
    {
        await using var own = await OwnServer.StartAsync();
        await using var receiver = await LoopbackReceiver.StartAsync();
        var council = own.Server.Lancashire;
        var wish = new InventedSubscription { Endpoint = receiver.Address };
        var id = await wish.ActivateAsync(council);
        await LookAsync(own.Server);
        await receiver.EventsAsync(1);

        (await (wish with { Status = "off" }).PutAsync(council, id)).StatusCode.Should().Be(HttpStatusCode.OK);
        await LookAsync(own.Server);
        await Task.Delay(500);
        await wish.PutAsync(council, id);
        await InventedSubscription.HasStatusAsync(council, id, "active");
        await LookAsync(own.Server);
        await receiver.EventsAsync(2);
        await council.DeleteAsync(new Uri("Subscription/" + id, UriKind.Relative));
        await LookAsync(own.Server);
        await Task.Delay(500);

        receiver.Numbers.Should().Equal(1, 2);
        await (await council.TryAsync("Subscription/" + id)).ShouldBeRefusedAsync(404);
    }

    private static string Extension(string name, string type, string value) => new JsonObject
    {
        ["extension"] = new JsonArray(new JsonObject { ["url"] = Systems.Backport + name, [type] = value }),
    }.ToJsonString();

    /// <summary>Each reference of an event leads to an entry of the same Bundle.</summary>
    private static void ReferencesStand(Received told)
    {
        var urls = told.Bundle["entry"]!.AsArray().Select(e => e!.Text("fullUrl")).ToHashSet();
        foreach (var part in told.Events.SelectMany(e => e["part"]!.AsArray()).Where(p => p!["valueReference"] != null))
        {
            urls.Should().Contain(part!["valueReference"]!.Text("reference"));
        }
    }

    private Task<string> LookAsync(PlanKind? kind = null) => LookAsync(server, kind);

    private static async Task<string> LookAsync(RunningServer server, PlanKind? kind = null)
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3), Kind = kind ?? PlanKind.ChildProtection };
        await server.SubmitAsync(plan);
        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        return plan.Number;
    }
}
