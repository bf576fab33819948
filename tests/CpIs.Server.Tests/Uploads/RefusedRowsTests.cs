using System.Text;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>
/// A file with every fault: each row comes back with its place and its reason, and the good are loaded.
/// </summary>
public sealed class RefusedRowsTests(RunningServer server) : IClassFixture<RunningServer>
{
    private readonly Sender sender = new(server);

    [Fact]
    public async Task A_file_with_every_fault_names_each_row_its_place_and_its_reason()
    {
        var number = InventedPlan.NewNumber();
        var (twins, two) = (InventedPlan.NewNumber(), InventedPlan.NewNumber());
        (string Row, string? Code, string? Detail)[] rows =
        [
            (sender.Row("F-1", number), null, null),
            (sender.Row("F-2", "9990000019"), "CPR04", "number-format"),
            (sender.Row("F-3", "9.99E+09"), "CPR04", "number-format"),
            (sender.Row("F-4", ""), "CPR04", "number-format"),
            (sender.Row("F-5", InventedPlan.NewNumber(), birth: "2018-31-12"), "CPR07", "date"),
            (sender.Row("F-6", InventedPlan.NewNumber(), family: ""), "CPR07", "missing"),
            (sender.Row("F-7", InventedPlan.NewNumber(), plan: "care"), "CPR07", "plan"),
            (sender.Row("F-8", InventedPlan.NewNumber(), end: sender.Day(-9)), "CPR07", "date"),
            (sender.Row("F-9", InventedPlan.NewNumber(), start: sender.Day(40)), "CPR07", "invalid-value"),
            (sender.Row("F-10", InventedPlan.NewNumber(), remove: "moved"), "CPR07", "remove"),
            (sender.Row("F-11", InventedPlan.NewNumber(), remove: "error"), "CPR07", "not-held"),
            (sender.Row("F-12", InventedPlan.NewNumber(), plan: "unborn"), "CPR07", "mother-expected"),
            (sender.Row("F-13", InventedPlan.NewNumber(), "Unborn", birth: "1999-01-01", plan: "unborn"), "CPR07",
                "mother-expected"),
            (sender.Row("F-14", two, "Arden"), "CPR07", "two-people-one-number"),
            (sender.Row("F-15", two, "Blake", plan: "looked-after"), "CPR07", "two-people-one-number"),
            (sender.Row("F-16", InventedPlan.NewNumber()), "CPR07", "duplicate-row"),
            (sender.Row("F-16", InventedPlan.NewNumber()), "CPR07", "duplicate-row"),
            (sender.Row("F-17", twins), "CPR07", "overlap"),
            (sender.Row("F-18", twins), "CPR07", "overlap"),
            (sender.Row("F-19", InventedPlan.NewNumber(), follows: "NOWHERE"), "CPR07", "invalid-resource"),
            (sender.Row("F-20", InventedPlan.NewNumber(), given: "\"Wren\"x"), "CPR07", "quotes"),
            ("F-21,1,2\r\n", "CPR07", "fields"),
            (sender.Row("", InventedPlan.NewNumber()), "CPR07", "missing"),
            (sender.Row("F-23", InventedPlan.NewNumber(), given: "a\0b"), "CPR07", "nul"),
            (sender.Row("F-24", InventedPlan.NewNumber(), given: new string('x', 70_000)), "CPR07", "row-too-long"),
            (sender.Row("F-25", InventedPlan.NewNumber(), given: "\"Wr\r\nen\""), null, null),
            (sender.Row("F-26", InventedPlan.NewNumber(), birth: "31/12/2017", start: "01/06/2026"), null, null),
            (sender.Row(new string('r', 80), InventedPlan.NewNumber()), "CPR07", "profile"),
            (sender.Row("F-28", InventedPlan.NewNumber(), birth: "2001-02-03", end: ""), null, null),
            (sender.Row("F-29", InventedPlan.NewNumber(), given: "\"open"), "CPR07", "quotes"),
            (sender.Row("F-30", " 999 000 0018 "), null, null),
        ];

        var islington = new Sender(server, "sandbox-council-islington");
        var done = await islington.SendAsync(Sender.Header + string.Concat(rows.Select(r => r.Row)));

        var expected = new List<(int, long, string?, string?)>();
        var (line, at) = (2, (long)Encoding.UTF8.GetByteCount(Sender.Header));
        foreach (var (row, code, detail) in rows)
        {
            if (code is not null)
            {
                expected.Add((line, at, code, detail));
            }

            line += row.Count(c => c == '\n');
            at += Encoding.UTF8.GetByteCount(row);
        }

        var refused = (await done.RefusedAsync()).Select(r => (r.Line, r.At, (string?)r.Code, (string?)r.Details));
        refused.Should().Equal(expected);
        (await done.FileAsync("refused.ndjson")).Should().NotContain("Bundle.", "nobody sent one")
            .And.Contain("\"expression\":[\"start\"]").And.Contain("\"expression\":[\"follows_row_id\"]");
        done["inserted"].Should().Be(4);
        done["skipped"].Should().Be(1, "the adult of row 28 is nobody whom a first load need show");
        done.Code.Should().Be("CPF03");
        (await server.Clinician.GetOkAsync("Flag?patient=" + number)).Total().Should().Be(1);
    }

