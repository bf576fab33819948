using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Patients;

namespace CpIs.Server.Plans;

/// <summary>
/// A council's transaction: Patients, EpisodesOfCare and Flags, all or none, with <c>urn:uuid</c> references resolved.
/// http://hl7.org/fhir/R4/http.html#transaction — not served yet: batch, reads, conditional update.
/// </summary>
internal sealed class SubmitBundle(Incoming incoming, Submit submit)
{
    /// <summary>Entries of one Bundle.</summary>
    private const int EntriesMax = 1000;

    public async Task AnswerAsync(Call call)
    {
        var bundle = await Incoming.BodyAsync(call);
        var entries = Entries(bundle);
        var places = entries.Select((entry, i) => new Place(i, entry)).ToList();
        var reader = new PartsReader(reference => Resolve(reference, places));
        var changes = places.Select(p => Read(call, p, reader)).ToList();
        RequireDistinct(changes);
        await WriteAnswers.SendAsync(call, await submit.AsCouncilAsync(call, changes, WriteAnswers.Bundle));
    }

    private static List<JsonElement> Entries(JsonElement bundle)
    {
        if (Incoming.Text(bundle, "resourceType") != "Bundle")
        {
            throw Refused.BadBody("The body posted to the base must be a Bundle.");
        }

        if (Incoming.Text(bundle, "type") != "transaction")
        {
            throw Refused.BadBody("The Bundle's type must be transaction.");
        }

        if (!bundle.TryGetProperty("entry", out var entries) || entries.ValueKind != JsonValueKind.Array
            || entries.GetArrayLength() == 0)
        {
            throw Refused.BadBody("The Bundle has no entry.");
        }

        return entries.GetArrayLength() > EntriesMax
            ? throw new Refused(413, [new("error", "too-costly", DetailCode.InvalidResource,
                $"A Bundle holds at most {EntriesMax} entries.")])
            : [.. entries.EnumerateArray()];
    }

    private Change Read(Call call, Place place, PartsReader reader)
    {
        try
        {
            return Read(call, place, place.Method, place.Url.Split('/'), reader);
        }
        catch (Refused refused) when (refused.Status is 422 or 400)
        {
            throw new Refused(refused.Status,
                [.. refused.Issues.Select(i => i with { Expression = Submission.InEntry(place.Index, i.Expression) })]);
        }
    }

    private Change Read(Call call, Place place, string method, string[] url, PartsReader reader)
    {
        var type = url[0];
        Allow(call, type, method);
        switch (method, type, url.Length)
        {
            case ("PUT", "Patient", 2):
            case ("POST", "Patient", 1):
                incoming.Check(place.Resource, "Patient");
                return PutPatient.Change(place.Index, place.IfMatch, place.Resource, method == "PUT" ? url[1] : null);
            case ("POST", "EpisodeOfCare", 1):
                incoming.Check(place.Resource, type);
                return new EpisodeChange(place.Index, null, place.NewId, true, reader.Episode(place.Resource))
                {
                    IfNoneExist = Incoming.IfNoneExist(place.IfNoneExist, place.Resource),
                };
            case ("POST", "Flag", 1):
                incoming.Check(place.Resource, type);
                return new FlagChange(place.Index, null, place.NewId, true, reader.Flag(place.Resource))
                {
                    IfNoneExist = Incoming.IfNoneExist(place.IfNoneExist, place.Resource),
                };
            case ("PUT", "EpisodeOfCare", 2):
                incoming.Check(place.Resource, type);
                return new EpisodeChange(place.Index, place.IfMatch, place.GivenId, false, reader
                    .Episode(place.Resource));
            case ("PUT", "Flag", 2):
                incoming.Check(place.Resource, type);
                return new FlagChange(place.Index, place.IfMatch, place.GivenId, false, reader.Flag(place.Resource));
            case ("DELETE", "EpisodeOfCare" or "Flag", 2):
                return new PlanDeletion(place.Index, place.IfMatch,
                    type == "Flag" ? PlanView.Flag : PlanView.Episode, place.GivenId);
            default:
                throw Refused.Unprocessable(DetailCode.Unsupported,
                    "A transaction entry is POST, PUT or DELETE of a Patient, EpisodeOfCare or Flag.", "request");
        }
    }

    /// <summary>The token must allow each entry as if it came alone.</summary>
    private static void Allow(Call call, string type, string method)
    {
        var letter = method switch
        {
            "POST" => 'c',
            "PUT" => 'u',
            _ => 'd',
        };
        if (!call.Caller.Scopes.Allow(type, letter))
        {
            throw Refused.Denied("The token's scopes do not cover every entry.");
        }
    }

    private static string Resolve(string reference, List<Place> places) =>
        reference.StartsWith("urn:", StringComparison.Ordinal)
            ? places.Find(p => p.FullUrl == reference)?.Reference ?? throw Refused.Unprocessable(
                DetailCode.InvalidResource, "A urn reference names no entry of this Bundle.")
            : reference;

    /// <summary>http://hl7.org/fhir/R4/http.html#trules: one resource at most once.</summary>
    private static void RequireDistinct(List<Change> changes)
    {
        var keys = changes.Select(c => c switch
        {
            PatientChange p => "Patient/" + p.Number.Digits(),
            EpisodeChange e => "EpisodeOfCare/" + e.Id,
            FlagChange f => "Flag/" + f.Id,
            PlanDeletion d => $"{d.View.ResourceType}/{d.Id}",
            _ => "",
        });
        if (keys.GroupBy(k => k).Any(g => g.Count() > 1))
        {
            throw Refused.BadBody("The Bundle names one resource twice.");
        }
    }


    /// <summary>One entry and the id it is given.</summary>
    private sealed class Place(int index, JsonElement entry)
    {
        public int Index { get; } = index;

        public JsonElement Resource => entry.TryGetProperty("resource", out var resource)
            && resource.ValueKind == JsonValueKind.Object ? resource
                : throw Refused.BadBody("An entry has no resource.");

        public string? FullUrl => Incoming.Text(entry, "fullUrl");

        public string Method => Request("method") ?? "";

        /// <summary>Relative to the base.</summary>
        public string Url
        {
            get
            {
                var url = Request("url") ?? "";
                var at = url.IndexOf(Routes.Prefix + "/", StringComparison.Ordinal);
                return at < 0 ? url : url[(at + Routes.Prefix.Length + 1)..];
            }
        }

        public int? IfMatch => Incoming.IfMatch(Request("ifMatch"));

        public string? IfNoneExist => Request("ifNoneExist");

        public Guid NewId { get; } = Guid.CreateVersion7();

        public Guid GivenId => Guid
            .TryParseExact(Url[(Url.IndexOf('/', StringComparison.Ordinal) + 1)..], "D", out var id)
            ? id : throw Refused.NotFound();

        /// <summary>What a reference to this entry's full URL stands for.</summary>
        public string Reference => Method == "POST" && Url != "Patient" ? $"{Url}/{NewId}"
            : Url == "Patient" ? "Patient/" + PatientJson.Number(Resource)
            : Url;

        private string? Request(string name) =>
            entry.ValueKind == JsonValueKind.Object && entry.TryGetProperty("request", out var request)
                ? Incoming.Text(request, name) : null;
    }
}
