namespace CpIs.Server.Sandbox;

/// <summary>Somebody the sandbox lets in by name: an invented person, or a system.</summary>
/// <param name="ClientId">client_id.</param>
/// <param name="Organisation">ODS code.</param>
/// <param name="Scope">Scopes of the token.</param>
/// <param name="Role">App role, for those who are no clinicians.</param>
/// <param name="UserId">SDS user id of a person.</param>
/// <param name="Name">Name of a person.</param>
/// <param name="RoleName">Role of a person.</param>
/// <param name="Activity">National RBAC activity code of a clinician.</param>
internal sealed record Persona(
    string ClientId,
    string Organisation,
    string Scope,
    string? Role,
    string? UserId = null,
    string? Name = null,
    string? RoleName = null,
    string? Activity = null)
{
    private const string Reading = "user/Flag.rs user/EpisodeOfCare.rs user/Patient.rs user/Organization.rs "
        + "user/CareTeam.s user/AuditEvent.s";

    private const string Writing = "system/Flag.cruds system/EpisodeOfCare.cruds system/Patient.crus "
        + "system/Organization.rus system/AuditEvent.s system/Subscription.cruds system/Encounter.rs";

    private const string Auditing = "user/AuditEvent.rs user/Organization.rs";

    /// <summary>All of them, as the contract names them.</summary>
    public static readonly IReadOnlyDictionary<string, Persona> All = new Persona[]
    {
        new("sandbox-ed-clinician", "RXR", Reading + " user/Encounter.crus", null,
            "999100000001", "Dr Imogen Thackaway", "Emergency Medicine Doctor", Access.Caller.ViewActivity),
        new("sandbox-school-nurse", "RW5", Reading, null,
            "999100000002", "Nurse Corin Ellerbrook", "School Nurse", Access.Caller.ViewSilentlyActivity),
        new("sandbox-epr-system", "RXR", "system/Encounter.cu", "feed"),
        new("sandbox-council-lancashire", "ZZ001", Writing, "council"),
        new("sandbox-council-leeds", "ZZ002", Writing, "council"),
        new("sandbox-council-islington", "ZZ003", Writing, "council"),
        new("sandbox-council-sheffield", "ZZ004", Writing, "council"),
        new("sandbox-auditor", "X26", Auditing, "auditor", "999100000003", "Oriel Pennistone", "Privacy Officer"),
        new("sandbox-auditor-rxr", "RXR", Auditing, "auditor", "999100000004", "Merrin Hallowfield", "Privacy Officer"),
        new("sandbox-audit-archive", "X26", "system/AuditEvent.rs", "archive"),
        new("sandbox-registrar", "X26",
            "system/Organization.cruds system/Patient.cu system/Subscription.rs", "registrar"),
    }.ToDictionary(p => p.ClientId);

    /// <summary>Somebody by name, also one of so many invented councils by its code.</summary>
    public static Persona? Find(string clientId, int councils) => All.TryGetValue(clientId, out var named) ? named
        : InventedCouncils.CodeOf(clientId, councils) is { } code ? new(clientId, code, Writing, "council") : null;

    /// <summary>Claims of a token for this persona, in the form CIS2 gives those of a person.</summary>
    public Dictionary<string, object> Claims()
    {
        var claims = new Dictionary<string, object>
        {
            ["sub"] = UserId ?? ClientId,
            ["client_id"] = ClientId,
            ["scope"] = Scope,
            ["org_code"] = Organisation,
        };
        if (Role is not null)
        {
            claims["roles"] = new[] { Role };
        }

        if (UserId is not null)
        {
            var roleId = "9" + UserId[1..];
            claims["name"] = Name!;
            claims["nhsid_useruid"] = UserId;
            claims["selected_roleid"] = roleId;
            claims["nhsid_nrbac_roles"] = new object[]
            {
                new Dictionary<string, object>
                {
                    ["person_roleid"] = roleId,
                    ["org_code"] = Organisation,
                    ["role_name"] = RoleName!,
                    ["activity_codes"] = Activity is null ? [] : new object[] { Activity },
                },
            };
        }

        return claims;
    }
}