    [Fact]
    public async Task A_byte_order_mark_and_windows_letters_are_told_apart()
    {
        byte[] mark = [0xEF, 0xBB, 0xBF];
        var bad = sender.Row("W-2", InventedPlan.NewNumber(), family: "Si?n");
        byte[] file =
        [
            .. mark, .. Encoding.UTF8.GetBytes(Sender.Header + sender.Row("W-1", InventedPlan.NewNumber(), "Siân")),
            .. Encoding.Latin1.GetBytes(bad.Replace('?', 'â')),
        ];
        var before = file.Length - bad.Length;

        var done = await sender.DoneAsync(await sender.PostAsync(file));

        var refused = (await done.RefusedAsync()).Single();
        refused.Should().Match<RefusedLine>(r => r.Line == 3 && r.At == before && r.RowId == "W-2"
            && r.Details == "encoding");
        refused.Text.Should().Contain("Windows-1252").And.Contain("CSV UTF-8");
        done["inserted"].Should().Be(1);
    }

    [Theory]
    [InlineData("row_id,nhs_number,family,given,birth_date,plan,start,category_of_abuse", "category_of_abuse")]
    [InlineData("row_id,nhs_number,family,given,birth_date,plan", "start")]
    [InlineData("row_id;nhs_number;family;given;birth_date;plan;start", "commas")]
    [InlineData("row_id,nhs_number,family,given,birth_date,plan,start,START", "twice")]
    public async Task A_file_is_refused_by_its_header_alone_and_nothing_of_it_is_kept(string header, string named)
    {
        var answer = await sender.PostAsync(header + "\r\nHDR-1,secret");

        var outcome = await answer.ShouldBeRefusedAsync(400);
        outcome.Codes().Should().Equal("CPF01");
        outcome.Diagnostics().Single().Should().Contain(named);
        await using var connection = new Npgsql.NpgsqlConnection(server.Database.OwnerConnectionString);
        (await Dapper.SqlMapper.ExecuteScalarAsync<long>(connection,
            "select count(*) from cpis.upload_row where fields like '%HDR-1%'")).Should().Be(0);
    }

    [Fact]
    public async Task A_file_without_a_header_is_refused_and_nobody_in_it_is_named_in_the_answer()
    {
        var answer = await sender.PostAsync(sender.Row("NOH-1", "9990000018"));

        var outcome = await answer.ShouldBeRefusedAsync(400);
        outcome.Codes().Should().Equal("CPF01");
        outcome.Diagnostics().Single().Should().Contain("no header").And.Contain("row_id").And
            .NotContainEquivalentOf("Thistlewood").And.NotContain("9990000018");
    }

    [Theory]
    [InlineData(new byte[] { 0x50, 0x4B, 3, 4, 20, 0, 6 }, "workbook")]
    [InlineData(new byte[] { 0x1F, 0x8B, 8, 0, 0, 0, 0 }, "Content-Encoding")]
    [InlineData(new byte[] { 0xFF, 0xFE, 0x72, 0 }, "UTF-16")]
    public async Task A_file_of_another_kind_is_refused_by_saying_which(byte[] file, string said) =>
        (await (await sender.PostAsync(file)).ShouldBeRefusedAsync(400)).Diagnostics().Single()
            .Should().Contain("CPF01").And.Contain(said);

    [Fact]
    public async Task The_errors_file_repeats_the_councils_columns_and_starts_no_formula()
    {
        var done = await sender.SendAsync("NHS_NUMBER,given,family,row_id,birth_date,plan,start\n"
            + "9990000019,=1+1,\"O'Neil, Jun\",E-1,2018-04-05,CPPIU," + sender.Day(-1) + "\n");

        var lines = (await done.FileAsync("errors.csv")).Split("\r\n");
        lines[0].Should().Be("nhs_number,given,family,row_id,birth_date,plan,start,code,reason");
        lines[1].Should().StartWith("9990000019,'=1+1,\"O'Neil, Jun\",E-1,2018-04-05,CPPIU,")
            .And.Contain(",CPR04,").And.Contain("check digit");
    }

    [Fact]
    public async Task A_refused_row_leaves_the_plan_that_stood_and_is_counted_as_kept()
    {
        var number = InventedPlan.NewNumber();
        await sender.SendAsync(Sender.Header + sender.Row("KEEP-1", number));

        var done = await sender.SendAsync(Sender.Header + sender.Row("KEEP-1", number, birth: "?"));

        done["kept"].Should().Be(1);
        done.Code.Should().Be("CPF04");
        (await server.Clinician.GetOkAsync("Flag?patient=" + number)).Total().Should().Be(1);
    }

    [Fact]
    public async Task A_plan_that_moves_to_another_number_is_refused()
    {
        await sender.SendAsync(Sender.Header + sender.Row("NUM-1", InventedPlan.NewNumber()));

        var done = await sender.SendAsync(Sender.Header + sender.Row("NUM-1", InventedPlan.NewNumber()));

        (await done.RefusedAsync()).Single().Details.Should().Be("number-changed");
    }
}
