using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class LeftoversTests
{
    [Fact]
    public void Nothing_is_left_lying_about() =>
        Checkout.Files.SelectMany(path => Leftovers.Faults(path, Checkout.Read(path))).Should().BeEmpty();

    [Fact]
    public void Everything_in_the_root_belongs_there() =>
        Checkout.Files.SelectMany(Leftovers.PlaceFaults).Should().BeEmpty();

    [Theory]
    [InlineData("// TODO: later")]
    [InlineData("// FIXME")]
    [InlineData("<<<<<<< main")]
    [InlineData("=======")]
    [InlineData("throw new NotImplementedException();")]
    [InlineData("path = \"/work/main/src\"")]
    [InlineData("cd /tmp/build")]
    [InlineData("/home/sam/cpis")]
    [InlineData("C:\\Users\\sam")]
    [InlineData("\"resolved\": \"https://registry.npmjs.org/fsh-sushi\"")]
    [InlineData("<add key=\"nuget.org\" />")]
    [InlineData("-----BEGIN EC PRIVATE KEY-----")]
    public void A_leftover_is_found(string line) =>
        Leftovers.Faults("src/A.cs", "one\n" + line).Should().ContainSingle().Which.Should().StartWith("src/A.cs:2:");

    [Theory]
    [InlineData("https://fhir.nhs.uk/Id/nhs-number")]
    [InlineData("/var/lib/cpis")]
    [InlineData("src/CpIs.Server/Plans")]
    [InlineData("a todo list is a list")]
    public void Plain_text_is_left_alone(string line) => Leftovers.Faults("docs/a.md", line).Should().BeEmpty();

    [Theory]
    [InlineData("notes.txt")]
    [InlineData("Dockerfile")]
    [InlineData("tools/build.sh")]
    [InlineData("src/CpIs.Server/web.config")]
    [InlineData("src/CpIs.Server/Texts.resx")]
    public void A_file_that_does_not_belong_is_found(string path) =>
        Leftovers.PlaceFaults(path).Should().ContainSingle();
}
