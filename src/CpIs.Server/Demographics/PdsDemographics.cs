using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Threading.RateLimiting;
using CpIs.Fhir;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace CpIs.Server.Demographics;

/// <summary>
/// Demographics out of the national Personal Demographics Service: no faster than it allows, tried again when it is
/// busy, and left alone for a while when it is down. What could not be asked is said to be unavailable, so the upload
/// waits instead of guessing.
/// </summary>
internal sealed class PdsDemographics : IDemographics, IDisposable
{
    /// <summary>Questions under way at one time.</summary>
    private const int ParallelQuestionsMax = 4;

    /// <summary>Times one number is asked again.</summary>
    private const int RetriesMax = 2;

    /// <summary>Seconds for which one connection is used, so that a moved address is found.</summary>
    private const int ConnectionSeconds = 300;

    /// <summary>Longest pause the service may ask for and get within one question.</summary>
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of one person.</summary>
    private const int AnswerBytesMax = 1024 * 1024;

    /// <summary>Questions that may wait for their turn: two uploads' batches.</summary>
    private const int WaitingQuestionsMax = 2 * IDemographics.PeopleMax;

    private readonly PdsOptions options;
    private readonly HttpClient http;
    private readonly PdsToken token;
    private readonly KnownPeople known;
    private readonly TokenBucketRateLimiter turns;
    private readonly ResiliencePipeline patience;
    private readonly ILogger<PdsDemographics> log;

    public string? LinksFrom => DemographicsOptions.National;

    public PdsDemographics(PdsOptions options, TimeProvider clock, ILogger<PdsDemographics> log)
    {
        (this.options, this.log) = (options, log);
        known = new(clock);
        http = new(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.FromSeconds(ConnectionSeconds),
            MaxConnectionsPerServer = ParallelQuestionsMax,
        })
        {
            MaxResponseContentBufferSize = AnswerBytesMax,
        };
        token = new(options, http, clock);
        turns = new(new()
        {
            TokenLimit = options.RequestsPerSecond,
            TokensPerPeriod = options.RequestsPerSecond,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
            QueueLimit = WaitingQuestionsMax,
        });
        patience = Patience(options, clock);
    }

    public async Task<IReadOnlyList<PersonAnswer>> AskAsync(
        IReadOnlyList<PersonQuestion> people, CancellationToken stop)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(people.Count, IDemographics.PeopleMax, nameof(people));
        var found = new ConcurrentDictionary<NhsNumber, RegisteredPerson>();
        var bound = new ParallelOptions { MaxDegreeOfParallelism = ParallelQuestionsMax, CancellationToken = stop };
        await Parallel.ForEachAsync(people.Select(p => p.Number).Distinct(), bound, async (number, cancelled) =>
        {
            if (await FindAsync(number, cancelled) is { } person)
            {
                found[number] = person;
            }
        });
        return [.. people.Select(asked => found.TryGetValue(asked.Number, out var person)
            ? person.Answer(asked)
            : new(PersonVerdict.Unavailable))];
    }

    public void Dispose()
    {
        turns.Dispose();
        token.Dispose();
        http.Dispose();
    }

    /// <summary>Null when the service could not be asked.</summary>
    private async Task<RegisteredPerson?> FindAsync(NhsNumber number, CancellationToken stop)
    {
        if (known.Find(number) is { } person)
        {
            return person;
        }

        try
        {
            person = await patience.ExecuteAsync(async attemptToken => await SendAsync(number, attemptToken), stop);
            known.Keep(person);
            return person;
        }
        catch (BrokenCircuitException)
        {
            return null;
        }
        catch (Exception away) when (away is PdsAway or HttpRequestException)
        {
            log.DemographicsAway(away is PdsAway ? away.Message : away.GetType().Name);
            return null;
        }
    }

    private async Task<RegisteredPerson> SendAsync(NhsNumber number, CancellationToken stop)
    {
        using var turn = await turns.AcquireAsync(1, stop);
        if (!turn.IsAcquired)
        {
            throw new PdsAway("more questions wait than may", final: true);
        }

        using var attempt = CancellationTokenSource.CreateLinkedTokenSource(stop);
        attempt.CancelAfter(options.AttemptMax);
        try
        {
            return await AskOneAsync(number, attempt.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new PdsAway("the service did not answer in time");
        }
    }

    private async Task<RegisteredPerson> AskOneAsync(NhsNumber number, CancellationToken stop)
    {
        var bearer = await token.GetAsync(stop);
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri(options.Address, "Patient/" + number.Digits()));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        request.Headers.Accept.Add(new("application/fhir+json"));
        request.Headers.Add("X-Request-ID", Guid.NewGuid().ToString());
        using var answer = await http.SendAsync(request, stop);
        switch ((int)answer.StatusCode)
        {
            case 200 or 400 or 403 or 404:
                return PdsAnswer.Read(number, (int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(stop));
            case 401:
                token.Forget(bearer);
                throw new PdsAway("the service would not have the token");
            default:
                throw new PdsAway($"the service answered {(int)answer.StatusCode}", answer.Headers.RetryAfter?.Delta);
        }
    }

    private static ResiliencePipeline Patience(PdsOptions options, TimeProvider clock) =>
        new ResiliencePipelineBuilder { TimeProvider = clock }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = RetriesMax,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = options.FirstPause,
                ShouldHandle = new PredicateBuilder().Handle<HttpRequestException>()
                    .Handle<PdsAway>(away => !away.Final && !(away.RetryAfter > PauseMax)),
                DelayGenerator = failed => ValueTask.FromResult((failed.Outcome.Exception as PdsAway)?.RetryAfter),
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<HttpRequestException>().Handle<PdsAway>(),
                FailureRatio = Breaker.Ratio,
                MinimumThroughput = Breaker.QuestionsMin,
                SamplingDuration = TimeSpan.FromSeconds(Breaker.SampleSeconds),
                BreakDuration = TimeSpan.FromSeconds(Breaker.PauseSeconds),
            })
            .Build();

    /// <summary>When the service is taken for down, and for how long it is left alone.</summary>
    private static class Breaker
    {
        public const double Ratio = 0.5;
        public const int QuestionsMin = 10;
        public const int SampleSeconds = 30;
        public const int PauseSeconds = 30;
    }
}
