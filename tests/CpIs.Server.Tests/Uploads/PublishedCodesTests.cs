using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using CpIs.Fhir;
using CpIs.Server.Tests.Sandbox;
using CpIs.Server.Uploads;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>What an upload says is published: each code, and the extension that names the row.</summary>
public sealed partial class PublishedCodesTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly Profiles Published = Profiles.Load();

    [Fact]
    public void Each_code_of_an_upload_is_published_and_each_published_code_is_one_of_an_upload()
    {
        var codes = typeof(UploadCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Where(field => field.IsLiteral && field.Name != nameof(UploadCodes.System))
            .Select(field => (string)field.GetRawConstantValue()!).ToList();

        Codes(UploadCodes.System).Should().BeEquivalentTo(codes);
        Included("FileOutcomes").Concat(Included("RecordOutcomes")).Should().BeEquivalentTo(codes);
    }

    [Fact]
    public void Each_detail_that_an_answer_gives_is_published()
    {
        var details = typeof(DetailCode).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => (DetailCode)field.GetValue(null)!).Where(detail => detail.System == Systems.CpisOutcome)
            .Select(detail => detail.Code).ToList();

        details.Should().NotBeEmpty().And.BeSubsetOf(Codes(Systems.CpisOutcome));
    }

    [Fact]
    public void Each_detail_that_a_row_is_refused_with_is_published()
    {
        var root = Path.Combine(SampleFolder.Root, "..", "src", "CpIs.Server");
        var details = Directory.GetFiles(root, "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => RowDetail().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value)
            .Distinct().ToList();

        details.Should().HaveCountGreaterThan(25).And.BeSubsetOf(Codes(Systems.CpisOutcome));
    }

    [Fact]
    public async Task Each_line_about_a_row_is_the_resource_it_says_it_is()
    {
        var sender = new Sender(server);
        var done = await sender.SendAsync(Sender.Header + sender.Row("PUB-1", InventedPlan.NewNumber())
            + sender.Row("PUB-2", "9990000019") + sender.Row("PUB-3", InventedPlan.NewNumber(), plan: "no-plan"));
        var refused = await done.LinesAsync("refused.ndjson");

        refused.Should().HaveCount(2);
        foreach (var line in refused.Concat(await done.LinesAsync("accepted.ndjson")))
        {
            Check(line).Should().BeEmpty();
        }

        refused.SelectMany(line => Parts(line).Select(part => (part.Text("url"), part.AsObject().ElementAt(1).Key)))
            .Distinct().Should().BeEquivalentTo(PublishedParts());
    }

    private static IEnumerable<JsonNode> Parts(JsonNode line)
    {
        var place = line["extension"]!.AsArray().Should().ContainSingle().Subject!;
        place.Text("url").Should().Be(Systems.Base + "/StructureDefinition/Extension-CpIs-CaseloadRow");
        return place["extension"]!.AsArray().Select(part => part!);
    }

    /// <summary>Each part of the extension and the name of its value, from the definition.</summary>
    private static IEnumerable<(string Part, string Value)> PublishedParts() =>
        Definition(Systems.Base + "/StructureDefinition/Extension-CpIs-CaseloadRow")["snapshot"]!["element"]!.AsArray()
            .Select(element => (Id: element!.Text("id").Split(':', '.'), Type: element!["type"]?[0]?.Text("code")))
            .Where(element => element.Id is [_, "extension", _, "value[x]"])
            .Select(element => (element.Id[2], "value" + char.ToUpperInvariant(element.Type![0]) + element.Type[1..]));

    private static IEnumerable<string> Check(JsonNode resource) => Published.CheckProfile(
            System.Text.Encoding.UTF8.GetBytes(resource.ToJsonString()),
            "http://hl7.org/fhir/StructureDefinition/" + resource.Text("resourceType"))
        .Where(issue => issue.Severity <= IssueSeverity.Error)
        .Select(issue => $"{issue.Expression} {issue.Diagnostics}");

    private static IReadOnlyList<string> Codes(string system) =>
        [.. Definition(system)["concept"]!.AsArray().Select(concept => concept!.Text("code"))];

    private static IEnumerable<string> Included(string valueSet) =>
        Definition($"{Systems.Base}/ValueSet/CpIs-{valueSet}")["compose"]!["include"]![0]!["concept"]!.AsArray()
            .Select(concept => concept!.Text("code"));

    private static JsonNode Definition(string url) =>
        JsonNode.Parse(Published.Definitions.Single(one => one.Url == url).Json.Span)!;

    [GeneratedRegex(@"(?:NotLoaded\(|UploadCodes\.\w+, )\s*""([a-z-]+)""")]
    private static partial Regex RowDetail();
}
