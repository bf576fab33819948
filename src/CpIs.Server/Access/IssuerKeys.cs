using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace CpIs.Server.Access;

/// <summary>
/// The public keys of one issuer, fetched from its metadata and kept: a token with an unknown key makes it look again,
/// but seldom, for anybody can invent such tokens; and an issuer that is away does not close the door for those whose
/// keys are known. OpenID Connect Discovery 1.0, RFC 7517.
/// </summary>
internal sealed class IssuerKeys(
    string metadataAddress, string? issuer, HttpMessageHandler handler, TimeProvider clock)
    : BaseConfigurationManager, IConfigurationManager<OpenIdConnectConfiguration>, IDisposable
{
    /// <summary>Bytes of the metadata, and of the keys.</summary>
    private const int AnswerBytesMax = 1024 * 1024;

    private const int RsaBitsMin = 2048;

    /// <summary>Most doublings of the pause between two attempts.</summary>
    private const int DoublingsMax = 9;

    /// <summary>How often unknown keys may make it look again.</summary>
    private static readonly TimeSpan BetweenWishes = TimeSpan.FromMinutes(5);

    /// <summary>How long keys are used without asking whether they still hold.</summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromHours(1);

    /// <summary>How long they are used while the issuer is away.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    private static readonly TimeSpan FetchMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseMax = TimeSpan.FromMinutes(5);

    private readonly HttpClient http = new(handler)
    {
        MaxResponseContentBufferSize = AnswerBytesMax,
        Timeout = FetchMax,
    };

    private readonly SemaphoreSlim turn = new(1);
    private readonly Lock wishes = new();
    private volatile Held? held;
    private volatile bool wanted;
    private DateTimeOffset wishedAt = DateTimeOffset.MinValue;
    private DateTimeOffset notBefore = DateTimeOffset.MinValue;
    private int failures;

    /// <summary>Whether there are keys to verify with; asks for them when it is time to.</summary>
    public async Task<bool> AreThereAsync(CancellationToken stop)
    {
        if (IsDue())
        {
            await LookAsync(stop);
        }

        return Usable() is not null;
    }

    /// <exception cref="InvalidOperationException">There are none: the issuer is away.</exception>
    public async Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel) =>
        await AreThereAsync(cancel) && Usable() is { } known ? known
            : throw new InvalidOperationException("The issuer's keys cannot be had.");

    public override async Task<BaseConfiguration> GetBaseConfigurationAsync(CancellationToken cancel) =>
        await GetConfigurationAsync(cancel);

    /// <summary>A token named a key that is not known.</summary>
    public override void RequestRefresh()
    {
        lock (wishes)
        {
            var now = clock.GetUtcNow();
            if (now - wishedAt >= BetweenWishes)
            {
                (wishedAt, wanted) = (now, true);
            }
        }
    }

    public void Dispose()
    {
        http.Dispose();
        turn.Dispose();
    }

    private OpenIdConnectConfiguration? Usable() =>
        held is { } known && clock.GetUtcNow() - known.At < KeptFor ? known.Configuration : null;

    private bool IsDue()
    {
        lock (wishes)
        {
            var now = clock.GetUtcNow();
            return now >= notBefore && (wanted || held is not { } known || now - known.At >= FreshFor);
        }
    }

    /// <summary>One asks; who has keys meanwhile does not wait for the answer.</summary>
    private async Task LookAsync(CancellationToken stop)
    {
        if (!await turn.WaitAsync(Usable() is null ? Timeout.InfiniteTimeSpan : TimeSpan.Zero, stop))
        {
            return;
        }

        try
        {
            if (IsDue())
            {
                await FetchAsync();
            }
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Its own time limit, not its caller's: a caller who hangs up must not count as a failure.</summary>
    private async Task FetchAsync()
    {
        wanted = false;
        try
        {
            var configuration = OpenIdConnectConfiguration.Create(
                await http.GetStringAsync(metadataAddress, CancellationToken.None));
            if ((issuer is not null && configuration.Issuer != issuer) || !IssuerOptions.IsSafe(configuration.JwksUri))
            {
                throw new HttpRequestException("The metadata are another issuer's.");
            }

            configuration.JsonWebKeySet = JsonWebKeySet.Create(
                await http.GetStringAsync(configuration.JwksUri, CancellationToken.None));
            foreach (var key in configuration.JsonWebKeySet.GetSigningKeys().Where(IsFit))
            {
                configuration.SigningKeys.Add(key);
            }

            held = new(configuration, clock.GetUtcNow());
            failures = 0;
        }
        catch (Exception away) when (away is HttpRequestException or OperationCanceledException or ArgumentException
            or System.Text.Json.JsonException)
        {
            var pause = FirstPause * (1 << Math.Min(failures++, DoublingsMax));
            lock (wishes)
            {
                notBefore = clock.GetUtcNow() + (pause < PauseMax ? pause : PauseMax);
            }
        }
    }

    /// <summary>Public keys that have a name and are long enough; a shared secret is none.</summary>
    private static bool IsFit(SecurityKey key) => !string.IsNullOrEmpty(key.KeyId) && key switch
    {
        ECDsaSecurityKey => true,
        RsaSecurityKey or X509SecurityKey => key.KeySize >= RsaBitsMin,
        _ => false,
    };

    private sealed record Held(OpenIdConnectConfiguration Configuration, DateTimeOffset At);
}
