using System.Text;
using CpIs.Audit;
using CpIs.Server.Replays;
using Microsoft.AspNetCore.Http.Features;

namespace CpIs.Server.Access;

/// <summary>
/// One request with everything about it that is decided before its handler runs: caller, purpose, scheduled or not,
/// request id. It writes the ledger entry that every answer starts from.
/// </summary>
internal sealed class Call(HttpContext http, Route route, string requestId, string instance)
{
    /// <summary>Bytes of a request body, contract: 10 MiB.</summary>
    public const int BodyBytesMax = 10 * 1024 * 1024;

    /// <summary>
    /// Bytes of a body that is read to its end, so that its sender hears the 413 instead of a broken line.
    /// </summary>
    private const long DrainBytesMax = 8L * BodyBytesMax;

    private const int ChunkBytes = 16 * 1024;

    /// <summary>Bytes of a posted search form.</summary>
    private const int FormBytesMax = 64 * 1024;

    private static readonly string[] UnscheduledHeaders = ["IsUnscheduledAccessEvent", "IsUnscheduledEvent"];

    public HttpContext Http { get; } = http;

    public Route Route { get; } = route;

    public string RequestId { get; } = requestId;

    /// <summary>Under what a write is remembered; null when its client gave it no id to send it again by.</summary>
    public RequestKey? Key => GivenId is not { } request ? null
        : new(string.Join('\n', Caller.Issuer, Caller.ClientId, Caller.Subject, Caller.Organisation), request);

    /// <summary>The id that the client gave the request; in a batch with the entry's place.</summary>
    public string? GivenId { private get; init; }

    /// <summary>The body as far as a handler asked for it.</summary>
    public byte[] Body { get; private set; } = [];

    /// <summary>Target of the request as it stood on the wire.</summary>
    public string RawTarget => Http.Features.Get<IHttpRequestFeature>()?.RawTarget is { Length: > 0 } raw
        ? raw : Http.Request.Path;

    /// <summary>Null until the token was verified.</summary>
    public Caller? KnownCaller { get; private set; }

    /// <summary>The caller; every handler of a route that is not public has one.</summary>
    public Caller Caller => KnownCaller ?? throw new InvalidOperationException("This route has no caller.");

    public bool Health => Caller.Kind == Who.Health;

    /// <summary>R10, R11: null for callers whom the question does not concern.</summary>
    public bool? Unscheduled { get; private set; }

    /// <summary>R11: the caller asked for silence without the right to it.</summary>
    public bool CountedUnscheduled { get; private set; }

    public string Purpose { get; private set; } = "TREAT";

    public string? PurposeReason { get; private set; }

    /// <summary>Name of the caller's organisation, when the register knows it.</summary>
    public string? OrganisationName { get; set; }

    /// <summary>What the record of the answer says beside it; null: nothing.</summary>
    public string? Mark { get; set; }

    /// <summary>At whom this caller looked before; null where nobody counts.</summary>
    public Looks? Looks { get; set; }

    /// <summary>Body of a posted search, as it came.</summary>
    public byte[]? Form { get; private set; }

    /// <summary>
    /// Conditions of the token's scopes, of which an answer keeps to any; null: the scopes have none.
    /// </summary>
    public IReadOnlyList<string>? Within { get; private set; }

    /// <summary>What the record calls this; of a batch not what its route is called after.</summary>
    public string Interaction { get; set; } = route.Interaction;

    public string Base => $"{Http.Request.Scheme}://{Http.Request.Host}{Routes.Prefix}";

    public string Id => (string)Http.Request.RouteValues["id"]!;

    /// <summary>Sets the caller; whatever is refused from now on is refused to somebody known.</summary>
    public void Know(Caller caller) => KnownCaller = caller;

    /// <summary>Holds the call to what the token's scopes allow on the route's resource type.</summary>
    /// <exception cref="Refused">403 when they do not cover it.</exception>
    public void Cover()
    {
        if (Route.Letter is not { } letter || Caller.Scopes.Allow(Route.Resource, letter))
        {
            return;
        }

        var conditions = Route.Narrows ? Caller.Scopes.Conditions(Route.Resource, letter) : [];
        Within = conditions.Count > 0 ? conditions : throw Refused.Denied("The token's scopes do not cover this.");
    }

    /// <summary>Holds the call to the types an answer takes in beside its own.</summary>
    /// <exception cref="Refused">403 when a type may neither be read nor searched.</exception>
    public void CoverIncluded(IEnumerable<string> types)
    {
        if (types.Any(type => !Caller.Scopes.Allow(type, 'r') && !Caller.Scopes.Allow(type, 's')))
        {
            throw Refused.Denied("The token's scopes do not cover what is to be included.");
        }
    }

