using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using CpIs.Fhir;
using CpIs.Server.Uploads;

namespace CpIs.Server.Sandbox;

/// <summary>
/// Uploads the sample caseloads to a server as the councils they belong to, over HTTP like any council would: whatever
/// is wrong with the samples or the server shows here first. What the server holds already is not sent again; what a
/// first load leaves out, because it would never be shown, is submitted plan by plan.
/// </summary>
/// <param name="http">Client whose base address is the root of the server.</param>
/// <param name="clock">Decides the day from which the samples' days are counted.</param>
internal sealed class SampleLoader(HttpClient http, TimeProvider clock)
{
    /// <summary>Rows of one caseload; the server lists no more on a page.</summary>
    private const int CaseloadRowsMax = 1000;

    /// <summary>Milliseconds between two questions how far a file has come.</summary>
    private const int AskEveryMs = 50;

    /// <summary>Seconds a file may take; a machine that is busy with tests is slow.</summary>
    private const int UploadSecondsMax = 120;

    /// <summary>Characters of the hash in a submission's id.</summary>
    private const int HashChars = 16;

    /// <summary>Loads every caseload of a folder.</summary>
    /// <returns>How many rows were sent.</returns>
    /// <exception cref="SampleRefused">The server refused a row; it and the reasons are named.</exception>
    public async Task<int> LoadAsync(string folder, CancellationToken stop)
    {
        var missing = await MissingAsync(folder, stop);
        await SendAsync(missing, stop);
        return missing.Sum(one => one.Rows.Count);
    }

    /// <summary>What the server does not hold of the caseloads of a folder.</summary>
    public async Task<IReadOnlyList<SampleCaseload>> MissingAsync(string folder, CancellationToken stop)
    {
        var asked = SampleCouncil.All.Select(council => MissingAsync(
            new SampleCaseload(council, SampleRow.ReadAll(Path.Combine(folder, council.File))), stop));
        return await Task.WhenAll(asked);
    }

    /// <summary>What the server does not hold of one caseload.</summary>
    public async Task<SampleCaseload> MissingAsync(SampleCaseload sample, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sample.Rows.Count, CaseloadRowsMax);
        var wire = await SampleWire.OpenAsync(http, sample.Council, stop);
        var count = await wire.AskAsync("EpisodeOfCare?_summary=count", stop);
        switch (count["total"]!.GetValue<int>())
        {
            case 0:
                return sample;
            case var total when total >= sample.Rows.Count:
                return sample with { Rows = [] };
        }

