using CpIs.Audit;
using CpIs.Fhir;
using Npgsql;

namespace CpIs.Server;

/// <summary>
/// The last net: whatever goes wrong becomes an OperationOutcome that gives nothing away, and a clinician is told that
/// this is no answer. The only broad catch of the request path.
/// </summary>
internal static class Failures
{
    /// <summary>Seconds after which to try again.</summary>
    public const string RetrySeconds = "5";

    public static void Catch(WebApplication app, ILogger log)
    {
        app.Use((http, next) =>
        {
            Access.Door.Mirror(http);
            return GuardAsync(http, log, () => next(http));
        });
    }

    /// <summary>
    /// Runs what answers a request, be it an entry of a batch; whatever goes wrong there is answered too.
    /// </summary>
    public static async Task GuardAsync(HttpContext http, ILogger log, Func<Task> answer)
    {
        try
        {
            await answer();
            if (!http.Response.HasStarted
                && http.Response is { StatusCode: 404 or 405, ContentLength: null, ContentType: null })
            {
                await NoRouteAsync(http);
            }
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            http.Abort();
        }
        catch (BadHttpRequestException broken)
        {
            await BrokenAsync(http, broken.StatusCode);
        }
        catch (Exception cause) when (cause is LedgerUnavailable or NpgsqlException or TimeoutException)
        {
            log.NoAnswer(RequestId(http), Kind(cause), cause.StackTrace ?? "");
            http.Response.Headers.RetryAfter = RetrySeconds;
            await TellAsync(http, 503, "transient", DetailCode.ServiceUnavailable);
        }
        catch (Exception cause)
        {
            log.RequestFailed(RequestId(http), Kind(cause), cause.StackTrace ?? "");
            await TellAsync(http, 500, "exception", DetailCode.ServerError);
        }
    }

    private static Task NoRouteAsync(HttpContext http)
    {
        if (http.Response.StatusCode == 405 && !Routes.IsMisspelt(http.Request.Path))
        {
            return Answers.OutcomeAsync(http, 405, [new("error", "not-supported", DetailCode.Unsupported,
                "This method is not served here.")]);
        }

        http.Response.Headers.Remove("Allow");
        return Answers.OutcomeAsync(http, 404, [new("error", "not-found", DetailCode.NotFound,
            "There is nothing at this address.")]);
    }

    /// <summary>The sender stopped, was too slow, or sent what is no HTTP: its fault, and no alarm.</summary>
    private static Task BrokenAsync(HttpContext http, int status)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return Task.CompletedTask;
        }

        return Answers.OutcomeAsync(http, status,
            [new("error", "structure", DetailCode.InvalidResource, "The request could not be read to its end.")]);
    }

    private static Task TellAsync(HttpContext http, int status, string code, DetailCode detail)
    {
        if (http.Response.HasStarted)
        {
            http.Abort();
            return Task.CompletedTask;
        }

        http.Response.Headers.Remove("ETag");
        http.Response.Headers.Remove("Last-Modified");
        http.Response.Headers.Remove("Location");
        return Answers.OutcomeAsync(http, status, [new("error", code, detail, Words.NoAnswer)]);
    }

    /// <summary>
    /// Types of an exception and its causes, never their messages: the database puts values into those.
    /// </summary>
    private static string Kind(Exception cause) => string.Join(" < ", Causes(cause).Select(
        c => c is PostgresException refused ? $"PostgresException {refused.SqlState}" : c.GetType().Name));

    private static IEnumerable<Exception> Causes(Exception? cause)
    {
        for (; cause is not null; cause = cause.InnerException)
        {
            yield return cause;
        }
    }

    private static string RequestId(HttpContext http) => http.Response.Headers["X-Request-ID"].ToString();
}