    /// <summary>Reads the headers that only a health caller may send.</summary>
    /// <exception cref="Refused">400 for a header with another value than its rule allows.</exception>
    public void Admit()
    {
        var caller = Caller;
        if (caller.Kind != Who.Health)
        {
            return;
        }

        ReadPurpose();
        var declared = Declared();
        Unscheduled = caller.MayNotify && (declared || !caller.MayViewSilently);
        CountedUnscheduled = Unscheduled == true && !declared;
        var organisation = Http.Request.Headers["NHSD-End-User-Organisation-ODS"].ToString();
        if (organisation.Length > 0 && organisation != caller.Organisation)
        {
            throw Refused.BadHeader("NHSD-End-User-Organisation-ODS is not the organisation of the chosen role.");
        }
    }

    /// <summary>The entry of this call as far as it is known now; handlers add whom and what.</summary>
    /// <param name="nhsNumber">Ten digits of the person asked about, or null.</param>
    public AuditEntry Entry(string? nhsNumber = null) => new()
    {
        Kind = "rest",
        Interaction = Interaction,
        Action = Route.Action,
        Status = 200,
        Reason = Looks?.IsBeyond(nhsNumber) != true ? Mark
            : Mark is null ? Browsing.Mark : $"{Mark} {Browsing.Mark}",
        NhsNumber = nhsNumber,
        ResourceType = Route.Resource.Length > 0 ? Route.Resource : null,
        Query = Target(),
        AgentIssuer = KnownCaller?.Issuer,
        AgentSubject = KnownCaller?.Subject,
        AgentUserId = KnownCaller?.UserId,
        AgentName = KnownCaller?.Name,
        AgentRole = KnownCaller?.Role,
        ActivityCode = Unscheduled switch
        {
            true => Caller.ViewActivity,
            false => Caller.ViewSilentlyActivity,
            null => null,
        },
        Organisation = KnownCaller?.Organisation,
        OrganisationName = OrganisationName,
        ClientId = KnownCaller?.ClientId,
        TokenId = KnownCaller?.TokenId,
        PurposeOfUse = Unscheduled is null ? null : Purpose,
        PurposeReason = PurposeReason,
        Address = Http.Connection.RemoteIpAddress?.ToString(),
        Unscheduled = Unscheduled,
        RequestId = RequestId,
        CorrelationId = Http.Request.Headers["X-Correlation-ID"].ToString() is { Length: > 0 } id ? id : null,
        Instance = instance,
    };

    /// <summary>The whole body.</summary>
    /// <exception cref="Refused">413 above <see cref="BodyBytesMax"/>.</exception>
    public async Task<byte[]> ReadBodyAsync(int bytesMax = BodyBytesMax)
    {
        if (Http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = DrainBytesMax;
        }

        using var body = new MemoryStream();
        var chunk = new byte[ChunkBytes];
        for (int read; (read = await Http.Request.Body.ReadAsync(chunk, Http.RequestAborted)) > 0;)
        {
            if (body.Length + read > bytesMax)
            {
                throw TooLarge(bytesMax);
            }

            body.Write(chunk.AsSpan(0, read));
        }

        return Body = body.ToArray();
    }

    /// <summary>Reads the body of a posted search, so that the ledger can hold it.</summary>
    public async Task<string> ReadFormAsync()
    {
        Form = await ReadBodyAsync(FormBytesMax);
        return Encoding.UTF8.GetString(Form);
    }

    private static Refused TooLarge(int bytesMax) => new(413, [new("error", "too-long", Fhir.DetailCode.InvalidResource,
        $"The body is larger than {bytesMax} bytes.")]);

    private byte[] Target()
    {
        var target = Encoding.UTF8.GetBytes(RawTarget);
        return Form is null ? target : [.. target, (byte)'\n', .. Form];
    }

    private bool Declared()
    {
        var said = UnscheduledHeaders.Where(Http.Request.Headers.ContainsKey).ToList();
        if (said.Select(one => Http.Request.Headers[one].ToString()).Distinct().Count() > 1)
        {
            throw Refused.BadHeader($"{string.Join(" and ", said)} are one header by two names: they must agree.");
        }

        var name = said.FirstOrDefault();
        return (name is null ? "true" : Http.Request.Headers[name].ToString()) switch
        {
            "true" => true,
            "false" => false,
            _ => throw Refused.BadHeader($"{name} must be true or false."),
        };
    }

    private void ReadPurpose()
    {
        var purpose = Http.Request.Headers["X-Purpose-Of-Use"].ToString();
        if (purpose.Length == 0)
        {
            return;
        }

        if (purpose is not ("TREAT" or "ETREAT" or "BTG"))
        {
            throw Refused.BadHeader("X-Purpose-Of-Use must be TREAT, ETREAT or BTG.");
        }

        Purpose = purpose;
        var reason = Http.Request.Headers["X-Purpose-Reason"].ToString().Trim();
        PurposeReason = reason.Length > 0 ? reason : null;
        if (purpose == "BTG" && PurposeReason is null)
        {
            throw Refused.BadHeader("X-Purpose-Of-Use BTG needs the header X-Purpose-Reason.");
        }
    }
}
