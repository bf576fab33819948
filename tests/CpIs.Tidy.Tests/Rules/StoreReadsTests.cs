using CpIs.Audit;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class StoreReadsTests
{
    [Fact]
    public void Every_store_hands_out_envelopes_only() =>
        StoreReads.Stores(typeof(SampleRow).Assembly).SelectMany(StoreReads.Faults).Should().BeEmpty();

    [Fact]
    public void Plain_answers_from_a_store_are_found() =>
        StoreReads.Faults(typeof(LeakyStore)).Should().HaveCount(2)
            .And.Contain(fault => fault.Holds("Later"))
            .And.Contain(fault => fault.Holds("Stream"));

    [Fact]
    public void Sealed_and_internal_answers_are_welcome() =>
        StoreReads.Faults(typeof(TightStore)).Should().BeEmpty();

    private static class LeakyStore
    {
        internal static Task<byte[]?> Later() => Task.FromResult<byte[]?>(null);

        public static async IAsyncEnumerable<int> Stream()
        {
            await Task.Yield();
            yield return 1;
        }
    }

    private static class TightStore
    {
        public static Task<Sealed<byte[]>> Read() => Task.FromResult(new Sealed<byte[]>([], [], 0));

        internal static ValueTask<Internal<int>> Cursor() => new(new Internal<int>(1));

        public static async Task Forget() => await Hidden();

        private static Task<int> Hidden() => Task.FromResult(1);
    }
}
