using System.Collections.Concurrent;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Bundles;

/// <summary>
/// A batch: every entry goes through the same door as if it had come alone, one after the other, and is recorded as
/// such; what one is refused for touches none of the others. http://hl7.org/fhir/R4/http.html#brules
/// Not served: Bundles inside a batch, and the operations that take or give files.
/// </summary>
internal sealed class RunBatch(Door door, IServiceProvider rooms, ILogger<RunBatch> log)
{
    /// <summary>Bytes of all answers together; entries after that are not run.</summary>
    private const int AnswerBytesMax = 64 * 1024 * 1024;

    private readonly ConcurrentDictionary<Route, RouteHandler> handlers = new();

    public async Task AnswerAsync(Call call, IReadOnlyList<BundleEntry> entries)
    {
        using var answer = new BatchAnswer(call);
        foreach (var entry in entries)
        {
            call.Http.RequestAborted.ThrowIfCancellationRequested();
            await RunAsync(call, entry, answer);
        }

        await Answers.BytesAsync(call.Http, 200, answer.Finish());
    }

    private async Task RunAsync(Call call, BundleEntry entry, BatchAnswer answer)
    {
        if (answer.Bytes > AnswerBytesMax)
        {
            answer.Add(StatusCodes.Status413PayloadTooLarge, new("error", "too-costly", DetailCode.InvalidSearch,
                "The entries before this one answered too much: it was not run."));
            return;
        }

        if (Routes.Find(entry.Method, entry.Path) is not var (route, values))
        {
            answer.Add(StatusCodes.Status404NotFound, new("error", "not-found", DetailCode.NotFound,
                "Nothing is served under this method and url."));
            return;
        }

        using var request = new EntryRequest(call, entry, values);
        var alone = !route.Negotiated || route.Also is not null || route is { Resource: "", Interaction: "operation" };
        var handler = !alone
            ? handlers.GetOrAdd(route, r => r.Room(rooms)) : NotHereAsync;
        await Failures.GuardAsync(request.Http, log, () => door.EnterAsync(request.Http, route, handler, entry.Index));
        answer.Add(entry, request.Http.Response, request.Body);
    }

    private static Task NotHereAsync(Call call) => throw Refused.Unprocessable(DetailCode.Unsupported,
        "Bundles, and operations with files, are no entries of a batch: send them by themselves.");
}
