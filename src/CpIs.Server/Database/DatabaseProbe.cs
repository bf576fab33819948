using Npgsql;

namespace CpIs.Server.Database;

/// <summary>
/// Whether the database answers now, for the readiness check. The check is open to everybody, so it asks on one
/// connection of its own and at most once in a while, however many strangers ask.
/// </summary>
internal sealed class DatabaseProbe(string connection, TimeProvider clock) : IDisposable
{
    private const int AnswerSecondsMax = 2;

    private const string Anything = """
        select 1
        """;

    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1);

    private readonly string address = new NpgsqlConnectionStringBuilder(connection)
    {
        Pooling = false,
        Timeout = AnswerSecondsMax,
        CommandTimeout = AnswerSecondsMax,
    }.ConnectionString;

    private readonly SemaphoreSlim one = new(1, 1);
    private long? asked;
    private bool answered;

    public async Task<bool> AnswersAsync(CancellationToken stop)
    {
        await one.WaitAsync(stop);
        try
        {
            if (asked is not { } then || clock.GetElapsedTime(then) > Fresh)
            {
                answered = await AskAsync(stop);
                asked = clock.GetTimestamp();
            }

            return answered;
        }
        finally
        {
            one.Release();
        }
    }

    public void Dispose() => one.Dispose();

    private async Task<bool> AskAsync(CancellationToken stop)
    {
        try
        {
            await using var fresh = new NpgsqlConnection(address);
            await fresh.OpenAsync(stop);
            await using var question = new NpgsqlCommand(Anything, fresh);
            return await question.ExecuteScalarAsync(stop) is not null;
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException)
        {
            return false;
        }
    }
}
