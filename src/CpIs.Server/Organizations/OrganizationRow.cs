namespace CpIs.Server.Organizations;

/// <summary>An organisation as it stands in the table.</summary>
internal sealed record OrganizationRow(
    string Id, string Ods, string Name, string Kind, bool Active, bool Live, int Version, DateTime Updated,
        byte[] Body)
{
    /// <summary>It is no more; only its versions can be read.</summary>
    public bool Deleted { get; init; }
}

/// <summary>When a council last sent something that was accepted.</summary>
internal sealed record CouncilActivity(string Council, DateTimeOffset Last);

/// <summary>An organisation that is not registered, and when the first of its people came.</summary>
internal sealed record UnregisteredRow(string Ods, DateTime Since);
