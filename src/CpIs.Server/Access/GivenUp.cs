using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace CpIs.Server.Access;

/// <summary>
/// Requests that their clients gave up before their turn came: nobody would hear the answer, so nothing is looked up
/// for it. A connection that goes on like that wears the server down and is cut off.
/// https://nvd.nist.gov/vuln/detail/CVE-2023-44487 (HTTP/2 rapid reset)
/// </summary>
internal sealed class GivenUp
{
    /// <summary>
    /// Requests of one connection that may be given up unheard within <see cref="Window"/>: twice what it may
    /// have under way, so that a proxy whose clients all lose patience at once stays below it.
    /// </summary>
    private const int RequestsMax = 200;

    private static readonly TimeSpan Window = TimeSpan.FromSeconds(10);

    private readonly Lock counting = new();
    private DateTimeOffset since;
    private int count;

    /// <summary>Before anything else that a request costs.</summary>
    public static void PassOver(WebApplication app, TimeProvider clock) => app.Use((http, next) =>
    {
        if (!http.RequestAborted.IsCancellationRequested)
        {
            return next(http);
        }

        http.Abort();
        if (OfConnection(http).IsTooMany(clock.GetUtcNow()))
        {
            http.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
        }

        return Task.CompletedTask;
    });

    private static GivenUp OfConnection(HttpContext http)
    {
        var items = http.Features.GetRequiredFeature<IConnectionItemsFeature>().Items;
        lock (items)
        {
            if (!items.TryGetValue(typeof(GivenUp), out var known))
            {
                items[typeof(GivenUp)] = known = new GivenUp();
            }

            return (GivenUp)known!;
        }
    }

    private bool IsTooMany(DateTimeOffset now)
    {
        lock (counting)
        {
            if (now - since >= Window)
            {
                (since, count) = (now, 0);
            }

            return ++count > RequestsMax;
        }
    }
}
