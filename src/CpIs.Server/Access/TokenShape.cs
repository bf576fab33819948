using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;

namespace CpIs.Server.Access;

/// <summary>
/// What a signed token must look like before any signature is checked: three parts, a header that names its key and
/// brings none, claims that say each thing once. RFC 7515, RFC 8725 §3.
/// </summary>
internal static class TokenShape
{
    /// <summary>Characters of a token; the longest that a large directory issues are about half of it.</summary>
    private const int CharactersMax = 16 * 1024;

    /// <summary>Characters of the name of a key.</summary>
    private const int KeyNameMax = 256;

    private static readonly SearchValues<char> Letters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>
    /// Headers by which a token would bring its own key, or ask for processing that nobody does here.
    /// </summary>
    private static readonly string[] Refused = ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"];

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The claims, not verified; null when the token is none that could be verified.</summary>
    public static JsonElement? Claims(string token)
    {
        if (token.Length > CharactersMax || token.AsSpan().ContainsAnyExcept(Letters)
            || token.Split('.') is not [{ Length: > 0 } header, { Length: > 0 } claims, { Length: > 0 }])
        {
            return null;
        }

        return Part(header) is { } head && NamesItsKey(head) ? Part(claims) : null;
    }

    /// <summary>A claim that is text.</summary>
    public static string? Text(this JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static bool NamesItsKey(JsonElement header) =>
        header.Text("kid") is { Length: > 0 and <= KeyNameMax }
        && !Refused.Any(name => header.TryGetProperty(name, out _));

    private static JsonElement? Part(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(Base64Url.DecodeFromChars(text), Strict);
            return json.RootElement.ValueKind == JsonValueKind.Object ? json.RootElement.Clone() : null;
        }
        catch (Exception malformed) when (malformed is FormatException or JsonException)
        {
            return null;
        }
    }
}
