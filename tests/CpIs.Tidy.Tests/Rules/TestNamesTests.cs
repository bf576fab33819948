using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class TestNamesTests
{
    [Fact]
    public void Test_names_are_sentences() => Checkout.Sources.SelectMany(TestNames.Faults).Should().BeEmpty();

    [Fact]
    public void Tests_stand_in_the_room_they_test() => TestNames.StrayFolders(Checkout.Files).Should().BeEmpty();

    [Theory]
    [InlineData("ReadTest", 1)]
    [InlineData("Read_ok", 1)]
    [InlineData("A_child_without_a_plan_is_answered_with_the_words", 0)]
    public void A_name_that_is_no_sentence_is_found(string name, int faults) =>
        TestNames.Faults(new SourceFile("tests/X/A.cs", $"class A {{ [Fact] public void {name}() {{ }} }}"))
            .Should().HaveCount(faults);

    [Fact]
    public void A_test_in_a_room_that_is_not_there_is_found() =>
        TestNames.StrayFolders(["src/CpIs.Server/Plans/A.cs", "tests/CpIs.Server.Tests/Plan/ATests.cs"])
            .Should().ContainSingle().Which.Should().Contain("tests/CpIs.Server.Tests/Plan");

    [Fact]
    public void A_test_beside_its_room_is_left_alone() =>
        TestNames.StrayFolders(["src/CpIs.Server/Plans/A.cs", "tests/CpIs.Server.Tests/Plans/ATests.cs"])
            .Should().BeEmpty();
}