        var page = await wire.AskAsync($"EpisodeOfCare?_count={CaseloadRowsMax}", stop);
        var held = page["entry"]!.AsArray()
            .Select(entry => entry!["resource"]!["identifier"]?[0]?["value"]?.GetValue<string>()).ToHashSet();
        return sample with { Rows = [.. sample.Rows.Where(row => !held.Contains(row.RowId))] };
    }

    /// <summary>Sends the caseloads, councils side by side.</summary>
    public Task SendAsync(IEnumerable<SampleCaseload> samples, CancellationToken stop) =>
        Task.WhenAll(samples.Where(sample => sample.Rows.Count > 0).Select(sample => SendAsync(sample, stop)));

    private async Task SendAsync(SampleCaseload sample, CancellationToken stop)
    {
        var wire = await SampleWire.OpenAsync(http, sample.Council, stop);
        var today = Visibility.Today(clock);
        var file = SampleRow.Header + string.Concat(sample.Rows.Select(row => row.Line(today)));
        var manifest = await UploadAsync(wire, sample.Council, file, stop);
        if (manifest["extension"]!["fileCode"]!.GetValue<string>() != UploadCodes.AllLoaded)
        {
            throw new SampleRefused(await ReasonsAsync(wire, sample, manifest, stop));
        }

        foreach (var skipped in await LinesAsync(wire, manifest, "outcome", stop))
        {
            var row = sample.Rows.Single(one => one.RowId == RowId(skipped));
            await SubmitAsync(wire, sample, row, today, stop);
        }
    }

    /// <summary>The same rows on the same day are the same submission: a start that was cut short goes on.</summary>
    private async Task<JsonNode> UploadAsync(
        SampleWire wire, SampleCouncil council, string file, CancellationToken stop)
    {
        var bytes = Encoding.UTF8.GetBytes(file);
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..HashChars];
        var extracted = clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        using var sent = await wire.SendAsync(HttpMethod.Post,
            $"$submit-caseload?submission=samples-{hash}&extracted={extracted}&allowOlder=true",
            new StringContent(file, Encoding.UTF8, "text/csv"), stop);
        if (sent.StatusCode != HttpStatusCode.Accepted)
        {
            throw new SampleRefused($"{council.File}: {await SampleWire.ReasonsAsync(sent, stop)}");
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(TimeSpan.FromSeconds(UploadSecondsMax));
        while (true)
        {
            using var answer = await wire.SendAsync(
                HttpMethod.Get, sent.Content.Headers.ContentLocation!.ToString(), null, patience.Token);
            switch (answer.StatusCode)
            {
                case HttpStatusCode.OK:
                    return JsonNode.Parse(await answer.Content.ReadAsStringAsync(stop))!;
                case HttpStatusCode.Accepted:
                    await Task.Delay(AskEveryMs, patience.Token);
                    break;
                default:
                    throw new SampleRefused($"{council.File}: {await SampleWire.ReasonsAsync(answer, stop)}");
            }
        }
    }

    private static async Task SubmitAsync(
        SampleWire wire, SampleCaseload sample, SampleRow row, DateOnly today, CancellationToken stop)
    {
        var bundle = new SampleBundle(sample.Council.Ods, row, today).Build();
        using var answer = await wire.SendAsync(HttpMethod.Post, "",
            new StringContent(bundle.ToJsonString(), Encoding.UTF8, "application/fhir+json"), stop);
        if (!answer.IsSuccessStatusCode)
        {
            throw new SampleRefused($"Sample row {row.RowId} of {sample.Council.File}: "
                + await SampleWire.ReasonsAsync(answer, stop));
        }
    }

    private static async Task<string> ReasonsAsync(
        SampleWire wire, SampleCaseload sample, JsonNode manifest, CancellationToken stop)
    {
        var rows = (await LinesAsync(wire, manifest, "error", stop))
            .Select(line => $"row {RowId(line)}: {SampleWire.Reasons(line)}");
        return $"{sample.Council.File}: {manifest["extension"]!["fileCode"]} " + string.Join("; ", rows);
    }

    private static string RowId(JsonNode line) => line["extension"]![0]!["extension"]!.AsArray()
        .Single(part => part!["url"]!.GetValue<string>() == "rowId")!["valueString"]!.GetValue<string>();

    private static async Task<IReadOnlyList<JsonNode>> LinesAsync(
        SampleWire wire, JsonNode manifest, string part, CancellationToken stop)
    {
        var lines = new List<JsonNode>();
        foreach (var file in manifest[part]!.AsArray())
        {
            using var answer = await wire.SendAsync(HttpMethod.Get, file!["url"]!.GetValue<string>(), null, stop);
            var text = await answer.Content.ReadAsStringAsync(stop);
            lines.AddRange(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => JsonNode.Parse(line)!));
        }

        return lines;
    }
}

/// <summary>Rows of one council's samples.</summary>
internal sealed record SampleCaseload(SampleCouncil Council, IReadOnlyList<SampleRow> Rows);

/// <summary>A council of the samples: its caseload, its invented ODS code and the persona that speaks for it.</summary>
internal sealed record SampleCouncil(string File, string Ods, string ClientId)
{
    public static readonly IReadOnlyList<SampleCouncil> All =
    [
        new("lancashire.csv", "ZZ001", "sandbox-council-lancashire"),
        new("leeds.csv", "ZZ002", "sandbox-council-leeds"),
        new("islington.csv", "ZZ003", "sandbox-council-islington"),
        new("sheffield.csv", "ZZ004", "sandbox-council-sheffield"),
    ];
}

/// <summary>The server did not take a sample; the sandbox must not start as if it had.</summary>
internal sealed class SampleRefused(string message) : Exception(message);
