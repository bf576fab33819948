using System.Collections.Concurrent;
using System.Net;
using Dapper;
using FluentAssertions;
using Microsoft.AspNetCore.Http;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Notices;

/// <summary>
/// R18: no notice is lost and none overtakes another, whatever a receiver does; and no receiver's trouble is another's.
/// </summary>
public sealed class DeliveryTests
{
    private const int Looks = 6;

    /// <summary>What a receiver may do instead of taking a notice.</summary>
    public static TheoryData<string> Troubles =>
        ["down", "500", "410", "redirect", "huge body", "slow", "hangs up", "flapping"];

    [Theory]
    [MemberData(nameof(Troubles))]
    public async Task A_receiver_in_trouble_for_a_day_gets_everything_in_order_afterwards(string trouble)
    {
        await using var own = await OwnServer.StartAsync();
        await using var healthy = await LoopbackReceiver.StartAsync();
        await using var elsewhere = await LoopbackReceiver.StartAsync();
        var troubled = await LoopbackReceiver.StartAsync();
        var (port, address) = (troubled.Address.Port, troubled.Address);
        await new InventedSubscription { Endpoint = healthy.Address }.ActivateAsync(own.Server.Leeds);
        var id = await new InventedSubscription { Endpoint = address, Numbers = [("backport-timeout", 1)] }
            .ActivateAsync(own.Server.Lancashire);
        Begin(troubled, trouble, elsewhere.Address);
        if (trouble == "down")
        {
            await troubled.DisposeAsync();
        }

        for (var i = 0; i < Looks; i++)
        {
            await LookAsync(own.Server);
            own.Server.Clock.Move(TimeSpan.FromHours(4));
            await Task.Delay(400);
        }

        await healthy.EventsAsync(Looks);
        healthy.Numbers.Should().Equal(Enumerable.Range(1, Looks).Select(n => (long)n),
            "another's trouble is no matter");
        if (trouble == "down")
        {
            troubled = await LoopbackReceiver.StartAsync(port);
        }

        troubled.Instead = null;
        own.Server.Clock.Move(TimeSpan.FromHours(2));
        await troubled.EventsAsync(Looks);

        troubled.Numbers.Should().Equal(Enumerable.Range(1, Looks).Select(n => (long)n));
        elsewhere.Asked.Should().Be(0, "no redirect is followed");
        var read = await InventedSubscription.HasStatusAsync(own.Server.Lancashire, id, "active");
        read["error"].Should().BeNull();
        await troubled.DisposeAsync();
    }

    [Fact]
    public async Task A_receiver_that_closes_its_connections_between_notices_is_told_at_once_all_the_same()
    {
        await using var own = await OwnServer.StartAsync();
        await using var receiver = await LoopbackReceiver.StartAsync();
        var used = new ConcurrentDictionary<string, bool>();
        receiver.Instead = http =>
        {
            var again = !used.TryAdd(http.Connection.Id, true);
            if (again)
            {
                http.Abort();
            }

            return Task.FromResult(again);
        };
        await new InventedSubscription { Endpoint = receiver.Address }.ActivateAsync(own.Server.Lancashire);

        await LookAsync(own.Server);

        await receiver.EventsAsync(1);
        receiver.Numbers.Should().Equal(1);
        receiver.Asked.Should().Be(3, "a handshake, a notice on its connection, and the notice on another");
        receiver.Events.Single().Has("error").Should().BeFalse("it was not tried again later: nothing was wrong");
    }

