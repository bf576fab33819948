namespace CpIs.Audit;

/// <summary>
/// Gets a lane of one kind and gets another when it is lost, for as long as the process lives: nobody has to restart
/// anything when the database comes back.
/// </summary>
internal sealed class LaneKeeper(AuditLogOptions options, string kind, LaneRegister lanes)
{
    private const int RetryMsMin = 50;
    private const int RetryMsMax = 1000;

    private string? predecessor;

    /// <summary>Keeps trying until it holds a lane; null when it was told to stop.</summary>
    internal async Task<Lane?> TakeAsync(CancellationToken stop)
    {
        var told = false;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                var lane = await LaneLease.OpenAsync(options, kind, lanes.Parked, predecessor, stop);
                predecessor = lane.ApplicationName;
                lanes.Hold(lane);
                return lane;
            }
            catch (LaneCorrupt corrupt)
            {
                lanes.Park(corrupt.Lane);
                options.Alarm?.Invoke("Lane parked: " + corrupt.Message);
            }
            catch (Exception cause)
            {
                if (!told && !stop.IsCancellationRequested)
                {
                    options.Alarm?.Invoke("No " + kind + " lane can be taken: " + Failure.Name(cause));
                    told = true;
                }

                await Pause.JitterAsync(RetryMsMin, RetryMsMax, stop);
            }
        }

        return null;
    }
}
