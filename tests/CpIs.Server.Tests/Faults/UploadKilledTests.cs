using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Faults;

/// <summary>
/// Promise P3: each row of an upload is applied exactly once, also when the server dies in the middle.
/// </summary>
[Collection(RealServers.Name)]
public sealed class UploadKilledTests
{
    private const int RowCount = 4000;

    [Fact]
    public async Task After_two_kills_in_the_middle_of_an_upload_every_row_is_applied_once()
    {
        await using var sandbox = await Sandbox.StartAsync();
        using var accepted = await SendAsync(sandbox);
        accepted.StatusCode.Should().Be(HttpStatusCode.Accepted, await accepted.Content.ReadAsStringAsync());
        var status = accepted.Content.Headers.ContentLocation!.PathAndQuery;

        foreach (var reached in (int[])[1, RowCount / 3])
        {
            await UntilAsync(sandbox, reached);
            await sandbox.Server.KillAsync();
            await sandbox.StartServerAsync();
        }

        var token = await sandbox.Server.TokenAsync("sandbox-council-islington");
        await UntilAsync(sandbox, RowCount);
        var manifest = await DoneAsync(sandbox, status, token);
        manifest.Should().Contain($"\"inserted\":{RowCount}").And.Contain("\"fileCode\":\"CPF02\"");
        (await sandbox.AskAsync<long>("""
            select count(*) from ledger.entry where kind = 'upload' and interaction = 'create'
            union all select count(distinct resource_id) from ledger.entry
                where kind = 'upload' and interaction = 'create'
            union all select count(*) from cpis.plan where row_id like 'KILL-%'
            union all select count(*) from cpis.plan where row_id like 'KILL-%' and episode_version = 1
            """)).Should().AllBeEquivalentTo((long)RowCount);
    }

    private static async Task<HttpResponseMessage> SendAsync(Sandbox sandbox)
    {
        var file = new StringBuilder("row_id,nhs_number,family,given,birth_date,plan,start\n");
        for (var i = 0; i < RowCount; i++)
        {
            file.Append(CultureInfo.InvariantCulture,
                $"KILL-{i},{InventedPlan.NewNumber()},Thistlewood,Wren,2018-04-05,CPPIU,2026-01-05\n");
        }

        var extracted = PlanJson.Instant(TimeProvider.System.GetUtcNow());
        using var request = new HttpRequestMessage(HttpMethod.Post,
            $"FHIR/R4/$submit-caseload?submission=killed&extracted={extracted}")
        {
            Content = new StringContent(file.ToString(), Encoding.UTF8, "text/csv"),
        };
        request.Headers.Authorization = await sandbox.Server.TokenAsync("sandbox-council-islington");
        return await sandbox.Server.Client.SendAsync(request);
    }

    private static async Task UntilAsync(Sandbox sandbox, int rows)
    {
        for (var attempt = 0; attempt < 1200; attempt++)
        {
            if ((await sandbox.AskAsync<int>("select inserted from cpis.upload")).SingleOrDefault() >= rows)
            {
                return;
            }

            await Task.Delay(25);
        }

        throw new InvalidOperationException("The upload does not go on.");
    }

    private static async Task<string> DoneAsync(Sandbox sandbox, string status, AuthenticationHeaderValue token)
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, status);
            request.Headers.Authorization = token;
            using var answer = await sandbox.Server.Client.SendAsync(request);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return await answer.Content.ReadAsStringAsync();
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException("The upload does not end.");
    }
}