    [Fact]
    public async Task A_receiver_that_fails_again_and_again_is_said_to_be_in_error_and_after_days_is_given_up()
    {
        await using var own = await OwnServer.StartAsync();
        await using var receiver = await LoopbackReceiver.StartAsync();
        var council = own.Server.Lancashire;
        var wish = new InventedSubscription { Endpoint = receiver.Address };
        var id = await wish.ActivateAsync(council);
        receiver.Answer(HttpStatusCode.InternalServerError);
        await LookAsync(own.Server);
        for (var i = 0; i < 6; i++)
        {
            await Task.Delay(400);
            own.Server.Clock.Move(TimeSpan.FromHours(2));
        }

        (await InventedSubscription.HasStatusAsync(council, id, "error")).Text("error").Should().Contain("500");
        own.Server.Clock.Move(TimeSpan.FromDays(8));
        await Task.Delay(1000);
        var asked = receiver.Asked;
        own.Server.Clock.Move(TimeSpan.FromDays(1));
        await LookAsync(own.Server);
        await Task.Delay(1000);
        receiver.Asked.Should().Be(asked, "it was given up");
        new Received(await council.GetOkAsync($"Subscription/{id}/$events"), PollTests.NoHeaders, 0)
            .Numbers.Should().Equal(1, 2);

        receiver.Instead = null;
        await wish.PutAsync(council, id);
        await receiver.EventsAsync(2);
        receiver.Numbers.Should().Equal(1, 2);
    }

    [Fact]
    public async Task Every_delivery_is_in_the_childs_trail_before_it_is_sent()
    {
        await using var own = await OwnServer.StartAsync();
        await using var receiver = await LoopbackReceiver.StartAsync();
        var id = await new InventedSubscription { Endpoint = receiver.Address }.ActivateAsync(own.Server.Lancashire);
        var number = await LookAsync(own.Server);

        var told = (await receiver.EventsAsync(1)).Single();

        await using var connection = new NpgsqlConnection(own.Server.Database.OwnerConnectionString);
        var (organisation, disclosed, plan, kind) = await connection.QuerySingleAsync<(string, string[], bool, string)>(
            """
            select e.organisation, e.disclosed, e.plan_found, l.kind from ledger.entry e join ledger.lane l using (lane)
            where e.kind = 'notification' and e.nhs_number = @number and e.resource_id = @id and e.request_id = @request
            """, new { number, id, request = told.Headers["X-Request-ID"] });
        organisation.Should().Be("ZZ001");
        plan.Should().BeTrue();
        kind.Should().Be("notice", "look-ups do not wait for deliveries");
        disclosed.Should().Contain(d => d.StartsWith("EpisodeOfCare/")).And.Contain($"Patient/{number}/_history/1");
        (await own.Server.Auditor.GetOkAsync($"AuditEvent?patient={number}&organization=ZZ001"
            + "&entity-type=http://hl7.org/fhir/resource-types|Subscription")).Total().Should().Be(1);
    }

    private static void Begin(LoopbackReceiver receiver, string trouble, Uri elsewhere)
    {
        var count = 0;
        receiver.Instead = trouble switch
        {
            "500" => http => StatusAsync(http, 500),
            "410" => http => StatusAsync(http, 410),
            "redirect" => http =>
            {
                http.Response.Headers.Location = elsewhere.OriginalString;
                return StatusAsync(http, 307);
            },
            "huge body" => HugeAsync,
            "slow" => async http =>
            {
                await Task.Delay(3000, http.RequestAborted);
                return true;
            },
            "hangs up" => http =>
            {
                http.Abort();
                return Task.FromResult(true);
            },
            "flapping" => http => Interlocked.Increment(ref count) % 2 == 0
                ? Task.FromResult(false) : StatusAsync(http, 503),
            _ => null,
        };
    }

    private static Task<bool> StatusAsync(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        return Task.FromResult(true);
    }

    /// <summary>An error whose body does not end.</summary>
    private static async Task<bool> HugeAsync(HttpContext http)
    {
        http.Response.StatusCode = 500;
        var chunk = new byte[1024 * 1024];
        for (var i = 0; i < 1000 && !http.RequestAborted.IsCancellationRequested; i++)
        {
            await http.Response.Body.WriteAsync(chunk, http.RequestAborted);
        }

        return true;
    }

    /// <summary>A look at a new child of both councils; gives the number.</summary>
    private static async Task<string> LookAsync(RunningServer server)
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
        await server.SubmitAsync(plan);
        await server.SubmitAsync((plan with { RowId = plan.RowId + "-L" }).OfLeeds());
        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        return plan.Number;
    }
}
