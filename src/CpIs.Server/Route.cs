using CpIs.Server.Access;

namespace CpIs.Server;

/// <summary>What a route's answer shows; everything but <see cref="Nothing"/> is recorded, refusals included.</summary>
internal enum Discloses
{
    /// <summary>Nothing about anybody.</summary>
    Nothing,

    /// <summary>Who the organisations are: recorded when refused.</summary>
    Organizations,

    /// <summary>Patient data.</summary>
    Patients,

    /// <summary>The audit trail.</summary>
    Trail,
}

internal delegate Task RouteHandler(Call call);

/// <summary>One line of the table: what is asked, who may ask, what the answer shows, who answers.</summary>
/// <param name="Method">HTTP method; GET serves HEAD as well.</param>
/// <param name="Path">Path under <see cref="Routes.Prefix"/>.</param>
/// <param name="Resource">Resource type, or empty.</param>
/// <param name="Letter">SMART scope letter needed on the resource type, or null.</param>
/// <param name="Interaction">FHIR restful-interaction code,
/// http://hl7.org/fhir/R4/valueset-type-restful-interaction.html.</param>
/// <param name="Action">AuditEvent.action.</param>
/// <param name="Who">Kinds of caller it is for.</param>
/// <param name="Discloses">What the answer shows.</param>
/// <param name="Room">Finds the handler.</param>
internal sealed record Route(
    string Method,
    string Path,
    string Resource,
    char? Letter,
    string Interaction,
    char Action,
    Who Who,
    Discloses Discloses,
    Func<IServiceProvider, RouteHandler> Room)
{
    /// <summary>False where the answer is no FHIR resource, so its format is not the caller's to choose.</summary>
    public bool Negotiated { get; init; } = true;

    /// <summary>A search of NHS England's guide: refused in that guide's codes.</summary>
    public bool Guided { get; init; }

    /// <summary>A create that takes If-None-Exist.</summary>
    public bool Conditional { get; init; }

    /// <summary>An update of what is not there creates it.</summary>
    public bool Creates { get; init; }

    /// <summary>
    /// Its room keeps to the condition of a scope (<see cref="Call.Within"/>); where it does not, such a scope opens
    /// nothing.
    /// </summary>
    public bool Narrows { get; init; }

    /// <summary>A second interaction served at the same address, or null.</summary>
    public string? Also { get; init; }

    /// <summary>What stands before the path.</summary>
    public string Prefix { get; init; } = Routes.Prefix;
}
