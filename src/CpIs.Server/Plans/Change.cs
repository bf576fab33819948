using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Plans;

/// <summary>One thing a council wants changed, already read and checked against its profile.</summary>
/// <param name="Place">Index of its Bundle entry; 0 for a single request.</param>
/// <param name="IfMatch">Version that must be the current one, or null.</param>
internal abstract record Change(int Place, int? IfMatch)
{
    /// <summary>What the record calls it, where that is not plainly create, update or delete.</summary>
    public string? Interaction { get; init; }

    /// <summary>A patch: the version it was applied to, which must stand still.</summary>
    public int? ReadIn { get; init; }
}

/// <summary>A council's record of a person, created or replaced.</summary>
internal sealed record PatientChange(int Place, int? IfMatch, NhsNumber Number, JsonElement Sent, bool MustBeNew)
    : Change(Place, IfMatch)
{
    /// <summary>
    /// If-None-Exist: where the council holds the person already, nothing is done and it is the answer.
    /// </summary>
    public bool IfNoneExist { get; init; }
}

/// <summary>
/// A conditional update: which resource is meant, its identifier says; without one it is made.
/// http://hl7.org/fhir/R4/http.html#cond-update
/// </summary>
/// <param name="SentId">The id in the body, which must then be that of the one found.</param>
/// <param name="MayCreate">Whether the token lets it be made where there is none.</param>
internal sealed record ByIdentifier(string? SentId, bool MayCreate)
{
    /// <summary>Whether it is made; refused where the id that was found, or that none was, does not fit.</summary>
    /// <param name="found">Id of the one that has the identifier; null when there is none.</param>
    /// <exception cref="Refused">400, 403 or 404.</exception>
    public bool Makes(string? found)
    {
        if (found is not null)
        {
            return SentId is null || SentId == found ? false
                : throw Refused.BadBody("The id of the body is not the id of the resource with this identifier.");
        }

        return SentId is not null ? throw Refused.NotFound()
            : MayCreate ? true : throw Refused.Denied("The token's scopes do not cover a create.");
    }
}

/// <summary>An EpisodeOfCare, created under a new id or replaced.</summary>
internal sealed record EpisodeChange(int Place, int? IfMatch, Guid Id, bool Create, EpisodeParts Parts)
    : Change(Place, IfMatch)
{
    /// <summary>If-None-Exist: where the plan is held already, nothing is done and it is the answer.</summary>
    public bool IfNoneExist { get; init; }

    /// <summary>Set when the identifier decides which plan is meant, and whether it is new.</summary>
    public ByIdentifier? Sought { get; init; }

    /// <summary>R5: why it is taken back, when its status is <c>entered-in-error</c>.</summary>
    public string Removal { get; init; } = "error";
}

/// <summary>A Flag, created under a new id or replaced; it must say what its episode says.</summary>
internal sealed record FlagChange(int Place, int? IfMatch, Guid Id, bool Create, FlagParts Parts)
    : Change(Place, IfMatch)
{
    /// <summary>If-None-Exist: where the plan is held already, nothing is done and its Flag is the answer.</summary>
    public bool IfNoneExist { get; init; }

    /// <summary>Set when the identifier decides which plan's Flag is meant, and whether it is new.</summary>
    public ByIdentifier? Sought { get; init; }
}

/// <summary>Deletion of a plan by either of its resources.</summary>
internal sealed record PlanDeletion(int Place, int? IfMatch, PlanView View, Guid Id) : Change(Place, IfMatch);

/// <summary>What became of one change.</summary>
/// <param name="Place">Index of its Bundle entry.</param>
/// <param name="Status">HTTP status: 200, 201 or 204.</param>
/// <param name="ResourceType">FHIR type.</param>
/// <param name="Id">Logical id.</param>
/// <param name="Version">Version it has now.</param>
/// <param name="Updated">When that version was made.</param>
/// <param name="Body">The resource as stored.</param>
internal sealed record Changed(
    int Place, int Status, string ResourceType, string Id, int Version, DateTimeOffset Updated, byte[] Body)
{
    public string ETag => $"W/\"{Version}\"";

    /// <summary>Where it can be read, under the base; without a version where old ones cannot.</summary>
    public string Location { get; init; } = $"{ResourceType}/{Id}/_history/{Version}";
}
