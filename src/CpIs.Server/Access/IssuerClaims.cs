using System.Globalization;
using System.Security.Claims;

namespace CpIs.Server.Access;

/// <summary>
/// What of a verified token is believed, by the kind of its issuer: everything else is left out, so that one that
/// vouches for clinicians cannot name a registrar, nor one tenant another's organisation.
/// </summary>
internal static class IssuerClaims
{
    /// <summary>Level of authentication and of identity that a person in health must have.</summary>
    private const int AssuranceMin = 2;

    private static readonly string[] AssuranceClaims = ["authentication_assurance_level", "id_assurance_level"];

    private static readonly string[] Always = ["iss", "exp", "jti", "sub", "name"];

    private static readonly string[] OfPersons = ["nhsid_useruid", "nhsid_nrbac_roles", "selected_roleid"];

    /// <summary>The believed claims; null when the issuer may not vouch for this caller.</summary>
    public static ClaimsPrincipal? Of(IssuerOptions issuer, ClaimsPrincipal token) => issuer.Type switch
    {
        IssuerType.Sandbox => token,
        IssuerType.Entra => OfEntra(issuer, token),
        IssuerType.Cis2 => IsAssured(token) ? OfCis2(token) : null,
        IssuerType.Backend => OfBackend(issuer, token),
        _ => null,
    };

    /// <summary>
    /// App roles that the tenant may give, and its organisation. Names of scopes hold no slash in Entra:
    /// <c>user.Flag.rs</c> stands for <c>user/Flag.rs</c>, and a system's stand among its app roles.
    /// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
    /// </summary>
    private static ClaimsPrincipal? OfEntra(IssuerOptions issuer, ClaimsPrincipal token)
    {
        var tenant = issuer.Vouched.FirstOrDefault(one => one.Id == token.FindFirstValue("tid"));
        if (tenant is null || token.FindFirstValue("ver") != "2.0" || token.FindFirstValue("oid") is not { } person)
        {
            return null;
        }

        var roles = token.FindAll("roles").Select(claim => claim.Value).ToList();
        var delegated = token.FindFirstValue("scp");
        var scopes = delegated is null ? roles : delegated.Split(' ').AsEnumerable();
        var prefix = delegated is null ? "system" : "user";
        return Principal([
            .. token.FindAll(claim => claim.Type is "iss" or "exp" or "name"),
            new("sub", person),
            .. Renamed(token, "azp", "client_id"),
            .. Renamed(token, "uti", "jti"),
            .. tenant.Codes,
            .. roles.Where(tenant.Roles.Contains).Select(role => new Claim("roles", role)),
            new("scope", string.Join(' ', scopes.Where(one => one.StartsWith(prefix + ".", StringComparison.Ordinal))
                .Select(one => string.Concat(prefix, "/", one.AsSpan(prefix.Length + 1))))),
        ]);
    }

    private static ClaimsPrincipal OfCis2(ClaimsPrincipal token) => Principal([
        .. token.FindAll(claim => Always.Contains(claim.Type) || OfPersons.Contains(claim.Type)
            || claim.Type is "client_id" or "azp"),
        Scope(token, "user/"),
    ]);

    private static ClaimsPrincipal? OfBackend(IssuerOptions issuer, ClaimsPrincipal token)
    {
        var id = token.FindFirstValue("client_id") ?? token.FindFirstValue("azp");
        return issuer.Vouched.FirstOrDefault(one => one.Id == id) is not { } client ? null : Principal([
            .. token.FindAll(claim => Always.Contains(claim.Type)),
            new("client_id", client.Id),
            .. client.Codes,
            .. client.Roles.Select(role => new Claim("roles", role)),
            Scope(token, "system/"),
        ]);
    }

    private static bool IsAssured(ClaimsPrincipal token) => AssuranceClaims.All(name =>
        int.TryParse(token.FindFirstValue(name), NumberStyles.None, CultureInfo.InvariantCulture, out var level)
        && level >= AssuranceMin);

    private static Claim Scope(ClaimsPrincipal token, string context) => new("scope", string.Join(' ',
        token.FindAll(claim => claim.Type is "scope" or "scp").SelectMany(claim => claim.Value.Split(' '))
            .Where(one => one.StartsWith(context, StringComparison.Ordinal))));

    private static IEnumerable<Claim> Renamed(ClaimsPrincipal token, string from, string to) =>
        token.FindAll(from).Select(claim => new Claim(to, claim.Value));

    private static ClaimsPrincipal Principal(IEnumerable<Claim> claims) => new(new ClaimsIdentity(claims, "Bearer"));
}
