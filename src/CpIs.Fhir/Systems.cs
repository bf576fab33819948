namespace CpIs.Fhir;

/// <summary>Every identifier system and canonical URL the server speaks, once.</summary>
public static class Systems
{
    /// <summary>Base of our own canonicals and identifier systems; one constant until a real one is owned.</summary>
    public const string Base = "https://fhir.cpis.example";

    /// <summary>NHS number, https://simplifier.net/guide/uk-core-implementation-guide.</summary>
    public const string NhsNumber = "https://fhir.nhs.uk/Id/nhs-number";

    /// <summary>ODS code of an organisation.</summary>
    public const string Ods = "https://fhir.nhs.uk/Id/ods-organization-code";

    /// <summary>SDS user id of a person.</summary>
    public const string SdsUser = "https://fhir.nhs.uk/Id/sds-user-id";

    /// <summary>SDS role profile id.</summary>
    public const string SdsRoleProfile = "https://fhir.nhs.uk/Id/sds-role-profile-id";

    /// <summary>Government Statistical Service code of a council's area.</summary>
    public const string Gss = "https://fhir.hl7.org.uk/Id/gss-code";

    /// <summary>Department for Education number of a council.</summary>
    public const string Dfe = Base + "/Id/dfe-local-authority";

    /// <summary>Prefix of a council's own person id; the council's ODS code follows.</summary>
    public const string CouncilPerson = Base + "/Id/council-person/";

    /// <summary>Prefix of a council's own plan id; the council's ODS code follows.</summary>
    public const string CouncilPlan = Base + "/Id/council-plan/";

    public const string Snomed = "http://snomed.info/sct";

    /// <summary>Tags such as the one that says that a resource is shown in part.</summary>
    public const string ObservationValue = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";

    /// <summary>Category of patient flags, England.</summary>
    public const string FlagCategory = "https://fhir.nhs.uk/England/CodeSystem/England-FlagCategoryPatient";

    /// <summary>The CP-IS code in <see cref="FlagCategory"/>.</summary>
    public const string FlagCategoryCode = "child-protection-information-system-flag";

    public const string FlagCategoryDisplay = "Child Protection Information System Flag";

    /// <summary>http://hl7.org/fhir/R4/extension-flag-detail.html.</summary>
    public const string FlagDetail = "http://hl7.org/fhir/StructureDefinition/flag-detail";

    public const string DueDate = Base + "/StructureDefinition/Extension-CpIs-DueDate";

    public const string FollowsPlan = Base + "/StructureDefinition/Extension-CpIs-FollowsPlan";

    /// <summary>Classes of encounter, http://terminology.hl7.org/CodeSystem/v3-ActCode.</summary>
    public const string ActCode = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

    /// <summary>http://hl7.org/fhir/R4/codesystem-encounter-status.html.</summary>
    public const string EncounterStatus = "http://hl7.org/fhir/encounter-status";

    /// <summary>Our settings and categories of an attendance.</summary>
    public const string Attendance = Base + "/CodeSystem/CpIs-Attendance";

    /// <summary>What the service computes.</summary>
    public const string Measure = Base + "/CodeSystem/cpis-measure";

    /// <summary>NHS codes of <c>issue.details</c>.</summary>
    public const string SpineError = "https://fhir.nhs.uk/CodeSystem/England-SpineErrorOrWarningCode";

    /// <summary>What auditors are told to look at: subtypes of an AuditEvent.</summary>
    public const string Alert = Base + "/CodeSystem/CpIs-Alert";

    /// <summary>Our codes of <c>issue.details</c>.</summary>
    public const string CpisOutcome = Base + "/CodeSystem/cpis-outcome";

    /// <summary>
    /// Of the guide for topic-based subscriptions in R4: https://hl7.org/fhir/uv/subscriptions-backport.
    /// </summary>
    public const string Backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/";

    public const string FilterCriteria = Backport + "backport-filter-criteria";

    /// <summary>How much a notification holds.</summary>
    public const string PayloadContent = Backport + "backport-payload-content";

    public const string HeartbeatPeriod = Backport + "backport-heartbeat-period";

    public const string NoticeTimeout = Backport + "backport-timeout";

    public const string NoticeCountMax = Backport + "backport-max-count";

    /// <summary>Minutes for which a notification collects notices.</summary>
    public const string NoticeDigest = Base + "/StructureDefinition/Extension-CpIs-Digest";

    /// <summary>Our profile of a resource type.</summary>
    public static string Profile(string resourceType) => $"{Base}/StructureDefinition/CpIs-{resourceType}";
}
