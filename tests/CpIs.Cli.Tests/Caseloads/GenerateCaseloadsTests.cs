using System.Text;
using System.Text.Json.Nodes;
using CpIs.Cli.Caseloads;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Cli.Tests.Caseloads;

/// <summary>Invented caseloads: repeatable, and such that every row may be sent.</summary>
public sealed class GenerateCaseloadsTests : IDisposable
{
    private const string Profile = "https://fhir.cpis.example/StructureDefinition/CpIs-CaseloadRow";
    private static readonly DateOnly Today = new(2026, 11, 23);
    private static readonly Profiles Profiles = Profiles.Load();

    private static readonly string[] FirstLines =
    [
        "row_id,nhs_number,family,given,other_given,birth_date,person_id,plan,start,end,due_date",
        "R000001,9991573097,Fallowcroft,Ines,Chidi,2015-01-26,P000001,looked-after,2022-02-20,,",
        "R000002,9990321841,Fallowcroft,Maeve,,2023-04-23,P000002,child-protection,2026-08-23,,",
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("cpis-generate-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task The_same_seed_gives_the_same_bytes_and_another_gives_others()
    {
        await GenerateAsync("one", 7);
        await GenerateAsync("again", 7);
        await GenerateAsync("other", 8);

        foreach (var file in new[] { "ZZ001.csv", "ZZ001.ndjson", "ZZ002.csv", "ZZ002.ndjson" })
        {
            Bytes("again", file).Should().Equal(Bytes("one", file));
            Bytes("other", file).Should().NotEqual(Bytes("one", file));
        }
    }

    [Fact]
    public async Task What_a_seed_gives_does_not_change_with_the_version_of_the_tool()
    {
        await GenerateAsync("one", 1);

        File.ReadLines(Path.Combine(folder, "one", "ZZ001.csv")).Take(3).Should().Equal(FirstLines);
    }

    [Fact]
    public async Task Every_row_keeps_to_the_profile_of_a_caseload_row()
    {
        await GenerateAsync("one", 3);

        var rows = Rows("one", "ZZ001").ToList();
        rows.Should().HaveCountGreaterThan(300);
        rows.SelectMany(row => Profiles.CheckProfile(Encoding.UTF8.GetBytes(row), Profile)).Should().BeEmpty();
    }

    [Fact]
    public async Task Nobody_is_real_and_nobody_stands_twice()
    {
        await GenerateAsync("one", 3);

        var rows = Rows("one", "ZZ001").Concat(Rows("one", "ZZ002")).Select(Cells).ToList();
        var people = rows.GroupBy(row => row["nhs_number"]).ToList();

        people.Should().OnlyContain(same => same.Key.StartsWith("999") && NhsNumber.Fault(same.Key) == null);
        people.Should().OnlyContain(same => same.Select(row => row["birth_date"]).Distinct().Count() == 1);
        people.Should().HaveCount(600);
        Rows("one", "ZZ001").Select(Cells).Select(row => row["row_id"]).Should().OnlyHaveUniqueItems();
    }

    [Fact]
    public async Task Every_row_is_one_that_the_rules_of_the_server_take_today()
    {
        await GenerateAsync("one", 3);

        foreach (var row in Rows("one", "ZZ001").Select(Cells))
        {
            var (born, start) = (Day(row["birth_date"]), Day(row["start"]));
            var end = row.TryGetValue("end", out var text) ? Day(text) : (DateOnly?)null;
            var isUnborn = row["plan"] == "unborn";
            start.Should().BeOnOrBefore(Today).And.BeOnOrAfter(born);
            (end is null || (end >= start && end <= Today && end > Today.AddDays(-365))).Should().BeTrue();
            row.ContainsKey("due_date").Should().Be(isUnborn);
            (born.AddYears(isUnborn ? 16 : 18) < Today).Should().Be(isUnborn);
        }
    }

    [Fact]
    public async Task The_two_forms_of_a_file_say_the_same()
    {
        await GenerateAsync("one", 3);

        var lines = (await File.ReadAllTextAsync(Path.Combine(folder, "one", "ZZ001.csv"))).Split("\r\n")[..^1];
        var header = lines[0].Split(',');
        var fromCsv = lines[1..].Select(line => header.Zip(line.Split(','))
            .Where(cell => cell.Second.Length > 0).ToDictionary(cell => cell.First, cell => cell.Second));

        fromCsv.Should().BeEquivalentTo(Rows("one", "ZZ001").Select(Cells));
    }

    [Fact]
    public async Task A_share_of_the_rows_has_a_fault_and_the_others_are_as_without()
    {
        await GenerateAsync("sound", 3);
        await GenerateAsync("faulty", 3, faults: 0.2);
        await GenerateAsync("again", 3, faults: 0.2);

        Bytes("again", "ZZ002.ndjson").Should().Equal(Bytes("faulty", "ZZ002.ndjson"));
        var (sound, faulty) = (Rows("sound", "ZZ001").ToList(), Rows("faulty", "ZZ001").ToList());
        faulty.Should().HaveSameCount(sound);
        var spoilt = faulty.Except(sound).ToList();
        spoilt.Should().HaveCountGreaterThan(sound.Count / 10).And.HaveCountLessThan(sound.Count / 3);
        spoilt.Should().OnlyContain(row => Profiles.CheckProfile(Encoding.UTF8.GetBytes(row), Profile).Count > 0
            || Day(Cells(row)["end"]) < Day(Cells(row)["start"]));
    }

    [Theory]
    [InlineData("--children 10")]
    [InlineData("--children 10 --out x --faults 1.5")]
    [InlineData("--children 10 --out x --faults -1")]
    [InlineData("--councils 0 --children 10 --out x")]
    [InlineData("--councils 201 --children 10 --out x")]
    [InlineData("--councils 100 --children 9000 --out x")]
    [InlineData("--councils 1 --children 10 --out x --surprise y")]
    [InlineData("--councils 1 --children 10 --out")]
    public void What_cannot_be_made_is_refused_with_the_usage(string arguments)
    {
        var read = () => GenerateOptions.Read(arguments.Split(' '), TimeProvider.System);

        read.Should().Throw<ArgumentException>();
    }

    private async Task GenerateAsync(string name, ulong seed, double faults = 0)
    {
        var options = new GenerateOptions
        {
            Councils = 2, Children = 300, Seed = seed, Out = Path.Combine(folder, name), Day = Today, Faults = faults,
        };
        await new GenerateCaseloads(TextWriter.Null).RunAsync(options, CancellationToken.None);
    }

    private static DateOnly Day(string text) =>
        DateOnly.ParseExact(text, "yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    private byte[] Bytes(string name, string file) => File.ReadAllBytes(Path.Combine(folder, name, file));

    private IEnumerable<string> Rows(string name, string council) =>
        File.ReadLines(Path.Combine(folder, name, council + ".ndjson"));

    private static Dictionary<string, string> Cells(string row) => JsonNode.Parse(row)!["parameter"]!.AsArray()
        .ToDictionary(one => one!["name"]!.GetValue<string>(), one =>
            (one!["valueString"] ?? one["valueDate"] ?? one["valueCode"])!.GetValue<string>());
}
