using System.Diagnostics;
using CpIs.Fhir;
using CpIs.Server.Database;
using CpIs.Server.Demographics;
using FluentAssertions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace CpIs.Server.Tests.Demographics;

/// <summary>The client of the national service against a server that behaves as its specification says.</summary>
public sealed class PdsDemographicsTests : IAsyncLifetime
{
    private static readonly (string, string) Usual = ("usual", "Thistlewood Wren Amaryllis");

    private readonly string folder = Directory.CreateTempSubdirectory("cpis-national-").FullName;
    private readonly MovableClock clock = new();
    private LoopbackPds service = null!;
    private PdsDemographics demographics = null!;

    public async Task InitializeAsync()
    {
        service = await LoopbackPds.StartAsync(clock);
        demographics = Make(Options);
    }

    public async Task DisposeAsync()
    {
        demographics.Dispose();
        await service.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private PdsOptions Options => new()
    {
        Address = service.Address,
        TokenAddress = service.TokenAddress,
        ApiKey = LoopbackPds.ApiKey,
        KeyId = LoopbackPds.KeyId,
        KeyFile = service.WriteKey(folder),
        RequestsPerSecond = 1000,
        AttemptMax = TimeSpan.FromSeconds(20),
        FirstPause = TimeSpan.FromMilliseconds(5),
    };

    [Theory]
    [InlineData("U", "Verified")]
    [InlineData("R", "Sensitive")]
    [InlineData("V", "Sensitive")]
    [InlineData("REDACTED", "Invalid")]
    [InlineData("a code of next year", "Sensitive")]
    public async Task A_person_is_verified_only_when_nothing_restricts_the_record(
        string security, string verdict)
    {
        var number = InventedPlan.NewNumber();
        service.Answer(number, LoopbackPds.Patient(number, security, Usual));

        (await AskAsync(number)).Verdict.ToString().Should().Be(verdict);
    }

    [Fact]
    public async Task A_previous_name_and_a_nickname_verify()
    {
        var number = InventedPlan.NewNumber();
        service.Answer(number, LoopbackPds.Patient(
            number, "U", ("usual", "Oxbarrow Jory"), ("old", "Thistlewood Jory"), ("nickname", "Thistlewood Wren")));

        (await AskAsync(number)).Verdict.Should().Be(PersonVerdict.Verified);
    }

    [Fact]
    public async Task The_elements_that_differ_are_named()
    {
        var number = InventedPlan.NewNumber();
        var patient = LoopbackPds.Patient(number, "U", ("usual", "Thistlewood Jory"));
        patient["birthDate"] = "2018-04";
        service.Answer(number, patient);

        var answer = await AskAsync(number);

        answer.Verdict.Should().Be(PersonVerdict.Differs);
        answer.Differing.Should().Equal("given", "birthDate");
    }

    [Fact]
    public async Task A_record_without_a_name_verifies_nobody()
    {
        var number = InventedPlan.NewNumber();
        var patient = LoopbackPds.Patient(number);
        patient.Remove("name");
        patient.Remove("birthDate");
        service.Answer(number, patient);

        (await AskAsync(number)).Differing.Should().Equal("family", "birthDate");
    }

    [Fact]
    public async Task An_answer_about_another_number_says_that_the_asked_one_is_superseded()
    {
        var (number, now) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        service.Answer(number, LoopbackPds.Patient(now, "U", Usual));

        var answer = await AskAsync(number);

        answer.Verdict.Should().Be(PersonVerdict.Superseded);
        answer.NewNumber!.Digits().Should().Be(now);
    }

    [Theory]
    [InlineData("2", "Deceased")]
    [InlineData("U", "Verified")]
    public async Task A_death_counts_until_its_notice_is_removed(string status, string verdict)
    {
        var number = InventedPlan.NewNumber();
        var patient = LoopbackPds.Patient(number, "U", Usual);
        patient["deceasedDateTime"] = "2026-01-02T00:00:00+00:00";
        patient["extension"] = System.Text.Json.Nodes.JsonNode.Parse("""
            [{"url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus",
              "extension": [{"url": "deathNotificationStatus",
                "valueCodeableConcept": {"coding": [{"code": "STATUS"}]}}]}]
            """.Replace("STATUS", status, StringComparison.Ordinal));
        service.Answer(number, patient);

        (await AskAsync(number)).Verdict.ToString().Should().Be(verdict);
    }

    [Theory]
    [InlineData(404, "RESOURCE_NOT_FOUND", "NoSuchNumber")]
    [InlineData(404, "INVALIDATED_RESOURCE", "Invalid")]
    [InlineData(400, "INVALID_RESOURCE_ID", "NoSuchNumber")]
    [InlineData(400, "MISSING_VALUE", "Unavailable")]
    [InlineData(403, "ACCESS_DENIED", "Unavailable")]
    [InlineData(404, "SOMETHING_NEW", "Unavailable")]
    [InlineData(408, "UNABLE_TO_CALL_SERVICE", "Unavailable")]
    [InlineData(500, "SERVER_ERROR", "Unavailable")]
    [InlineData(302, "moved", "Unavailable")]
    public async Task An_error_means_what_the_specification_says_and_anything_else_is_no_answer(
        int status, string code, string verdict)
    {
        var number = InventedPlan.NewNumber();
        service.Answer(number, status, LoopbackPds.Outcome(code));

        (await AskAsync(number)).Verdict.ToString().Should().Be(verdict);
    }

    [Theory]
    [InlineData(200, "")]
    [InlineData(200, "{")]
    [InlineData(200, "[]")]
    [InlineData(200, "<html>sign in</html>")]
    [InlineData(200, """{"resourceType": "Bundle", "id": "9990000018"}""")]
    [InlineData(200, """{"resourceType": "Patient"}""")]
    [InlineData(404, "<html>no such page</html>")]
    [InlineData(404, """{"issue": [{"details": {"coding": [{"code": "RESOURCE_NOT_FOUND"}]}}]}""")]
    public async Task A_body_that_is_none_of_its_answers_never_becomes_one(int status, string body)
    {
        var number = InventedPlan.NewNumber();
        service.Answer(number, status, body);

        (await AskAsync(number)).Verdict.Should().Be(PersonVerdict.Unavailable);
    }

    [Fact]
    public async Task A_busy_service_is_asked_again_after_the_time_it_names()
    {
        var number = InventedPlan.NewNumber();
        service.Answer(number, http =>
        {
            service.Answer(number, LoopbackPds.Patient(number, "U", Usual));
            http.Response.StatusCode = 429;
            http.Response.Headers.RetryAfter = "1";
            return Task.CompletedTask;
        });
        var since = Stopwatch.StartNew();

        (await AskAsync(number)).Verdict.Should().Be(PersonVerdict.Verified);

        since.Elapsed.Should().BeGreaterThan(TimeSpan.FromMilliseconds(900));
        service.Asked.Should().Equal(number, number);
    }

    [Fact]
    public async Task A_service_that_asks_for_an_hour_is_not_waited_for()
    {
        var number = InventedPlan.NewNumber();
        service.Answer(number, 429, LoopbackPds.Outcome("TOO_MANY_REQUESTS"), retryAfter: "3600");

        (await AskAsync(number)).Verdict.Should().Be(PersonVerdict.Unavailable);

        service.Asked.Should().Equal(number);
    }

    [Fact]
    public async Task A_slow_service_is_given_up_on()
    {
        using var hasty = Make(Options with { AttemptMax = TimeSpan.FromMilliseconds(300) });
        var number = InventedPlan.NewNumber();
        service.Answer(number, http => Task.Delay(TimeSpan.FromSeconds(30), http.RequestAborted));

        (await AskAsync(number, hasty)).Verdict.Should().Be(PersonVerdict.Unavailable);
    }

    [Fact]
    public async Task A_service_that_fails_and_fails_is_left_alone_for_a_while()
    {
        string[] numbers = [.. Enumerable.Range(0, 40).Select(_ => InventedPlan.NewNumber())];
        foreach (var number in numbers)
        {
            service.Answer(number, 503, "");
        }

        var answers = await demographics.AskAsync([.. numbers.Select(Question)], CancellationToken.None);

        answers.Should().OnlyContain(answer => answer.Verdict == PersonVerdict.Unavailable);
        service.Asked.Count.Should().BeLessThan(numbers.Length, "each would be asked about three times otherwise");

        service.Answer(numbers[0], LoopbackPds.Patient(numbers[0], "U", Usual));
        clock.Move(TimeSpan.FromMinutes(1));
        (await AskAsync(numbers[0])).Verdict.Should().Be(PersonVerdict.Verified, "it is asked again later");
    }

    [Fact]
    public async Task A_service_that_is_not_there_is_unavailable()
    {
        using var away = Make(Options with { Address = new("http://127.0.0.1:1/FHIR/R4/") });

        (await AskAsync(InventedPlan.NewNumber(), away)).Verdict.Should().Be(PersonVerdict.Unavailable);
    }

    [Fact]
    public async Task One_number_is_asked_about_once_an_hour_and_one_token_serves_many()
    {
        var number = InventedPlan.NewNumber();
        service.Answer(number, LoopbackPds.Patient(number, "U", Usual));

        (await demographics.AskAsync([Question(number), Question(number)], CancellationToken.None))
            .Should().HaveCount(2);
        (await AskAsync(number)).Verdict.Should().Be(PersonVerdict.Verified);
        service.Asked.Should().Equal(number);

        clock.Move(TimeSpan.FromMinutes(61));
        (await AskAsync(number)).Verdict.Should().Be(PersonVerdict.Verified);
        service.Asked.Should().Equal(number, number);
        service.TokensGiven.Should().Be(2, "the first has run out by then");
    }

    [Fact]
    public async Task Another_child_on_a_known_number_is_found_out_without_asking_again()
    {
        var number = InventedPlan.NewNumber();
        service.Answer(number, LoopbackPds.Patient(number, "U", Usual));
        await AskAsync(number);

        var other = Question(number) with { Family = "Kilnsby" };
        var answer = (await demographics.AskAsync([other], CancellationToken.None)).Single();

        answer.Differing.Should().Equal("family");
        service.Asked.Should().ContainSingle();
    }

    [Fact]
    public async Task A_token_that_is_no_longer_accepted_is_replaced()
    {
        var (first, second) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        await AskAsync(first);
        service.Revoke();

        (await AskAsync(second)).Verdict.Should().Be(PersonVerdict.NoSuchNumber);

        service.TokensGiven.Should().Be(2);
    }

    [Fact]
    public async Task Without_a_token_nobody_is_asked_about()
    {
        service.TokenStatus = 401;

        (await AskAsync(InventedPlan.NewNumber())).Verdict.Should().Be(PersonVerdict.Unavailable);

        service.Asked.Should().BeEmpty();
    }

    [Fact]
    public async Task A_key_that_the_service_does_not_know_gets_no_token()
    {
        using var other = System.Security.Cryptography.RSA.Create(2048);
        var file = Path.Combine(folder, "another-key");
        await File.WriteAllTextAsync(file, other.ExportPkcs8PrivateKeyPem());
        using var stranger = Make(Options with { KeyFile = file });

        (await AskAsync(InventedPlan.NewNumber(), stranger)).Verdict.Should().Be(PersonVerdict.Unavailable);
        service.TokensGiven.Should().Be(0);
    }

    [Fact]
    public async Task It_is_never_asked_faster_than_it_allows()
    {
        using var slow = Make(Options with { RequestsPerSecond = 2 });
        string[] numbers = [.. Enumerable.Range(0, 6).Select(_ => InventedPlan.NewNumber())];
        var since = Stopwatch.StartNew();

        await slow.AskAsync([.. numbers.Select(Question)], CancellationToken.None);

        since.Elapsed.Should().BeGreaterThan(TimeSpan.FromMilliseconds(1500), "two at once, then two a second");
    }

    [Theory]
    [InlineData("http://api.example/personal-demographics/FHIR/R4", false)]
    [InlineData("https://api.example/personal-demographics/FHIR/R4", true)]
    [InlineData("http://127.0.0.1:9/personal-demographics/FHIR/R4", true)]
    [InlineData("ftp://api.example/", false)]
    [InlineData("", false)]
    public void People_are_not_asked_about_in_the_clear(string address, bool accepted)
    {
        var section = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Demographics:Pds:Address"] = address,
            ["Demographics:Pds:TokenAddress"] = "https://api.example/oauth2/token",
            ["Demographics:Pds:ApiKey"] = "a", ["Demographics:Pds:KeyId"] = "b", ["Demographics:Pds:KeyFile"] = "c",
        }).Build().GetSection("Demographics:Pds");

        var read = () => PdsOptions.Read(section);

        if (accepted)
        {
            read().Address.AbsoluteUri.Should().EndWith("/FHIR/R4/");
        }
        else
        {
            read.Should().Throw<StartRefusedException>();
        }
    }

    private static PersonQuestion Question(string number)
    {
        NhsNumber.TryParse(number, out var parsed).Should().BeTrue();
        return new(parsed!, "Thistlewood", ["Wren"], new(2018, 4, 5));
    }

    private PdsDemographics Make(PdsOptions options) =>
        new(options, clock, NullLogger<PdsDemographics>.Instance);

    private async Task<PersonAnswer> AskAsync(string number, PdsDemographics? other = null) =>
        (await (other ?? demographics).AskAsync([Question(number)], CancellationToken.None)).Single();
}
