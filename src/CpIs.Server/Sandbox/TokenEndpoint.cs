using System.Text;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Sandbox;

/// <summary>
/// <c>POST /oauth2/token</c> of the sandbox: a client proves itself by a signed assertion, as SMART Backend Services
/// asks, or names a persona by <c>client_id</c> alone, which only a sandbox allows. RFC 6749 §4.4, RFC 7521 §4.2.
/// </summary>
internal sealed class TokenEndpoint(
    TokenIssuer issuer, Assertions assertions, Denials denials, ServerOptions options)
{
    public const string Path = "/oauth2/token";

    private const int FormBytesMax = 16 * 1024;

    public async Task<IResult> AnswerAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType || http.Request.ContentLength is null or > FormBytesMax)
        {
            return Error("invalid_request", "Send a form of at most 16 KiB.");
        }

        var form = await http.Request.ReadFormAsync(http.RequestAborted);
        http.Response.Headers.CacheControl = "no-store";
        if (form["grant_type"] != "client_credentials")
        {
            return Error("unsupported_grant_type", "Only client_credentials is served.");
        }

        var (client, why) = await ClientAsync(form);
        if (client is null)
        {
            await denials.RecordAsync(Refusal(http, why));
            return Error("invalid_client", why, StatusCodes.Status401Unauthorized);
        }

        var scope = form.ContainsKey("scope") ? ScopeRequest.Grant(form["scope"].ToString(), client.Scope)
            : client.Scope;
        return scope.Length == 0
            ? Error("invalid_scope", "This client holds none of the scopes asked for.")
            : Results.Json(new
            {
                access_token = issuer.Issue(client with { Scope = scope }),
                token_type = "Bearer",
                expires_in = TokenIssuer.LifetimeSeconds,
                scope,
            });
    }

    private async Task<(Persona? Client, string Why)> ClientAsync(IFormCollection form)
    {
        var named = form["client_id"].ToString();
        if (!form.ContainsKey("client_assertion") && !form.ContainsKey("client_assertion_type"))
        {
            return (Persona.Find(named, options.Councils), "No such persona.");
        }

        if (form["client_assertion_type"] != Assertions.Type)
        {
            return (null, $"client_assertion_type must be {Assertions.Type}.");
        }

        var (client, why) = await assertions.JudgeAsync(form["client_assertion"].ToString());
        return client is not null && named.Length > 0 && named != client.ClientId
            ? (null, "client_id is not the client that signed.")
            : (client, why);
    }

    /// <summary>
    /// The entry of a client that was not believed: who it said it is stays out, since anybody may say it.
    /// </summary>
    private AuditEntry Refusal(HttpContext http, string why) => new()
    {
        Kind = "security",
        Interaction = "operation",
        Action = 'E',
        Status = StatusCodes.Status401Unauthorized,
        Outcome = 4,
        Reason = $"{DetailCode.AccessDenied.Code}: {why}",
        Query = Encoding.UTF8.GetBytes(Path),
        Address = http.Connection.RemoteIpAddress?.ToString(),
        Instance = options.Instance,
    };

    private static IResult Error(string error, string why, int status = StatusCodes.Status400BadRequest) =>
        Results.Json(new { error, error_description = why }, statusCode: status);
}
