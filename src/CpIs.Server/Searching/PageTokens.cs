using System.Security.Cryptography;
using System.Text.Json;
using CpIs.Server.Access;
using Microsoft.AspNetCore.DataProtection;

namespace CpIs.Server.Searching;

/// <summary>
/// Links to later pages: the search and the place in it, encrypted (no NHS number stands in a URL), bound to the
/// caller, good for an hour.
/// </summary>
internal sealed class PageTokens(IDataProtectionProvider protection, TimeProvider clock)
{
    /// <summary>How long a link is good.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    private readonly IDataProtector protector = protection.CreateProtector("cpis-page");

    /// <summary>The search and the place a token stands for.</summary>
    /// <param name="call">The request.</param>
    /// <param name="token">The token of its URL.</param>
    /// <param name="path">Address the token must be for, under the base; null: the route's resource type.</param>
    /// <exception cref="Refused">400 when tampered with or expired, 403 when it is another caller's.</exception>
    public PagePlace Open(Call call, string token, string? path = null)
    {
        PagePlace place;
        try
        {
            place = JsonSerializer.Deserialize<PagePlace>(protector.Unprotect(token))!;
        }
        catch (Exception broken) when (broken is CryptographicException or FormatException or JsonException)
        {
            throw Refused.BadSearch("This page link was changed or is none of ours.");
        }

        if (place.Type != (path ?? call.Route.Resource) || place.Until < clock.GetUtcNow())
        {
            throw Refused.BadSearch("This page link has expired: search again.");
        }

        return place.Caller == Identity(call) ? place
            : throw Refused.Denied("This page link belongs to another caller.");
    }

    /// <summary>URL of the page after <paramref name="last"/>.</summary>
    public string Link(Call call, SearchRequest search, string last) =>
        Link(call, call.Route.Resource, search.Asked, last, search.Lenient);

    /// <summary>URL of the page after <paramref name="last"/> of what is at a path under the base.</summary>
    public string Link(Call call, string path, string asked, string last, bool lenient = false)
    {
        var place = new PagePlace(path, asked, last, Identity(call), clock.GetUtcNow() + Lifetime, lenient);
        return $"{call.Base}/{path}?_page={protector.Protect(JsonSerializer.Serialize(place))}";
    }

    /// <summary>Where nobody needs a token, a link is anybody's.</summary>
    private static string Identity(Call call) => call.KnownCaller is { } caller
        ? string.Join('\n', caller.ClientId, caller.Subject, caller.Organisation) : "";
}

/// <summary>What a page link holds.</summary>
/// <param name="Type">Resource type searched, or the path of a history.</param>
/// <param name="Asked">The search as query string.</param>
/// <param name="After">Place of the last entry of the page before.</param>
/// <param name="Caller">Whose link it is.</param>
/// <param name="Until">End of its life.</param>
/// <param name="Lenient">Whether what is not known was left out.</param>
internal sealed record PagePlace(
    string Type, string Asked, string After, string Caller, DateTimeOffset Until, bool Lenient);
