using System.Globalization;
using CpIs.Server.Organizations;

namespace CpIs.Server.Sandbox;

/// <summary>
/// Councils of the sandbox beside those of the samples, ZZ006 and on, so that a caseload of the whole country can be
/// tried: each has an organisation that is live, and a client by its code.
/// </summary>
internal static class InventedCouncils
{
    /// <summary>More than England has.</summary>
    public const int CouncilsMax = 200;

    /// <summary>Councils that the samples' organisations have already.</summary>
    private const int OfSamples = 5;

    private const string ClientPrefix = "sandbox-council-zz";

    /// <summary>The organisations of so many councils, less those of the samples.</summary>
    public static IEnumerable<OrganizationFacts> Facts(int councils) =>
        Enumerable.Range(OfSamples + 1, Math.Max(0, councils - OfSamples)).Select(number => new OrganizationFacts
        {
            Id = Code(number),
            Ods = Code(number),
            Name = $"Invented Council {Code(number)}",
            Kind = "council",
            Live = true,
            WorkPhone = "01632 960998",
            EmergencyPhone = "01632 960999",
        });

    /// <summary>The ODS code that a client is named by, such as ZZ017 of <c>sandbox-council-zz017</c>.</summary>
    public static string? CodeOf(string clientId, int councils) =>
        clientId.StartsWith(ClientPrefix, StringComparison.Ordinal)
        && int.TryParse(clientId.AsSpan(ClientPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture,
            out var number)
        && number >= 1 && number <= councils && clientId == ClientPrefix + Code(number)[2..] ? Code(number) : null;

    private static string Code(int number) => "ZZ" + number.ToString("000", CultureInfo.InvariantCulture);
}
