namespace CpIs.Fhir.Validation;

/// <summary>FHIR's primitive types; the names are FHIR's. None stands for a type that is not primitive.</summary>
internal enum PrimitiveKind : byte
{
    None,
    Base64Binary,
    Boolean,
    Canonical,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
    Xhtml,
}

/// <summary>Names and shapes of the primitive types, for the compiler and for messages.</summary>
internal static class PrimitiveKinds
{
    private static readonly Dictionary<string, PrimitiveKind> ByName = Enum.GetValues<PrimitiveKind>()
        .Where(kind => kind != PrimitiveKind.None)
        .ToDictionary(kind => char.ToLowerInvariant(kind.ToString()[0]) + kind.ToString()[1..], StringComparer.Ordinal);

    public static PrimitiveKind Of(string type) => ByName.GetValueOrDefault(type);

    /// <summary>The JSON kind a value of this type has; true and false count as one.</summary>
    public static bool IsWrittenAs(PrimitiveKind kind, TokenKind token) => kind switch
    {
        PrimitiveKind.Boolean => token is TokenKind.True or TokenKind.False,
        PrimitiveKind.Decimal or PrimitiveKind.Integer or PrimitiveKind.PositiveInt or PrimitiveKind.UnsignedInt =>
            token == TokenKind.Number,
        _ => token == TokenKind.String,
    };

    /// <summary>What a value must look like, in words for a person.</summary>
    public static string Expected(PrimitiveKind kind) => kind switch
    {
        PrimitiveKind.Boolean => "true or false, without quotes",
        PrimitiveKind.Decimal => "a number, without quotes",
        PrimitiveKind.Integer => "a whole number, without quotes",
        PrimitiveKind.PositiveInt => "a whole number of at least 1, without quotes",
        PrimitiveKind.UnsignedInt => "a whole number of at least 0, without quotes",
        PrimitiveKind.Date => "a date: YYYY, YYYY-MM or YYYY-MM-DD, a day that exists",
        PrimitiveKind.DateTime =>
            "a date (YYYY, YYYY-MM, YYYY-MM-DD), or a date, time and time zone (2026-01-31T09:30:00Z)",
        PrimitiveKind.Instant => "a date, time and time zone, as in 2026-01-31T09:30:00Z",
        PrimitiveKind.Time => "a time, hh:mm:ss",
        PrimitiveKind.Code => "a code: no space at either end, and single spaces inside",
        PrimitiveKind.Id => "an id: 1 to 64 letters, digits, hyphens or full stops",
        PrimitiveKind.Oid => "an OID, as in urn:oid:1.2.3",
        PrimitiveKind.Uuid => "a UUID, as in urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        PrimitiveKind.Uri or PrimitiveKind.Url or PrimitiveKind.Canonical => "an address without spaces",
        PrimitiveKind.Base64Binary => "base64",
        _ => "text that is not empty and has no control characters",
    };
}
