using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CpIs.Cli.Tests.Uploads;

/// <summary>
/// A server that answers as ours does but in its own time, so that a test sees what a clerk sees in the meantime.
/// </summary>
internal sealed class SlowServer : IAsyncDisposable
{
    private const string Job = "/FHIR/R4/$submit-caseload-status/1";
    private const int Hundred = 100;

    private readonly WebApplication app;

    private SlowServer(int? refuses, int step)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.MapPost("/oauth2/token", () => Results.Json(new { access_token = "a", expires_in = 300 }));
        app.MapPost("/FHIR/R4/$submit-caseload", (HttpContext http) => refuses is { } status
            ? Refuse(http, status) : AcceptAsync(http));
        app.MapGet(Job, (HttpContext http) => StatusAsync(http, step));
    }

    public Uri Address => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
        .Addresses.First() + "/");

    /// <summary>How often it was asked how far it is.</summary>
    public int Asked { get; private set; }

    public static async Task<SlowServer> StartAsync(int? refuses = null, int step = 0)
    {
        var server = new SlowServer(refuses, step);
        await server.app.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static Task Refuse(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        return http.Response.WriteAsync("""{"issue":[{"diagnostics":"Said by the server."}]}""");
    }

    private static async Task AcceptAsync(HttpContext http)
    {
        await http.Request.Body.CopyToAsync(Stream.Null);
        http.Response.StatusCode = StatusCodes.Status202Accepted;
        http.Response.Headers.ContentLocation = Job;
    }

    private async Task StatusAsync(HttpContext http, int step)
    {
        var percent = Math.Min(Hundred, Asked++ * step);
        if (percent == Hundred)
        {
            await http.Response.WriteAsync("""
                {"extension":{"fileCode":"CPF02","read":1000,"inserted":1000,"refused":0}}
                """);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status202Accepted;
        http.Response.Headers.RetryAfter = "1";
        http.Response.Headers["X-Progress"] = string.Create(
            CultureInfo.InvariantCulture, $"{percent} % ({percent * 10} of 1,000 rows, 0 refused)");
    }
}
