using CpIs.Testing;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Database;

/// <summary>Behind a load balancer the next page is asked of whichever server is free.</summary>
public sealed class PageKeysTests
{
    [Fact]
    public async Task A_link_that_one_server_made_is_opened_by_another_on_the_same_database()
    {
        await using var database = await TestDatabase.CreateAsync();
        var (first, second) = (new RunningServer { Shared = database }, new RunningServer { Shared = database });
        await first.InitializeAsync();
        try
        {
            await second.InitializeAsync();
            for (var i = 0; i < 3; i++)
            {
                await first.SubmitAsync(new InventedPlan { Start = first.Today });
            }

            var page = await first.Lancashire.GetOkAsync("Flag?_count=2");
            var next = page["link"]!.AsArray().Single(l => l!.Text("relation") == "next")!.Text("url");
            var rest = await second.Lancashire.GetOkAsync(next[(next.IndexOf("Flag?", StringComparison.Ordinal))..]);

            page.All("Flag").Concat(rest.All("Flag")).Select(f => f.Text("id")).Distinct().Should().HaveCount(3);
        }
        finally
        {
            await second.DisposeAsync();
            await first.DisposeAsync();
        }
    }
}
