namespace CpIs.Server;

/// <summary>Everything the server logs. No template takes an NHS number, a name, a body, a token or a query.</summary>
internal static partial class Logs
{
    [LoggerMessage(1, LogLevel.Error, "Request {RequestId} failed: {Kind} at {Where}")]
    public static partial void RequestFailed(this ILogger log, string requestId, string kind, string where);

    [LoggerMessage(2, LogLevel.Warning, "Request {RequestId} could not be recorded or answered: {Kind} at {Where}")]
    public static partial void NoAnswer(this ILogger log, string requestId, string kind, string where);

    [LoggerMessage(3, LogLevel.Error, "Ledger: {What}")]
    public static partial void LedgerAlarm(this ILogger log, string what);

    [LoggerMessage(4, LogLevel.Information, "Database: {What}")]
    public static partial void Database(this ILogger log, string what);

    [LoggerMessage(5, LogLevel.Information, "Ready on port {Port}")]
    public static partial void Ready(this ILogger log, int port);

    [LoggerMessage(6, LogLevel.Error, "Plans of {Council} could not be given today's status: {Kind} at {Where}")]
    public static partial void PlansNotTurned(this ILogger log, string council, string kind, string where);

    [LoggerMessage(8, LogLevel.Error, "Upload {Upload} could not go on: {Kind} at {Where}")]
    public static partial void UploadStuck(this ILogger log, Guid upload, string kind, string where);

    [LoggerMessage(30, LogLevel.Error, "Notices cannot be made: {Kind} at {Where}")]
    public static partial void NoticesStuck(this ILogger log, string kind, string where);

    [LoggerMessage(31, LogLevel.Error, "Notices of subscription {Subscription} cannot be sent: {Kind} at {Where}")]
    public static partial void SenderStuck(this ILogger log, Guid subscription, string kind, string where);

    [LoggerMessage(32, LogLevel.Warning, "The receiver of {Council} does not take notices: {What}")]
    public static partial void ReceiverFails(this ILogger log, string council, string what);

    [LoggerMessage(33, LogLevel.Error, "The receiver of {Council} was given up; its notices wait: {What}")]
    public static partial void ReceiverParked(this ILogger log, string council, string what);

    [LoggerMessage(20, LogLevel.Warning, "Demographics could not be asked: {What}")]
    public static partial void DemographicsAway(this ILogger log, string what);

    [LoggerMessage(40, LogLevel.Warning,
        "Organisation {Ods} is not in the register: its people are answered until {Until}")]
    public static partial void NotRegistered(this ILogger log, string ods, DateTimeOffset until);

    [LoggerMessage(41, LogLevel.Warning, "An alert for auditors was recorded: {What} at {Ods}")]
    public static partial void Alerted(this ILogger log, string what, string ods);

    [LoggerMessage(42, LogLevel.Error, "Alerts for auditors cannot be made: {Kind} at {Where}")]
    public static partial void AlertsStuck(this ILogger log, string kind, string where);

    [LoggerMessage(43, LogLevel.Warning, "Answers older than a day could not be forgotten, tried again: {Kind}")]
    public static partial void NotForgotten(this ILogger log, string kind);
}
