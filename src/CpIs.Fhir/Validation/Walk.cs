using System.Numerics;

namespace CpIs.Fhir.Validation;

/// <summary>
/// One pass over a tape along a tree of shapes. This part walks objects: which names are there, which are missing.
/// Issues come in the order of the definitions, so the same mistake reads the same whatever order it was sent in.
/// </summary>
internal ref partial struct Walk(Doc doc, Run run, R4Types types)
{
    /// <summary>What is kept per element of an open object: its value, its underscore sibling, its slot.</summary>
    private const int CellsPerElement = 3;

    private const int SiblingCell = 1;
    private const int SlotCell = 2;

    private readonly Doc doc = doc;
    private readonly Run run = run;
    private readonly R4Types types = types;

    /// <summary>Walks an object of a known shape. The token must be an object.</summary>
    /// <param name="token">The object.</param>
    /// <param name="shape">What it may hold.</param>
    /// <param name="hasValue">Whether a primitive value stands beside it, so that an id alone is content
    /// enough.</param>
    public void Object(int token, Shape shape, bool hasValue = false)
    {
        var frame = run.Open(shape.Elements.Length * CellsPerElement);
        var seen = Names(token, shape, frame, hasValue);
        for (var left = seen | shape.Required; left != 0; left &= left - 1)
        {
            var bit = BitOperations.TrailingZeroCount(left);
            if ((seen & (1UL << bit)) == 0)
            {
                Missing(shape.Elements[bit], shape);
            }
            else
            {
                Shown(shape.Elements[bit], shape, frame + bit * CellsPerElement);
            }
        }

        run.Close(frame);
        foreach (var (rule, onlyWith) in shape.Rules)
        {
            if ((seen & onlyWith) != 0 || onlyWith == ulong.MaxValue)
            {
                Ask(rule, token);
            }
        }
    }

    private readonly ulong Names(int token, Shape shape, int frame, bool hasValue)
    {
        var seen = 0UL;
        var substance = false;
        for (int at = token + 1, end = doc[token].Next; at < end; at = doc[at].Next)
        {
            var name = doc.Name(at);
            var sibling = name.Length > 1 && name[0] == (byte)'_';
            var slot = shape.Find(sibling ? name[1..] : name);
            if (slot < 0 || (sibling && !shape.Slots[slot].Variant.HasSibling))
            {
                substance = true;
                if (!(shape.IsResource && name.SequenceEqual("resourceType"u8)))
                {
                    Unknown(name, shape);
                }
                else if (at != doc.FirstNamed(token, name))
                {
                    Report("structure", "duplicate", null, Messages.Duplicate("resourceType"));
                }

                continue;
            }

            var bit = shape.Slots[slot].Bit;
            Place(frame + bit * CellsPerElement, at + 1, sibling, slot, shape);
            seen |= 1UL << bit;
            substance |= shape.Slots[slot].Element.Name != "id";
        }

        if (!substance && !shape.IsResource && !(hasValue && seen != 0))
        {
            Report("invariant", "ele-1", null, Messages.Empty);
        }

        return seen;
    }

    private readonly void Place(int cells, int value, bool sibling, int slot, Shape shape)
    {
        ref var known = ref run.Cell(cells + SlotCell);
        ref var place = ref run.Cell(cells + (sibling ? SiblingCell : 0));
        var element = shape.Slots[slot].Element;
        if (known != 0 && known != slot + 1)
        {
            Report("structure", "choice", null, Messages.SecondChoice(element.Name), element.Name);
        }
        else if (place != 0)
        {
            Report("structure", "duplicate", null, Messages.Duplicate(element.Name), element.Name);
        }
        else
        {
            known = slot + 1;
            place = value;
        }
    }

    private readonly void Unknown(ReadOnlySpan<byte> name, Shape shape)
    {
        var bare = name is [(byte)'_', .. var rest] ? rest : name;
        if (shape.FindChoice(bare) is { } choice)
        {
            var profile = choice.Variants.Length == 1 ? shape.Profile : null;
            Report("structure", "type", profile, Messages.WrongType(choice), choice.Name);
            return;
        }

        var near = shape.FindIgnoringCase(bare);
        var shown = Messages.Shown(bare);
        Report("structure", "unknown-element", null, Messages.Unknown(shown, shape.Type, near), shown ?? "");
    }

    private readonly void Missing(Element element, Shape shape)
    {
        var profile = element.MinProfile;
        Report("required", "min", profile, Messages.Missing(element, shape), element.Name);
    }

    private void Shown(Element element, Shape shape, int cells)
    {
        if (element.Max == 0)
        {
            Report("structure", "max", element.MaxProfile, Messages.NotAllowed(element, shape), element.Name);
            return;
        }

        if (element.HoldsExtensions && run.Closed is { } closed && element.Slicing == null && !run.IsInMeta)
        {
            run.Report(closed.Severity, "extension", closed.Key, closed.Profile, closed.Text, element.Name);
            return;
        }

        var value = run.Cell(cells) is var v and not 0 ? v : Doc.None;
        var sibling = run.Cell(cells + SiblingCell) is var s and not 0 ? s : Doc.None;
        var variant = shape.Slots[run.Cell(cells + SlotCell) - 1].Variant;
        run.Enter(element.Name);
        if (element.IsArray)
        {
            Many(element, variant, value, sibling);
        }
        else
        {
            One(variant, value, sibling);
        }

        run.Leave();
    }

    private readonly void Ask(Invariant rule, int token)
    {
        if (!rule.Holds(doc, token, run.Resource))
        {
            var text = rule.Say == null ? rule.Text : rule.Say(doc, token);
            run.Report(rule.Severity, rule.Code, rule.Key, rule.Profile, text, rule.At);
        }
    }

    private readonly void Report(string code, string rule, string? profile, string text, string below = "") =>
        run.Report(IssueSeverity.Error, code, rule, profile, text, below);
}
