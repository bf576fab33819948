using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>
/// A snapshot says what stands: what it leaves out is over, unless so much is over that it must be a slip.
/// </summary>
public sealed class SnapshotTests(RunningServer server) : IClassFixture<RunningServer>
{
    /// <summary>Plans a council holds at the beginning of a test.</summary>
    private const int HeldCount = 20;

    private readonly string prefix = "S" + Guid.NewGuid().ToString("N")[..8] + "-";

    private readonly List<string> numbers = [.. Enumerable.Range(0, HeldCount).Select(_ => InventedPlan.NewNumber())];

    [Fact]
    public async Task A_plan_that_a_snapshot_leaves_out_ends_today_and_is_listed()
    {
        var council = await HeldAsync("sandbox-council-sheffield");

        var done = await council.SendAsync(Snapshot(council, 2), "&mode=snapshot&rows=18");

        done["endedByAbsence"].Should().Be(2);
        done["unchanged"].Should().Be(18);
        (await done.FileAsync("ended.csv")).Split("\r\n")[1..3].Select(l => l.Split(',')[1])
            .Should().BeEquivalentTo(numbers[..2]);
        var plan = (await council.Http.GetOkAsync("EpisodeOfCare?patient=" + numbers[0])).All("EpisodeOfCare").Single();
        plan.Text("status").Should().Be("finished");
        plan["period"]!.Text("end").Should().Be(council.Day(0));
        (await server.Clinician.GetOkAsync("Flag?patient=" + numbers[0])).All("Flag").Single().Text("status")
            .Should().Be("inactive", "it is shown as ended");
    }

    [Fact]
    public async Task A_dry_snapshot_lists_what_would_end_and_ends_nothing()
    {
        var council = await HeldAsync("sandbox-council-islington");

        var done = await council.SendAsync(Snapshot(council, 2), "&mode=snapshot&rows=18&dryRun=true");

        done["endedByAbsence"].Should().Be(2);
        (await StatusAsync(council, 0)).Should().Be("active");
    }

    [Theory]
    [InlineData("", 17)]
    [InlineData("?", 19)]
    public async Task A_snapshot_that_is_not_whole_ends_nothing(string unreadable, int stated)
    {
        var council = await HeldAsync("sandbox-council-leeds");
        var file = Snapshot(council, 2) + (unreadable.Length == 0 ? "" : council.Row("", InventedPlan.NewNumber()));

        var done = await council.SendAsync(file, "&mode=snapshot&rows=" + stated);

        done["endedByAbsence"].Should().Be(0);
        done["unchanged"].Should().Be(18);
        done.Facts["issue"]![0]!.Text("diagnostics").Should().Contain("not ended");
        (await StatusAsync(council, 0)).Should().Be("active");
    }

    [Fact]
    public async Task A_refused_row_of_a_snapshot_counts_as_present()
    {
        var council = await HeldAsync("sandbox-council-leeds");
        var file = Snapshot(council, 1) + council.Row(prefix + 0, numbers[0], birth: "unknown");

        var done = await council.SendAsync(file, "&mode=snapshot&rows=20");

        done["refused"].Should().Be(1);
        (await StatusAsync(council, 0)).Should().Be("active");
    }

    [Theory]
    [InlineData("&mode=snapshot&rows=10", 10)]
    [InlineData("&mode=changes", 0)]
    public async Task More_endings_than_an_ordinary_day_brings_are_refused_until_their_number_is_named(
        string mode, int ended)
    {
        var council = await HeldAsync("sandbox-council-sheffield");
        var file = mode.Contains("snapshot", StringComparison.Ordinal) ? Snapshot(council, 10)
            : Sender.Header + string.Concat(numbers[..10].Select((n, i) => council.Row(prefix + i, n,
                end: council.Day(0))));

        var refused = await council.SendAsync(file, mode);

        refused.Code.Should().Be("CPF04");
        refused["refused"].Should().Be(10);
        var why = refused.Facts["issue"]![0]!.Text("diagnostics");
        why.Should().Contain("confirmEnd=10");
        (await refused.RefusedAsync()).Select(r => (r.Code, r.Details)).Should()
            .Equal(Enumerable.Repeat(("CPR07", "guard"), 10), "a line for each row, as many as the manifest says");
        (await refused.FileAsync("errors.csv")).Split("\r\n", StringSplitOptions.RemoveEmptyEntries)
            .Should().HaveCount(11).And.Subject.Skip(1).Should().OnlyContain(l => l.Contains("Nothing of this file"));
        (await StatusAsync(council, 0)).Should().Be("active");

        (await council.SendAsync(file, mode + "&confirmEnd=9")).Code.Should().Be("CPF04");
        var meant = await council.SendAsync(file, mode + "&confirmEnd=10");
        meant.Code.Should().Be("CPF02");
        meant["endedByAbsence"].Should().Be(ended);
        (await StatusAsync(council, 0)).Should().Be("finished");
    }

