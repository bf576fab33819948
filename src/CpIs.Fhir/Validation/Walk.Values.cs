using System.Text;

namespace CpIs.Fhir.Validation;

/// <summary>
/// The part of the walk that looks at one value: its JSON kind, its format, and what the profile asks of it.
/// </summary>
internal ref partial struct Walk
{
    private void Value(Variant variant, int value, int sibling)
    {
        if (variant.Kind != PrimitiveKind.None)
        {
            Primitive(variant, value, sibling);
        }
        else if (!doc.Is(value, TokenKind.Object))
        {
            Report("structure", "json-object", null, Messages.NotAnObject(variant));
        }
        else if (variant.IsAnyResource)
        {
            AnyResource(value);
        }
        else
        {
            Object(value, variant.Shape!);
            Asked(variant, value);
        }
    }

    private void Primitive(Variant variant, int value, int sibling)
    {
        if (sibling != Doc.None)
        {
            if (doc.Is(sibling, TokenKind.Object))
            {
                Object(sibling, variant.Shape!, value != Doc.None);
            }
            else
            {
                Report("structure", "json-object", null, Messages.SiblingNotAnObject);
            }
        }

        if (value == Doc.None)
        {
            return;
        }

        if (!PrimitiveKinds.IsWrittenAs(variant.Kind, doc[value].Kind))
        {
            Report("structure", "json-type", null, Messages.WrongKind(variant.Kind));
        }
        else if (Format(variant.Kind, value))
        {
            Asked(variant, value);
        }
    }

    private readonly bool Format(PrimitiveKind kind, int value)
    {
        var text = doc.Raw(value);
        if (doc[value].Escaped)
        {
            text = Escapes.Resolve(text, out var lone);
            if (lone)
            {
                Report("value", "unicode", null, Messages.LoneSurrogate);
                return false;
            }
        }

        if (kind == PrimitiveKind.Xhtml)
        {
            return Xhtml(text);
        }

        if (Primitives.IsValid(kind, text, doc[value].Escaped))
        {
            return true;
        }

        Report("value", "format", null, Messages.Format(kind));
        return false;
    }

    private readonly bool Xhtml(ReadOnlySpan<byte> text)
    {
        if (Narrative.Problem(text) is not { } problem)
        {
            return true;
        }

        Report("invariant", problem.Rule, null, problem.Text);
        return false;
    }

    private void AnyResource(int token)
    {
        var type = doc.Get(token, "resourceType"u8);
        var shape = doc.Is(type, TokenKind.String) ? types.FindResource(Encoding.UTF8.GetString(doc.Text(type))) : null;
        if (shape == null)
        {
            Report("structure", "resource-type", null, Messages.UnknownResource);
            return;
        }

        var outer = run.Resource;
        run.Resource = run.IsInContained ? outer : token;
        Object(token, shape);
        run.Resource = outer;
    }

    /// <summary>What the element's place asks of a value that is well formed.</summary>
    private readonly void Asked(Variant variant, int token)
    {
        if (variant.AsksNothing)
        {
            return;
        }

        if (variant.Fixed is { } exact && !exact.Matches(doc, token))
        {
            Report("value", "fixed", exact.Profile, Messages.Expected(exact));
        }

        if (variant.Pattern is { } pattern && !pattern.Matches(doc, token))
        {
            Report("value", "pattern", pattern.Profile, Messages.Expected(pattern));
        }

        if (variant.Binding is { } binding && !IsBound(binding.Codes, token))
        {
            Report("code-invalid", "binding", binding.Profile, Messages.NotInSet(binding.Codes));
        }

        if (variant.MaxLength is { } max && doc[token].Length > max
            && Encoding.UTF8.GetCharCount(doc.Text(token)) > max)
        {
            Report("too-long", "max-length", variant.LengthProfile, Messages.TooLong(max));
        }

        if (variant.IsReference)
        {
            Reference(variant, token);
        }

        foreach (var rule in variant.Invariants)
        {
            Ask(rule, token);
        }
    }

    private readonly void Reference(Variant variant, int token)
    {
        if (References.Problem(doc, token, types, run.Resource, variant) is { } problem)
        {
            var profile = problem.Rule == "reference-target" ? variant.TargetsProfile : null;
            Report("value", problem.Rule, profile, problem.Text, problem.Below);
        }
    }

    private readonly bool IsBound(CodeSet codes, int token)
    {
        if (doc.Is(token, TokenKind.String))
        {
            return codes.HasCode(doc.Text(token));
        }

        var codings = doc.Get(token, "coding"u8);
        if (codings == Doc.None)
        {
            return IsCoding(codes, token);
        }

        for (var at = doc.First(codings); at != Doc.None; at = doc.Following(codings, at))
        {
            if (IsCoding(codes, at))
            {
                return true;
            }
        }

        return false;
    }

    private readonly bool IsCoding(CodeSet codes, int token) =>
        codes.Has(doc.Text(doc.Get(token, "system"u8)), doc.Text(doc.Get(token, "code"u8)));
}
