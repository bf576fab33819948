using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests;

/// <summary>
/// The sample organisations, the sample Bundle and the .http files agree with one another and with the caseloads.
/// </summary>
public sealed partial class SampleDocumentTests
{
    [Fact]
    public void The_four_councils_are_live_and_known_by_their_national_codes() =>
        Organizations().Where(body => Text(body, "kind") == "council" && body.GetProperty("live").GetBoolean())
            .Select(body => (Text(body, "id"), Text(body, "gss"), Text(body, "dfe")))
            .Should().BeEquivalentTo(new[]
            {
                ("ZZ001", "E10000017", "888"), ("ZZ002", "E08000035", "383"),
                ("ZZ003", "E09000019", "206"), ("ZZ004", "E08000039", "373"),
            });

    [Fact]
    public void One_council_is_not_yet_live_so_that_coverage_has_something_to_say() =>
        Organizations().Should().ContainSingle(body =>
            body.GetProperty("kind").GetString() == "council" && !body.GetProperty("live").GetBoolean());

    [Fact]
    public void A_code_that_no_register_gave_out_begins_with_ZZ_and_says_so() =>
        Organizations().Should().OnlyContain(body => body.GetProperty("ods_invented").GetBoolean()
            == body.GetProperty("ods").GetString()!.Begins("ZZ"));

    [Fact]
    public void An_organisation_is_found_under_its_ODS_code_and_listed_once()
    {
        Organizations().Should().OnlyContain(body =>
            body.GetProperty("id").GetString() == body.GetProperty("ods").GetString());
        Organizations().Select(body => Text(body, "id")).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public void Telephones_ring_nowhere_and_every_council_has_two()
    {
        var councils = Organizations().Where(body => Text(body, "kind") == "council").ToList();
        var telephones = Organizations().Select(body => Text(body, "work_phone"))
            .Concat(councils.Select(body => Text(body, "emergency_phone"))).ToList();

        telephones.Should().NotContainNulls();
        telephones.Should().OnlyHaveUniqueItems().And.OnlyContain(number =>
            number!.Begins("01632 960"));
    }

    [Fact]
    public void The_sample_Bundle_submits_one_plan_that_hangs_together()
    {
        using var bundle = JsonDocument.Parse(File.ReadAllText(Checkout.PathOf("samples/bundles/submit-plan.json")));
        var entries = bundle.RootElement.GetProperty("entry").EnumerateArray().ToList();
        var (patient, episode, flag) = (Resource(entries[0]), Resource(entries[1]), Resource(entries[2]));
        var number = Text(patient, "id");

        entries.Select(entry => Text(entry.GetProperty("request"), "url"))
            .Should().Equal($"Patient/{number}", "EpisodeOfCare", "Flag");
        Text(episode.GetProperty("patient"), "reference").Should().Be($"Patient/{number}");
        Text(flag.GetProperty("subject"), "reference").Should().Be($"Patient/{number}");
        Text(flag.GetProperty("extension")[0].GetProperty("valueReference"), "reference")
            .Should().Be(Text(entries[1], "fullUrl"));
        flag.GetProperty("period").GetRawText().Should().Be(episode.GetProperty("period").GetRawText());
        flag.GetProperty("identifier").GetRawText().Should().Be(episode.GetProperty("identifier").GetRawText());
        DateOnly.Parse(Text(episode.GetProperty("period"), "start")!, CultureInfo.InvariantCulture)
            .Should().BeAfter(DateOnly.Parse(Text(patient, "birthDate")!, CultureInfo.InvariantCulture));
    }

    [Fact]
    public void The_child_of_the_sample_Bundle_stands_in_no_caseload() =>
        Directory.GetFiles(Checkout.PathOf("samples/caseloads")).Select(File.ReadAllText)
            .Should().HaveCount(4).And.NotContain(text => text.Holds("9990005001"));

    [Fact]
    public void Every_http_file_asks_the_sandbox_and_signs_in_as_a_persona_of_it()
    {
        var files = HttpFiles().Select(File.ReadAllText).ToList();

        files.Should().HaveCountGreaterThanOrEqualTo(5);
        files.Should().OnlyContain(text => text.Holds("@host = http://localhost:5080"));
        files.SelectMany(text => ClientId().Matches(text).Select(match => match.Groups[1].Value)).Distinct()
            .Should().BeSubsetOf([
                "sandbox-ed-clinician", "sandbox-school-nurse", "sandbox-council-lancashire", "sandbox-auditor",
                "sandbox-epr-system"]);
    }

    [Fact]
    public void A_file_that_an_http_file_sends_exists() =>
        HttpFiles()
            .SelectMany(file => SentFile().Matches(File.ReadAllText(file))
                .Select(match => Path.Combine(Path.GetDirectoryName(file)!, match.Groups[1].Value)))
            .Should().NotBeEmpty().And.OnlyContain(path => File.Exists(path));

    [GeneratedRegex(@"client_id=([a-z-]+)")]
    private static partial Regex ClientId();

    [GeneratedRegex(@"^< (\S+)$", RegexOptions.Multiline)]
    private static partial Regex SentFile();

    private static IEnumerable<string> HttpFiles() =>
        ((string[])["samples/http", "samples/epr"])
            .SelectMany(folder => Directory.GetFiles(Checkout.PathOf(folder), "*.http"));

    private static List<JsonElement> Organizations() =>
        [.. File.ReadLines(Checkout.PathOf("samples/organizations.ndjson"))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line))];

    private static JsonElement Resource(JsonElement entry) => entry.GetProperty("resource");

    private static string? Text(JsonElement body, string property) =>
        body.TryGetProperty(property, out var value) ? value.GetString() : null;
}