    [Fact]
    public async Task A_snapshot_without_rows_or_without_their_number_is_refused()
    {
        var council = new Sender(server);

        await (await council.PostAsync(Sender.Header, "&mode=snapshot&rows=0")).ShouldBeRefusedAsync(422);
        await (await council.PostAsync(Sender.Header, "&mode=snapshot")).ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task A_plan_that_ends_makes_room_for_the_next_wherever_it_stands_in_the_file()
    {
        var council = await HeldAsync("sandbox-council-sheffield");

        var done = await council.SendAsync(Sender.Header
            + council.Row(prefix + "next", numbers[7], start: council.Day(-1))
            + council.Row(prefix + 7, numbers[7], end: council.Day(-1)));

        done["inserted"].Should().Be(1);
        done["ended"].Should().Be(1);
    }

    [Fact]
    public async Task A_first_file_may_hold_the_unborn_plan_and_the_childs_plan_that_follows_it()
    {
        var council = new Sender(server, "sandbox-council-leeds");
        var (mother, child) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        var birth = council.Day(-3);

        var done = await council.SendAsync(Sender.Header
            + council.Row(prefix + "C", child, "Marshgate", birth: birth, start: birth, follows: prefix + "U")
            + council.Row(prefix + "U", mother, "Marshgate", "Rowan", "1995-02-03", "unborn", council.Day(-60), birth));

        done["inserted"].Should().Be(2);
        (await server.Clinician.GetOkAsync("Flag?patient=" + child)).Total().Should().Be(1);
    }

    [Fact]
    public async Task A_childs_row_ends_the_unborn_plan_that_it_follows()
    {
        var council = new Sender(server);
        var (mother, child) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        await council.SendAsync(Sender.Header + council.Row(prefix + "U", mother, birth: "1999-03-04", plan: "UCPIU",
            start: council.Day(-90)) + council.Row(prefix + "V", InventedPlan.NewNumber(), birth: "1998-03-04",
            plan: "unborn"));

        var done = await council.SendAsync(Sender.Header + council.Row(prefix + "C", child, birth: council.Day(-3),
            start: council.Day(-3), follows: prefix + "U"));

        done["inserted"].Should().Be(1);
        (await council.Http.GetOkAsync("EpisodeOfCare?patient=" + mother)).All("EpisodeOfCare").Single()
            .Text("status").Should().Be("finished");
    }

    /// <summary>What a test holds; what others left is confirmed away first.</summary>
    private async Task<Sender> HeldAsync(string persona)
    {
        var council = new Sender(server, persona);
        var file = Snapshot(council, 0);
        var first = await council.SendAsync(file, $"&mode=snapshot&rows={HeldCount}");
        if (first.Code == "CPF04")
        {
            var words = first.Facts["issue"]![0]!.Text("diagnostics").Split("confirmEnd=")[1].TrimEnd('.');
            first = await council.SendAsync(file, $"&mode=snapshot&rows={HeldCount}&confirmEnd={words}");
        }

        first["inserted"].Should().Be(HeldCount);
        return council;
    }

    private string Snapshot(Sender council, int leftOut) => Sender.Header + string.Concat(
        numbers.Select((n, i) => council.Row(prefix + i, n)).Skip(leftOut));

    private async Task<string> StatusAsync(Sender council, int place) =>
        (await council.Http.GetOkAsync("EpisodeOfCare?patient=" + numbers[place])).All("EpisodeOfCare").Single()
            .Text("status");
}
