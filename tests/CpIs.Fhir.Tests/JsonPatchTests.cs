using System.Text.Json;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests;

/// <summary>Every operation of RFC 6902, what each does, and when it is refused.</summary>
public sealed class JsonPatchTests
{
    [Theory]
    [InlineData("""{"a":1}""", """[{"op":"replace","path":"/a","value":2}]""", """{"a":2}""")]
    [InlineData("""{"a":1}""", """[{"op":"add","path":"/a","value":null}]""", """{"a":null}""")]
    [InlineData("""{"a":{"b":1}}""",
        """[{"op":"add","path":"/a/c","value":{"x":[1]}}]""",
        """{"a":{"b":1,"c":{"x":[1]}}}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"add","path":"/a/1","value":9}]""", """{"a":[1,9,2]}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"add","path":"/a/2","value":9}]""", """{"a":[1,2,9]}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"add","path":"/a/-","value":9}]""", """{"a":[1,2,9]}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"remove","path":"/a/0"}]""", """{"a":[2]}""")]
    [InlineData("""{"a":[1,2]}""", """[{"op":"replace","path":"/a/1","value":7}]""", """{"a":[1,7]}""")]
    [InlineData("""{"a":1,"b":2}""", """[{"op":"move","from":"/a","path":"/c"}]""", """{"b":2,"c":1}""")]
    [InlineData("""{"a":[1,2,3]}""", """[{"op":"move","from":"/a/0","path":"/a/2"}]""", """{"a":[2,3,1]}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"copy","from":"/a/b","path":"/c"}]""", """{"a":{"b":1},"c":1}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"copy","from":"/a","path":"/a/c"}]""", """{"a":{"b":1,"c":{"b":1}}}""")]
    [InlineData("""{"a/b":1,"c~d":1}""",
        """[{"op":"replace","path":"/a~1b","value":2},{"op":"remove","path":"/c~0d"}]""",
        """{"a/b":2}""")]
    [InlineData("""{"":1}""", """[{"op":"replace","path":"/","value":2}]""", """{"":2}""")]
    [InlineData("""{"a":1}""", """[{"op":"replace","path":"","value":{"z":1}}]""", """{"z":1}""")]
    [InlineData("""{"a":1,"b":null}""",
        """[{"op":"test","path":"/a","value":1.0},{"op":"test","path":"/b","value":null}]""",
        """{"a":1,"b":null}""")]
    [InlineData("""{"a":{"x":1,"y":[2]}}""",
        """[{"op":"test","path":"/a","value":{"y":[2],"x":1}}]""",
        """{"a":{"x":1,"y":[2]}}""")]
    [InlineData("""{"a":1}""",
        """[{"op":"test","path":"/a","value":1,"note":"unknown members are nobody's business"}]""",
        """{"a":1}""")]
    public void A_patch_does_what_it_says(string document, string patch, string after)
    {
        var before = JsonNode.Parse(document);

        JsonPatch.Read(Element(patch)).Apply(before)!.ToJsonString().Should().Be(after);
        before!.ToJsonString().Should().Be(document, "the document given is not touched");
    }

    [Theory]
    [InlineData("""{"op":"replace","path":"/b","value":2}""")]
    [InlineData("""{"op":"replace","path":"/A","value":2}""")]
    [InlineData("""{"op":"remove","path":"/b"}""")]
    [InlineData("""{"op":"remove","path":"/l/2"}""")]
    [InlineData("""{"op":"remove","path":"/l/-"}""")]
    [InlineData("""{"op":"remove","path":"/l/01"}""")]
    [InlineData("""{"op":"add","path":"/l/3","value":1}""")]
    [InlineData("""{"op":"add","path":"/x/y","value":1}""")]
    [InlineData("""{"op":"add","path":"/a/y","value":1}""")]
    [InlineData("""{"op":"move","from":"/b","path":"/c"}""")]
    [InlineData("""{"op":"copy","from":"/b","path":"/c"}""")]
    [InlineData("""{"op":"test","path":"/a","value":"1"}""")]
    [InlineData("""{"op":"test","path":"/a","value":null}""")]
    [InlineData("""{"op":"test","path":"/b","value":null}""")]
    public void What_does_not_fit_is_refused_without_naming_a_value(string operation)
    {
        var patch = JsonPatch.Read(Element($$"""[{"op":"add","path":"/kept","value":1},{{operation}}]"""));

        patch.Invoking(p => p.Apply(JsonNode.Parse("""{"a":1,"l":[1,2]}""")))
            .Should().Throw<PatchFault>().Which.Should().Match<PatchFault>(f =>
                !f.Malformed && f.Message.StartsWith("Operation 1 (") && !f.Message.Contains('/'));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("[1]")]
    [InlineData("""[{"path":"/a","value":1}]""")]
    [InlineData("""[{"op":"fly","path":"/a"}]""")]
    [InlineData("""[{"op":"add","path":"/a"}]""")]
    [InlineData("""[{"op":"add","value":1}]""")]
    [InlineData("""[{"op":"add","path":"a","value":1}]""")]
    [InlineData("""[{"op":"add","path":"/a~2","value":1}]""")]
    [InlineData("""[{"op":"move","path":"/a"}]""")]
    [InlineData("""[{"op":"move","from":"/a","path":"/a/b"}]""")]
    [InlineData("""[{"op":"copy","from":1,"path":"/a"}]""")]
    public void What_is_no_patch_is_refused_as_such(string patch) =>
        Element(patch).Invoking(p => JsonPatch.Read(p)).Should().Throw<PatchFault>().Which.Malformed.Should().BeTrue();

    [Fact]
    public void Copies_of_copies_stop_before_they_fill_the_memory()
    {
        var bomb = Enumerable.Range(0, 40).Select(i => $$"""{"op":"copy","from":"","path":"/c{{i}}"}""");
        var patch = JsonPatch.Read(Element($"[{string.Join(',', bomb)}]"));

        patch.Invoking(p => p.Apply(JsonNode.Parse("""{"a":"some text that grows"}""")))
            .Should().Throw<PatchFault>().WithMessage("*copies too much*");
    }

    private static JsonElement Element(string json) => JsonDocument.Parse(json).RootElement;
}
