using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using CpIs.Fhir;

namespace CpIs.Faults.Uploads;

/// <summary>
/// One large caseload, and each second the memory of the server as the kernel counts it: while the file comes in and
/// while it is judged and applied. Promise P7 for uploads.
/// </summary>
internal static class UploadMemoryRun
{
    /// <summary>Resident megabytes that the server may take.</summary>
    private const int MegabytesMax = 500;

    private const int LookMs = 1000;
    private const string Persona = "sandbox-council-lancashire";

    public static async Task<Verdict> RunAsync(FaultOptions options, TextWriter output, CancellationToken stop)
    {
        await using var stage = await Stage.OpenAsync(servers: 1, stop);
        using var http = new HttpClient { BaseAddress = stage.Seats[0].Address, Timeout = Timeout.InfiniteTimeSpan };
        var tokens = new Tokens();
        using var file = new LargeCaseload((long)options.Megabytes << 20, options.Seed);
        var idle = stage.Seats[0].Measure("idle").Megabytes;
        var (received, receiving, receivingSeconds) = await PeakAsync(stage, SendAsync(http, tokens, file, stop), stop);
        await output.WriteLineAsync(Said($"  {options.Megabytes} MB, {file.Rows} rows received in ")
            + Said($"{receivingSeconds:0} s: idle {idle} MB, at most {receiving} MB"));
        var (manifest, applying, applyingSeconds) = await PeakAsync(
            stage, DoneAsync(http, tokens, received, stop), stop);
        var inserted = manifest.GetProperty("inserted").GetInt32();
        await output.WriteLineAsync(Said($"  judged and applied in {applyingSeconds:0} s: {inserted} inserted, ")
            + Said($"{manifest.GetProperty("refused").GetInt32()} refused; at most {applying} MB"));
        var verdict = new Verdict();
        verdict.Add("P7", Said($"{options.Megabytes} MB of NDJSON: {receiving} MB receiving, {applying} MB applying"),
            Math.Max(receiving, applying) > MegabytesMax ? [Said($"more than {MegabytesMax} MB")] : []);
        verdict.Add("P3", Said($"{file.Rows} rows"),
            inserted == file.Rows ? [] : [Said($"{inserted} of {file.Rows} were inserted")]);
        return verdict;
    }

    private static async Task<(T Result, long Megabytes, double Seconds)> PeakAsync<T>(
        Stage stage, Task<T> work, CancellationToken stop)
    {
        var since = Stopwatch.StartNew();
        long peak = 0;
        do
        {
            await Task.WhenAny(work, Task.Delay(LookMs, stop));
            peak = Math.Max(peak, stage.Seats[0].Measure("upload").Megabytes);
        }
        while (!work.IsCompleted);
        return (await work, peak, since.Elapsed.TotalSeconds);
    }

    private static async Task<string> SendAsync(
        HttpClient http, Tokens tokens, LargeCaseload file, CancellationToken stop)
    {
        var extracted = PlanJson.Instant(TimeProvider.System.GetUtcNow());
        using var request = new HttpRequestMessage(
            HttpMethod.Post, "/FHIR/R4/$submit-caseload?submission=large&extracted=" + extracted) { Content = file };
        request.Headers.Authorization = await tokens.OfAsync(http, http.BaseAddress!, Persona);
        using var answer = await http.SendAsync(request, stop);
        return answer.StatusCode == HttpStatusCode.Accepted
            ? answer.Content.Headers.ContentLocation!.PathAndQuery
            : throw new InvalidOperationException(await answer.Content.ReadAsStringAsync(stop));
    }

    private static async Task<JsonElement> DoneAsync(
        HttpClient http, Tokens tokens, string status, CancellationToken stop)
    {
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, status);
            request.Headers.Authorization = await tokens.OfAsync(http, http.BaseAddress!, Persona);
            using var answer = await http.SendAsync(request, stop);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return JsonElement.Parse(await answer.Content.ReadAsStringAsync(stop)).GetProperty("extension");
            }

            await Task.Delay(LookMs, stop);
        }
    }

    private static string Said(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
