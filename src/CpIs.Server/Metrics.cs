using CpIs.Audit;
using CpIs.Server.Notices;
using CpIs.Server.Uploads;
using OpenTelemetry.Metrics;

namespace CpIs.Server;

/// <summary>
/// What those who run a server watch, for Prometheus: on the management port alone, told by the port a request came in
/// by and never by a header. Requests go by the pattern of their route, so no metric names anybody.
/// </summary>
internal static class Metrics
{
    public const string Path = "/metrics";

    /// <summary>The framework's own meters; those of the database driver would show connection strings.</summary>
    private static readonly string[] OfFramework =
        ["Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime"];

    public static void Add(IServiceCollection services) => services.AddOpenTelemetry().WithMetrics(metrics => metrics
        .AddMeter(OfFramework).AddMeter(LedgerMeter.Name, UploadMeter.Name, Backlog.MeterName)
        .AddPrometheusExporter());

    /// <summary>Serves the page, and nothing but it and health on the management port.</summary>
    public static void Serve(WebApplication app, ServerOptions options)
    {
        bool Inside(HttpContext http) => http.Connection.LocalPort == options.ManagementPort;
        app.UseOpenTelemetryPrometheusScrapingEndpoint(http => Inside(http) && http.Request.Path == Path);
        app.Use((http, next) =>
        {
            if (!Inside(http) || http.Request.Path.StartsWithSegments(Health.Path, StringComparison.Ordinal))
            {
                return next(http);
            }

            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }
}
