using CpIs.Server.Database;
using Microsoft.AspNetCore.Cors.Infrastructure;

namespace CpIs.Server.Access;

/// <summary>
/// Which web pages may ask from a browser, by their origin. A page brings a token like everybody else; there are no
/// cookies, so nothing a browser keeps lets a page in. https://fetch.spec.whatwg.org/#http-cors-protocol
/// </summary>
internal sealed record Browsers
{
    /// <summary>Minutes for which a browser remembers what it may ask.</summary>
    private const int RememberMinutes = 10;

    /// <summary>Headers of answers that a page may read, beside those that every page may.</summary>
    public static readonly IReadOnlyList<string> Exposed =
    [
        "ETag", "Location", "Content-Location", "X-Request-ID", "X-Correlation-ID", "TraceID", "X-Replayed",
        "X-Progress", "Retry-After", "WWW-Authenticate",
    ];

    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

    private static readonly string[] Sent =
    [
        "Authorization", "Accept", "Content-Type", "If-Match", "If-None-Match", "If-None-Exist", "If-Modified-Since",
        "Prefer", "X-Request-ID", "X-Correlation-ID", "TraceID", "IsUnscheduledAccessEvent", "IsUnscheduledEvent",
        "X-Purpose-Of-Use", "X-Purpose-Reason", "NHSD-End-User-Organisation-ODS", "NHSD-Session-URID",
    ];

    /// <summary>Origins as a browser names them.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>Reads <c>Browsers:Origins:0</c> and on.</summary>
    /// <exception cref="StartRefusedException">When one is no origin, or travels in the clear.</exception>
    public static Browsers Read(IConfiguration configuration) => new()
    {
        Origins = [.. configuration.GetSection("Browsers:Origins").GetChildren().Select(o => Checked(o.Value ?? ""))],
    };

    /// <summary>Whether any page is let in at all.</summary>
    public bool Any(bool sandbox) => sandbox || Origins.Count > 0;

    /// <summary>Answers what browsers ask before they ask, and says with each answer who may read it.</summary>
    /// <param name="app">The endpoint.</param>
    /// <param name="port">Port of the service: the management port has nothing for pages.</param>
    /// <param name="sandbox">Any page of this machine may, as those who write one have it.</param>
    public void Answer(WebApplication app, int port, bool sandbox)
    {
        var policy = new CorsPolicyBuilder().SetIsOriginAllowed(origin => May(origin, sandbox))
            .WithMethods(Methods).WithHeaders(Sent).WithExposedHeaders([.. Exposed])
                .SetPreflightMaxAge(TimeSpan.FromMinutes(RememberMinutes)).Build();
        app.UseWhen(http => http.Connection.LocalPort == port, pages => pages.UseMiddleware<CorsMiddleware>(policy));
    }

    private bool May(string origin, bool sandbox) => Origins.Contains(origin)
        || (sandbox && Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.IsLoopback
            && page.Scheme is "http" or "https");

    private static string Checked(string origin) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var page) && page.GetLeftPart(UriPartial.Authority) == origin
        && (page.Scheme == Uri.UriSchemeHttps || (page.Scheme == Uri.UriSchemeHttp && page.IsLoopback))
            ? origin
            : throw new StartRefusedException(
                "Browsers:Origins holds what is no origin such as https://epr.example: no path, no *, no http.");
}
