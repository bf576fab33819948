using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Tests.Sandbox;
using FluentAssertions;
using Hl7.Fhir.Serialization;
using Xunit;

namespace CpIs.Server.Tests;

/// <summary>
/// What is sent as XML is the same as what is sent as JSON: judged by one checker, stored as one thing.
/// </summary>
public sealed class XmlBodyTests(RunningServer server) : IClassFixture<RunningServer>
{
    private const string Open = "<Patient xmlns=\"http://hl7.org/fhir\">";

    /// <summary>Bodies brought into disorder.</summary>
    private const int Mutations = 3000;

    private static readonly FhirJsonDeserializer Json =
        new(new DeserializerSettings().UsingMode(DeserializationMode.Recoverable));

    public static TheoryData<string> Valid => [.. Directory
        .GetFiles(Path.Combine(Examples, "valid"), "*.json").Select(Path.GetFileName).OfType<string>().Order()];

    private static bool Refuses(Profiles profiles, byte[] json) =>
        profiles.Check(json, JsonNode.Parse(json)!.Text("resourceType"))
            .Any(i => i.Severity is IssueSeverity.Error or IssueSeverity.Fatal);

    private static bool IsExample(string file) => !file.EndsWith(".outcome.json", StringComparison.Ordinal);

    private static string Examples => Path.Combine(SampleFolder.Root, "..", "profiles", "examples");

    [Theory]
    [MemberData(nameof(Valid))]
    public void A_resource_comes_back_from_XML_as_it_went(string name)
    {
        var json = File.ReadAllText(Path.Combine(Examples, "valid", name));

        var back = JsonNode.Parse(XmlBody.ToJson(Xml(json)));

        JsonNode.DeepEquals(back, JsonNode.Parse(json)).Should().BeTrue(back!.ToJsonString());
    }

    [Fact]
    public void So_does_every_resource_of_the_samples()
    {
        foreach (var file in Directory.GetFiles(Path.Combine(SampleFolder.Root, "bundles"), "*.json"))
        {
            var json = File.ReadAllText(file);

            JsonNode.DeepEquals(JsonNode.Parse(XmlBody.ToJson(Xml(json))), JsonNode.Parse(json))
                .Should().BeTrue(file);
        }
    }

    [Fact]
    public void What_the_checker_refuses_as_JSON_it_refuses_as_XML()
    {
        var profiles = Profiles.Load();
        var judged = 0;
        foreach (var file in Directory.GetFiles(Path.Combine(Examples, "invalid"), "*.json").Where(IsExample))
        {
            var json = File.ReadAllText(file);
            if (Representable(json) is { } xml && Refuses(profiles, Encoding.UTF8.GetBytes(json)))
            {
                Refuses(profiles, XmlBody.ToJson(xml)).Should().BeTrue(file);
                judged++;
            }
        }

        judged.Should().BeGreaterThan(100, "few faults can be written in JSON alone");
    }

