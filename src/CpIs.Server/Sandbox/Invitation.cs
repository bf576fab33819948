namespace CpIs.Server.Sandbox;

/// <summary>
/// What a newcomer reads when the sandbox is ready: its address, and three requests to paste, each fetching its own
/// token. The last line is <c>ready</c>.
/// </summary>
internal static class Invitation
{
    /// <summary>The text, for a server on a port; the sample child is 9990000018.</summary>
    public static string Write(int port)
    {
        var root = $"http://localhost:{port}";
        var bundle = Path.Combine(AppContext.BaseDirectory, "samples", "bundles", "submit-plan.json");
        return $"""

            CpIs sandbox: {root}{Routes.Prefix}

            # A clinician looks a child up
            curl -s -H "Authorization: Bearer {Token(root, "sandbox-ed-clinician")}" "{root}{Routes.Prefix}/Flag?patient=9990000018"

            # A council submits a plan
            curl -s -H "Authorization: Bearer {Token(root, "sandbox-council-lancashire")}" -H "Content-Type: application/fhir+json" --data-binary @"{bundle}" "{root}{Routes.Prefix}"

            # An auditor finds the look-up
            curl -s -H "Authorization: Bearer {Token(root, "sandbox-auditor")}" "{root}{Routes.Prefix}/AuditEvent?patient=9990000018"

            ready
            """;
    }

    private static string Token(string root, string persona) =>
        $"$(curl -s {root}/oauth2/token -d grant_type=client_credentials -d client_id={persona}"
        + " | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')";
}
