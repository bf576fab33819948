using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>The same caseload as lines of FHIR, and inside a Parameters resource.</summary>
public sealed class NdjsonTests(RunningServer server) : IClassFixture<RunningServer>
{
    private readonly Sender sender = new(server);

    [Fact]
    public async Task Lines_of_parameters_are_loaded_and_broken_ones_named()
    {
        var number = InventedPlan.NewNumber();
        var good = Line("ND-1", number);
        var unknown = Line("ND-3", InventedPlan.NewNumber(), ("category_of_abuse", "valueString", "neglect"));

        var done = await sender.DoneAsync(await sender.PostAsync(Content(
            good + "\n{\"resourceType\":\"Parameters\",\n" + unknown + "\n")));

        done["inserted"].Should().Be(1);
        var refused = await done.RefusedAsync();
        refused.Select(r => (r.Line, r.At, r.Details)).Should().Equal(
            (2, good.Length + 1L, "shape"), (3, good.Length + 31L, "unknown-column"));
        (await done.FileAsync("errors.csv")).Should().NotContain("neglect");
        (await server.Clinician.GetOkAsync("Flag?patient=" + number)).Total().Should().Be(1);
    }

    [Fact]
    public async Task Lines_with_every_fault_come_back_each_for_itself()
    {
        var sound = Line("NF-1", InventedPlan.NewNumber());
        string Other(string rowId, string was, string becomes) =>
            Line(rowId, InventedPlan.NewNumber()).Replace(was, becomes, StringComparison.Ordinal);
        (string Line, string? Detail)[] lines =
        [
            (sound, null),
            ("[1]", "shape"),
            ("{\"resourceType\":\"Patient\"}", "shape"),
            (Line("NF-4", InventedPlan.NewNumber(), ("family", "valueString", "Twice")), "shape"),
            (Other("NF-5", "\"valueString\":\"Wren\"", "\"valueInteger\":1"), "shape"),
            (Other("NF-6", "Wren", "\\u0000"), "nul"),
            (Other("NF-7", "Wren", "\\ud800"), "shape"),
            (Other("NF-8", "Wren", "\u00ff"), "shape"),
            (Other("NF-9", "Wren", new string('x', 1_000_000)), "row-too-long"),
            (Other("NF-10", "2018-04-05", "2018-13-05"), "date"),
            (Other("NF-11", "child-protection", "care"), "plan"),
            (Other("NF-12", "}]}", "}],\"parameter\":[]}"), "shape"),
            (Line("NF-13", InventedPlan.NewNumber()) + "\r", null),
        ];

        var content = new ByteArrayContent(Encoding.Latin1.GetBytes(string.Concat(lines.Select(l => l.Line + "\n"))));
        content.Headers.ContentType = new("application/fhir+ndjson");
        var done = await sender.DoneAsync(await sender.PostAsync(content));

        var at = 0L;
        var expected = new List<(int, long, string)>();
        foreach (var (index, (line, detail)) in lines.Index())
        {
            if (detail is not null)
            {
                expected.Add((index + 1, at, detail));
            }

            at += line.Length + 1;
        }

        (await done.RefusedAsync()).Select(r => (r.Line, r.At, r.Details)).Should().Equal(expected);
        done["inserted"].Should().Be(2);
    }

    [Fact]
    public async Task An_unknown_parameter_in_the_first_line_refuses_the_file()
    {
        var answer = await sender.PostAsync(Content(
            Line("ND-4", InventedPlan.NewNumber(), ("category_of_abuse", "valueString", "neglect"))));

        (await answer.ShouldBeRefusedAsync(400)).Codes().Should().Equal("CPF01");
    }

    [Fact]
    public async Task A_file_may_come_inside_a_parameters_resource()
    {
        var file = Sender.Header + sender.Row("BIN-1", InventedPlan.NewNumber());
        var parameters = new JsonObject
        {
            ["resourceType"] = "Parameters",
            ["parameter"] = new JsonArray(
                new JsonObject
                {
                    ["name"] = "caseload",
                    ["resource"] = new JsonObject
                    {
                        ["resourceType"] = "Binary", ["contentType"] = "text/csv",
                        ["data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(file)),
                    },
                },
                new JsonObject { ["name"] = "submission", ["valueString"] = Sender.NewSubmission() },
                new JsonObject
                {
                    ["name"] = "extracted", ["valueInstant"] = Fhir.PlanJson.Instant(server.Clock.GetUtcNow()),
                }),
        };

        var done = await sender.DoneAsync(await sender.Http.PostAsync(
            new Uri("$submit-caseload", UriKind.Relative), RunningServer.Json(parameters)));

        done["inserted"].Should().Be(1);
    }

    private static StringContent Content(string text) => new(text, Encoding.UTF8, "application/fhir+ndjson");

    private string Line(string rowId, string number, params (string Name, string Type, string Value)[] more)
    {
        (string Name, string Type, string Value)[] all =
        [
            ("row_id", "valueString", rowId), ("nhs_number", "valueString", number),
            ("family", "valueString", "Thistlewood"), ("given", "valueString", "Wren"),
            ("birth_date", "valueDate", "2018-04-05"), ("plan", "valueCode", "child-protection"),
            ("start", "valueDate", sender.Day(-3)), .. more,
        ];
        return new JsonObject
        {
            ["resourceType"] = "Parameters",
            ["parameter"] = new JsonArray([.. all.Select(p => new JsonObject
            {
                ["name"] = p.Name, [p.Type] = p.Value,
            })]),
        }.ToJsonString();
    }
}
