using System.Globalization;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Organizations;
using CpIs.Server.Searching;

namespace CpIs.Server.Access;

/// <summary>
/// The one way in. For every request: headers, token, policy of the route, then the handler; and a refusal, from
/// whichever of them, is recorded before it is answered.
/// </summary>
internal sealed class Door(AuditLog ledger, Register register, Newcomers newcomers, Denials denials, TokenCache tokens,
    Rates rates, Browsing browsing, ServerOptions options)
{
    private const string IdHeader = "X-Request-ID";

    /// <summary>
    /// Gives the ids of a request back, whatever becomes of it: also of one that meets no route, and so no door.
    /// </summary>
    public static void Mirror(HttpContext http)
    {
        http.Response.Headers[IdHeader] = RequestId(http, out _);
        foreach (var name in (string[])["X-Correlation-ID", "TraceID"])
        {
            var value = http.Request.Headers[name].ToString();
            if (value.Length is > 0 and <= 128 && value.All(c => c is > ' ' and < '\u007f'))
            {
                http.Response.Headers[name] = value;
            }
        }
    }

    /// <summary>Runs a route for a request.</summary>
    /// <param name="http">The request.</param>
    /// <param name="route">The line of the table it met.</param>
    /// <param name="handler">Who answers.</param>
    /// <param name="place">Of an entry of a batch its place there.</param>
    public async Task EnterAsync(HttpContext http, Route route, RouteHandler handler, int? place = null)
    {
        var id = RequestId(http, out var badHeader);
        var given = badHeader is null && http.Request.Headers.ContainsKey(IdHeader);
        var call = new Call(http, route, id, options.Instance)
        {
            GivenId = !given ? null : place is null ? id : $"{id}/{place}",
        };
        http.Response.Headers[IdHeader] = id;
        try
        {
            var unfit = badHeader is not null ? Refused.BadHeader(badHeader)
                : IsPassedOver(http, route) ? Refused.BadHeader("If-None-Exist is not served for this type.")
                : route.Negotiated ? Formats.Negotiate(http) : null;
            if (!route.Who.HasFlag(Who.Public))
            {
                await AdmitAsync(call);
            }

            if (unfit is not null)
            {
                throw unfit;
            }

            Narrowing.Settle(call);
            await handler(call);
        }
        catch (Refused refused) when (!http.Response.HasStarted)
        {
            await RefuseAsync(call, IsGuided(call) ? refused.AsGuided() : refused);
        }
    }

    /// <summary>A condition that nobody would look at: whoever sends it counts on it.</summary>
    private static bool IsPassedOver(HttpContext http, Route route) =>
        route is { Interaction: "create", Conditional: false } && http.Request.Headers.ContainsKey("If-None-Exist");

    /// <summary>NHS England's guide knows health callers of two searches; auditors' searches are ours.</summary>
    private static bool IsGuided(Call call) =>
        call.Route.Guided && call.KnownCaller is null or { Kind: Who.Health };

    private async Task AdmitAsync(Call call)
    {
        var caller = await tokens.CallerAsync(call.Http) ?? throw new Refused(401,
            [new("error", "login", DetailCode.AccessDenied, "A valid bearer token is needed.")]);
        call.Know(caller);
        var organisation = await register.FindAsync(caller.Organisation);
        call.OrganisationName = organisation?.Name;
        Slow(call);
        call.Admit();
        if (!call.Route.Who.HasFlag(caller.Kind))
        {
            throw Refused.Denied("Your role may not do this.");
        }

        call.Cover();
        await newcomers.MeetAsync(call, organisation);
        call.Looks = browsing.Of(call);
        if (options.Browsing.Refuse && call.Purpose != "BTG" && call.Looks?.Wait() is { } wait && wait > TimeSpan.Zero)
        {
            RetryAfter(call, wait);
            throw Refused.TooMany();
        }
    }

    /// <summary>Before anything else that a client could make us do over and over.</summary>
    private void Slow(Call call)
    {
        var wait = rates.Count(call.Caller);
        if (wait > TimeSpan.Zero)
        {
            RetryAfter(call, wait);
            throw Refused.TooFast();
        }
    }

    private static void RetryAfter(Call call, TimeSpan wait) => call.Http.Response.Headers.RetryAfter =
        Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private async Task RefuseAsync(Call call, Refused refused)
    {
        if (call.Route.Discloses != Discloses.Nothing)
        {
            await RecordAsync(call, refused);
        }

        if (refused.Status == StatusCodes.Status401Unauthorized)
        {
            call.Http.Response.Headers.WWWAuthenticate = "Bearer";
        }

        if (refused.Status == StatusCodes.Status503ServiceUnavailable)
        {
            call.Http.Response.Headers.RetryAfter = Failures.RetrySeconds;
        }

        if (refused.Version is { } version)
        {
            call.Http.Response.Headers.ETag = $"W/\"{version}\"";
        }

        await Answers.OutcomeAsync(call.Http, refused.Status, refused.Issues);
    }

    private async Task RecordAsync(Call call, Refused refused)
    {
        var entry = call.Entry(refused.NhsNumber) with
        {
            Status = refused.Status,
            Outcome = 4,
            Reason = $"{refused.Issues[0].Detail.Code}: {refused.Issues[0].Code}",
            ResourceId = call.Http.Request.RouteValues["id"] as string,
            PlanFound = call.Unscheduled is null ? null : false,
            InHistory = call.Unscheduled is null ? null : false,
        };
        if (call.KnownCaller is null || refused.Counted)
        {
            await denials.RecordAsync(entry with { Kind = "security" });
            return;
        }

        await ledger.RecordAsync(entry);
    }

    /// <summary>The caller's id, or a new one; what is no UUID is never echoed.</summary>
    private static string RequestId(HttpContext http, out string? fault)
    {
        var sent = http.Request.Headers[IdHeader].ToString();
        var valid = Guid.TryParseExact(sent, "D", out _);
        fault = valid || sent.Length == 0 ? null : "X-Request-ID must be a UUID.";
        return valid ? sent
            : http.Response.Headers[IdHeader].ToString() is { Length: > 0 } made ? made : Guid.NewGuid().ToString();
    }
}
