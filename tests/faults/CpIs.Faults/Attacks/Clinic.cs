using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;

namespace CpIs.Faults.Attacks;

/// <summary>How long a clinic's look-ups waited, in milliseconds from the moment each was due.</summary>
internal sealed record Waits(IReadOnlyList<double> All, int Failed)
{
    public static readonly Waits None = new([], 0);

    public double P50 => At(0.50);

    public double P99 => At(0.99);

    public static Waits operator +(Waits one, Waits other) =>
        new([.. one.All.Concat(other.All).Order()], one.Failed + other.Failed);

    private double At(double share) =>
        All.Count == 0 ? double.NaN : All[Math.Min(All.Count - 1, (int)(All.Count * share))];
}

/// <summary>
/// The healthy client: look-ups of children with a plan, so many a second whatever the server does, each timed from the
/// moment it was due.
/// </summary>
internal sealed class Clinic : IDisposable
{
    private const int ChildrenCount = 50;

    private const int LookUpsPerSecond = 100;

    private const int ConnectionsMax = 32;

    private const int PatienceSeconds = 30;

    private readonly ServerSeat seat;
    private readonly HttpClient http;
    private readonly Tokens tokens = new();
    private readonly List<string> children = [];
    private int answers;

    private Clinic(ServerSeat seat)
    {
        this.seat = seat;
        var handler = seat.Start.Handler();
        handler.MaxConnectionsPerServer = ConnectionsMax;
        http = new HttpClient(handler)
        {
            BaseAddress = seat.Address, Timeout = TimeSpan.FromSeconds(PatienceSeconds),
        };
    }

    public int Answers => Volatile.Read(ref answers);

    public static async Task<Clinic> OpenAsync(ServerSeat seat, CancellationToken stop)
    {
        var clinic = new Clinic(seat);
        for (var count = 0; clinic.children.Count < ChildrenCount; count++)
        {
            if (Child.Number(count) is { } number)
            {
                await clinic.SubmitAsync(new Child(number, "ZZ001", Child.Families[0]), stop);
            }
        }

        return clinic;
    }

    public async Task<Waits> AskAsync(TimeSpan time, CancellationToken stop)
    {
        var token = await tokens.OfAsync(http, seat.Address, "sandbox-ed-clinician");
        var waits = new ConcurrentBag<double>();
        var asking = new List<Task<bool>>();
        var since = Stopwatch.StartNew();
        for (var n = 0; since.Elapsed < time; n++)
        {
            var due = TimeSpan.FromSeconds((double)n / LookUpsPerSecond);
            if (due > since.Elapsed)
            {
                await Task.Delay(due - since.Elapsed, stop);
            }

            asking.Add(LookUpAsync(children[n % children.Count], token, () => since.Elapsed - due, waits, stop));
        }

        var failed = (await Task.WhenAll(asking)).Count(answered => !answered);
        return Waits.None + new Waits([.. waits], failed);
    }

    public void Dispose() => http.Dispose();

    private async Task<bool> LookUpAsync(string child, AuthenticationHeaderValue token, Func<TimeSpan> waited,
        ConcurrentBag<double> waits, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/FHIR/R4/Flag?patient=" + child);
        request.Headers.Authorization = token;
        try
        {
            using var answer = await http.SendAsync(request, stop);
            var text = await answer.Content.ReadAsStringAsync(stop);
            waits.Add(waited().TotalMilliseconds);
            Interlocked.Increment(ref answers);
            return answer.IsSuccessStatusCode && text.Contains("\"total\":1", StringComparison.Ordinal);
        }
        catch (Exception broken) when (broken is HttpRequestException or TaskCanceledException or IOException
            && !stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task SubmitAsync(Child child, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/FHIR/R4/")
        {
            Content = new StringContent(child.Bundle, Encoding.UTF8, "application/fhir+json"),
        };
        request.Headers.Authorization = await tokens.OfAsync(http, seat.Address, "sandbox-council-lancashire");
        using var answer = await http.SendAsync(request, stop);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture, $"A plan was answered {(int)answer.StatusCode}."));
        }

        children.Add(child.NhsNumber);
    }
}
