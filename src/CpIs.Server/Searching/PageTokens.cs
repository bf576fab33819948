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
    /// <exception cref="Refused">400 when tampered with or expired, 403 when it is another caller's.</exception>
    public PagePlace Open(Call call, string token)
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

        if (place.Type != call.Route.Resource || place.Until < clock.GetUtcNow())
        {
            throw Refused.BadSearch("This page link has expired: search again.");
        }

        return place.Caller == Identity(call) ? place
            : throw Refused.Denied("This page link belongs to another caller.");
    }

    /// <summary>URL of the page after <paramref name="last"/>.</summary>
    public string Link(Call call, SearchRequest search, string last)
    {
        var place = new PagePlace(
            call.Route.Resource, search.Asked, last, Identity(call), clock.GetUtcNow() + Lifetime, search.Lenient);
        return $"{call.Base}/{call.Route.Resource}?_page={protector.Protect(JsonSerializer.Serialize(place))}";
    }

    private static string Identity(Call call) =>
        string.Join('\n', call.Caller.ClientId, call.Caller.Subject, call.Caller.Organisation);
}

/// <summary>What a page link holds.</summary>
/// <param name="Type">Resource type searched.</param>
/// <param name="Asked">The search as query string.</param>
/// <param name="After">Place of the last entry of the page before.</param>
/// <param name="Caller">Whose link it is.</param>
/// <param name="Until">End of its life.</param>
/// <param name="Lenient">Whether what is not known was left out.</param>
internal sealed record PagePlace(
    string Type, string Asked, string After, string Caller, DateTimeOffset Until, bool Lenient);
