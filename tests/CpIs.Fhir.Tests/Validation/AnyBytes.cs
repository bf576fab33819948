using System.Text;
using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>
/// Whatever arrives gets an outcome: never an exception, never more issues than the limit, never much memory.
/// </summary>
public sealed class AnyBytes
{
    private const int RandomTexts = 2_000;
    private const int RandomBytesMax = 400;
    private const int CutEvery = 7;
    private const int LongTextBytes = 10 * 1024 * 1024;
    private const int IssuesMax = 201;
    private const long AllocatedBytesMax = 160L * 1024 * 1024;

    private static readonly string[] Types = ["Flag", "EpisodeOfCare", "Patient", "AuditEvent", "Bundle", "Parameters"];

    [Fact]
    public void Random_bytes_get_an_outcome()
    {
        var random = new Random(1);
        for (var n = 0; n < RandomTexts; n++)
        {
            var json = new byte[random.Next(RandomBytesMax)];
            random.NextBytes(json);
            Outcome(json, "Flag").Should().NotBeEmpty();
        }
    }

    [Fact]
    public void Every_example_with_bytes_overwritten_gets_an_outcome()
    {
        var random = new Random(2);
        foreach (var kind in new[] { "valid", "r4" })
        {
            foreach (var name in Examples.Names(kind))
            {
                var json = Examples.Read(kind, name);
                for (var n = 0; n < 60; n++)
                {
                    var damaged = json.ToArray();
                    damaged[random.Next(json.Length)] = (byte)random.Next(256);
                    damaged[random.Next(json.Length)] = (byte)random.Next(256);
                    foreach (var type in Types)
                    {
                        Outcome(damaged, type);
                    }
                }
            }
        }
    }

    [Fact]
    public void A_text_cut_anywhere_is_refused()
    {
        var json = Examples.Read("valid", "flag-active");
        var whole = Encoding.UTF8.GetString(json).TrimEnd().Length;
        for (var length = 0; length < whole; length += CutEvery)
        {
            Outcome(json[..length], "Flag").Should().ContainSingle().Which.Severity.Should().Be(IssueSeverity.Fatal);
        }
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void Deep_nesting_is_refused(char open, char close)
    {
        foreach (var depth in new[] { 60, 64, 65, 1_000, 1_000_000 })
        {
            var step = open == '[' ? "[" : "{\"extension\":";
            var text = string.Concat(Enumerable.Repeat(step, depth)) + "1" + new string(close, depth);
            Outcome(Encoding.UTF8.GetBytes(text), "Flag").Should().NotBeEmpty();
        }
    }

    [Fact]
    public void A_resource_nested_to_the_limit_is_walked()
    {
        var inner = "{\"url\":\"http://e.example/a\",\"valueString\":\"x\"}";
        for (var depth = 0; depth < 30; depth++)
        {
            inner = "{\"url\":\"http://e.example/a\",\"extension\":[" + inner + "]}";
        }

        var json = Encoding.UTF8.GetBytes("{\"resourceType\":\"Basic\",\"code\":{\"text\":\"x\"},\"extension\":["
            + inner + "]}");
        Examples.Ours.CheckProfile(json, "http://hl7.org/fhir/StructureDefinition/Basic")
            .Should().NotContain(issue => issue.Severity <= IssueSeverity.Error);
    }

    public static TheoryData<string, string> Awkward() => new()
    {
        { "a string of 10 MB", "{\"resourceType\":\"Flag\",\"language\":\"" + new string('x', LongTextBytes) + "\"}" },
        { "a number of 1 MB", "{\"resourceType\":\"Flag\",\"status\":" + new string('9', 1024 * 1024) + "}" },
        { "an exponent too large", "{\"resourceType\":\"Flag\",\"status\":1e999999}" },
        { "a million items", "{\"resourceType\":\"Flag\",\"identifier\":["
            + string.Join(',', Enumerable.Repeat("1", 1_000_000)) + "]}" },
        { "a million names", "{\"resourceType\":\"Flag\""
            + string.Concat(Enumerable.Range(0, 500_000).Select(n => $",\"a{n}\":1")) + "}" },
        { "one name again and again", "{\"resourceType\":\"Flag\""
            + string.Concat(Enumerable.Repeat(",\"status\":\"active\"", 100_000)) + "}" },
        { "resourceType again and again", "{\"a\":1"
            + string.Concat(Enumerable.Repeat(",\"resourceType\":\"Flag\"", 100_000)) + "}" },
        { "a lone surrogate", "{\"resourceType\":\"Flag\",\"status\":\"\\ud800\",\"\\udc00\":1}" },
        { "a NUL", "{\"resourceType\":\"Flag\",\"status\":\"a\\u0000b\"}" },
        { "escaped names", "{\"resource\\u0054ype\":\"Flag\",\"\\u0073tatus\":\"active\"}" },
        { "many contained", "{\"resourceType\":\"Flag\",\"contained\":[" + string.Join(',', Enumerable.Range(0, 20_000)
            .Select(n => $"{{\"resourceType\":\"Patient\",\"id\":\"c{n}\"}}"))
                + "],\"subject\":{\"reference\":\"#c19999\"}}" },
    };

    [Theory]
    [MemberData(nameof(Awkward))]
    public void Awkward_texts_get_an_outcome_within_limits(string what, string text)
    {
        var json = Encoding.UTF8.GetBytes(text);
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var type in new[] { "Flag", "http://hl7.org/fhir/StructureDefinition/Flag" })
        {
            var issues = type == "Flag" ? Outcome(json, type) : Examples.Ours.CheckProfile(json, type);
            issues.Should().NotBeEmpty(what).And.HaveCountLessThanOrEqualTo(IssuesMax);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(AllocatedBytesMax, what);
    }

    [Fact]
    public void Invalid_UTF8_is_refused()
    {
        var json = Encoding.UTF8.GetBytes("{\"resourceType\":\"Flag\",\"status\":\"xx\"}");
        json[^4] = 0xC3;
        Outcome(json, "Flag").Should().ContainSingle().Which.Diagnostics.Should().Contain("UTF-8");
    }

    private static IReadOnlyList<Issue> Outcome(byte[] json, string type)
    {
        var issues = Examples.Ours.Check(json, type);
        issues.Should().HaveCountLessThanOrEqualTo(IssuesMax);
        return issues;
    }
}
