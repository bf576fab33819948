using System.Net;
using System.Net.Http.Headers;
using CpIs.Fhir;

namespace CpIs.Faults.Uploads;

/// <summary>
/// The system of one council: sends its caseload, again when the line was cut, asks until it is done, fetches what
/// became of the rows, and sends the next one, until the run ends.
/// </summary>
internal sealed class CouncilSystem(Stage stage, Tokens tokens, SentCaseload caseload, string persona) : IDisposable
{
    private const int PatienceSeconds = 90;
    private const int AgainMs = 200;
    private const int AskEveryMs = 100;

    private static readonly string[] Files = ["accepted.ndjson", "refused.ndjson", "skipped.ndjson"];

    private readonly UploadFolder folder = new(stage.Folder);
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(PatienceSeconds) };
    private (string Name, string File, string Type, string Extracted, Uri Status) last;
    private int place;

    /// <summary>Files that are done, sendings that were cut off or refused for now.</summary>
    public (int Done, int Again) Tally { get; private set; }

    public async Task RunAsync(CancellationToken end, CancellationToken stop)
    {
        while (!end.IsCancellationRequested)
        {
            var (name, file, type) = await folder.WriteAsync(caseload, stop);
            var extracted = PlanJson.Instant(TimeProvider.System.GetUtcNow());
            last = (name, file, type, extracted, null!);
            last.Status = await SendAsync(stop);
            await File.WriteAllBytesAsync(folder.Told(name, "manifest"), await DoneAsync(stop), stop);
            foreach (var what in Files)
            {
                await File.WriteAllBytesAsync(folder.Told(name, what),
                    await BodyAsync(Of(what), stop), stop);
            }

            Tally = (Tally.Done + 1, Tally.Again);
        }
    }

    /// <summary>The newest file once more, under its own name: the answer must be the same.</summary>
    public async Task<string?> SendAgainAsync(CancellationToken stop) =>
        await SendAsync(stop) == last.Status ? null : caseload.Council + ": the same file became another job";

    public void Dispose() => http.Dispose();

    private Uri Of(string file) => new(last.Status.PathAndQuery.Replace(
        "-status/", "-file/", StringComparison.Ordinal) + "/" + file, UriKind.Relative);

    private async Task<Uri> SendAsync(CancellationToken stop)
    {
        var query = $"/FHIR/R4/$submit-caseload?submission={last.Name}&extracted={last.Extracted}";
        using var answer = await AnswerAsync(() =>
        {
            var content = new StreamContent(File.OpenRead(last.File));
            content.Headers.ContentType = new MediaTypeHeaderValue(last.Type);
            return new(HttpMethod.Post, query) { Content = content };
        }, stop);
        if (answer.StatusCode != HttpStatusCode.Accepted)
        {
            throw await WrongAsync(answer, stop);
        }

        Answered(answer);
        return new Uri(new Uri("http://council"), answer.Content.Headers.ContentLocation!.PathAndQuery);
    }

    private async Task<byte[]> DoneAsync(CancellationToken stop)
    {
        while (true)
        {
            using var answer = await AnswerAsync(() => new(HttpMethod.Get, last.Status.PathAndQuery), stop);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return await answer.Content.ReadAsByteArrayAsync(stop);
            }

            if (answer.StatusCode != HttpStatusCode.Accepted)
            {
                throw await WrongAsync(answer, stop);
            }

            await Task.Delay(AskEveryMs, stop);
        }
    }

    private async Task<byte[]> BodyAsync(Uri address, CancellationToken stop)
    {
        while (true)
        {
            using var answer = await AnswerAsync(() => new(HttpMethod.Get, address), stop);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                throw await WrongAsync(answer, stop);
            }

            try
            {
                var body = await answer.Content.ReadAsByteArrayAsync(stop);
                Answered(answer);
                return body;
            }
            catch (HttpRequestException)
            {
                // Cut off: asked again.
            }
        }
    }

    /// <summary>Asks until there is an answer that is not "later": any server of the run will do.</summary>
    private async Task<HttpResponseMessage> AnswerAsync(Func<HttpRequestMessage> ask, CancellationToken stop)
    {
        for (; ; place++)
        {
            try
            {
                var server = stage.Seats[place % stage.Seats.Count].Address;
                using var request = ask();
                request.RequestUri = new Uri(server, request.RequestUri!.ToString());
                request.Headers.Authorization = await tokens.OfAsync(http, server, persona);
                request.Headers.Add("X-Request-ID", Guid.NewGuid().ToString());
                var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
                if (answer.StatusCode is not (HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests))
                {
                    return answer;
                }

                await RefusedAsync(answer);
                answer.Dispose();
            }
            catch (Exception cut) when (cut is HttpRequestException or IOException
                || (cut is TaskCanceledException && !stop.IsCancellationRequested))
            {
                // The server died: it is asked again.
            }

            Tally = (Tally.Done, Tally.Again + 1);
            await Task.Delay(AgainMs, stop);
        }
    }

    /// <summary>Success that must have its entry; asking how far a file has come has none.</summary>
    private void Answered(HttpResponseMessage answer) => stage.Witness.Write(Line(answer));

    /// <summary>"Later" must say so in the fixed words, and say nothing about anybody.</summary>
    private async Task RefusedAsync(HttpResponseMessage answer)
    {
        if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
        {
            return;
        }

        var fault = (await Answer.ReceiveAsync(answer)).Fault();
        stage.Witness.Write(Line(answer) with { Wrong = fault, Promise = fault is null ? null : "P5" });
    }

    private Seen Line(HttpResponseMessage answer) => new("answer", TimeProvider.System.GetUtcNow())
    {
        Request = Guid.Parse(answer.RequestMessage!.Headers.GetValues("X-Request-ID").Single()),
        Client = persona,
        Organisation = caseload.Council,
        Method = answer.RequestMessage.Method.Method,
        Status = (int)answer.StatusCode,
    };

    private static async Task<InvalidOperationException> WrongAsync(
        HttpResponseMessage answer, CancellationToken stop) =>
        new($"An upload was answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(stop)}");
}
