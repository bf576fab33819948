using System.Net;
using System.Text;
using CpIs.Server.Demographics;
using CpIs.Server.Tests.Demographics;
using Dapper;
using FluentAssertions;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>
/// Files that wait: for the national service (CPF05), for their turn, and senders who must come back later.
/// </summary>
public sealed class WaitingTests : IAsyncLifetime
{
    private const int WaitingMax = 20;
    private const int ReceivingMax = 16;

    private readonly string folder = Directory.CreateTempSubdirectory("cpis-pds-").FullName;
    private readonly MovableClock clock = new();
    private LoopbackPds? pds;
    private RunningServer? running;

    private LoopbackPds Pds => pds!;

    private RunningServer Server => running!;

    public async Task InitializeAsync()
    {
        pds = await LoopbackPds.StartAsync(clock);
        running = new RunningServer
        {
            Clock = clock,
            Demographics = new()
            {
                Source = DemographicsOptions.National,
                Pds = new()
                {
                    Address = pds.Address, TokenAddress = pds.TokenAddress, ApiKey = LoopbackPds.ApiKey,
                    KeyId = LoopbackPds.KeyId, KeyFile = pds.WriteKey(folder), RequestsPerSecond = 1000,
                    AttemptMax = TimeSpan.FromSeconds(20), FirstPause = TimeSpan.FromMilliseconds(5),
                },
            },
        };
        await running.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        await Server.DisposeAsync();
        await Pds.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_file_waits_while_demographics_are_away_says_so_and_goes_on_by_itself()
    {
        var sender = new Sender(Server);
        var (first, second) = (Known("Thistlewood"), InventedPlan.NewNumber());
        Pds.Answer(second, 503, "");
        var posted = await sender.PostAsync(
            Sender.Header + sender.Row("PDS-1", first) + sender.Row("PDS-2", second));
        var status = posted.Content.Headers.ContentLocation!.ToString();

        (await ProgressAsync(sender, status, "CPF05")).Should().StartWith("0 %").And.Contain("demographics");
        (await Server.Clinician.GetOkAsync("Flag?patient=" + first)).Total().Should().Be(0, "nothing is guessed");

        Pds.Answer(second, LoopbackPds.Patient(second, "U", ("usual", "Thistlewood Wren")));
        clock.Move(TimeSpan.FromMinutes(1));
        var done = await sender.DoneAsync(status);

        done["inserted"].Should().Be(2);
        done.Code.Should().Be("CPF02");
        done.Facts["matched"]!.GetValue<decimal>().Should().Be(1);
        (await Server.Clinician.GetOkAsync("Flag?patient=" + first)).Total().Should().Be(1);
    }

    [Fact]
    public async Task What_the_national_service_says_of_each_person_comes_back_as_the_code_of_the_row()
    {
        var sender = new Sender(Server);
        var (known, other, old, now) = (Known("Thistlewood"), Known("Kilnsby"), New(), Known("Thistlewood"));
        var (gone, secret) = (New(), New());
        Pds.Answer(old, LoopbackPds.Patient(now, "U", ("usual", "Thistlewood Wren")));
        Pds.Answer(gone, 404, LoopbackPds.Outcome("INVALIDATED_RESOURCE"));
        Pds.Answer(secret, LoopbackPds.Patient(secret, "R", ("usual", "Thistlewood Wren")));

        var done = await sender.SendAsync(Sender.Header + sender.Row("N-1", known) + sender.Row("N-2", New())
            + sender.Row("N-3", gone) + sender.Row("N-4", secret) + sender.Row("N-5", other) + sender.Row("N-6", old));

        (await done.RefusedAsync()).Select(r => $"{r.RowId} {r.Code} {r.Details}").Should().Equal(
            "N-2 CPR01 no-such-number", "N-3 CPR01 number-invalid", "N-4 CPR02 sensitive", "N-5 CPR03 differs",
            "N-6 CPR05 superseded");
        done["inserted"].Should().Be(1);
    }

    [Fact]
    public async Task A_number_that_the_national_service_replaced_is_followed_until_it_says_otherwise()
    {
        var sender = new Sender(Server);
        var (old, now) = (Known("Thistlewood"), Known("Thistlewood"));
        var file = Sender.Header + sender.Row("LINK-1", old);
        await sender.SendAsync(file);
        Pds.Answer(old, LoopbackPds.Patient(now, "U", ("usual", "Thistlewood Wren")));
        clock.Move(TimeSpan.FromMinutes(61));

        await sender.SendAsync(file, "&dryRun=true");
        (await Server.Clinician.GetOkAsync("Flag?patient=" + now)).Total().Should().Be(0, "a dry run links nothing");
        (await (await sender.SendAsync(file)).RefusedAsync()).Single().Code.Should().Be("CPR05");

        (await Server.Clinician.GetOkAsync("Flag?patient=" + now)).Total().Should().Be(1);
        (await EntriesAsync(old)).Should().Contain("superseded number linked");

        Pds.Answer(old, LoopbackPds.Patient(old, "U", ("usual", "Thistlewood Wren")));
        clock.Move(TimeSpan.FromMinutes(61));
        await sender.SendAsync(file);
        (await Server.Clinician.GetOkAsync("Flag?patient=" + now)).Total().Should().Be(0);
        (await EntriesAsync(old)).Should().Contain("link of superseded number withdrawn");
    }

    [Fact]
    public async Task A_council_may_go_on_under_the_number_that_it_was_told()
    {
        var sender = new Sender(Server);
        var (old, now) = (Known("Thistlewood"), Known("Thistlewood"));
        await sender.SendAsync(Sender.Header + sender.Row("GO-1", old));
        Pds.Answer(old, LoopbackPds.Patient(now, "U", ("usual", "Thistlewood Wren")));
        clock.Move(TimeSpan.FromMinutes(61));
        await sender.SendAsync(Sender.Header + sender.Row("GO-1", old));

        (await sender.SendAsync(Sender.Header + sender.Row("GO-1", now)))["inserted"].Should().Be(1);

        var answer = await Server.Clinician.GetOkAsync("Flag?patient=" + old);
        answer.All("Flag").Single()["subject"]!["identifier"]!.Text("value").Should().Be(now);
        answer.Codes().Should().NotContain("UNCONFIRMED");
    }

    [Fact]
    public async Task Twenty_files_of_a_council_may_wait_and_the_next_is_told_when_to_come_back()
    {
        var sender = new Sender(Server);
        var number = New();
        Pds.Answer(number, 503, "");
        HttpResponseMessage last = await sender.PostAsync(Sender.Header + sender.Row("LINE-1", number));
        for (var i = 1; i < WaitingMax; i++)
        {
            last = await sender.PostAsync(Sender.Header);
            last.StatusCode.Should().Be(HttpStatusCode.Accepted);
        }

        await ShouldComeBackAsync(await sender.PostAsync(Sender.Header));
        var leeds = new Sender(Server, "sandbox-council-leeds");
        (await leeds.SendAsync(Sender.Header)).Code.Should().Be("CPF02", "another council does not wait");

        Pds.Answer(number, LoopbackPds.Patient(number, "U", ("usual", "Thistlewood Wren")));
        clock.Move(TimeSpan.FromMinutes(1));
        (await sender.DoneAsync(last)).Code.Should().Be("CPF02");
        (await sender.PostAsync(Sender.Header)).StatusCode.Should().Be(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Sixteen_files_may_come_in_at_one_time_and_the_next_is_told_when_to_come_back()
    {
        var sender = new Sender(Server);
        var gate = new TaskCompletionSource();
        var extracted = "&extracted=" + Fhir.PlanJson.Instant(clock.GetUtcNow());
        var coming = Enumerable.Range(0, ReceivingMax)
            .Select(i => sender.PostAsync(new SlowFile(Sender.Header + sender.Row("S-" + i, "1"), gate.Task),
                extracted))
            .ToList();
        await using var connection = new NpgsqlConnection(Server.Database.OwnerConnectionString);
        while (await connection.ExecuteScalarAsync<int>(
            "select count(*)::int from cpis.upload where state = 'receiving'") < ReceivingMax)
        {
            await Task.Delay(50);
        }

        await ShouldComeBackAsync(await sender.PostAsync(Sender.Header));

        gate.SetResult();
        (await Task.WhenAll(coming)).Should().OnlyContain(a => a.StatusCode == HttpStatusCode.Accepted);
        (await sender.SendAsync(Sender.Header)).Code.Should().Be("CPF02");
    }

    private static string New() => InventedPlan.NewNumber();

    private string Known(string family)
    {
        var number = New();
        Pds.Answer(number, LoopbackPds.Patient(number, "U", ("usual", family + " Wren")));
        return number;
    }

    private async Task<IEnumerable<string>> EntriesAsync(string number)
    {
        await using var connection = new NpgsqlConnection(Server.Database.OwnerConnectionString);
        return await connection.QueryAsync<string>(
            "select reason from ledger.entry where nhs_number = @number and reason is not null", new { number });
    }

    private static async Task ShouldComeBackAsync(HttpResponseMessage answer)
    {
        (await answer.ShouldBeRefusedAsync(429)).Codes().Should().Equal("TOO_MANY_REQUESTS");
        answer.Headers.RetryAfter!.Delta.Should().BePositive();
    }

    private static async Task<string> ProgressAsync(Sender sender, string status, string sought)
    {
        for (var attempt = 0; attempt < 300; attempt++)
        {
            var answer = await sender.Http.TryAsync(status);
            answer.StatusCode.Should().Be(HttpStatusCode.Accepted);
            var progress = answer.Headers.GetValues("X-Progress").Single();
            if (progress.Contains(sought, StringComparison.Ordinal))
            {
                return progress;
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException("The upload does not say why it waits.");
    }

    /// <summary>A file whose first rows are sent at once and whose end is not.</summary>
    private sealed class SlowFile : HttpContent
    {
        private readonly string first;
        private readonly Task gate;

        public SlowFile(string first, Task gate)
        {
            (this.first, this.gate) = (first, gate);
            Headers.ContentType = new("text/csv");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(first));
            await stream.FlushAsync();
            await gate;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
