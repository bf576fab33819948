using System.Text.Json.Nodes;
using CpIs.Fhir;

namespace CpIs.Server.Tests;

/// <summary>The body of a summary's request, as an EPR would send it.</summary>
internal static class InventedQuestion
{
    public static JsonObject Parameters(
        string number, string? mother = null, string? born = null, string? family = null)
    {
        JsonArray parameters = [Identifier("nhsNumber", number)];
        if (mother is not null)
        {
            parameters.Add(Identifier("motherNhsNumber", mother));
        }

        if (born is not null)
        {
            parameters.Add(new JsonObject { ["name"] = "birthDate", ["valueDate"] = born });
        }

        if (family is not null)
        {
            parameters.Add(new JsonObject { ["name"] = "family", ["valueString"] = family });
        }

        return new JsonObject { ["resourceType"] = "Parameters", ["parameter"] = parameters };
    }

    public static JsonObject Identifier(string name, string number) => new()
    {
        ["name"] = name,
        ["valueIdentifier"] = new JsonObject { ["system"] = Systems.NhsNumber, ["value"] = number },
    };
}
