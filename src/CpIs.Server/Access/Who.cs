namespace CpIs.Server.Access;

/// <summary>The kinds of caller; a route names those it is for, and everybody else is denied.</summary>
[Flags]
internal enum Who
{
    /// <summary>No token needed.</summary>
    Public = 1,

    /// <summary>A clinician or other health worker, known by name.</summary>
    Health = 2,

    /// <summary>A council's system.</summary>
    Council = 4,

    /// <summary>A privacy officer.</summary>
    Auditor = 8,

    /// <summary>The system that archives the trail.</summary>
    Archive = 16,

    /// <summary>Keeper of organisations and clients.</summary>
    Registrar = 32,

    /// <summary>A trust's integration engine, without a person.</summary>
    Feed = 64,

    /// <summary>Everybody with a token.</summary>
    Anyone = Health | Council | Auditor | Archive | Registrar | Feed,
}
