using System.Security.Claims;
using System.Text.Json;

namespace CpIs.Server.Access;

/// <summary>
/// Who asks: made from a verified token and nothing else. A token that does not say all that its kind of caller must
/// say makes no caller, and so opens no door. Claims of a person as in NHS CIS2:
/// https://digital.nhs.uk/services/care-identity-service
/// </summary>
internal sealed record Caller
{
    /// <summary>National RBAC: view child protection information, with notification of the council.</summary>
    public const string ViewActivity = "B0107";

    /// <summary>National RBAC: view it silently.</summary>
    public const string ViewSilentlyActivity = "B0170";

    public required Who Kind { get; init; }

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required string ClientId { get; init; }

    public required string? TokenId { get; init; }

    public required Scopes Scopes { get; init; }

    /// <summary>ODS code of the organisation the caller acts for.</summary>
    public required string Organisation { get; init; }

    /// <summary>True for an auditor of the whole country.</summary>
    public bool National { get; init; }

    /// <summary>SDS user id of a person.</summary>
    public string? UserId { get; init; }

    public string? Name { get; init; }

    public string? Role { get; init; }

    public IReadOnlyList<string> Activities { get; init; } = [];

    public bool MayNotify => Activities.Contains(ViewActivity);

    public bool MayViewSilently => Activities.Contains(ViewSilentlyActivity);

    /// <summary>The caller of a verified token.</summary>
    /// <param name="token">Claims of the token.</param>
    /// <param name="sessionRole">R12: header <c>NHSD-Session-URID</c>, choosing among a person's roles.</param>
    /// <param name="endUserOrganisation">Header <c>NHSD-End-User-Organisation-ODS</c>: of a client that serves several
    /// organisations, the one it acts for now.</param>
    /// <param name="national">ODS code whose auditors see every organisation.</param>
    /// <exception cref="Refused">400 when the choice of a role or organisation is missing or none of the token's;
    /// 403 when the token
    /// makes no caller.</exception>
    public static Caller Of(ClaimsPrincipal token, string? sessionRole, string? endUserOrganisation, string national)
    {
        var roles = token.FindAll("roles").Select(c => c.Value).ToList();
        var userId = token.FindFirstValue("nhsid_useruid");
        var nrbac = token.FindAll("nhsid_nrbac_roles").SelectMany(NrbacRole.Parse).ToList();
        var role = userId is null ? null : Choose(nrbac, sessionRole ?? token.FindFirstValue("selected_roleid"));
        var kind = KindOf(roles, role);
        var organisation = role?.Organisation
            ?? Choose([.. token.FindAll("org_code").Select(c => c.Value).Distinct()], endUserOrganisation);
        var client = token.FindFirstValue("client_id") ?? token.FindFirstValue("azp");
        if (kind is null || organisation is null || client is null || token.FindFirstValue("sub") is not { } subject)
        {
            throw Refused.Denied(
                "The token does not say who you are here: kind, organisation or client is missing.");
        }

        return new Caller
        {
            Kind = kind.Value,
            Issuer = token.FindFirstValue("iss") ?? "",
            Subject = subject,
            ClientId = client,
            TokenId = token.FindFirstValue("jti"),
            Scopes = Scopes.Parse(token.FindFirstValue("scope") ?? token.FindFirstValue("scp")),
            Organisation = organisation,
            National = organisation == national,
            UserId = userId,
            Name = token.FindFirstValue("name"),
            Role = role?.Name ?? roles.FirstOrDefault(),
            Activities = role?.Activities ?? [],
        };
    }

    private static Who? KindOf(List<string> roles, NrbacRole? role)
    {
        if (role is not null && (role.Activities.Contains(ViewActivity)
            || role.Activities.Contains(ViewSilentlyActivity)))
        {
            return Who.Health;
        }

        return roles.Select(r => r switch
        {
            "council" => Who.Council,
            "auditor" => Who.Auditor,
            "archive" => Who.Archive,
            "registrar" => Who.Registrar,
            "feed" => Who.Feed,
            _ => (Who?)null,
        }).FirstOrDefault(k => k is not null);
    }

    private static NrbacRole Choose(List<NrbacRole> roles, string? chosen)
    {
        if (chosen is null)
        {
            return roles.Count == 1 ? roles[0] : throw Refused.BadHeader(
                "The token holds several roles, or none: name one in the header NHSD-Session-URID.");
        }

        return roles.Find(r => r.Id == chosen)
            ?? throw Refused.BadHeader("NHSD-Session-URID names a role that the token does not hold.");
    }

    private static string? Choose(List<string> organisations, string? chosen)
    {
        if (chosen is null)
        {
            return organisations.Count <= 1 ? organisations.FirstOrDefault() : throw Refused.BadHeader(
                "This client acts for several organisations: name one in NHSD-End-User-Organisation-ODS.");
        }

        return organisations.Contains(chosen) ? chosen
            : throw Refused.BadHeader("NHSD-End-User-Organisation-ODS names none of this client's organisations.");
    }

    /// <summary>One role of a CIS2 token.</summary>
    private sealed record NrbacRole(string Id, string Organisation, string Name, IReadOnlyList<string> Activities)
    {
        /// <summary>Reads the claim, an object or an array of objects; a malformed one gives no role.</summary>
        public static List<NrbacRole> Parse(Claim claim)
        {
            JsonElement value;
            try
            {
                value = JsonElement.Parse(claim.Value);
            }
            catch (JsonException)
            {
                return [];
            }

            var items = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [value];
            return items.Where(i => i.ValueKind == JsonValueKind.Object).Select(One).OfType<NrbacRole>().ToList();
        }

        private static NrbacRole? One(JsonElement item)
        {
            if (Text(item, "person_roleid") is not { } id || Text(item, "org_code") is not { } organisation)
            {
                return null;
            }

            var activities = item.TryGetProperty("activity_codes", out var codes)
                && codes.ValueKind == JsonValueKind.Array
                ? codes.EnumerateArray().Where(c => c.ValueKind == JsonValueKind.String).Select(c => c.GetString()!)
                : [];
            return new NrbacRole(id, organisation, Text(item, "role_name") ?? "", [.. activities]);
        }

        private static string? Text(JsonElement item, string name) =>
            item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
    }
}
