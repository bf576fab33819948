using System.Diagnostics;
using System.Net;
using CpIs.Audit;
using CpIs.Faults;
using CpIs.Fhir;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Faults;

/// <summary>
/// The data could be read and written, only the record of it could not be made: then nothing leaves, nothing changes,
/// and when the ledger takes entries again everything goes on without a restart.
/// </summary>
[Collection(RealServers.Name)]
public sealed class LedgerClosedTests
{
    private const int CommitWaitMs = 1500;
    private const int HealSecondsMax = 60;

    /// <summary>Longer than anybody here waits.</summary>
    private const int SlowSeconds = 5;

    [Fact]
    public Task While_the_server_may_not_insert_entries_nothing_is_shown_or_changed() =>
        NothingIsShownOrChangedAsync(ClosedLedger.RevokedAsync);

    [Fact]
    public Task While_another_session_holds_the_entries_nothing_is_shown_or_changed() =>
        NothingIsShownOrChangedAsync(ClosedLedger.LockedAsync);

    [Fact]
    public Task While_no_partition_takes_the_entries_nothing_is_shown_or_changed() =>
        NothingIsShownOrChangedAsync(ClosedLedger.WithoutPartitionAsync);

    [Fact]
    public async Task An_insert_of_a_second_is_waited_for_and_the_look_up_is_answered()
    {
        await using var scene = await Scene.OpenAsync(5000);
        var since = Stopwatch.StartNew();
        await using (await ClosedLedger.SlowAsync(scene.Superuser, 1, default))
        {
            using var look = await scene.LookUpAsync();
            look.StatusCode.Should().Be(HttpStatusCode.OK);
        }

        since.Elapsed.Should().BeGreaterThan(TimeSpan.FromSeconds(1),
            "nobody is answered before the record is durable");
        await scene.ShouldBeWholeAsync();
    }

    [Fact]
    public async Task An_insert_slower_than_the_wait_is_no_answer_and_the_lanes_recover()
    {
        await using var scene = await Scene.OpenAsync(CommitWaitMs);
        await using (await ClosedLedger.SlowAsync(scene.Superuser, SlowSeconds, default))
        {
            var since = Stopwatch.StartNew();
            using var look = await scene.LookUpAsync();
            since.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(SlowSeconds), "a clinician is told in time");
            await scene.ShouldBeNoAnswerAsync(look);
        }

        await scene.ShouldHealAsync();
        await scene.ShouldBeWholeAsync();
    }

    private static async Task NothingIsShownOrChangedAsync(
        Func<string, CancellationToken, Task<ClosedLedger>> closeAsync)
    {
        await using var scene = await Scene.OpenAsync(CommitWaitMs);
        await using (await closeAsync(scene.Superuser, default))
        {
            for (var i = 0; i < 3; i++)
            {
                using var look = await scene.LookUpAsync();
                await scene.ShouldBeNoAnswerAsync(look);
                using var read = await scene.Server.Clinician.TryAsync("Flag/" + scene.Flag);
                await scene.ShouldBeNoAnswerAsync(read);
            }
        }

        var before = await scene.VersionsAsync();
        await using (await closeAsync(scene.Superuser, default))
        {
            using var delete = await scene.Server.Lancashire.DeleteAsync(
                new Uri("EpisodeOfCare/" + scene.Episode, UriKind.Relative));
            await scene.ShouldBeNoAnswerAsync(delete);
            var plan = new InventedPlan { Start = scene.Server.Today.AddDays(-3) };
            using var submit = await scene.Server.Lancashire.PostAsync(
                scene.Server.Base, RunningServer.Json(plan.Bundle()));
            await scene.ShouldBeNoAnswerAsync(submit);
        }

        await scene.ShouldHealAsync();
        (await scene.VersionsAsync()).Should().Equal(before, "what could not be recorded was not done");
        await scene.ShouldBeWholeAsync();
    }

    /// <summary>One child with a plan, and a server whose ledger a test may close.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly InventedPlan plan;
        private readonly List<string> answered = [];

        private Scene(RunningServer server, InventedPlan plan)
        {
            Server = server;
            this.plan = plan;
        }

        public RunningServer Server { get; }

        public string Episode { get; private set; } = "";

        public string Flag { get; private set; } = "";

        public string Superuser => Server.Database.OwnerConnectionString;

        public static async Task<Scene> OpenAsync(int commitWaitMs)
        {
            var server = new RunningServer { CommitWaitMs = commitWaitMs };
            await server.InitializeAsync();
            var scene = new Scene(server, new InventedPlan { Start = server.Today.AddDays(-3) });
            (scene.Episode, scene.Flag) = await server.SubmitAsync(scene.plan);
            using var look = await scene.LookUpAsync();
            look.StatusCode.Should().Be(HttpStatusCode.OK);
            return scene;
        }

        public async Task<HttpResponseMessage> LookUpAsync()
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, $"Flag?patient={plan.Number}&_include=Flag:patient");
            var id = Guid.NewGuid().ToString();
            request.Headers.Add("X-Request-ID", id);
            var answer = await Server.Clinician.SendAsync(request);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                (await answer.BodyAsync()).All("Flag").Should().ContainSingle();
                answered.Add(id);
            }

            return answer;
        }

        public async Task ShouldBeNoAnswerAsync(HttpResponseMessage answer)
        {
            var body = await answer.ShouldBeRefusedAsync(503);
            answer.Headers.RetryAfter.Should().NotBeNull();
            body.Diagnostics().Should().Equal(Words.NoAnswer);
            body.ToJsonString().Should().NotContain(plan.Number).And.NotContain(plan.Family).And.NotContain(Flag)
                .And.NotContain(Episode).And.NotContain("Npgsql");
        }

        public async Task ShouldHealAsync()
        {
            var since = Stopwatch.StartNew();
            while (true)
            {
                using var look = await LookUpAsync();
                if (look.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }

                since.Elapsed.TotalSeconds.Should().BeLessThan(HealSecondsMax, "it heals without a restart");
                await Task.Delay(100);
            }
        }

        public async Task<List<string>> VersionsAsync()
        {
            await using var connection = new NpgsqlConnection(Superuser);
            return [.. await connection.QueryAsync<string>("""
                select council || row_id || episode_version || '/' || flag_version from cpis.plan
                union all select resource_id || '/' || version from cpis.version
                union all select nhs_number || '/' || version from cpis.patient order by 1
                """)];
        }

        /// <summary>Every answer of success has its entry, and every lane verifies to its end.</summary>
        public async Task ShouldBeWholeAsync()
        {
            foreach (var id in answered)
            {
                (await Ledger.OfRequestAsync(Server, id)).Should().Contain((200, 0));
            }

            await Server.SignedAsync();
            var lanes = await Books.CheckAsync(Superuser, Server.Folder, default);
            lanes.Should().NotBeEmpty().And.OnlyContain(lane => lane.IsWhole);
        }

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }
}
