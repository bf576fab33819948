using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Tests.Sandbox;
using CpIs.Server.Uploads;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>A line is taken exactly when it keeps to the published profile of a caseload row.</summary>
public sealed class CaseloadNdjsonTests
{
    private static readonly DateOnly Today = new(2026, 11, 23);
    private static readonly Profiles Published = Profiles.Load();
    private static readonly string Examples = Path.Combine(SampleFolder.Root, "..", "profiles", "examples");

    public static TheoryData<string> Rows() =>
    [
        .. ((string[])["valid", "invalid"]).SelectMany(folder =>
                Directory.GetFiles(Path.Combine(Examples, folder), "caseload-row*.json"))
            .Where(file => !file.EndsWith(".outcome.json", StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(Examples, file)),
    ];

    /// <summary>Something put into a row, at its top or in its second parameter.</summary>
    public static TheoryData<string, string, string> Additions() => new()
    {
        { "row", "id", "\"r1\"" },
        { "row", "meta", """{"profile":["https://fhir.cpis.example/StructureDefinition/CpIs-CaseloadRow"]}""" },
        { "row", "implicitRules", "\"http://example.org/rules\"" },
        { "row", "text", """{"status":"generated"}""" },
        { "parameter", "id", "\"p1\"" },
        { "parameter", "extension", """[{"url":"http://example.org/x","valueString":"x"}]""" },
        { "parameter", "part", """[{"name":"x","valueString":"x"}]""" },
        { "parameter", "resource", """{"resourceType":"Basic","code":{"text":"x"}}""" },
        { "parameter", "valueCode", "\"x\"" },
        { "parameter", "valueString", "17" },
        { "parameter", "surprise", "\"x\"" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void The_reader_and_the_profile_agree_on_every_example(string file)
    {
        var row = JsonNode.Parse(File.ReadAllText(Path.Combine(Examples, file)))!;

        IsTaken(row).Should().Be(file.StartsWith("valid", StringComparison.Ordinal));
        IsTaken(row).Should().Be(Keeps(row));
    }

    [Theory]
    [MemberData(nameof(Additions))]
    public void The_reader_and_the_profile_agree_on_what_may_be_added(string where, string member, string value)
    {
        var row = JsonNode.Parse(File.ReadAllText(Path.Combine(Examples, "valid", "caseload-row.json")))!;
        (where == "row" ? row : row["parameter"]![1]!)[member] = JsonNode.Parse(value);

        IsTaken(row).Should().Be(Keeps(row));
    }

    [Theory]
    [InlineData("valueString")]
    [InlineData("valueCode")]
    [InlineData("valueDate")]
    [InlineData("valueDateTime")]
    public void The_reader_and_the_profile_agree_on_the_type_of_every_parameter(string type)
    {
        var text = File.ReadAllText(Path.Combine(Examples, "valid", "caseload-row.json"));
        for (var at = 0; at < JsonNode.Parse(text)!["parameter"]!.AsArray().Count; at++)
        {
            var row = JsonNode.Parse(text)!;
            var parameter = row["parameter"]![at]!.AsObject();
            var value = parameter.Single(member => member.Key != "name");
            var said = value.Value!.GetValue<string>();
            parameter.Remove(value.Key);
            parameter[type] = said;

            IsTaken(row).Should().Be(Keeps(row), "of {0} as {1}", parameter["name"], type);
        }
    }

    private static bool IsTaken(JsonNode row)
    {
        var line = Encoding.UTF8.GetBytes(row.ToJsonString());
        var format = new CaseloadNdjson();
        try
        {
            var (header, _) = format.Header(line);
            var fields = format.Fields(header, line);
            var council = row["parameter"]!.AsArray().SingleOrDefault(one => one!["name"]?.ToString() == "council");
            return fields.Issues.Count == 0 && new RowRules(Published)
                .Read(header, fields.Texts, council?["valueString"]?.ToString() ?? "ZZ001", Today).Row is not null;
        }
        catch (Refused)
        {
            return false;
        }
    }

    private static bool Keeps(JsonNode row) => !Published.CheckProfile(
        Encoding.UTF8.GetBytes(row.ToJsonString()), Systems.Profile("CaseloadRow"))
        .Any(issue => issue.Severity is IssueSeverity.Error or IssueSeverity.Fatal);
}
