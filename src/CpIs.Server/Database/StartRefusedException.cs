namespace CpIs.Server.Database;

/// <summary>
/// A start that cannot go on until a person changes something. The message tells them what; it is shown alone,
/// without a stack trace.
/// </summary>
internal sealed class StartRefusedException(string message, Exception? cause = null) : Exception(message, cause);
