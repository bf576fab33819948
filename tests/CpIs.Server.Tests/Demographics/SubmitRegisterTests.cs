using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Demographics;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Demographics;

/// <summary>The registrar's file over HTTP, from the first byte to what an upload is told about a child.</summary>
public sealed class SubmitRegisterTests(RunningServer server) : IClassFixture<RunningServer>
{
    private readonly Registrar registrar = new(server);

    [Fact]
    public async Task Each_row_is_taken_or_refused_for_itself_and_the_counts_add_up()
    {
        var (wren, old, now) = (InventedPlan.NewNumber(), InventedPlan.NewNumber(), InventedPlan.NewNumber());
        var report = await registrar.SendAsync(
            $"{wren},Thistlewood,Wren Amaryllis,05/04/2018,,,,",
            $"{old},Thistlewood,Jory,2017-01-02,{now},,,",
            "9990000019,Thistlewood,Nobody,2017-01-02,,,,",
            $"{now},\"O'Fern, of old\",Jory,2017-13-02,,,,",
            $"{now},Kilnsby,Jory,2017-01-02,,perhaps,,",
            $"{now},Kilnsby,,2017-01-02,,,,",
            $"{now},Kilnsby");

        Counts(report).Should().Equal(7, 2, 0, 0, 5);
        report["extension"]!.Text("fileCode").Should().Be("CPF03");
        var errors = await ErrorsAsync(report);
        errors.Should().HaveCount(6);
        errors[0].Should().Be(Registrar.Header + ",code,reason");
        errors[1].Should().StartWith("9990000019,").And.Contain(",CPR04,");
        errors[2].Should().Contain("\"O'Fern, of old\"").And.Contain(",CPR07,");
        errors[5].Should().StartWith(now + ",Kilnsby,,,,,,,CPR07,");

        (await AskAsync(wren, "Thistlewood", "Wren")).Verdict.Should().Be(PersonVerdict.Verified);
        (await AskAsync(old, "Thistlewood", "Jory")).NewNumber!.Digits().Should().Be(now);
    }

    [Fact]
    public async Task A_file_that_was_accepted_stays_even_if_its_sender_could_not_be_told_so()
    {
        using var accepted = await registrar.PostAsync(
            Registrar.File($"{InventedPlan.NewNumber()},Thistlewood,Wren,2018-04-05,,,,"));
        var status = accepted.Content.Headers.ContentLocation!;

        await server.Services.GetRequiredService<RegisterJobStore>()
            .ForgetAsync(Guid.Parse(status.Segments[^1]), default);

        Counts(await registrar.DoneAsync(status)).Should().Equal(1, 1, 0, 0, 0);
    }

    [Fact]
    public async Task A_file_that_was_given_up_while_it_came_in_is_not_called_accepted()
    {
        using var body = new Uploads.SlowBody();
        var answer = registrar.PostAsync(body);
        var rows = Enumerable.Range(0, 500).Select(_ => $"{InventedPlan.NewNumber()},Larchmoor,Sedge,2018-04-05,,,,");
        await body.SendAsync(Registrar.File([.. rows]));
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        while (await connection.ExecuteScalarAsync<long>(
            "select count(*) from cpis.register_row where fields like '%Larchmoor%'") < 500)
        {
            await Task.Delay(20);
        }

        await server.Services.GetRequiredService<RegisterJobStore>()
            .ExpireAsync(DateTimeOffset.MinValue, server.Clock.GetUtcNow().AddMinutes(1), default);
        body.End();

        (await (await answer).ShouldBeRefusedAsync(408)).Codes().Should().Equal("CPF01");
    }

