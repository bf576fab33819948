using System.Net;
using CpIs.Testing;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Faults;

/// <summary>
/// The connection dies at the commit itself. A look-up is then no answer; a write is resolved from the ledger: it is
/// said to be done exactly when it was.
/// </summary>
public sealed class CommitCutTests : IAsyncLifetime
{
    private CuttingProxy Proxy { get; set; } = null!;

    private RunningServer Server { get; set; } = null!;

    public async Task InitializeAsync()
    {
        Server = new RunningServer
        {
            Through = connection =>
            {
                var place = new NpgsqlConnectionStringBuilder(connection);
                Proxy = new CuttingProxy($"{place.Host}/.s.PGSQL.{place.Port}");
                return Proxy.Through(connection);
            },
        };
        await Server.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        await Proxy.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_look_up_whose_record_was_cut_off_is_no_answer_whether_it_was_recorded_or_not(bool committed)
    {
        var plan = new InventedPlan { Start = Server.Today.AddDays(-3) };
        await Server.SubmitAsync(plan);
        (await Server.Clinician.TryAsync("Flag?patient=" + plan.Number)).StatusCode.Should().Be(HttpStatusCode.OK);
        var cut = Guid.NewGuid().ToString();

        // What signs the ledger inserts too, and it is not its insert that is to be cut off.
        await Server.SignedAsync();
        Proxy.Arm(forwardFirst: committed, committed ? "INSERT 0 " : cut);
        using var answer = await LookUpAsync(plan, cut);

        Proxy.Cuts.Should().Be(1);
        var body = await answer.ShouldBeRefusedAsync(503);
        answer.Headers.RetryAfter.Should().NotBeNull();
        body.ToJsonString().Should().NotContain(plan.Number).And.NotContain(plan.Family);
        (await Ledger.OfRequestAsync(Server, cut)).Should().HaveCount(committed ? 1 : 0);
        await UntilAnsweredAsync(plan);
        (await Ledger.BrokenLanesAsync(Server.Database.OwnerConnectionString)).Should().BeEmpty();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_write_whose_commit_was_cut_off_is_said_to_be_done_exactly_when_it_was(bool committed)
    {
        var plan = new InventedPlan { Start = Server.Today.AddDays(-3) };
        var id = Guid.NewGuid().ToString();
        using var request = new HttpRequestMessage(HttpMethod.Post, Server.Base)
        {
            Content = RunningServer.Json(plan.Bundle()),
        };
        request.Headers.Add("X-Request-ID", id);
        var recorded = Guid.NewGuid().ToString();
        request.Headers.Add("X-Correlation-ID", recorded);

        Proxy.Arm(forwardFirst: committed, committed ? null : recorded);
        using var answer = await Server.Lancashire.SendAsync(request);

        Proxy.Cuts.Should().Be(1);
        answer.StatusCode.Should().Be(committed ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable);
        (await Ledger.OfRequestAsync(Server, id)).Should().HaveCount(committed ? 3 : 0);
        await UntilAnsweredAsync(plan, committed ? 1 : 0);
        (await Ledger.BrokenLanesAsync(Server.Database.OwnerConnectionString)).Should().BeEmpty();
    }

    private async Task<HttpResponseMessage> LookUpAsync(InventedPlan plan, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "Flag?patient=" + plan.Number);
        request.Headers.Add("X-Request-ID", id);
        return await Server.Clinician.SendAsync(request);
    }

    /// <summary>The lost lane is replaced by the server itself, within moments.</summary>
    private async Task UntilAnsweredAsync(InventedPlan plan, int found = 1)
    {
        for (var attempt = 0; ; attempt++)
        {
            using var answer = await LookUpAsync(plan, Guid.NewGuid().ToString());
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                (await answer.BodyAsync()).Total().Should().Be(found);
                return;
            }

            attempt.Should().BeLessThan(100, "the lane heals by itself");
            await Task.Delay(100);
        }
    }
}
