using CpIs.Server.Access;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>
/// R10 to R13 and the purpose, whoever issued the token: of a person in health the headers stand in the ledger, of
/// anybody else they say nothing.
/// </summary>
public sealed class PurposeTests(TrustedIssuers issuers) : IClassFixture<TrustedIssuers>
{
    private const string Why = "Unconscious, nobody with her";

    private static readonly string[] Both = [Caller.ViewActivity, Caller.ViewSilentlyActivity];

    public static TheoryData<string> InHealth => ["Sandbox", "Cis2"];

    public static TheoryData<string> Others => ["Sandbox", "Entra", "Backend"];

    [Theory]
    [MemberData(nameof(InHealth))]
    public async Task A_clinicians_purpose_reason_and_kind_of_access_are_recorded(string issuer)
    {
        using var client = Clinician(issuer);

        var said = await AskAsync(client, ("X-Purpose-Of-Use", "BTG"), ("X-Purpose-Reason", Why));
        said.Should().Be(new Said(Issuer(issuer), "BTG", Why, true, Caller.ViewActivity));

        (await AskAsync(client, ("X-Purpose-Of-Use", "ETREAT"), ("IsUnscheduledEvent", "true")))
            .Should().Be(new Said(Issuer(issuer), "ETREAT", null, true, Caller.ViewActivity));
        (await AskAsync(client)).Should().Be(new Said(Issuer(issuer), "TREAT", null, true, Caller.ViewActivity));
    }

    [Theory]
    [MemberData(nameof(InHealth))]
    public async Task A_silent_look_is_silent_only_with_the_right_to_it(string issuer)
    {
        using var plain = Clinician(issuer);
        using var silent = Clinician(issuer, Caller.ViewSilentlyActivity);

        (await AskAsync(plain, ("IsUnscheduledAccessEvent", "false"))).Unscheduled.Should().BeTrue();
        (await AskAsync(silent)).Should().Be(
            new Said(Issuer(issuer), "TREAT", null, false, Caller.ViewSilentlyActivity));
    }

    [Fact]
    public async Task Of_several_roles_of_a_person_the_chosen_one_is_recorded()
    {
        using var client = issuers.Server.With(() => issuers.Cis2.Token(claims =>
        {
            TrustedIssuers.Clinician(claims);
            var one = claims["nhsid_nrbac_roles"]![0]!.DeepClone();
            one["person_roleid"] = "9992";
            one["org_code"] = "RW5";
            one["activity_codes"] = new System.Text.Json.Nodes.JsonArray([.. Both.Select(c =>
                System.Text.Json.Nodes.JsonValue.Create(c))]);
            claims["nhsid_nrbac_roles"]!.AsArray().Add(one);
        }));

        await (await client.TryAsync($"Flag?patient={InventedPlan.NewNumber()}")).ShouldBeRefusedAsync(400);
        (await AskAsync(client, ("NHSD-Session-URID", "9992"), ("IsUnscheduledAccessEvent", "false")))
            .Should().Be(new Said(issuers.Cis2.Issuer, "TREAT", null, false, Caller.ViewSilentlyActivity));
    }

    [Theory]
    [MemberData(nameof(InHealth))]
    public async Task What_the_headers_may_not_say_is_refused_and_nobody_lists(string issuer)
    {
        using var client = Clinician(issuer);
        foreach (var (name, value) in ((string, string)[])[("X-Purpose-Of-Use", "BTG"),
            ("X-Purpose-Of-Use", "CURIOSITY"), ("IsUnscheduledAccessEvent", "perhaps"),
            ("NHSD-End-User-Organisation-ODS", "RW5")])
        {
            using var asked = Asked($"Flag?patient={InventedPlan.NewNumber()}", (name, value));
            await (await client.SendAsync(asked)).ShouldBeRefusedAsync(400);
        }

        await (await client.TryAsync("Flag")).ShouldBeRefusedAsync(403);
    }

    [Fact]
    public async Task A_look_that_is_called_scheduled_by_one_name_and_unscheduled_by_the_other_is_refused()
    {
        using var silent = Clinician("Sandbox", Caller.ViewSilentlyActivity);
        using var torn = Asked($"Flag?patient={InventedPlan.NewNumber()}",
            ("IsUnscheduledAccessEvent", "false"), ("IsUnscheduledEvent", "true"));

        var refused = await (await silent.SendAsync(torn)).ShouldBeRefusedAsync(400);

        refused.Codes().Should().Equal("MISSING_OR_INVALID_HEADER");
        refused.Diagnostics().Single().Should().Contain("they must agree");
        (await AskAsync(silent, ("IsUnscheduledAccessEvent", "false"), ("IsUnscheduledEvent", "false")))
            .Unscheduled.Should().BeFalse();
    }

    [Theory]
    [MemberData(nameof(Others))]
    public async Task Of_callers_who_are_no_clinicians_the_headers_say_nothing(string issuer)
    {
        using var client = issuer switch
        {
            "Entra" => issuers.Server.With(() => issuers.Entra.Token(TrustedIssuers.Application)),
            "Backend" => issuers.Server.With(() => issuers.Platform.Token(TrustedIssuers.System)),
            _ => issuers.Server.Lancashire,
        };

        (await AskAsync(client, ("X-Purpose-Of-Use", "BTG"), ("X-Purpose-Reason", Why),
            ("IsUnscheduledAccessEvent", "true"))).Should().Be(new Said(Issuer(issuer), null, null, null, null));
    }

    private string Issuer(string type) => type switch
    {
        "Entra" => issuers.Entra.Issuer,
        "Cis2" => issuers.Cis2.Issuer,
        "Backend" => issuers.Platform.Issuer,
        _ => issuers.Server.Root.ToString().TrimEnd('/'),
    };

    private HttpClient Clinician(string issuer, string activity = Caller.ViewActivity) =>
        issuer == "Sandbox"
            ? activity == Caller.ViewActivity ? issuers.Server.Clinician : issuers.Server.Nurse
            : issuers.Server.With(() => issuers.Cis2.Token(claims =>
            {
                TrustedIssuers.Clinician(claims);
                claims["nhsid_nrbac_roles"]![0]!["activity_codes"]![0] = activity;
            }));

    private async Task<Said> AskAsync(HttpClient client, params (string, string)[] headers)
    {
        using var asked = Asked($"Flag?patient={InventedPlan.NewNumber()}", headers);
        (await client.SendAsync(asked)).EnsureSuccessStatusCode();
        await using var connection = new NpgsqlConnection(issuers.Server.Database.OwnerConnectionString);
        return await connection.QuerySingleAsync<Said>("""
            select agent_issuer as issuer, purpose_of_use as purpose, purpose_reason as reason, unscheduled,
                activity_code as activity
            from ledger.entry where request_id = @id
            """, new { id = asked.Headers.GetValues("X-Request-ID").Single() });
    }

    private static HttpRequestMessage Asked(string url, params (string Name, string Value)[] headers)
    {
        var asked = new HttpRequestMessage(HttpMethod.Get, new Uri(url, UriKind.Relative));
        asked.Headers.Add("X-Request-ID", Guid.NewGuid().ToString());
        foreach (var (name, value) in headers)
        {
            asked.Headers.Add(name, value);
        }

        return asked;
    }

    private sealed record Said(string? Issuer, string? Purpose, string? Reason, bool? Unscheduled, string? Activity);
}
