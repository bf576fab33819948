using CpIs.Server.Database;

namespace CpIs.Server.Demographics;

/// <summary>
/// Where the Personal Demographics Service is and as whom it is asked. The private key stays in a file of its own: no
/// setting holds a secret.
/// </summary>
internal sealed record PdsOptions
{
    /// <summary>Requests a second that the service allows an application by default.</summary>
    private const int DefaultRequestsPerSecond = 5;

    private const int AttemptSecondsMax = 10;

    /// <summary>Base of the API, such as <c>https://api.service.nhs.uk/personal-demographics/FHIR/R4/</c>.</summary>
    public required Uri Address { get; init; }

    /// <summary>OAuth 2.0 token endpoint; the signed JWT is made out to it, character for character.</summary>
    public required Uri TokenAddress { get; init; }

    /// <summary>The application's API key: issuer and subject of the signed JWT.</summary>
    public required string ApiKey { get; init; }

    /// <summary>Name of the public key at the service.</summary>
    public required string KeyId { get; init; }

    /// <summary>PEM file of the RSA private key.</summary>
    public required string KeyFile { get; init; }

    public int RequestsPerSecond { get; init; } = DefaultRequestsPerSecond;

    /// <summary>How long one attempt may take.</summary>
    public TimeSpan AttemptMax { get; init; } = TimeSpan.FromSeconds(AttemptSecondsMax);

    /// <summary>First pause before trying again; each is twice the one before.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Reads the section <c>Demographics:Pds</c>.</summary>
    /// <exception cref="StartRefusedException">A setting is missing, or would send people's data in the clear.
    /// </exception>
    public static PdsOptions Read(IConfigurationSection section) => new()
    {
        Address = Url(section, nameof(Address), "/"),
        TokenAddress = Url(section, nameof(TokenAddress), ""),
        ApiKey = Text(section, nameof(ApiKey)),
        KeyId = Text(section, nameof(KeyId)),
        KeyFile = Text(section, nameof(KeyFile)),
        RequestsPerSecond = section.GetValue(nameof(RequestsPerSecond), DefaultRequestsPerSecond),
    };

    private static string Text(IConfigurationSection section, string name) =>
        section[name] is { Length: > 0 } value ? value
            : throw new StartRefusedException($"Set {section.Path}:{name}: the national service cannot be asked.");

    private static Uri Url(IConfigurationSection section, string name, string ending)
    {
        var text = Text(section, name);
        text = ending.Length > 0 && !text.EndsWith(ending, StringComparison.Ordinal) ? text + ending : text;
        return Uri.TryCreate(text, UriKind.Absolute, out var url)
            && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            ? url
            : throw new StartRefusedException($"{section.Path}:{name} must be an https address.");
    }
}
