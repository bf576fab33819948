namespace CpIs.Audit;

/// <summary>What a lane is for; look-ups, submissions, uploads and notices never wait for each other.</summary>
internal static class LaneKind
{
    internal const string Read = "read";
    internal const string Write = "write";
    internal const string Upload = "upload";
    internal const string Notice = "notice";
}
