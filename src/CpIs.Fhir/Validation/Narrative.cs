using System.Text;
using System.Xml;

namespace CpIs.Fhir.Validation;

/// <summary>
/// The XHTML of a narrative: one div, only formatting elements and attributes, some content, no script and no reference
/// to anything outside. Rules txt-1 and txt-2. https://hl7.org/fhir/R4/narrative.html
/// </summary>
internal static class Narrative
{
    private const string Namespace = "http://www.w3.org/1999/xhtml";
    private const int DepthMax = 128;

    private static readonly HashSet<string> Elements =
    [
        .. ("a abbr acronym address b bdo big blockquote br caption cite code col colgroup dd dfn div dl dt "
            + "em h1 h2 h3 h4 h5 h6 hr i img kbd li map area ol p pre q samp small span strong sub sup "
            + "table tbody td tfoot th thead tr tt ul var").Split(' '),
    ];

    private static readonly HashSet<string> Attributes =
    [
        .. ("abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char "
            + "charoff charset cite class colspan color compact coords dir face frame headers height href "
            + "hreflang hspace id ismap label lang longdesc name noshade nowrap rel rev rowspan rules scope "
            + "shape size span src start style summary tabindex target title type usemap valign value vspace "
            + "width xml:lang xml:space xmlns").Split(' '),
    ];

    private static readonly Problem NotXml =
        new("txt-1", "The narrative must be one well-formed XHTML div element.");

    private static readonly Problem NotFormatting =
        new("txt-1", "The narrative may hold only formatting: no script, form, event, style sheet or foreign element.");

    private static readonly Problem Bare = new("txt-2", "The narrative says nothing.");

    public static Problem? Problem(ReadOnlySpan<byte> text)
    {
        if (text.Length > Primitives.StringBytesMax)
        {
            return new("format", "The narrative is longer than 1 MB.");
        }

        var settings = new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null };
        try
        {
            using var reader = XmlReader.Create(new StringReader(Encoding.UTF8.GetString(text)), settings);
            return Read(reader);
        }
        catch (XmlException)
        {
            return NotXml;
        }
    }

    private static Problem? Read(XmlReader reader)
    {
        var says = false;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (reader.Depth == 0 && (reader.LocalName != "div" || reader.NamespaceURI != Namespace))
                    {
                        return NotXml;
                    }

                    if (reader.Depth > DepthMax || reader.NamespaceURI != Namespace || !IsFormatting(reader))
                    {
                        return NotFormatting;
                    }

                    says |= reader.LocalName == "img";
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA:
                    says |= !string.IsNullOrWhiteSpace(reader.Value);
                    break;
                case XmlNodeType.ProcessingInstruction:
                    return NotFormatting;
                default:
                    break;
            }
        }

        return says ? null : Bare;
    }

    private static bool IsFormatting(XmlReader reader)
    {
        if (!Elements.Contains(reader.LocalName))
        {
            return false;
        }

        while (reader.MoveToNextAttribute())
        {
            if (!(Attributes.Contains(reader.Name) || reader.Prefix == "xmlns") || IsScript(reader.Value))
            {
                return false;
            }
        }

        return reader.MoveToElement() || !reader.HasAttributes;
    }

    private static bool IsScript(string value) =>
        value.TrimStart().StartsWith("javascript:", StringComparison.OrdinalIgnoreCase);
}
