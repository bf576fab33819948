using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class LimitsTests
{
    [Fact]
    public void Every_bound_has_a_name_and_a_unit() =>
        Checkout.Product.SelectMany(Limits.Faults).Should().BeEmpty();

    [Fact]
    public void Queues_bounded_elsewhere_are_there() =>
        Limits.BoundedElsewhere.Keys.Should().BeSubsetOf(Checkout.Files);

    [Theory]
    [InlineData("class A { object B = Channel.CreateUnbounded<int>(); }", "bound it")]
    [InlineData("class A { void B() { C(new BoundedChannelOptions(5000)); } }", "5000")]
    [InlineData("class A { void B() { D = TimeSpan.FromSeconds(30); } }", "30")]
    [InlineData("class A { async Task B() { await Task.Delay(250); } }", "250")]
    [InlineData("class A { void B() { var c = new SemaphoreSlim(8); } }", "8")]
    [InlineData("class A { void B() { c.MaxDegreeOfParallelism = 4; } }", "4")]
    [InlineData("class A { void B() { c.CommandTimeout = 4; } }", "4")]
    [InlineData("class A { const int CommitWait = 4; }", "unit")]
    [InlineData("class A { void B() { const int RetryDelay = 4; } }", "unit")]
    public void A_bound_without_a_name_or_a_unit_is_refused(string code, string fault) =>
        Limits.Faults(new SourceFile("src/CpIs.Server/A.cs", code))
            .Should().ContainSingle().Which.Should().Contain(fault);

    [Theory]
    [InlineData("class A { const int CommitWaitMs = 4; void B() { C(Task.Delay(CommitWaitMs)); } }")]
    [InlineData("class A { static readonly TimeSpan Skew = TimeSpan.FromSeconds(60); }")]
    [InlineData("class A { const int QueueEntriesMax = 9; object B = Channel.CreateBounded<int>(QueueEntriesMax); }")]
    [InlineData("class A { void B() { var c = new SemaphoreSlim(1); } }")]
    public void A_named_bound_is_welcome(string code) =>
        Limits.Faults(new SourceFile("src/CpIs.Server/A.cs", code)).Should().BeEmpty();
}