    [Fact]
    public async Task The_links_it_brings_are_followed_by_a_look_up_at_once()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-10) };
        await server.SubmitAsync(plan);
        var now = InventedPlan.NewNumber();

        await registrar.SendAsync($"{plan.Number},{plan.Family},Wren,2018-04-05,{now},,,");

        (await server.Clinician.GetOkAsync("Flag?patient=" + now)).Total().Should().Be(1);

        await registrar.SendAsync($"{plan.Number},{plan.Family},Wren,2018-04-05,,,,");
        (await server.Clinician.GetOkAsync("Flag?patient=" + now)).Total().Should().Be(0, "the link was withdrawn");
    }

    [Fact]
    public async Task The_same_file_twice_changes_nothing_the_second_time()
    {
        string[] rows = [.. Enumerable.Range(0, 1200)
            .Select(_ => $"{InventedPlan.NewNumber()},Thistlewood,Wren,2018-04-05,,,,")];

        Counts(await registrar.SendAsync(rows)).Should().Equal(1200, 1200, 0, 0, 0);
        Counts(await registrar.SendAsync(rows)).Should().Equal(1200, 0, 0, 1200, 0);
        (await EntriesAsync(rows[0][..10])).Should().Equal(("create", "sandbox-registrar"));
    }

    [Fact]
    public async Task A_file_with_a_column_nobody_asked_for_is_refused_before_a_byte_is_kept()
    {
        var answer = await registrar.PostAsync(Registrar.Header + ",address\r\n");

        answer.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        (await answer.BodyAsync()).Diagnostics().Single().Should().Contain("CPF01").And.Contain("address");
    }

    [Fact]
    public async Task A_file_without_a_header_is_refused_and_nobody_in_it_is_named_in_the_answer()
    {
        var answer = await registrar.PostAsync("9990000018,Thistlewood,Wren,2018-04-05\r\n");

        (await answer.BodyAsync()).Diagnostics().Single().Should().Contain("no header").And
            .NotContainEquivalentOf("Thistlewood").And.NotContain("9990000018");
    }

    [Theory]
    [InlineData("")]
    [InlineData("nhs_number,family,given\r\n")]
    [InlineData("nhs_number,family,given,birth_date,family\r\n")]
    public async Task A_file_that_is_no_register_is_refused(string file) =>
        (await registrar.PostAsync(file)).StatusCode.Should().Be(HttpStatusCode.BadRequest);

    [Fact]
    public async Task A_packed_file_is_unpacked()
    {
        var number = InventedPlan.NewNumber();
        using var packed = new MemoryStream();
        await using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await zip.WriteAsync(Encoding.UTF8
                .GetBytes($"{Registrar.Header}\r\n{number},Thistlewood,Wren,2018-04-05,,,,\r\n"));
        }

        var content = new ByteArrayContent(packed.ToArray());
        content.Headers.ContentType = new("text/csv");
        content.Headers.ContentEncoding.Add("gzip");
        var answer = await registrar.Http.PostAsync(new Uri("$submit-register", UriKind.Relative), content);

        Counts(await registrar.DoneAsync(answer)).Should().Equal(1, 1, 0, 0, 0);
    }

    [Fact]
    public async Task A_refused_row_is_named_by_its_place_for_programs_too()
    {
        var rows = new[]
        {
            $"{InventedPlan.NewNumber()},\"Thistle\r\nwood\",Wren,2018-04-05,,,,",
            "9990000019,Thistlewood,Nobody,2017-01-02,,,,",
        };
        var report = await registrar.SendAsync(rows);

        var error = report["error"]![0]!;
        (error.Text("type"), error["count"]!.GetValue<int>()).Should().Be(("OperationOutcome", 1));
        var lines = (await registrar.Http.GetStringAsync(error.Text("url")))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var refused = Uploads.RefusedLine.Of(JsonNode.Parse(lines.Single())!);
        refused.Should().Match<Uploads.RefusedLine>(r => r.Line == 4 && r.Code == "CPR04" && r.RowId == null
            && r.At == Registrar.Header.Length + 2 + rows[0].Length + 2);
    }

    [Fact]
    public async Task A_register_may_come_inside_a_parameters_resource()
    {
        var number = InventedPlan.NewNumber();
        var file = Registrar.File($"{number},Thistlewood,Wren,2018-04-05,,,,");
        JsonObject Parameters(string name) => new()
        {
            ["resourceType"] = "Parameters",
            ["parameter"] = new JsonArray(new JsonObject
            {
                ["name"] = name,
                ["resource"] = new JsonObject
                {
                    ["resourceType"] = "Binary", ["contentType"] = "text/csv",
                    ["data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(file)),
                },
            }),
        };
        Task<HttpResponseMessage> PostAsync(string name) => registrar.Http.PostAsync(
            new Uri("$submit-register", UriKind.Relative), RunningServer.Json(Parameters(name)));

        Counts(await registrar.DoneAsync(await PostAsync("register"))).Should().Equal(1, 1, 0, 0, 0);
        await (await PostAsync("caseload")).ShouldBeRefusedAsync(400);
    }

    [Fact]
    public async Task A_stopped_file_reports_what_was_taken_and_counts_the_rest_as_skipped()
    {
        var posted = await registrar.PostAsync(Registrar.File([.. Enumerable.Range(0, 20_000)
            .Select(_ => $"{InventedPlan.NewNumber()},Thistlewood,Wren,2018-04-05,,,,")]));
        var status = posted.Content.Headers.ContentLocation!;

        (await registrar.Http.DeleteAsync(status)).StatusCode.Should().Be(HttpStatusCode.Accepted);

        var report = (await registrar.DoneAsync(status))["extension"]!;
        int Count(string name) => report[name]!.GetValue<int>();
        report["cancelled"]!.GetValue<bool>().Should().BeTrue();
        Count("skipped").Should().BePositive();
        (Count("inserted") + Count("skipped")).Should().Be(20_000);
        report.Text("fileCode").Should().Be(Count("inserted") > 0 ? "CPF03" : "CPF04");
    }

    [Fact]
    public async Task Another_clients_file_is_not_there()
    {
        var answer = await registrar
            .PostAsync($"{Registrar.Header}\r\n{InventedPlan.NewNumber()},Thistlewood,Wren,2018-04-05,,,,\r\n");
        await registrar.DoneAsync(answer);

        var other = server.With(() => server.Services.GetRequiredService<Server.Sandbox.TokenIssuer>()
            .Issue(Server.Sandbox.Persona.All["sandbox-registrar"] with { ClientId = "another-registrar" }));

        (await other.GetAsync(answer.Content.Headers.ContentLocation)).StatusCode.Should().Be(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Fetching_the_refused_rows_is_recorded()
    {
        var report = await registrar.SendAsync("9990000019,Thistlewood,Nobody,2017-01-02,,,,");
        var before = await CountAsync("select count(*) from ledger.entry where interaction = 'operation'");

        await ErrorsAsync(report);

        (await CountAsync("select count(*) from ledger.entry where interaction = 'operation'"))
            .Should().Be(before + 1);
    }

    private static int[] Counts(JsonNode report) => [.. new[] { "read", "inserted", "changed", "unchanged", "refused" }
        .Select(name => report["extension"]![name]!.GetValue<int>())];

    private async Task<string[]> ErrorsAsync(JsonNode report)
    {
        var text = await registrar.Http.GetStringAsync(report["extension"]!.Text("errorsCsv"));
        return text.Split("\r\n")[..^1];
    }

    private async Task<PersonAnswer> AskAsync(string number, string family, string given)
    {
        NhsNumber.TryParse(number, out var parsed).Should().BeTrue();
        return (await server.Services.GetRequiredService<IDemographics>().AskAsync(
            [new(parsed!, family, [given], new(2018, 4, 5))], CancellationToken.None)).Single();
    }

    private async Task<IEnumerable<(string, string)>> EntriesAsync(string number)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return await connection.QueryAsync<(string, string)>(
            "select interaction, client_id from ledger.entry where nhs_number = @number order by position",
            new { number });
    }

    private async Task<long> CountAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return await connection.ExecuteScalarAsync<long>(sql);
    }
}
