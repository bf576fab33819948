using System.Net;
using System.Text;
using CpIs.Server.Tests.Demographics;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Faults;

/// <summary>The registrar's file is taken over once, also when the server dies in the middle.</summary>
[Collection(RealServers.Name)]
public sealed class RegisterKilledTests
{
    private const int RowCount = 6000;

    [Fact]
    public async Task After_two_kills_in_the_middle_of_a_register_every_person_is_taken_once()
    {
        await using var sandbox = await Sandbox.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "FHIR/R4/$submit-register")
        {
            Content = new StringContent(Registrar.File([.. Enumerable.Range(0, RowCount)
                .Select(_ => $"{InventedPlan.NewNumber()},Thistlewood,Wren,2018-04-05,,,,")]), Encoding.UTF8,
                "text/csv"),
        };
        request.Headers.Authorization = await sandbox.Server.TokenAsync("sandbox-registrar");
        using var accepted = await sandbox.Server.Client.SendAsync(request);
        accepted.StatusCode.Should().Be(HttpStatusCode.Accepted, await accepted.Content.ReadAsStringAsync());

        foreach (var reached in (int[])[1, RowCount / 3])
        {
            await UntilAsync(sandbox, reached);
            await sandbox.Server.KillAsync();
            await sandbox.StartServerAsync();
        }

        await UntilAsync(sandbox, RowCount);
        (await sandbox.AskAsync<long>("""
            select sum(rows) from cpis.register_step where job = (select id from cpis.register_job limit 1)
            union all select sum(inserted) from cpis.register_step
            union all select count(*) from ledger.entry where reason = 'person put in the register'
                and client_id = 'sandbox-registrar'
            union all select count(distinct nhs_number) from ledger.entry
                where reason = 'person put in the register' and client_id = 'sandbox-registrar'
            """)).Should().AllBeEquivalentTo((long)RowCount);
    }

    private static async Task UntilAsync(Sandbox sandbox, int rows)
    {
        for (var attempt = 0; attempt < 2400; attempt++)
        {
            if ((await sandbox.AskAsync<long>(
                "select coalesce(sum(rows), 0)::bigint from cpis.register_step")).Single() >= rows)
            {
                return;
            }

            await Task.Delay(25);
        }

        throw new InvalidOperationException("The register does not go on.");
    }
}
