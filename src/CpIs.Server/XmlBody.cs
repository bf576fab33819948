using System.Text;
using System.Xml;
using CpIs.Fhir;
using CpIs.Server.Access;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using Hl7.Fhir.Utility;

namespace CpIs.Server;

/// <summary>
/// A body sent as FHIR XML, turned into the JSON that says the same, so that one checker judges both. Nothing that was
/// sent is left out on the way: what R4 does not know stays, and is refused with its name.
/// http://hl7.org/fhir/R4/xml.html
/// </summary>
internal static class XmlBody
{
    /// <summary>Depth of nesting a body may have, as in JSON.</summary>
    private const int DepthMax = 64;

    /// <summary>Elements of one body: a full Bundle has a third of them, and the parser pays for each.</summary>
    private const int ElementsMax = 200_000;

    private const string Fhir = "http://hl7.org/fhir";
    private const string Xhtml = "http://www.w3.org/1999/xhtml";

    /// <summary>No document type, hence no entities and nothing fetched.</summary>
    private static readonly XmlReaderSettings Reading = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersFromEntities = 1,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    private static readonly UTF8Encoding Strict =
        new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly FhirXmlDeserializer Parser =
        new(new DeserializerSettings().UsingMode(DeserializationMode.Recoverable));

    private static readonly FhirJsonSerializer Serializer = new();

    /// <summary>The same resource as JSON.</summary>
    /// <exception cref="Refused">400 when it is no XML, or not in FHIR's form.</exception>
    public static byte[] ToJson(byte[] xml)
    {
        try
        {
            var text = Strict.GetString(xml).TrimStart('\uFEFF');
            RequireForm(text);
            using var reader = XmlReader.Create(new StringReader(text), Reading);
            return Parser.TryDeserializeResource(reader, out var resource, out var faults) && resource is not null
                ? Encoding.UTF8.GetBytes(Serializer.SerializeToString(resource))
                : throw Refused.BadBody(Where(faults));
        }
        catch (XmlException broken)
        {
            throw Refused.BadBody("The body is no XML that is taken here: it has a document type or entities, or is "
                + $"not well formed (line {broken.LineNumber}, position {broken.LinePosition}).");
        }
        catch (DecoderFallbackException)
        {
            throw Refused.BadBody("The body is not UTF-8.");
        }
        catch (Exception odd) when (odd is ArgumentException or InvalidOperationException
            or InvalidCastException or FormatException or NotSupportedException)
        {
            // What the parser can neither take nor name, such as one element in two types.
            throw Refused.BadBody("The body is no resource in FHIR's XML.");
        }
    }

    /// <summary>Elements of FHIR, XHTML in narratives, nothing else, not too deep and not too many.</summary>
    private static void RequireForm(string text)
    {
        using var reader = XmlReader.Create(new StringReader(text), Reading);
        var narrative = int.MaxValue;
        var elements = 0;
        while (reader.Read())
        {
            if (reader.Depth > DepthMax)
            {
                throw Refused.BadBody($"The body is nested deeper than {DepthMax}.");
            }

            if (reader.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            if (++elements > ElementsMax)
            {
                throw Refused.BadBody($"The body has more than {ElementsMax} elements.");
            }

            narrative = reader.Depth <= narrative ? int.MaxValue : narrative;
            if (narrative == int.MaxValue && reader is { LocalName: "div", NamespaceURI: Xhtml })
            {
                narrative = reader.Depth;
            }

            if (reader.NamespaceURI != (narrative == int.MaxValue ? Fhir : Xhtml))
            {
                throw Refused.BadBody("An element is not in the namespace of FHIR: " + Place(reader as IXmlLineInfo));
            }
        }
    }

    private static string Place(IXmlLineInfo? at) => $"line {at?.LineNumber}, position {at?.LinePosition}.";

    /// <summary>The parser's own words may quote what was sent: its code is passed on, not they.</summary>
    private static string Where(IEnumerable<CodedException> faults) =>
        $"The body is no resource in FHIR's XML ({faults.FirstOrDefault()?.ErrorCode ?? "empty"}).";
}
