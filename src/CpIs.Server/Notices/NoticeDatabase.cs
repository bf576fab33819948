using Npgsql;

namespace CpIs.Server.Notices;

/// <summary>
/// Connections of those who make notices and send them, apart from the connections that answers are read by: a
/// hundred thousand notices to be sent hold up no look-up.
/// </summary>
internal sealed class NoticeDatabase(string connection) : IAsyncDisposable
{
    private const int ConnectionsMax = 4;
    private const int PreparedStatementsMax = 32;
    private const int ConnectSeconds = 5;
    private const int StatementSeconds = 30;

    public NpgsqlDataSource Source { get; } = new NpgsqlSlimDataSourceBuilder(
        new NpgsqlConnectionStringBuilder(connection)
        {
            ApplicationName = "cpis-notices",
            MaxPoolSize = ConnectionsMax,
            MaxAutoPrepare = PreparedStatementsMax,
            AutoPrepareMinUsages = 2,
            Timeout = ConnectSeconds,
            CommandTimeout = StatementSeconds,
        }.ConnectionString).EnableArrays().Build();

    public ValueTask DisposeAsync() => Source.DisposeAsync();
}
