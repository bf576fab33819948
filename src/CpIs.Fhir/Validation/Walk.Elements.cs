namespace CpIs.Fhir.Validation;

/// <summary>The part of the walk that steps through the items of an element and sorts them into slices.</summary>
internal ref partial struct Walk
{
    private const int NoSlice = -1;

    private void One(Variant variant, int value, int sibling)
    {
        if (doc.Is(value, TokenKind.Array) || doc.Is(sibling, TokenKind.Array))
        {
            Report("structure", "json-array", null, Messages.NotRepeated);
        }
        else if (doc.Is(value, TokenKind.Null) || doc.Is(sibling, TokenKind.Null))
        {
            Report("structure", "json-null", null, Messages.Null);
        }
        else
        {
            Value(variant, value, sibling);
        }
    }

    private void Many(Element element, Variant variant, int value, int sibling)
    {
        if ((value != Doc.None && !doc.Is(value, TokenKind.Array))
            || (sibling != Doc.None && !doc.Is(sibling, TokenKind.Array)))
        {
            Report("structure", "json-array", null, Messages.Repeated);
            return;
        }

        var slices = element.Slicing?.Slices.Length ?? 0;
        var counts = run.Open(slices + 1);
        int index = 0, item = doc.First(value), twin = doc.First(sibling);
        if ((value != Doc.None && item == Doc.None) || (sibling != Doc.None && twin == Doc.None))
        {
            Report("structure", "json-empty", null, Messages.EmptyArray);
        }

        while (item != Doc.None || twin != Doc.None)
        {
            run.At(index++);
            Item(element, variant, item, twin, counts);
            item = item == Doc.None ? item : doc.Following(value, item);
            twin = twin == Doc.None ? twin : doc.Following(sibling, twin);
        }

        run.At(-1);
        if (index > element.Max)
        {
            Report("structure", "max", element.MaxProfile, Messages.TooMany(element, index));
        }

        if (index > 0 && index < element.MinOfAll)
        {
            Report("required", "min", element.MinProfile, Messages.TooFew(element, index));
        }

        SliceCounts(element.Slicing, counts);
        run.Close(counts);
    }

    private void Item(Element element, Variant variant, int item, int twin, int counts)
    {
        var bare = doc.Is(item, TokenKind.Null) ? Doc.None : item;
        var other = doc.Is(twin, TokenKind.Null) ? Doc.None : twin;
        if (bare == Doc.None && other == Doc.None)
        {
            Report("structure", "json-null", null, Messages.Null);
            return;
        }

        if (element.Slicing is not { } slicing)
        {
            Value(variant, bare, other);
            return;
        }

        var slice = Sort(slicing, bare);
        if (slice != NoSlice)
        {
            run.Cell(counts + slice)++;
            Value(slicing.Slices[slice].Element.Variants[0], bare, other);
            return;
        }

        if (slicing.Closed)
        {
            var code = element.HoldsExtensions ? "extension" : "structure";
            Report(code, "slice-closed", slicing.Profile, Messages.NoSlice(element, slicing));
        }
        else
        {
            Value(variant, bare, other);
        }
    }

    private readonly int Sort(Slicing slicing, int item)
    {
        for (var slice = 0; slice < slicing.Slices.Length; slice++)
        {
            var matches = true;
            for (var by = 0; matches && by < slicing.Discriminators.Length; by++)
            {
                matches = slicing.Slices[slice].Expected[by].Matches(doc, Find(item, slicing.Discriminators[by].Path));
            }

            if (matches)
            {
                return slice;
            }
        }

        return NoSlice;
    }

    private readonly int Find(int token, byte[][] path)
    {
        foreach (var name in path)
        {
            token = doc.Get(token, name);
            if (doc.Is(token, TokenKind.Array))
            {
                token = doc.First(token);
            }
        }

        return token;
    }

    private readonly void SliceCounts(Slicing? slicing, int counts)
    {
        if (slicing == null)
        {
            return;
        }

        for (var at = 0; at < slicing.Slices.Length; at++)
        {
            var slice = slicing.Slices[at];
            var count = run.Cell(counts + at);
            if (count < slice.Element.Min)
            {
                Report("required", "slice-min", slicing.Profile, Messages.SliceMissing(slice));
            }
            else if (count > slice.Element.Max)
            {
                Report("structure", "slice-max", slicing.Profile, Messages.SliceTooMany(slice, count));
            }
        }
    }
}
