using System.Text;
using CpIs.Testing;

namespace CpIs.Faults.Commits;

/// <summary>
/// One write whose server dies at its commit. Its client heard nothing, so it sends the same again under the same
/// X-Request-ID, twice; what it hears then and what is kept must be as if nothing had happened.
/// </summary>
internal sealed class KilledWrite(
    Stage stage, Tokens tokens, HttpClient http, KilledBooks books, string kind, OneWrite write)
{
    private const int AgainMs = 100;
    private const int AgainSecondsMax = 120;

    private readonly Guid request = Guid.NewGuid();
    private readonly string correlation = Guid.NewGuid().ToString();
    private readonly List<string> wrong = [];
    private List<BookedChange> before = [];

    public string Kind => kind;

    public OneWrite Write => write;

    /// <summary>What it made, as its answer names it; none before there was one.</summary>
    public IReadOnlyList<string> Made { get; private set; } = [];

    public Withheld Withhold(CuttingProxy proxy, bool committed) =>
        proxy.Withhold(correlation, committed, write.Before + (!committed && write.Announced ? 1 : 0));

    /// <summary>Sends it and returns when its server is dead; an answer is a fault of the run.</summary>
    public async Task SendUnheardAsync(Withheld withheld)
    {
        try
        {
            while (true)
            {
                var heard = await SendAsync();
                if (heard.Status != 503 || withheld.Came.IsCompleted)
                {
                    throw new InvalidOperationException(
                        $"{kind} was answered {heard.Status} before its server was killed: {heard.Body}");
                }

                await Task.Delay(AgainMs);
            }
        }
        catch (HttpRequestException)
        {
            stage.Witness.Write(Line("unknown"));
        }
    }

    /// <summary>What the database holds while its server is dead.</summary>
    public async Task LookAsync(bool committed, CancellationToken stop)
    {
        before = await books.EntriesAsync(request, stop);
        var expected = committed ? write.Before == 0 ? write.Entries : write.Before + 1 : write.Before;
        Expect(before.Count == expected, $"{before.Count} entries of {expected} when its server was dead");
    }

    /// <summary>The client sends it again, and once more; then it is judged.</summary>
    public async Task AgainAsync(bool committed, CancellationToken stop)
    {
        var second = await AnswerAsync(stop);
        var third = await AnswerAsync(stop);
        Expect(second.Status == write.Status, $"answered {second.Status} when it was sent again: {second.Body}");
        Expect(!write.SaysReplayed || second.Replayed == committed,
            second.Replayed ? "replayed, though it was not committed" : "done again, though it was committed");
        Expect(!write.SaysReplayed || third.Replayed, "not replayed when it was sent a third time");
        Expect(third with { Replayed = second.Replayed } == second, "answered differently the third time");
        await JudgeEntriesAsync(second, stop);
        foreach (var made in Made)
        {
            var (newest, kept) = await books.VersionsAsync(write.Organisation, made.Split('/')[1], stop);
            Expect(kept == (write.Kept ?? write.Version) && (kept == 0 || newest == write.Version),
                $"{kept} versions, the newest {newest}; it should be {write.Version}");
        }

        stage.Witness.Write(Line("again") with
        {
            What = kind,
            Wrong = wrong.Count == 0 ? null : $"{kind}: {string.Join("; ", wrong)}",
            Promise = wrong.Count == 0 ? null : "P6",
        });
    }

    /// <summary>One change, one entry: whatever else is recorded of it says that it was given again.</summary>
    private async Task JudgeEntriesAsync(Heard heard, CancellationToken stop)
    {
        var after = await books.EntriesAsync(request, stop);
        var changes = after.Where(entry => entry.Reason is null).ToList();
        Expect(changes.Count == write.Entries, $"{changes.Count} entries of the change, not {write.Entries}");
        Expect(before.TrueForAll(entry => changes.Exists(one => one.Id == entry.Id)), "another entry than before");
        Expect(after.TrueForAll(entry => entry.Reason is null or "replayed" or "sent before"),
            "an entry with another reason");
        Expect(!Made.Except(changes.SelectMany(entry => entry.Disclosed)).Any(), "what it made is not in its entry");
        Expect(Made.All(made => made.EndsWith($"/_history/{write.Version}", StringComparison.Ordinal)),
            $"it made {string.Join(' ', Made.Select(made => made.Split('/')[^1]))}, not {write.Version}");
        if (write.Submission is { } submission)
        {
            var jobs = await books.JobsAsync(submission, stop);
            Expect(jobs is [var job] && heard.Place!.EndsWith("/" + job, StringComparison.Ordinal),
                $"{jobs.Count} files were accepted, or another than it was told");
        }
        else
        {
            Expect(changes.TrueForAll(entry => write.Entries > 1 || entry.Status == heard.Status),
                "its entry has another status");
        }
    }

    /// <summary>Sends it until the answer is not "later".</summary>
    private async Task<Heard> AnswerAsync(CancellationToken stop)
    {
        for (var waited = 0; ; waited += AgainMs)
        {
            var heard = await SendAsync();
            if (heard.Status != 503 || waited > AgainSecondsMax * 1000)
            {
                return heard;
            }

            await Task.Delay(AgainMs, stop);
        }
    }

    private async Task<Heard> SendAsync()
    {
        var server = stage.Seats[0].Address;
        using var message = new HttpRequestMessage(write.Method, new Uri(server, "/FHIR/R4/" + write.Route));
        message.Headers.Authorization = await tokens.OfAsync(http, server, write.Persona);
        message.Headers.Add("X-Request-ID", request.ToString());
        message.Headers.Add("X-Correlation-ID", correlation);
        if (write.IfNoneExist is { } condition)
        {
            message.Headers.Add("If-None-Exist", condition);
        }

        message.Content = write.Body is null ? null : new StringContent(write.Body, Encoding.UTF8, write.Type);
        using var response = await http.SendAsync(message);
        var answer = await Answer.ReceiveAsync(response);
        WriteDown(answer);
        return new(answer.Status, response.Headers.ETag?.Tag, response.Headers.Location?.ToString(),
            response.Content.Headers.ContentLocation?.ToString(), await response.Content.ReadAsStringAsync(),
            response.Headers.TryGetValues("X-Replayed", out var replayed) && replayed.Single() == "true");
    }

    private void WriteDown(Answer answer)
    {
        if (answer.Succeeded)
        {
            Made = write.Method == HttpMethod.Delete ? [$"{write.Route}/_history/{answer.Version}"]
                : answer.Put.Count > 0 ? answer.Put : answer.Single is { } single ? [single] : [];
        }

        var fault = answer.Fault();
        stage.Witness.Write(Line("answer") with
        {
            Status = answer.Status,
            Hash = answer.Hash,
            Changed = answer.Succeeded ? [.. Made.Where(made => Books.Types.Contains(made.Split('/')[0]))] : [],
            Raw = answer is { Succeeded: true, Shown.Count: 1, Put.Count: 0 },
            Wrong = fault,
            Promise = fault is null ? null : "P5",
        });
    }

    private Seen Line(string seen) => new(seen, TimeProvider.System.GetUtcNow())
    {
        Request = request,
        Client = write.Persona,
        Organisation = write.Organisation,
        Method = write.Method.Method,
        NhsNumber = write.Submission is null ? write.NhsNumber : null,
    };

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            wrong.Add(otherwise);
        }
    }

    /// <summary>An answer as its client hears it.</summary>
    private sealed record Heard(
        int Status, string? ETag, string? Location, string? Place, string Body, bool Replayed);
}
