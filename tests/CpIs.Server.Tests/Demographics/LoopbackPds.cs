using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace CpIs.Server.Tests.Demographics;

/// <summary>
/// The national service as its public specification describes it, on the loopback address: it checks the signed JWT
/// and the headers, and answers about each number as the test says.
/// </summary>
internal sealed class LoopbackPds : IAsyncDisposable
{
    public const string ApiKey = "an-application";
    public const string KeyId = "a-key-2026";

    private readonly RSA key = RSA.Create(2048);
    private readonly WebApplication app;
    private readonly TimeProvider clock;
    private readonly ConcurrentDictionary<string, Func<HttpContext, Task>> answers = new();
    private readonly ConcurrentQueue<string> assertions = new();
    private string token = "token-1";

    private LoopbackPds(TimeProvider clock)
    {
        this.clock = clock;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.MapPost("/oauth2/token", (Delegate)TokenAsync);
        app.MapGet("/personal-demographics/FHIR/R4/Patient/{number}", (Delegate)PatientAsync);
    }

    /// <summary>Numbers asked about, in order, each time they were.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Status of the token endpoint.</summary>
    public int TokenStatus { get; set; } = 200;

    public int TokensGiven { get; private set; }

    public Uri Root => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
        .Addresses.Single());

    public Uri Address => new(Root, "personal-demographics/FHIR/R4/");

    public Uri TokenAddress => new(Root, "oauth2/token");

    public static async Task<LoopbackPds> StartAsync(TimeProvider clock)
    {
        var service = new LoopbackPds(clock);
        await service.app.StartAsync();
        return service;
    }

    /// <summary>Writes the private key where the client is told to read it.</summary>
    public string WriteKey(string folder)
    {
        var file = Path.Combine(folder, "national-service-key");
        File.WriteAllText(file, key.ExportPkcs8PrivateKeyPem());
        return file;
    }

    public void Answer(string number, JsonObject patient) => Answer(number, 200, patient.ToJsonString());

    public void Answer(string number, int status, string body, string? retryAfter = null) =>
        answers[number] = http =>
        {
            http.Response.StatusCode = status;
            http.Response.ContentType = "application/fhir+json";
            http.Response.Headers.ETag = "W/\"2\"";
            if (retryAfter is not null)
            {
                http.Response.Headers.RetryAfter = retryAfter;
            }

            return http.Response.WriteAsync(body, Encoding.UTF8, http.RequestAborted);
        };

    public void Answer(string number, Func<HttpContext, Task> answer) => answers[number] = answer;

    /// <summary>Tokens given so far are no longer accepted.</summary>
    public void Revoke() => token = "token-" + Guid.NewGuid();

    public static string Outcome(string code) => new JsonObject
    {
        ["resourceType"] = "OperationOutcome",
        ["issue"] = new JsonArray(new JsonObject
        {
            ["severity"] = "error",
            ["code"] = "value",
            ["details"] = new JsonObject
            {
                ["coding"] = new JsonArray(new JsonObject
                {
                    ["system"] = "https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode", ["code"] = code,
                }),
            },
        }),
    }.ToJsonString();

    public static JsonObject Patient(string number, string security = "U", params (string Use, string Name)[] names) =>
        new()
        {
            ["resourceType"] = "Patient",
            ["id"] = number,
            ["meta"] = new JsonObject
            {
                ["versionId"] = "2", ["security"] = new JsonArray(new JsonObject { ["code"] = security }),
            },
            ["name"] = new JsonArray([.. names.Select(one => new JsonObject
            {
                ["use"] = one.Use,
                ["family"] = one.Name.Split(' ')[0],
                ["given"] = new JsonArray([.. one.Name.Split(' ')[1..].Select(name => JsonValue.Create(name))]),
            })]),
            ["birthDate"] = "2018-04-05",
        };

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        key.Dispose();
    }

    private async Task TokenAsync(HttpContext http)
    {
        var form = await http.Request.ReadFormAsync();
        if (TokenStatus != 200 || !await IsGoodAsync(form))
        {
            http.Response.StatusCode = TokenStatus == 200 ? 401 : TokenStatus;
            return;
        }

        TokensGiven++;
        await http.Response.WriteAsJsonAsync(
            new { access_token = token, expires_in = "599", token_type = "Bearer", issued_at = "1700000000000" });
    }

    /// <summary>RS512 with the registered key, made out to this address, for five minutes at most, and new.</summary>
    private async Task<bool> IsGoodAsync(IFormCollection form)
    {
        var assertion = form["client_assertion"].ToString();
        var checkedAssertion = await new JsonWebTokenHandler().ValidateTokenAsync(assertion, new()
        {
            ValidAlgorithms = ["RS512"],
            IssuerSigningKey = new RsaSecurityKey(key.ExportParameters(false)) { KeyId = KeyId },
            ValidIssuer = ApiKey,
            ValidAudience = TokenAddress.OriginalString,
            RequireExpirationTime = true,
        });
        if (!checkedAssertion.IsValid || form["grant_type"] != "client_credentials"
            || form["client_assertion_type"] != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        {
            return false;
        }

        var jwt = (JsonWebToken)checkedAssertion.SecurityToken;
        var isNew = !assertions.Contains(jwt.Id);
        assertions.Enqueue(jwt.Id);
        return isNew && jwt.Kid == KeyId && jwt.Subject == ApiKey && Guid.TryParse(jwt.Id, out _)
            && jwt.ValidTo <= clock.GetUtcNow().UtcDateTime.AddMinutes(5);
    }

    private async Task PatientAsync(HttpContext http, string number)
    {
        Asked.Enqueue(number);
        if (http.Request.Headers.Authorization != "Bearer " + token)
        {
            http.Response.StatusCode = (int)HttpStatusCode.Unauthorized;
            await http.Response.WriteAsync(Outcome("ACCESS_DENIED"));
            return;
        }

        if (!Guid.TryParse(http.Request.Headers["X-Request-ID"], out _))
        {
            http.Response.StatusCode = 400;
            await http.Response.WriteAsync(Outcome("MISSING_VALUE"));
            return;
        }

        await (answers.TryGetValue(number, out var answer) ? answer(http) : NotFoundAsync(http));
    }

    private static async Task NotFoundAsync(HttpContext http)
    {
        http.Response.StatusCode = 404;
        await http.Response.WriteAsync(Outcome("RESOURCE_NOT_FOUND"));
    }
}
