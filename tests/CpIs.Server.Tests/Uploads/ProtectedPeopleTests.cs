using System.Text.Json.Nodes;
using CpIs.Server.Demographics;
using CpIs.Server.Tests.Demographics;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>
/// Where a deployment takes rows of protected people, nobody but an auditor learns which organisation looked them up.
/// </summary>
public sealed class ProtectedPeopleTests : IAsyncLifetime
{
    private readonly RunningServer server = new() { Demographics = new() { TakesProtected = true } };

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task A_protected_childs_plan_is_shown_and_its_history_names_no_organisation()
    {
        var sender = new Sender(server);
        var (child, other) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        await RegisteredAsync(child, "true");
        await RegisteredAsync(other, "true");

        var done = await sender.SendAsync(Sender.Header + sender.Row("PROT-1", child)
            + sender.Row("PROT-2", other, family: "Kilnsby"));

        done["inserted"].Should().Be(1);
        (await done.RefusedAsync()).Single().Code.Should().Be("CPR03", "the name must be the child's all the same");
        (await server.Clinician.GetOkAsync("Flag?patient=" + child)).Total().Should().Be(1);
        foreach (var reader in (HttpClient[])[server.Nurse, sender.Http, server.Clinician])
        {
            var history = await reader.GetOkAsync("AuditEvent?patient=" + child);
            history.Total().Should().Be(1);
            history.ToJsonString().Should().NotContain("RXR").And.Contain("Withheld");
            history.All("PractitionerRole").Single()["practitioner"]!.Text("display").Should().NotBeEmpty();
        }

        (await SummaryAsync(child)).Should().NotContain("RXR");
        (await server.Auditor.GetOkAsync("AuditEvent?patient=" + child)).ToJsonString().Should().Contain("RXR");
    }

    [Fact]
    public async Task The_first_look_and_a_look_under_another_number_of_the_child_are_withheld_too()
    {
        var sender = new Sender(server);
        var (child, earlier) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        await RegisteredAsync(child, "true");
        await RegisteredAsync(earlier, "", child);
        await sender.SendAsync(Sender.Header + sender.Row("FIRST-1", child));

        (await SummaryAsync(earlier)).Should().NotContain("RXR").And.Contain("Withheld");
    }

    [Fact]
    public async Task Whoever_is_protected_no_more_has_an_ordinary_history_from_the_next_file_on()
    {
        var sender = new Sender(server);
        var child = InventedPlan.NewNumber();
        await RegisteredAsync(child, "true");
        await sender.SendAsync(Sender.Header + sender.Row("FREE-1", child));
        await RegisteredAsync(child, "");
        await sender.SendAsync(Sender.Header + sender.Row("FREE-1", child));

        await server.Clinician.GetOkAsync("Flag?patient=" + child);

        (await server.Nurse.GetOkAsync("AuditEvent?patient=" + child)).ToJsonString().Should().Contain("RXR");
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("refused", false)]
    [InlineData("withheld", true)]
    public void A_deployment_says_whether_it_takes_them(string? said, bool takes) =>
        DemographicsOptions.Read(new ConfigurationBuilder().AddInMemoryCollection(
            [new("Demographics:Protected", said)]).Build()).TakesProtected.Should().Be(takes);

    private Task<JsonNode> RegisteredAsync(string number, string isProtected, string superseded = "") =>
        new Registrar(server).SendAsync($"{number},Thistlewood,Wren,2018-04-05,{superseded},{isProtected},,");

    private async Task<string> SummaryAsync(string number)
    {
        var answer = await server.Clinician.PostAsync(
            new Uri("Patient/$child-protection-summary", UriKind.Relative),
            RunningServer.Json(InventedQuestion.Parameters(number)));
        var body = await answer.BodyAsync();
        body.All("AuditEvent").Should().NotBeEmpty();
        return string.Join('\n', body.All("AuditEvent").Concat(body.All("PractitionerRole"))
            .Select(r => r.ToJsonString()));
    }
}
