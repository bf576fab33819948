using System.Globalization;
using System.Security.Cryptography;
using CpIs.Fhir;

namespace CpIs.Server.Sandbox;

/// <summary>
/// What the opened sandbox prints: where it is, and three lines to paste that walk the whole way: a clinician looks a
/// child up, a council submits a plan, an auditor finds the look-up. Each fetches its own token, for tokens are short.
/// </summary>
internal static class Greeting
{
    /// <summary>Last line, for scripts that wait.</summary>
    public const string ReadyLine = "ready";

    /// <summary>A Lancashire child of the samples.</summary>
    private const string SampleChild = "9990000018";

    // The child, plan and person that samples/bundles/submit-plan.json names.
    private const string BundleChild = "9990005001";
    private const string BundlePlan = "LCS-9001";
    private const string BundlePerson = "P09001";

    private const int CheckDigits = 10;

    public static string For(int port, string samples)
    {
        var root = string.Create(CultureInfo.InvariantCulture, $"http://localhost:{port}");
        var service = root + Routes.Prefix;
        var child = InventedChild();
        var renamed = $"s/{BundleChild}/{child}/g; s/{BundlePlan}/LCS-{child}/g; s/{BundlePerson}/P-{child}/g";
        var file = Path.Combine(samples, "bundles", "submit-plan.json");
        var body = $"-H 'Content-Type: application/fhir+json' --data-binary \"$(sed '{renamed}' '{file}')\"";
        return $"""

            CpIs sandbox: {service}  (invented people only)

            A clinician looks up a child:
            curl -s {Bearer(root, "sandbox-ed-clinician")} '{service}/Flag?patient={SampleChild}'

            A council submits a plan:
            curl -s {Bearer(root, "sandbox-council-lancashire")} {body} '{service}'

            An auditor finds the look-up:
            curl -s {Bearer(root, "sandbox-auditor")} '{service}/AuditEvent?patient={SampleChild}'

            {ReadyLine}
            """;
    }

    private static string Bearer(string root, string persona) =>
        $"-H \"Authorization: Bearer $(curl -s {root}/oauth2/token -d grant_type=client_credentials "
        + $"-d client_id={persona} | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\"";

    /// <summary>Another child at each start, or the line would submit a plan that is held already.</summary>
    private static string InventedChild()
    {
        while (true)
        {
            var nine = string.Create(
                CultureInfo.InvariantCulture, $"9998{RandomNumberGenerator.GetInt32(100_000):00000}");
            for (var check = 0; check < CheckDigits; check++)
            {
                var ten = string.Create(CultureInfo.InvariantCulture, $"{nine}{check}");
                if (NhsNumber.TryParse(ten, out _))
                {
                    return ten;
                }
            }
        }
    }
}
