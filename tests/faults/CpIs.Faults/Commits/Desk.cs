using System.Globalization;
using System.Text;

namespace CpIs.Faults.Commits;

/// <summary>
/// One council of a run, at whose desk writes are prepared: what they are about is made here first, in the ordinary
/// way.
/// </summary>
internal sealed class Desk(Stage stage, Tokens tokens, HttpClient http, int place)
{
    /// <summary>The clients of the traffic have the numbers before it.</summary>
    private const int FirstNumber = 900_000;

    private const int NumbersPerDesk = 20_000;
    private const int AgainMs = 100;
    private const int AgainSecondsMax = 60;

    private static readonly string[] Councils = ["lancashire", "leeds", "islington", "sheffield"];

    private int next = FirstNumber + (place * NumbersPerDesk);

    /// <summary>How many there are.</summary>
    public static int Count => Councils.Length;

    public string Persona { get; } = "sandbox-council-" + Councils[place];

    public string Council { get; } = string.Create(CultureInfo.InvariantCulture, $"ZZ{place + 1:000}");

    /// <summary>A count that this desk never gave before, for what must be its own.</summary>
    public int Next() => next++;

    /// <summary>A child nobody has heard of.</summary>
    public Child NewChild(int name = 0)
    {
        while (true)
        {
            if (Child.Number(Next()) is { } number)
            {
                return new(number, Council, Child.Families[name]);
            }
        }
    }

    /// <summary>A child whose Patient the council holds.</summary>
    public async Task<Child> PersonAsync()
    {
        var child = NewChild();
        await SendAsync(HttpMethod.Put, "Patient/" + child.NhsNumber, child.Patient);
        return child;
    }

    /// <summary>A child with a plan.</summary>
    public async Task<Child> PlanAsync()
    {
        var child = NewChild();
        var answer = await SendAsync(HttpMethod.Post, "", child.Bundle);
        child.EpisodeId = answer.Put.Single(put => put.StartsWith("EpisodeOfCare/", StringComparison.Ordinal))
            .Split('/')[1];
        child.FlagId = answer.Put.Single(put => put.StartsWith("Flag/", StringComparison.Ordinal)).Split('/')[1];
        return child;
    }

    public OneWrite Write(HttpMethod method, string route, string? body) =>
        new(Persona, Council, method, route, body);

    /// <summary>Sends what must succeed; asked again while the server is busy.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string route, string? body, string? persona = null)
    {
        for (var waited = 0; ; waited += AgainMs)
        {
            var server = stage.Seats[0].Address;
            using var request = new HttpRequestMessage(method, new Uri(server, "/FHIR/R4/" + route));
            request.Headers.Authorization = await tokens.OfAsync(http, server, persona ?? Persona);
            request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/fhir+json");
            using var response = await http.SendAsync(request);
            var answer = await Answer.ReceiveAsync(response);
            if (answer.Succeeded)
            {
                return answer;
            }

            if (answer.Status != 503 || waited > AgainSecondsMax * 1000)
            {
                throw new InvalidOperationException($"{method} {route} was answered {answer.Fault()}");
            }

            await Task.Delay(AgainMs);
        }
    }
}
