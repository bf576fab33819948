using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;

namespace CpIs.Server.Organizations;

/// <summary>
/// Reads an Organization that passed its profile. What the register does not keep is refused: a part that went missing
/// unsaid would be taken for one that is held.
/// </summary>
internal static class OrganizationParts
{
    /// <summary>Characters of an id, http://hl7.org/fhir/R4/datatypes.html#id.</summary>
    private const int CodeCharactersMax = 64;

    private static readonly string[] Kept =
        ["resourceType", "id", "meta", "identifier", "active", "type", "name", "telecom"];

    private static readonly string[] KeptOfIdentifier = ["system", "value"];
    private static readonly string[] KeptOfTelecom = ["system", "value", "use"];
    private static readonly string[] Registers = [Systems.Ods, Systems.Gss, Systems.Dfe];

    /// <summary>What the resource says; the kind is a council's or a trust's, and nothing is live yet.</summary>
    /// <exception cref="Refused">422 for what the register does not keep.</exception>
    public static OrganizationFacts Read(JsonElement sent)
    {
        RequireKept(sent, Kept, "Organization");
        var codes = sent.GetProperty("identifier").EnumerateArray().ToList();
        codes.ForEach(i => RequireKept(i, KeptOfIdentifier, "Organization.identifier"));
        if (codes.Exists(i => !Registers.Contains(Incoming.Text(i, "system"))))
        {
            throw Unkept("Organization.identifier");
        }

        var phones = sent.TryGetProperty("telecom", out var telecom) ? telecom.EnumerateArray().ToList() : [];
        phones.ForEach(p => RequireKept(p, KeptOfTelecom, "Organization.telecom"));
        var ods = One(codes, "system", Systems.Ods, "Organization.identifier")!;
        if (ods.Length > CodeCharactersMax || !ods.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.'))
        {
            throw Refused.Unprocessable(DetailCode.InvalidResource,
                "An ODS code is made of letters and digits: it is the id in the URL too.", "Organization.identifier");
        }

        return new OrganizationFacts
        {
            Id = ods,
            Ods = ods,
            Name = Incoming.Text(sent, "name")!,
            Kind = KindOf(sent),
            Active = !sent.TryGetProperty("active", out var active) || active.GetBoolean(),
            Gss = One(codes, "system", Systems.Gss, "Organization.identifier"),
            Dfe = One(codes, "system", Systems.Dfe, "Organization.identifier"),
            WorkPhone = One(phones, "use", "work", "Organization.telecom"),
            EmergencyPhone = One(phones, "use", "mobile", "Organization.telecom"),
        };
    }

    /// <summary>The facts of an organisation as it stands.</summary>
    public static OrganizationFacts Of(OrganizationRow row) =>
        Read(Incoming.Parse(row.Body)) with { Kind = row.Kind, Live = row.Live, Active = row.Active };

    private static string KindOf(JsonElement sent) =>
        Incoming.Text(sent.GetProperty("type")[0].GetProperty("coding")[0], "code") switch
        {
            "prov" => "health",
            "govt" => "council",
            _ => throw Refused.Unprocessable(DetailCode.InvalidResource,
                "An organisation of this register is a council (govt) or gives care (prov).", "Organization.type"),
        };

    private static string? One(List<JsonElement> all, string by, string name, string place)
    {
        var values = all.FindAll(one => Incoming.Text(one, by) == name);
        return values.Count > 1 ? throw Unkept(place)
            : values.Count == 1 ? Incoming.Text(values[0], "value") : null;
    }

    private static void RequireKept(JsonElement element, string[] kept, string place)
    {
        if (element.EnumerateObject().Any(member => !kept.Contains(member.Name)))
        {
            throw Unkept(place);
        }
    }

    private static Refused Unkept(string place) => Refused.Unprocessable(DetailCode.InvalidResource,
        "The register keeps the ODS, GSS and DfE code, the type, the name, whether it is active, and one telephone of "
        + "each use: leave out the rest.", place);
}
