using System.Collections.Concurrent;
using CpIs.Audit;

namespace CpIs.Server.Access;

/// <summary>
/// Records refusals of strangers, and of clients that ask too often. Up to <see cref="SinglyMax"/> a minute and address
/// or client one by one, then one counted entry for that minute: else a stranger could fill the disk and, failing
/// closed, stop every look-up.
/// </summary>
internal sealed class Denials(AuditLog ledger, TimeProvider clock) : BackgroundService
{
    /// <summary>Entries per minute and address.</summary>
    private const int SinglyMax = 60;

    /// <summary>Addresses remembered in one minute; beyond them all share one count.</summary>
    private const int AddressesMax = 10_000;

    private const string ManyAddresses = "(many addresses)";

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private ConcurrentDictionary<string, Window> windows = new(StringComparer.Ordinal);

    public async Task RecordAsync(AuditEntry entry)
    {
        var who = entry.ClientId is { } client ? "client " + client : entry.Address ?? "";
        var current = windows;
        if (current.Count >= AddressesMax && !current.ContainsKey(who))
        {
            who = ManyAddresses;
        }

        var window = current.GetOrAdd(who, _ => new Window(entry));
        if (window.Count() <= SinglyMax)
        {
            await ledger.RecordAsync(entry);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Minute, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await FlushAsync();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await FlushAsync();
        }
    }

    private async Task FlushAsync()
    {
        var past = Interlocked.Exchange(ref windows, new(StringComparer.Ordinal));
        foreach (var (who, window) in past)
        {
            if (window.Beyond > 0)
            {
                await CountAsync(who, window);
            }
        }
    }

    /// <summary>When the ledger is away the count goes on into the next minute instead of being lost.</summary>
    private async Task CountAsync(string who, Window window)
    {
        try
        {
            await ledger.RecordAsync(window.First with
            {
                Address = who == ManyAddresses ? who
                    : window.First.Address, Found = window.Beyond, Query = null, RequestId = null,
                Reason = "further refusals in one minute",
            });
        }
        catch (LedgerUnavailable)
        {
            windows.GetOrAdd(who, _ => new Window(window.First)).Add(SinglyMax + window.Beyond);
        }
    }

    /// <summary>Refusals of one address or client in the current minute.</summary>
    private sealed class Window(AuditEntry first)
    {
        private int count;

        public AuditEntry First { get; } = first;

        public int Beyond => Math.Max(0, Volatile.Read(ref count) - SinglyMax);

        public int Count() => Interlocked.Increment(ref count);

        public void Add(int more) => Interlocked.Add(ref count, more);
    }
}