    [Fact]
    public async Task A_plan_that_is_submitted_as_XML_is_shown_like_any_other()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-30) };
        using var council = server.As(plan.Persona);

        var answer = await council.PostAsync(server.Base, Body(Xml(plan.Bundle().ToJsonString())));

        answer.StatusCode.Should().Be(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        var shown = await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        shown.Total().Should().Be(1);
        JsonNode.DeepEquals(
            (await council.GetOkAsync($"Patient/{plan.Number}"))["name"], plan
                .Bundle()["entry"]![0]!["resource"]!["name"])
            .Should().BeTrue();
    }

    [Fact]
    public async Task Create_update_validate_and_the_summary_take_XML_and_answer_in_it()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-30) };
        var (_, flag) = await server.SubmitAsync(plan);
        using var council = server.As(plan.Persona);
        council.DefaultRequestHeaders.Accept.Add(new(Formats.Xml));
        var stored = await (await council.TryAsync($"Flag/{flag}")).Content.ReadAsStringAsync();
        stored.Should().StartWith("<?xml").And.Contain("<Flag xmlns=\"http://hl7.org/fhir\">");

        var update = await council.PutAsync(new Uri($"Flag/{flag}", UriKind.Relative), Body(stored));
        var validate = await council.PostAsync(new Uri("Flag/$validate", UriKind.Relative), Body(stored));
        var summary = await server.Clinician.PostAsync(
            new Uri("Patient/$child-protection-summary?_format=xml", UriKind.Relative), Body($"""
            <Parameters xmlns="http://hl7.org/fhir"><parameter><name value="nhsNumber"/><valueIdentifier>
            <system value="https://fhir.nhs.uk/Id/nhs-number"/><value value="{plan.Number}"/></valueIdentifier>
            </parameter></Parameters>
            """));

        update.StatusCode.Should().Be(HttpStatusCode.OK, await update.Content.ReadAsStringAsync());
        update.Headers.ETag!.Tag.Should().Be("\"1\"", "what was read is what was sent");
        validate.StatusCode.Should().Be(HttpStatusCode.OK);
        (await validate.Content.ReadAsStringAsync()).Should().Contain("informational").And.NotContain("\"error\"");
        summary.StatusCode.Should().Be(HttpStatusCode.OK);
        new FhirXmlDeserializer().DeserializeResource(await summary.Content.ReadAsStringAsync()).TypeName
            .Should().Be("Bundle");
    }

    [Theory]
    [InlineData("<foo value=\"x\"/>")]
    [InlineData("<birthDate value=\"5/1/2026\"/>")]
    [InlineData("<active value=\"true\"/><active value=\"false\"/>")]
    [InlineData("<name><family value=\"A\"/><clan value=\"B\"/></name>")]
    public async Task What_R4_does_not_know_is_refused_and_not_left_out(string inside)
    {
        var refused = await SendAsync($"{Open}<id value=\"9990000018\"/>{inside}</Patient>");

        await refused.ShouldBeRefusedAsync(422);
    }

    public static TheoryData<string, string> Malformed => new()
    {
        { "no XML", "{\"resourceType\":\"Patient\"}" },
        { "cut off", Open + "<active value=\"true\"/>" },
        { "a document type", "<!DOCTYPE Patient>" + Open + "</Patient>" },
        { "a file", "<!DOCTYPE P [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + Open
            + "<id value=\"&x;\"/></Patient>" },
        { "an entity bomb", "<!DOCTYPE P [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">"
            + "<!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\">]>" + Open + "<id value=\"&c;\"/></Patient>" },
        { "an undeclared entity", Open + "<id value=\"&x;\"/></Patient>" },
        { "another namespace", "<Patient xmlns=\"http://hl7.org/other\"><active value=\"true\"/></Patient>" },
        { "no namespace", "<Patient><active value=\"true\"/></Patient>" },
        { "another namespace inside", Open + "<name xmlns=\"urn:other\"><family value=\"A\"/></name></Patient>" },
        { "free text", Open + "hello</Patient>" },
        { "too deep", Open + string.Concat(Enumerable.Repeat("<extension>", 100_000)) },
        { "a NUL", Open + "<id value=\"&#0;\"/></Patient>" },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task Malformed_XML_is_refused_at_once(string what, string xml)
    {
        var refused = await (await SendAsync(xml)).ShouldBeRefusedAsync(400);

        refused.Diagnostics().Should().NotContain(d => d.Contains("hello", StringComparison.Ordinal)
            || d.Contains("passwd", StringComparison.Ordinal), what);
    }

    [Fact]
    public async Task More_elements_than_any_bundle_has_are_refused_before_they_are_parsed()
    {
        const int Names = 100_001;

        var answer = await SendAsync(Open + string.Concat(Enumerable.Repeat("<name><use value=\"x\"/></name>", Names))
            + "</Patient>");

        (await answer.ShouldBeRefusedAsync(400)).Diagnostics().Should().ContainSingle()
            .Which.Should().Contain("200000 elements");
    }

    [Fact]
    public void Whatever_is_cut_swapped_and_doubled_in_a_body_it_becomes_JSON_or_is_refused()
    {
        // The same disorder every time: a failure can be looked at again.
        var dice = new Random(20516);
        var bodies = Directory.GetFiles(Path.Combine(Examples, "valid"), "*.json").Order()
            .Select(file => Xml(File.ReadAllText(file))).ToList();
        var (taken, refused) = (0, 0);
        for (var one = 0; one < Mutations; one++)
        {
            var body = Mutated(bodies[dice.Next(bodies.Count)], dice);
            try
            {
                JsonNode.Parse(XmlBody.ToJson(body)).Should().NotBeNull();
                taken++;
            }
            catch (Refused no) when (no.Status == 400)
            {
                refused++;
            }
            catch (Exception other) when (other is not Xunit.Sdk.XunitException)
            {
                throw new InvalidOperationException(Encoding.UTF8.GetString(body), other);
            }
        }

        taken.Should().BePositive();
        refused.Should().BePositive();
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/xhtml+xml")]
    [InlineData("application/fhir+xml; charset=utf-16")]
    [InlineData("application/fhir+json; charset=latin1")]
    [InlineData("application/fhir+json; fhirVersion=3.0")]
    [InlineData("nonsense")]
    public async Task A_body_of_another_type_or_charset_is_415(string type) =>
        await (await SendAsync($"{Open}</Patient>", type)).ShouldBeRefusedAsync(415);

    [Theory]
    [InlineData("application/fhir+xml; charset=UTF-8; fhirVersion=4.0")]
    [InlineData("text/xml")]
    [InlineData("application/xml;charset=\"utf-8\"")]
    public async Task Its_type_may_be_written_in_several_ways(string type) =>
        await (await SendAsync($"{Open}</Patient>", type)).ShouldBeRefusedAsync(422);

    /// <summary>One to three changes: parts between tags change places, names, values, or go.</summary>
    private static byte[] Mutated(byte[] body, Random dice)
    {
        string[] strange = ["", "<div xmlns=\"http://www.w3.org/1999/xhtml\"/>", "value=\"\"", "<extension url=\"x\"/>",
            "<contained><Patient/></contained>", "id=\"1\"", "<resource/>", "<Flag/>", "99999999999999999999", "T",
                "-0",
            "<valueBoolean value=\"x\"/>", "&#13;", "resourceType", "<![CDATA[x]]>", "<_id value=\"1\"/>"];
        var text = Encoding.UTF8.GetString(body);
        for (var changes = dice.Next(1, 4); changes > 0; changes--)
        {
            var parts = System.Text.RegularExpressions.Regex.Split(text, "(?<=>)|(?=<)|(?<=\")|(?=\")|(?<= )|(?==)");
            var (at, other) = (dice.Next(parts.Length), dice.Next(parts.Length));
            (parts[at], parts[other]) = dice.Next(5) switch
            {
                0 => (parts[other], parts[at]),
                1 => (parts[at] + parts[at], parts[other]),
                2 => (parts[other], parts[other]),
                3 => (strange[dice.Next(strange.Length)], parts[other]),
                _ => (parts[at] + strange[dice.Next(strange.Length)], parts[other]),
            };
            text = string.Concat(parts);
        }

        return Encoding.UTF8.GetBytes(text);
    }

    private Task<HttpResponseMessage> SendAsync(string xml, string type = Formats.Xml) =>
        server.Lancashire.PutAsync(new Uri("Patient/9990000018", UriKind.Relative), Body(xml, type));

    private static ByteArrayContent Body(string xml, string type = Formats.Xml) =>
        Body(Encoding.UTF8.GetBytes(xml), type);

    private static ByteArrayContent Body(byte[] xml, string type = Formats.Xml)
    {
        var content = new ByteArrayContent(xml);
        content.Headers.TryAddWithoutValidation("Content-Type", type);
        return content;
    }

    private static byte[] Xml(string json) =>
        Encoding.UTF8.GetBytes(new FhirXmlSerializer().SerializeToString(Json.DeserializeResource(json)));

    /// <summary>Some faults can be written in JSON alone.</summary>
    private static byte[]? Representable(string json)
    {
        try
        {
            var xml = Xml(json);
            return JsonNode.DeepEquals(JsonNode.Parse(XmlBody.ToJson(xml)), JsonNode.Parse(json)) ? xml : null;
        }
        catch (Exception not) when (not is DeserializationFailedException or InvalidOperationException
            or FormatException or Refused or System.Text.Json.JsonException or ArgumentException)
        {
            return null;
        }
    }
}
