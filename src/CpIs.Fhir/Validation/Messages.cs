using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>
/// What issues say. The reader is a clerk at a council or a developer at a supplier: the text says what is wrong and
/// what to send instead. It may quote the profile, never what was sent.
/// </summary>
internal static class Messages
{
    private const int NameCharactersMax = 64;

    public const string Empty = "This is empty: give it content or leave it out.";
    public const string EmptyArray = "The list is empty: leave it out.";
    public const string Null = "null is not a value: leave it out.";
    public const string NotRepeated = "This can be given once only: write it without [ ].";
    public const string Repeated = "This is a list: write it in [ ], even when there is only one.";
    public const string SiblingNotAnObject = "What stands beside a value (with an underscore) must be an object.";
    public const string LoneSurrogate =
        "The text has half a character in it (a lone surrogate): send it again as UTF-8.";
    public const string UnknownResource = "This must be a FHIR R4 resource: resourceType is missing or unknown.";

    public static string Duplicate(string name) => $"{name} is given twice.";

    public static string SecondChoice(string name) => $"{name} is given in two types: only one is allowed.";

    public static string Unknown(string? name, string type, Slot? near) => (name, near) switch
    {
        (null, _) => $"{type} has a property whose name is not a FHIR name.",
        (_, { } slot) when Encoding.UTF8.GetString(slot.Name) != name =>
            $"{name} is not known: did you mean {Encoding.UTF8.GetString(slot.Name)}? Capitals matter.",
        _ => $"{name} is not an element of {type} in FHIR R4.",
    };

    /// <summary>A name as it may be repeated: only when it is a name, so that nothing else slips out.</summary>
    public static string? Shown(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > NameCharactersMax || !char.IsAsciiLetter((char)name[0]))
        {
            return null;
        }

        foreach (var letter in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)letter))
            {
                return null;
            }
        }

        return Encoding.ASCII.GetString(name);
    }

    public static string WrongType(Element choice) => choice.Variants.Length == 1
        ? $"{choice.Name} must be given as {choice.Name}{choice.Variants[0].JsonSuffix}."
        : $"{choice.Name} cannot have this type here.";

    public static string Missing(Element element, Shape shape) => $"{element.Name} is missing in {shape.Type}.";

    public static string NotAllowed(Element element, Shape shape) =>
        $"{element.Name} may not be sent in {shape.Type}: it is not shared. Leave it out.";

    public static string TooMany(Element element, int count) =>
        $"{element.Name} is given {count} times; at most {element.Max} allowed.";

    public static string TooFew(Element element, int count) =>
        $"{element.Name} is given {count} times; at least {element.MinOfAll} needed.";

    public static string NoSlice(Element element, Slicing slicing) =>
        $"This {element.Name} is not one of those shared here ("
            + string.Join(", ", slicing.Slices.Select(slice => slice.Name)) + "). Leave it out.";

    public static string SliceMissing(Slice slice) =>
        $"The {slice.Element.Name} \"{slice.Name}\" ({slice.Expected[0].Shown}) is missing.";

    public static string SliceTooMany(Slice slice, int count) =>
        $"The {slice.Element.Name} \"{slice.Name}\" is given {count} times; at most {slice.Element.Max} allowed.";

    public static string NotAnObject(Variant variant) =>
        $"This must be a {variant.Type}, written as an object in {{ }}.";

    public static string WrongKind(PrimitiveKind kind) => $"This must be {PrimitiveKinds.Expected(kind)}"
        + (PrimitiveKinds.IsWrittenAs(kind, TokenKind.String) ? ", in quotes." : ".");

    public static string Format(PrimitiveKind kind) => $"This must be {PrimitiveKinds.Expected(kind)}.";

    public static string Expected(Expected expected) => $"This must be {expected.Shown}.";

    public static string NotInSet(CodeSet codes) => codes.Listed == null
        ? $"The code is not one of {codes.Canonical}."
        : $"The code must be one of: {codes.Listed}.";

    public static string TooLong(int max) => $"This may have at most {max} characters.";
}
