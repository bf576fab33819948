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
        var lookUp = Curl(root, "sandbox-ed-clinician", "", "/Flag?patient=9990000018");
        var body = $" -H \"Content-Type: application/fhir+json\" --data-binary @\"{bundle}\"";
        var submission = Curl(root, "sandbox-council-lancashire", body, "");
        var trail = Curl(root, "sandbox-auditor", "", "/AuditEvent?patient=9990000018");
        return $"""

            CpIs sandbox: {root}{Routes.Prefix}

            # A clinician looks a child up
            {lookUp}

            # A council submits a plan
            {submission}

            # An auditor finds the look-up
            {trail}

            ready
            """;
    }

    private static string Curl(string root, string persona, string body, string path) =>
        $"curl -s -H \"Authorization: Bearer {Token(root, persona)}\"{body} \"{root}{Routes.Prefix}{path}\"";

    private static string Token(string root, string persona) =>
        $"$(curl -s {root}/oauth2/token -d grant_type=client_credentials -d client_id={persona}"
        + " | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')";
}
