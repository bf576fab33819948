using System.Net;
using System.Text;
using CpIs.Fhir;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Faults;

/// <summary>
/// What is never shared must not be kept by accident: a file with a column that nobody asked for leaves nothing on the
/// disk, in no table, log or temporary file.
/// </summary>
[Collection(RealServers.Name)]
public sealed class NeverKeptTests
{
    private const string Category = "marker-of-a-category-of-abuse";
    private const string Kept = "marker-of-a-family-name";

    [Theory]
    [InlineData("text/csv")]
    [InlineData("application/fhir+ndjson")]
    public async Task A_category_of_abuse_is_refused_from_the_header_and_is_nowhere_on_the_disk(string type)
    {
        await using var sandbox = await Sandbox.StartAsync();
        var csv = type == "text/csv";
        var bad = csv
            ? "row_id,nhs_number,family,given,birth_date,plan,start,category_of_abuse\r\n" + Many(Category)
            : $$"""
                {"resourceType":"Parameters","parameter":[{"name":"category_of_abuse","valueString":"{{Category}}"}]}
                """ + "\n";

        using var refused = await SendAsync(sandbox, bad, type);
        refused.StatusCode.Should().Be(HttpStatusCode.BadRequest);
        var words = await refused.Content.ReadAsStringAsync();
        words.Should().Contain("CPF01").And.NotContain(Category);
        using var good = await SendAsync(sandbox, "row_id,nhs_number,family,given,birth_date,plan,start\r\n"
            + $"KEPT-1,{InventedPlan.NewNumber()},{Kept},Wren,2018-04-05,CPPIU,2026-01-05\r\n", "text/csv");
        good.StatusCode.Should().Be(HttpStatusCode.Accepted);
        await sandbox.AskAsync<object>("checkpoint");

        (await HoldsAsync(sandbox.Folders.Cluster, Kept)).Should().NotBeEmpty("this search finds what is kept");
        (await HoldsAsync(sandbox.Data, Category)).Should().BeEmpty();
        (await HoldsAsync(sandbox.Folders.Cluster, Category)).Should().BeEmpty();
        sandbox.Server.Printed.Should().NotContain(Category);
        (await HoldsAsync(Path.GetTempPath(), Category, "ASPNETCORE_*")).Should().BeEmpty();
    }

    private static string Many(string value) => string.Concat(Enumerable.Range(0, 2000).Select(i =>
        $"NOT-{i},{InventedPlan.NewNumber()},Thistlewood,Wren,2018-04-05,CPPIU,2026-01-05,{value}\r\n"));

    private static async Task<HttpResponseMessage> SendAsync(Sandbox sandbox, string file, string type)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "FHIR/R4/$submit-caseload?submission="
            + Guid.NewGuid() + "&extracted=" + PlanJson.Instant(TimeProvider.System.GetUtcNow()))
        {
            Content = new StringContent(file, Encoding.UTF8, type),
        };
        request.Headers.Authorization = await sandbox.Server.TokenAsync("sandbox-council-islington");
        return await sandbox.Server.Client.SendAsync(request);
    }

    /// <summary>Files below a folder that hold a text, whatever they are: tables, indexes, WAL, logs.</summary>
    private static async Task<List<string>> HoldsAsync(string folder, string text, string pattern = "*")
    {
        var (sought, found) = (Encoding.UTF8.GetBytes(text), new List<string>());
        foreach (var file in Directory.EnumerateFiles(folder, pattern, new EnumerationOptions
        {
            RecurseSubdirectories = pattern == "*", IgnoreInaccessible = true,
        }).Where(file => Path.GetFileName(file) != "server.lock"))
        {
            try
            {
                await using var open = new FileStream(file, FileMode.Open, FileAccess.Read,
                    FileShare.ReadWrite | FileShare.Delete);
                using var bytes = new MemoryStream();
                await open.CopyToAsync(bytes);
                if (bytes.ToArray().AsSpan().IndexOf(sought) >= 0)
                {
                    found.Add(file);
                }
            }
            catch (FileNotFoundException)
            {
                // The server moved it meanwhile.
            }
        }

        return found;
    }
}
