using FluentAssertions;
using Hl7.Fhir.Model;
using Hl7.Fhir.Rest;
using Xunit;
using Systems = CpIs.Fhir.Systems;
using Task = System.Threading.Tasks.Task;

namespace CpIs.Server.Tests;

/// <summary>The client that .NET vendors have already, unchanged, does with this server what they would do.</summary>
public sealed class FhirClientTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task It_believes_the_capability_statement()
    {
        using var anybody = Client(server.With(() => null), verify: true);

        var statement = await anybody.CapabilityStatementAsync();

        statement!.FhirVersion.Should().Be(FHIRVersion.N4_0_1);
        statement.Rest.Single().Resource.Should().Contain(r => r.Type == "Flag");
    }

    [Fact]
    public async Task It_creates_reads_updates_searches_and_deletes()
    {
        using var council = Client(server.Lancashire);
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };

        var child = await council.UpdateAsync(Person(plan));
        var episode = await council.CreateAsync(Episode(plan));
        var read = await council.ReadAsync<EpisodeOfCare>($"EpisodeOfCare/{episode!.Id}");
        read!.Period!.End = Day(server.Today.AddDays(-1));
        read.Status = EpisodeOfCare.EpisodeOfCareStatus.Finished;
        var ended = await council.UpdateAsync(read, versionAware: true);
        var found = await council.SearchAsync<Flag>([$"patient={plan.Number}"]);
        await council.DeleteAsync($"EpisodeOfCare/{episode.Id}");
        var gone = () => council.ReadAsync<EpisodeOfCare>($"EpisodeOfCare/{episode.Id}");

        child!.Id.Should().Be(plan.Number);
        ended!.VersionId.Should().Be("2");
        found!.Total.Should().Be(1);
        ((Flag)found.Entry.Single().Resource!).Status.Should().Be(Flag.FlagStatus.Inactive);
        (await gone.Should().ThrowAsync<FhirOperationException>()).Which.Status
            .Should().Be(System.Net.HttpStatusCode.Gone);
    }

    [Fact]
    public async Task It_pages_on_to_the_end()
    {
        var council = new InventedPlan { Start = server.Today.AddDays(-3) }.OfLeeds();
        var sent = new List<string>();
        for (var one = 0; one < 7; one++)
        {
            sent.Add((await server.SubmitAsync(council with
            {
                Number = InventedPlan.NewNumber(), RowId = "PAGED-" + one,
            })).Flag);
        }

        using var client = Client(server.Leeds);
        var seen = new List<string>();
        for (var page = await client.SearchAsync<Flag>(pageSize: 3); page is not null;
            page = await client.ContinueAsync(page))
        {
            page.Entry.Count(e => e.Search!.Mode == Bundle.SearchEntryMode.Match).Should().BeLessThanOrEqualTo(3);
            seen.AddRange(page.Entry.Select(e => e.Resource!.Id!));
        }

        seen.Should().OnlyHaveUniqueItems().And.Contain(sent);
    }

    [Fact]
    public async Task It_submits_a_transaction_and_reads_the_history_of_what_came_of_it()
    {
        using var council = Client(server.Lancashire);
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        var episode = Episode(plan);
        var transaction = new TransactionBuilder(server.Base).Update(plan.Number, Person(plan)).ToBundle();
        transaction.Type = Bundle.BundleType.Transaction;
        transaction.Entry.Add(new()
        {
            FullUrl = "urn:uuid:" + Guid.NewGuid(), Resource = episode,
            Request = new() { Method = Bundle.HTTPVerb.POST, Url = "EpisodeOfCare" },
        });

        var done = await council.TransactionAsync(transaction);
        var id = new ResourceIdentity(done!.Entry[1].Response!.Location!).Id;
        var history = await council.HistoryAsync($"EpisodeOfCare/{id}");

        done.Entry.Select(e => e.Response!.Status).Should().Equal("201 Created", "201 Created");
        history!.Entry.Should().ContainSingle().Which.Request!.Method.Should().Be(Bundle.HTTPVerb.POST);
    }

    [Theory]
    [InlineData(ResourceFormat.Json)]
    [InlineData(ResourceFormat.Xml)]
    public async Task It_sends_a_batch_whose_entries_stand_alone(ResourceFormat format)
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        var (_, flag) = await server.SubmitAsync(plan);
        using var doctor = Client(server.Clinician);
        doctor.Settings.PreferredFormat = format;
        var batch = new Bundle { Type = Bundle.BundleType.Batch };
        foreach (var url in (string[])["Flag/" + flag, $"Flag?patient={plan.Number}", "Flag/" + Guid.NewGuid()])
        {
            batch.Entry.Add(new() { Request = new() { Method = Bundle.HTTPVerb.GET, Url = url } });
        }

        var done = await doctor.TransactionAsync(batch);

        done!.Type.Should().Be(Bundle.BundleType.BatchResponse);
        done.Entry.Select(e => e.Response!.Status![..3]).Should().Equal("200", "200", "404");
        done.Entry[0].Resource.Should().BeOfType<Flag>();
        done.Entry[1].Resource.Should().BeOfType<Bundle>().Which.Total.Should().Be(1);
    }

    [Theory]
    [InlineData(ResourceFormat.Json)]
    [InlineData(ResourceFormat.Xml)]
    public async Task It_speaks_either_format_and_hears_why_it_is_refused(ResourceFormat format)
    {
        using var council = Client(server.Lancashire);
        council.Settings.PreferredFormat = format;
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        var person = Person(plan);
        (await council.UpdateAsync(person))!.Name.Single().Family.Should().Be(plan.Family);

        person.BirthDate = null;
        var refusing = () => council.UpdateAsync(person);

        (await refusing.Should().ThrowAsync<FhirOperationException>()).Which.Outcome!.Issue
            .Should().Contain(i => i.Expression.Contains("Patient.birthDate") || i.Expression.Contains("Patient"));
    }

    [Fact]
    public async Task A_clinicians_system_looks_up_by_form_and_calls_the_summary()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        await server.SubmitAsync(plan);
        using var doctor = Client(server.Clinician);
        var number = new Identifier(Systems.NhsNumber, plan.Number);

        var found = await doctor.SearchUsingPostAsync<Flag>(
            [$"patient:identifier={Systems.NhsNumber}|{plan.Number}"], ["Flag:author"]);
        var summary = await doctor.TypeOperationAsync<Patient>(
            "child-protection-summary", new Parameters().Add("nhsNumber", number));

        found!.Entry.Select(e => e.Resource!.TypeName).Should().Contain(["Flag", "Organization"]);
        summary.Should().BeOfType<Bundle>().Which.Total.Should().Be(1);
    }

    private FhirClient Client(HttpClient http, bool verify = false) => new(server.Base, http,
        new FhirClientSettings { VerifyFhirVersion = verify, ReturnPreference = ReturnPreference.Representation });

    private static Patient Person(InventedPlan plan) => new()
    {
        Id = plan.Number,
        Identifier = [new(Systems.NhsNumber, plan.Number)],
        Name = [new() { Family = plan.Family, Given = ["Wren"] }],
        BirthDate = Day(plan.BirthDate),
    };

    private static EpisodeOfCare Episode(InventedPlan plan) => new()
    {
        Identifier = [new(Systems.CouncilPlan + plan.Council, plan.RowId)],
        Status = EpisodeOfCare.EpisodeOfCareStatus.Active,
        Type = [new(Systems.Snomed, plan.Kind.Code)],
        Patient = new("Patient/" + plan.Number),
        ManagingOrganization = new("Organization/" + plan.Council),
        Period = new() { Start = Day(plan.Start) },
    };

    private static string Day(DateOnly day) => CpIs.Fhir.PlanJson.Day(day);
}
