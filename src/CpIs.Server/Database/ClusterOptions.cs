using System.Globalization;

namespace CpIs.Server.Database;

/// <summary>
/// The few choices of the private cluster. Everything else in postgresql.conf is ours and written anew at each start,
/// so an old folder never runs with forgotten settings.
/// </summary>
internal sealed record ClusterOptions
{
    public const int ConnectionsMax = 200;

    public int SharedBuffersMegabytes { get; init; } = 256;

    /// <summary>False only for tests that say nothing of durability: commits then do not wait for the disk.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>PostgreSQL's own modules to be loaded, for measuring.</summary>
    public string Modules { get; init; } = "";

    internal string Configuration(string socketFolder)
    {
        var durable = Durable ? "on" : "off";
        var settings = new (string Name, string Value)[]
        {
            ("cluster_name", "cpis"),
            ("shared_preload_libraries", Modules),
            ("listen_addresses", ""),
            ("port", ClusterFolders.Port.ToString(CultureInfo.InvariantCulture)),
            ("unix_socket_directories", socketFolder),
            ("unix_socket_permissions", "0700"),
            ("max_connections", ConnectionsMax.ToString(CultureInfo.InvariantCulture)),
            ("shared_buffers", string.Create(CultureInfo.InvariantCulture, $"{SharedBuffersMegabytes}MB")),
            ("fsync", durable),
            ("synchronous_commit", durable),
            ("full_page_writes", durable),
            ("max_wal_size", "2GB"),
            ("checkpoint_timeout", "15min"),
            ("max_locks_per_transaction", "128"),
            ("jit", "off"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("datestyle", "iso, ymd"),
            ("lc_messages", "C"),
            ("log_min_messages", "warning"),
            // A failed statement and its DETAIL ("Key (nhs_number)=…") would put personal data in the log.
            ("log_min_error_statement", "panic"),
            ("log_error_verbosity", "terse"),
            ("log_checkpoints", "off"),
            ("log_line_prefix", "%m [%p] %e "),
        };
        return string.Concat(settings.Select(setting => $"{setting.Name} = '{Quoted(setting.Value)}'\n"));
    }

    private static string Quoted(string value) => value.Replace("'", "''", StringComparison.Ordinal);
}
