using System.Net;
using System.Text.RegularExpressions;
using CpIs.Server.Database;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests;

/// <summary>The management port shows how the server fares, and nothing about anybody.</summary>
public sealed class MetricsTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly string[] Shown =
    [
        "http_server_request_duration_seconds_bucket{.*http_route=\"/FHIR/R4/Flag/{id}\"",
        "cpis_ledger_commit_wait_seconds_count\\S* [1-9]",
        "cpis_ledger_lane_wait_seconds_count{.*kind=\"write\".*} [1-9]",
        "cpis_ledger_lanes{.*kind=\"read\".*} [1-9]",
        "cpis_ledger_queue", "cpis_notices_waiting", "dotnet_gc_collections",
    ];

    [Fact]
    public async Task Metrics_show_requests_by_route_the_ledger_uploads_notices_and_the_runtime_but_nobody()
    {
        var plan = new InventedPlan { Start = server.Today.AddDays(-3), Family = "Quillfeather" };
        var (_, flag) = await server.SubmitAsync(plan);
        await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        await server.Clinician.GetOkAsync($"Flag/{flag}");
        await server.Clinician.TryAsync($"Nobody/{plan.Number}");

        var text = await PageAsync();

        Shown.Where(line => !Regex.IsMatch(text, line)).Should().BeEmpty();
        text.Should().NotContainAny(plan.Number, plan.Family, plan.RowId, flag, "sandbox-ed-clinician", "RXR", "ZZ001");
    }

    [Theory]
    [InlineData("metrics", true, 200)]
    [InlineData("health/live", true, 200)]
    [InlineData("health/ready", true, 200)]
    [InlineData("FHIR/R4/metadata", true, 404)]
    [InlineData("oauth2/token", true, 404)]
    [InlineData("metrics", false, 404)]
    [InlineData("health/live", false, 200)]
    [InlineData("health/ready", false, 200)]
    public async Task Each_port_serves_its_own_pages(string page, bool isManagement, int status)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get,
            new Uri(isManagement ? Management : server.Root, page));

        // What a client says in Host decides nothing.
        request.Headers.Host = $"localhost:{(isManagement ? server.Root.Port : Management.Port)}";

        ((int)(await http.SendAsync(request)).StatusCode).Should().Be(status);
    }

    [Fact]
    public void The_management_port_may_be_chosen_and_is_never_the_port_of_the_service()
    {
        var configuration = ServerOptions.Configuration(null);

        ServerOptions.Read(["--port", "6000"], configuration, true).ManagementPort.Should().Be(6001);
        ServerOptions.Read(["--management-port", "7000"], configuration, true).ManagementPort.Should().Be(7000);
        var same = () => ServerOptions.Read(["--port", "6000", "--management-port", "6000"], configuration, true);
        same.Should().Throw<StartRefusedException>();
    }

    private Uri Management => new($"http://localhost:{server.Root.Port + 1}/");

    /// <summary>
    /// A request is counted when it is over, and what is looked for only from time to time is not there at once.
    /// </summary>
    private async Task<string> PageAsync()
    {
        using var http = new HttpClient();
        for (var attempt = 0; ; attempt++)
        {
            var page = await http.GetAsync(new Uri(Management, "metrics"));
            page.StatusCode.Should().Be(HttpStatusCode.OK);
            var text = await page.Content.ReadAsStringAsync();
            if (Shown.All(line => Regex.IsMatch(text, line)) || attempt == 50)
            {
                return text;
            }

            await Task.Delay(100);
        }
    }
}
