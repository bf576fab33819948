using System.Security.Claims;
using CpIs.Server.Database;

namespace CpIs.Server.Access;

/// <summary>What kind of word an issuer gives; each kind is believed about other things.</summary>
internal enum IssuerType
{
    /// <summary>The sandbox's own; no configuration names it.</summary>
    Sandbox,

    /// <summary>Microsoft Entra ID: staff and systems of allowed tenants, by app roles.</summary>
    Entra,

    /// <summary>NHS CIS2, or a gateway that issues access tokens with its claims: persons in health.</summary>
    Cis2,

    /// <summary>A platform whose clients prove themselves by their keys: systems without a person.</summary>
    Backend,
}

/// <summary>A tenant or a client that an issuer's tokens may name: who it acts for, and as what at most.</summary>
/// <param name="Id">Tenant id or client id.</param>
/// <param name="Organisations">ODS codes; of several the caller names one with each request.</param>
/// <param name="Roles">Roles it may have.</param>
internal sealed record Vouched(string Id, IReadOnlyList<string> Organisations, IReadOnlyList<string> Roles)
{
    /// <summary>The organisations as claims.</summary>
    public IEnumerable<Claim> Codes => Organisations.Select(code => new Claim("org_code", code));
}

/// <summary>
/// One issuer of the configuration section <c>Issuers</c>. What is missing or unsafe stops the start: an issuer that is
/// half configured would lock people out, or let the wrong ones in.
/// </summary>
internal sealed record IssuerOptions
{
    /// <summary>Issuers of one server.</summary>
    private const int IssuersMax = 32;

    private static readonly string[] KnownRoles = ["council", "auditor", "archive", "registrar", "feed"];

    public required IssuerType Type { get; init; }

    /// <summary>
    /// The issuer's identifier, under which its metadata stands; of Entra the instance, without a tenant.
    /// </summary>
    public required string Authority { get; init; }

    /// <summary>What <c>aud</c> must say; of Entra the application's client id.</summary>
    public required string Audience { get; init; }

    /// <summary>Tenants of Entra, clients of a platform; others are refused.</summary>
    public IReadOnlyList<Vouched> Vouched { get; init; } = [];

    /// <summary>Reads <c>Issuers:0</c>, <c>Issuers:1</c> and so on.</summary>
    /// <exception cref="StartRefusedException">A setting is missing or unsafe; the message names it.</exception>
    public static IReadOnlyList<IssuerOptions> Read(IConfiguration configuration)
    {
        var sections = configuration.GetSection("Issuers").GetChildren().ToList();
        if (sections.Count > IssuersMax)
        {
            throw new StartRefusedException($"Issuers: at most {IssuersMax} are served.");
        }

        var issuers = sections.Select(One).ToList();
        return issuers.DistinctBy(one => one.Authority).Count() == issuers.Count
            ? issuers
            : throw new StartRefusedException("Issuers: two have the same Authority.");
    }

    private static IssuerOptions One(IConfigurationSection section)
    {
        var type = Text(section, nameof(Type)) switch
        {
            nameof(IssuerType.Entra) => IssuerType.Entra,
            nameof(IssuerType.Cis2) => IssuerType.Cis2,
            nameof(IssuerType.Backend) => IssuerType.Backend,
            _ => throw new StartRefusedException($"{section.Path}:Type is Entra, Cis2 or Backend."),
        };
        var authority = Text(section, nameof(Authority));
        return new()
        {
            Type = type,
            Authority = !IsSafe(authority)
                ? throw new StartRefusedException($"{section.Path}:Authority must be an https address.")
                : type == IssuerType.Entra ? authority.TrimEnd('/') : authority,
            Audience = Text(section, nameof(Audience)),
            Vouched = type switch
            {
                IssuerType.Entra => All(section.GetSection("Tenants")),
                IssuerType.Backend => All(section.GetSection("Clients")),
                _ => [],
            },
        };
    }

    /// <summary>Whether keys may be fetched from an address: nobody on the way may change them.</summary>
    public static bool IsSafe(string? address) => Uri.TryCreate(address, UriKind.Absolute, out var url)
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback));

    private static List<Vouched> All(IConfigurationSection section)
    {
        var all = section.GetChildren()
            .Select(one => new Vouched(Text(one, "Id"), Organisations(one), Roles(one))).ToList();
        return all.Count == 0
            ? throw new StartRefusedException($"{section.Path} names nobody: the issuer could let nobody in.")
            : all.DistinctBy(one => one.Id).Count() == all.Count
                ? all
                : throw new StartRefusedException($"{section.Path} names one Id twice.");
    }

    /// <summary>Setting <c>Organisation</c>, or <c>Organisations</c> of one that serves several.</summary>
    private static List<string> Organisations(IConfigurationSection section)
    {
        var several = section.GetSection("Organisations").GetChildren().Select(one => one.Value ?? "").ToList();
        return several.Count == 0 ? [Text(section, "Organisation")]
            : section["Organisation"] is null && several.TrueForAll(one => one.Length > 0) ? several
            : throw new StartRefusedException(
                $"{section.Path}: set Organisation, or Organisations without an empty one, and not both.");
    }

    private static List<string> Roles(IConfigurationSection section)
    {
        var roles = section.GetSection("Roles").GetChildren().Select(role => role.Value ?? "").ToList();
        return roles.Count > 0 && roles.TrueForAll(KnownRoles.Contains)
            ? roles
            : throw new StartRefusedException($"{section.Path}:Roles holds one or more of {string
                .Join(", ", KnownRoles)}.");
    }

    private static string Text(IConfigurationSection section, string name) =>
        section[name] is { Length: > 0 } value ? value
            : throw new StartRefusedException($"Set {section.Path}:{name}.");
}
