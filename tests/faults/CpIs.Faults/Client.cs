using System.Globalization;
using System.Text;

namespace CpIs.Faults;

/// <summary>
/// One connection: a council's system and a clinician in turn. It owns its children, so it knows exactly what each
/// answer must show, and it writes down every answer that it received whole.
/// </summary>
internal sealed class Client : IDisposable
{
    private const int PatienceSeconds = 90;
    private const int PauseMsMin = 50;
    private const int PauseMsMax = 400;

    private static readonly string[] Councils = ["lancashire", "leeds", "islington", "sheffield"];

    private readonly Stage stage;
    private readonly Tokens tokens;
    private readonly Trespass trespass;
    private readonly Random random;
    private readonly int firstNumber;
    private readonly int numbers;
    private readonly string persona;
    private readonly string council;
    private readonly List<Child> children = [];
    private readonly HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = 1 })
    {
        Timeout = TimeSpan.FromSeconds(PatienceSeconds),
    };

    private int next;
    private int place;

    public Client(Stage stage, Tokens tokens, Trespass trespass, Random random, int number, int numbers)
    {
        this.stage = stage;
        this.tokens = tokens;
        this.trespass = trespass;
        this.random = random;
        this.numbers = numbers;
        firstNumber = number * numbers;
        persona = "sandbox-council-" + Councils[number % Councils.Length];
        council = string.Create(CultureInfo.InvariantCulture, $"ZZ{(number % Councils.Length) + 1:000}");
    }

    public async Task RunAsync(CancellationToken end)
    {
        while (!end.IsCancellationRequested)
        {
            place = random.Next(stage.Seats.Count);
            bool answered;
            try
            {
                answered = await StepAsync();
            }
            catch (Exception broken) when (broken is HttpRequestException or TaskCanceledException or IOException)
            {
                answered = false;
            }

            if (!answered)
            {
                await Task.Delay(random.Next(PauseMsMin, PauseMsMax), CancellationToken.None);
            }
        }
    }

    public void Dispose() => http.Dispose();

    private Task<bool> StepAsync()
    {
        var mine = children.Where(child => !child.InDoubt).ToList();
        var known = mine.Count == 0 ? null : mine[random.Next(mine.Count)];
        var standing = known is { Deleted: false, EpisodeId: not null } ? known : null;
        return (random.Next(100), known, standing) switch
        {
            (_, null, _) or (< 5, _, _) => SubmitAsync(),
            (< 9, _, _) => CreateAsync(),
            (< 20, _, not null) => UpdateAsync(standing),
            (< 23, _, not null) => DeleteAsync(standing),
            (< 30, _, not null) => ReadAsync(standing),
            (< 33, _, _) when trespass.Of(council, random) is { } other => TrespassAsync(other),
            (< 36, _, _) => LookUpAsync(new Child(NewNumber(), council, "")),
            _ => LookUpAsync(known),
        };
    }

    private async Task<bool> SubmitAsync()
    {
        var child = NewChild();
        var answer = await WriteAsync(child, HttpMethod.Post, "", child.Bundle, a => a.Put);
        if (answer.Succeeded)
        {
            Learn(child, answer.Put);
        }

        return Keep(child, answer);
    }

    private async Task<bool> CreateAsync()
    {
        var child = NewChild();
        var person = await WriteAsync(child, HttpMethod.Put, "Patient/" + child.NhsNumber, child.Patient, a => a.Shown);
        if (!person.Succeeded)
        {
            return Keep(child, person);
        }

        var answer = await WriteAsync(child, HttpMethod.Post, "EpisodeOfCare", child.Episode(), a => a.Shown);
        if (answer.Succeeded)
        {
            Learn(child, answer.Shown);
        }

        return Keep(child, answer);
    }

    private async Task<bool> UpdateAsync(Child child)
    {
        child.Shift++;
        var answer = await WriteAsync(child, HttpMethod.Put, "EpisodeOfCare/" + child.EpisodeId,
            child.Episode(child.EpisodeId), a => a.Shown);
        if (answer.Succeeded)
        {
            Learn(child, answer.Shown);
        }

        return Keep(child, answer);
    }

    private async Task<bool> DeleteAsync(Child child)
    {
        var episode = "EpisodeOfCare/" + child.EpisodeId;
        var answer = await WriteAsync(child, HttpMethod.Delete, episode, null, a =>
            [$"{episode}/_history/{a.Version}"]);
        child.Deleted |= answer.Succeeded;
        return Keep(child, answer);
    }

    /// <summary>Every write may be the one whose answer is lost: until it comes the child is in doubt.</summary>
    private async Task<Answer> WriteAsync(
        Child child, HttpMethod method, string route, string? body, Func<Answer, IReadOnlyList<string>> changed)
    {
        child.InDoubt = true;
        var line = Line(child, persona, council, method);
        try
        {
            var answer = await SendAsync(line.Request, method, route, persona, body);
            // 503 may also mean that nobody could find out: only an answer of success ends the doubt.
            child.InDoubt = !answer.Succeeded;
            stage.Witness.Write(Filled(line, answer) with
            {
                Changed = answer.Succeeded ? changed(answer) : [],
                Raw = answer.Succeeded && answer.Shown.Count == 1 && answer.Put.Count == 0,
                Shown = [],
            });
            return answer;
        }
        catch (Exception broken) when (broken is HttpRequestException or TaskCanceledException or IOException)
        {
            // Also when no connection could be had: the framework may have sent it before on one that died.
            stage.Witness.Write(line with { Kind = "unknown", At = TimeProvider.System.GetUtcNow() });
            throw;
        }
    }

    private async Task<bool> ReadAsync(Child child)
    {
        var (reference, who, organisation) = child.FlagId is { } flag && random.Next(2) == 0
            ? ("Flag/" + flag, "sandbox-ed-clinician", "RXR")
            : ("EpisodeOfCare/" + child.EpisodeId, persona, council);
        var line = Line(child, who, organisation, HttpMethod.Get);
        var answer = await SendAsync(line.Request, HttpMethod.Get, reference, who, null);
        var wrong = !answer.Succeeded ? null
            : Newer(child, answer.Shown) ? null : "a read shows an older version than was acknowledged";
        stage.Witness.Write(Judged(Filled(line, answer) with { Raw = answer.Succeeded }, wrong));
        return answer.Succeeded;
    }

    /// <summary>What a clinician asks; the answer must show precisely what this client knows to stand.</summary>
    private async Task<bool> LookUpAsync(Child child)
    {
        var include = random.Next(2) == 0 ? "&_include=Flag:patient" : "";
        var who = random.Next(4) == 0 ? ("sandbox-school-nurse", "RW5") : ("sandbox-ed-clinician", "RXR");
        var line = Line(child, who.Item1, who.Item2, HttpMethod.Get);
        var answer = await SendAsync(
            line.Request, HttpMethod.Get, $"Flag?patient={child.NhsNumber}{include}", who.Item1, null);
        stage.Witness.Write(Judged(Filled(line, answer), answer.Succeeded ? WrongLookUp(child, answer) : null));
        if (answer.Succeeded && stage.Seats.Count > 1 && random.Next(4) == 0)
        {
            await CompareAsync(child, line, answer, include);
        }

        return answer.Succeeded;
    }

    private async Task<bool> TrespassAsync(Child other)
    {
        var (method, route, body) = Trespass.Try(other, council, random);
        var line = Line(other, persona, council, method);
        var answer = await SendAsync(line.Request, method, route, persona, body);
        var fault = Trespass.Fault(method, answer);
        stage.Witness.Write(Filled(line, answer) with
        {
            Kind = "trespass", Wrong = fault, Promise = fault is null ? null : "P4",
        });
        return answer.Status != 503;
    }

    /// <summary>Nobody else writes about this child, so the neighbour must answer the same.</summary>
    private async Task CompareAsync(Child child, Seen first, Answer answer, string include)
    {
        place = (place + 1) % stage.Seats.Count;
        var line = first with { Request = Guid.NewGuid(), Server = place };
        var other = await SendAsync(
            line.Request, HttpMethod.Get, $"Flag?patient={child.NhsNumber}{include}", line.Client!, null);
        var same = !other.Succeeded || answer.Shown.Order().SequenceEqual(other.Shown.Order());
        stage.Witness.Write(Judged(
            Filled(line, other) with { What = "compared" }, same ? null : "two servers answer differently"));
    }

    private static string? WrongLookUp(Child child, Answer answer)
    {
        var stands = child is { EpisodeId: not null, Deleted: false };
        var flags = answer.Shown.Where(shown => shown.StartsWith("Flag/", StringComparison.Ordinal)).ToList();
        return stands && flags.Count != 1 ? "a look-up does not show the plan that was acknowledged"
            : !stands && answer.Shown.Count > 0 ? "a look-up shows what was deleted or never there"
            : !Newer(child, flags) ? "a look-up shows an older version than was acknowledged"
            : null;
    }

    /// <summary>True when nothing goes back; and the child then knows the newest.</summary>
    private static bool Newer(Child child, IReadOnlyList<string> shown)
    {
        var before = (child.EpisodeVersion, child.FlagVersion);
        Learn(child, shown);
        return child.EpisodeVersion >= before.EpisodeVersion && child.FlagVersion >= before.FlagVersion;
    }

    private static void Learn(Child child, IReadOnlyList<string> references)
    {
        foreach (var parts in references.Select(reference => reference.Split('/')))
        {
            var version = int.Parse(parts[3], CultureInfo.InvariantCulture);
            if (parts[0] == "Flag")
            {
                (child.FlagId, child.FlagVersion) = (parts[1], version);
            }
            else if (parts[0] == "EpisodeOfCare")
            {
                (child.EpisodeId, child.EpisodeVersion) = (parts[1], version);
            }
        }
    }

    private async Task<Answer> SendAsync(Guid id, HttpMethod method, string route, string who, string? body)
    {
        var server = stage.Seats[place].Address;
        using var request = new HttpRequestMessage(method, new Uri(server, "/FHIR/R4/" + route));
        request.Headers.Authorization = await tokens.OfAsync(http, server, who);
        request.Headers.Add("X-Request-ID", id.ToString());
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/fhir+json");
        using var response = await http.SendAsync(request);
        return await Answer.ReceiveAsync(response);
    }

    private Seen Line(Child child, string who, string organisation, HttpMethod method) =>
        new("answer", default)
        {
            Request = Guid.NewGuid(),
            Server = place,
            Client = who,
            Organisation = organisation,
            Method = method.Method,
            NhsNumber = child.NhsNumber,
        };

    private static Seen Filled(Seen line, Answer answer)
    {
        var fault = answer.Fault();
        return line with
        {
            At = TimeProvider.System.GetUtcNow(),
            Status = answer.Status,
            Hash = answer.Hash,
            Shown = answer.Shown,
            Wrong = fault,
            Promise = fault is null ? null : "P5",
        };
    }

    private static Seen Judged(Seen line, string? wrong) =>
        wrong is null ? line : line with { Wrong = wrong, Promise = "P6" };

    private bool Keep(Child child, Answer answer)
    {
        if (answer.Succeeded && !children.Contains(child))
        {
            children.Add(child);
            trespass.Show(child);
        }

        return answer.Succeeded;
    }

    private Child NewChild() => new(NewNumber(), council, Child.Families[random.Next(Child.Families.Count)]);

    private string NewNumber()
    {
        while (next < numbers)
        {
            if (Child.Number(firstNumber + next++) is { } number)
            {
                return number;
            }
        }

        throw new InvalidOperationException("This client has used all its numbers.");
    }
}
