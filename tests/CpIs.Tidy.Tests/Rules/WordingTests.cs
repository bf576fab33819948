using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class WordingTests
{
    [Fact]
    public void Names_say_what_things_are_and_nothing_hides_the_clock_or_blocks() =>
        Checkout.Sources.SelectMany(Wording.Faults).Should().BeEmpty();

    [Theory]
    [InlineData("class FlagHelper { }", "Helper")]
    [InlineData("class PlanManager { }", "Manager")]
    [InlineData("class StringUtils { }", "Utils")]
    [InlineData("record CommonRow(int A);", "Common")]
    [InlineData("class StoreBase { }", "Base")]
    [InlineData("class UploadService { }", "Service")]
    [InlineData("class PlanRepository { }", "Repository")]
    [InlineData("class A { object B = DateTime.Now; }", "TimeProvider")]
    [InlineData("class A { object B = DateTimeOffset.UtcNow; }", "TimeProvider")]
    [InlineData("class A { object B() => Task.Run(C); }", "await")]
    [InlineData("class A { object B(Task<int> c) => c.Result; }", "blocks")]
    [InlineData("class A { object B(Task<int> c) => c.GetAwaiter().GetResult(); }", "blocks")]
    [InlineData("class A { void B(Task<int> c) => c.Wait(); }", "blocks")]
    [InlineData("class A { async void B() { } }", "async void")]
    [InlineData("#region B\nclass A { }\n#endregion", "region")]
    public void A_word_or_call_this_house_does_without_is_named(string code, string fault) =>
        Wording.Faults(new SourceFile("src/CpIs.Server/A.cs", code))
            .Should().ContainSingle().Which.Should().Contain(fault);

    [Theory]
    [InlineData("src/CpIs.Server/Common/A.cs")]
    [InlineData("src/CpIs.Server/PlanHelper.cs")]
    public void A_folder_or_file_name_that_says_nothing_is_named(string path) =>
        Wording.Faults(new SourceFile(path, "class A { }")).Should().ContainSingle();

    [Theory]
    [InlineData("class A { object B = DateTime.Now; }", 1)]
    [InlineData("class A { object B = DateTime.Today; }", 1)]
    [InlineData("class A { object B = DateTime.UtcNow; }", 0)]
    public void A_test_may_measure_and_may_not_take_a_day_from_the_machine(string code, int faults) =>
        Wording.Faults(new SourceFile("tests/CpIs.Server.Tests/A.cs", code)).Should().HaveCount(faults);

    [Theory]
    [InlineData("class DatabaseFolder { }")]
    [InlineData("class A : BackgroundService { IServiceProvider B; }")]
    [InlineData("class A { object B(TimeProvider c) => c.GetUtcNow(); }")]
    [InlineData("class A { async Task B(SemaphoreSlim c) => await c.WaitAsync(); }")]
    public void What_a_framework_calls_its_types_is_not_ours_to_change(string code) =>
        Wording.Faults(new SourceFile("src/CpIs.Server/A.cs", code)).Should().BeEmpty();
}
