namespace CpIs.Audit;

/// <summary>
/// What a store read for the server's own work (workers, cursors, keys, merge results): it must not leave the server
/// as an answer about a person. Every read of a store returns this or <see cref="Sealed{T}"/>.
/// </summary>
public sealed record Internal<T>(T Value);
