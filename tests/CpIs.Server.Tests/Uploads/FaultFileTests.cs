using System.Text;
using CpIs.Server.Tests.Demographics;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>
/// Rows that are well written and still cannot be taken: of people whom demographics do not confirm, and against what
/// the council holds already. Each comes back with its code, its line, its byte and its reason.
/// </summary>
public sealed class FaultFileTests : IAsyncLifetime
{
    private readonly RunningServer server = new();

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task Every_code_of_a_person_comes_back_with_its_place_and_the_good_rows_are_loaded()
    {
        var sender = new Sender(server);
        var (known, two, now, old) = (New(), New(), New(), New());
        var (secret, dead, invalid) = (New(), New(), New());
        await new Registrar(server).SendAsync(
            Registered(known), Registered(now), Registered(old, superseded: now), Registered(secret, sensitive: true),
            Registered(dead, deceased: true), Registered(invalid, invalid: true));

        var done = await ExpectAsync(sender, Sender.Header,
        [
            (sender.Row("P-1", known), null, null, ""),
            (sender.Row("P-2", "9434765919"), "CPR01", "no-such-number", "Nobody has this NHS number"),
            (sender.Row("P-3", invalid), "CPR01", "number-invalid", "made invalid"),
            (sender.Row("P-4", secret), "CPR02", "sensitive", "protected"),
            (sender.Row("P-5", two), "CPR07", "two-people-one-number", "differ in name"),
            (sender.Row("P-5a", two, birth: "2018-04-06", plan: "LACIU"), "CPR07", "two-people-one-number", "differ"),
            (sender.Row("P-6", now, family: "Kilnsby"), "CPR03", "differs", "family"),
            (sender.Row("P-7", InventedPlan.NewNumber()), null, null, ""),
            (sender.Row("P-8", "999 000 0019"), "CPR04", "number-format", "check digit"),
            (sender.Row("P-9", old), "CPR05", "superseded", now),
            (sender.Row("P-10", dead), "CPR07", "deceased", "remove=died"),
        ]);

        done["inserted"].Should().Be(2);
        done.Facts["matched"]!.GetValue<decimal>().Should().Be(0.5m, "one is believed, one verified");
    }

    [Fact]
    public async Task A_row_against_what_is_held_comes_back_with_its_place_and_its_reason()
    {
        var sender = new Sender(server);
        var (held, next, superseded) = (New(), New(), New());
        await sender.SendAsync(Sender.Header + sender.Row("H-1", held) + sender.Row("H-2", superseded)
            + sender.Row("H-3", New()));
        await new Registrar(server).SendAsync(Registered(superseded, superseded: next), Registered(next));

        var done = await ExpectAsync(sender, Sender.Header,
        [
            (sender.Row("H-5", held), "CPR07", "overlap", "End it first"),
            (sender.Row("H-3", New()), "CPR07", "number-changed", "another NHS number"),
            (sender.Row("H-2", next), null, null, ""),
            (sender.Row("H-6", New(), birth: "2001-02-03"), "CPR07", "over-age", "18 or over"),
            (sender.Row("H-7", New(), start: sender.Day(-900), end: sender.Day(-500)), null, null, ""),
            (sender.Row("H-8", New(), "Unborn Smith", plan: "unborn", birth: "1999-01-02"), "CPR07",
                "mother-expected", "her NHS number"),
            (sender.Row("H-9", New(), "Smith", "Baby", plan: "UCPIU", birth: "1999-01-02"), "CPR07",
                "mother-expected", "her NHS number"),
            (sender.Row("H-10", New(), plan: "unborn", birth: sender.Day(20)), "CPR07", "mother-expected", "mother"),
            (sender.Row("H-11", New(), "Ubald", plan: "unborn", birth: "1999-01-02"), null, null, ""),
            (sender.Row("H-12", New(), start: "28/09/2026", end: "27/09/2026"), "CPR07", "date", "before the start"),
        ]);

        done["inserted"].Should().Be(3, "one under its new number, one that ended long ago, and a mother's");
        (await server.Clinician.GetOkAsync("EpisodeOfCare?patient=" + next)).All("EpisodeOfCare")
            .Should().ContainSingle("the plan under the old number was closed");
    }

    [Fact]
    public async Task Bytes_that_are_no_text_cost_their_own_row_alone()
    {
        var sender = new Sender(server);
        static string Latin(byte[] bytes) => Encoding.Latin1.GetString(bytes);
        var header = Latin([0xEF, 0xBB, 0xBF]) + Sender.Header;

        var done = await ExpectAsync(sender, header,
        [
            (sender.Row("B-1", New()), null, null, ""),
            (sender.Row("B-2", New(), family: "Si\u00e2n"), "CPR07", "encoding", "Windows-1252"),
            (sender.Row("B-3", New(), family: "x" + Latin([0x81, 0xFF])), "CPR07", "encoding", "not UTF-8"),
            (sender.Row("B-4", New(), family: Latin([0xC3, 0xA2])), null, null, ""),
            (sender.Row("B-5", New(), given: "a\0b"), "CPR07", "nul", "NUL"),
            (sender.Row("B-6", New(), given: new string('x', 1_000_000)), "CPR07", "row-too-long", "65536 bytes"),
            (sender.Row("B-7", New(), given: "\"Wren\"x"), "CPR07", "quotes", "double"),
            (sender.Row("B-8", New()).Replace("\r\n", "\n", StringComparison.Ordinal), null, null, ""),
            (sender.Row("B-9", New(), family: "\"O'Fern, \"\"of old\"\"\""), null, null, ""),
            (sender.Row("B-10", New(), given: "\"never closed"), "CPR07", "quotes", "nothing closes it"),
        ]);

        done["inserted"].Should().Be(4);
    }

    private static string New() => InventedPlan.NewNumber();

    private static string Registered(string number, string superseded = "", bool sensitive = false,
        bool invalid = false, bool deceased = false) =>
        $"{number},Thistlewood,Wren,2018-04-05,{superseded},{Word(sensitive)},{Word(invalid)},{Word(deceased)}";

    private static string Word(bool said) => said ? "true" : "";

    /// <summary>Sends rows as bytes, and compares what comes back with what each of them should get.</summary>
    private static async Task<Uploaded> ExpectAsync(Sender sender, string header,
        (string Row, string? Code, string? Detail, string Says)[] rows)
    {
        var done = await sender.DoneAsync(await sender.PostAsync(
            Encoding.Latin1.GetBytes(header + string.Concat(rows.Select(r => r.Row)))));
        var refused = await done.RefusedAsync();
        var (line, at) = (2, (long)header.Length);
        foreach (var (row, code, detail, says) in rows)
        {
            if (code is not null)
            {
                var found = refused.Should().ContainSingle(r => r.Line == line, row).Subject;
                (found.At, found.Code, found.Details).Should().Be((at, code, detail!), row);
                found.Text.Should().Contain(says);
            }

            (line, at) = (line + row.Count(c => c == '\n'), at + row.Length);
        }

        refused.Should().HaveCount(rows.Count(r => r.Code is not null));
        return done;
    }
}
