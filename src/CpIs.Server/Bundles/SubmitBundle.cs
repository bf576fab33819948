using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Patients;
using CpIs.Server.Plans;

namespace CpIs.Server.Bundles;

/// <summary>
/// A council's transaction: Patients, EpisodesOfCare and Flags, all or none, in one commit.
/// http://hl7.org/fhir/R4/http.html#transaction
/// Not served: reads, which would have to be answered before it is known that all is done, and other types.
/// </summary>
internal sealed class SubmitBundle(Incoming incoming, PatchPlan patches)
{
    public async Task AnswerAsync(Call call, IReadOnlyList<BundleEntry> entries)
    {
        if (call.Caller.Kind != Who.Council)
        {
            throw Refused.Denied("Your role may not do this.");
        }

        var references = new BundleReferences(entries);
        var reader = new PartsReader(references.Resolve);
        var changes = entries.Select(e => Read(call, e, references, reader)).ToList();
        RequireDistinct(changes);
        await WriteAnswers.SendAsync(call, await patches.ApplyAsync(call, changes, reader, WriteAnswers.Bundle));
    }

    private Change Read(Call call, BundleEntry entry, BundleReferences references, PartsReader reader)
    {
        try
        {
            entry.Sent = entry.Sent is { } sent ? references.Rewrite(sent) : null;
            return Read(call, entry, entry.Path.Split('/'), reader);
        }
        catch (Refused refused) when (refused.Status is 400 or 403 or 404 or 412 or 422)
        {
            throw Submission.AtEntry(refused, entry.Index);
        }
    }

    private Change Read(Call call, BundleEntry entry, string[] url, PartsReader reader)
    {
        var type = url[0];
        if (entry.Method.Length == 0 || type.Length == 0)
        {
            throw Refused.BadBody("An entry has no request: its method and its url say what is to be done.");
        }

        if (type is not ("Patient" or "EpisodeOfCare" or "Flag"))
        {
            throw NotServed();
        }

        Allow(call, type, entry.Method);
        switch (entry.Method, type, url.Length)
        {
            case ("PUT" or "POST", "Patient", 1):
            case ("PUT", "Patient", 2):
                return Person(entry, url);
            case ("POST", "EpisodeOfCare" or "Flag", 1):
                return Put(entry, type, entry.NewId, true, reader, Incoming
                    .IfNoneExist(entry.IfNoneExist, Checked(entry, type)), null);
            case ("PUT", "EpisodeOfCare" or "Flag", 1):
                Incoming.RequireIdentifier(entry.Query, Checked(entry, type));
                return Put(entry, type, entry.NewId, false, reader, false, new ByIdentifier(
                    Incoming.Text(entry.Resource, "id"), call.Caller.Scopes.Allow(type, 'c')));
            case ("PUT", "EpisodeOfCare" or "Flag", 2):
                Checked(entry, type);
                RequireId(entry);
                return Put(entry, type, entry.GivenId, false, reader, false, null);
            case ("PATCH", "EpisodeOfCare" or "Flag", 2):
                return new PlanPatch(
                    entry.Index, entry.IfMatch, View(type), entry.GivenId, IncomingPatch.Of(entry.Resource));
            case ("DELETE", "EpisodeOfCare" or "Flag", 2):
                return new PlanDeletion(entry.Index, entry.IfMatch, View(type), entry.GivenId);
            default:
                throw NotServed();
        }
    }

    private static Refused NotServed() => Refused.Unprocessable(DetailCode.Unsupported,
        "A transaction entry is POST, PUT, PATCH or DELETE of a Patient, EpisodeOfCare or Flag; "
        + "send reads and other types as a batch.",
        "request");

    private PatientChange Person(BundleEntry entry, string[] url)
    {
        var sent = Checked(entry, "Patient");
        if (entry.Method == "PUT" && url.Length == 1)
        {
            Incoming.RequireIdentifier(entry.Query, sent, Systems.NhsNumber);
        }

        var id = url.Length == 2 ? url[1] : entry.Method == "PUT" ? PatientJson.Number(sent) : null;
        return PutPatient.Change(entry.Index, entry.IfMatch, sent, id) with
        {
            IfNoneExist = entry.Method == "POST"
                && Incoming.IfNoneExist(entry.IfNoneExist, sent, Systems.NhsNumber),
        };
    }

    private static Change Put(BundleEntry entry, string type, Guid id, bool create, PartsReader reader,
        bool ifNoneExist, ByIdentifier? sought) => type == "Flag"
        ? new FlagChange(entry.Index, entry.IfMatch, id, create, reader.Flag(entry.Resource))
        {
            IfNoneExist = ifNoneExist, Sought = sought,
        }
        : new EpisodeChange(entry.Index, entry.IfMatch, id, create, reader.Episode(entry.Resource))
        {
            IfNoneExist = ifNoneExist, Sought = sought,
        };

    private JsonElement Checked(BundleEntry entry, string type)
    {
        incoming.Check(entry.Resource, type);
        return entry.Resource;
    }

    private static void RequireId(BundleEntry entry)
    {
        if (Incoming.Text(entry.Resource, "id") is { } inBody && inBody != entry.GivenId.ToString())
        {
            throw Refused.BadBody("The id of the body is not the id of the URL.");
        }
    }

    private static PlanView View(string type) => type == "Flag" ? PlanView.Flag : PlanView.Episode;

    /// <summary>The token must allow each entry as if it came alone.</summary>
    private static void Allow(Call call, string type, string method)
    {
        var letter = method switch
        {
            "POST" => 'c',
            "DELETE" => 'd',
            _ => 'u',
        };
        if (!call.Caller.Scopes.Allow(type, letter))
        {
            throw Refused.Denied("The token's scopes do not cover every entry.");
        }
    }

    /// <summary>http://hl7.org/fhir/R4/http.html#trules: one resource at most once.</summary>
    private static void RequireDistinct(List<Change> changes)
    {
        var keys = changes.Select(c => c switch
        {
            PatientChange p => "Patient/" + p.Number.Digits(),
            EpisodeChange e => "EpisodeOfCare/" + e.Id,
            FlagChange f => "Flag/" + f.Id,
            PlanDeletion d => $"{d.View.ResourceType}/{d.Id}",
            PlanPatch p => $"{p.View.ResourceType}/{p.Id}",
            _ => "",
        });
        if (keys.GroupBy(k => k).Any(g => g.Count() > 1))
        {
            throw Refused.BadBody("The Bundle names one resource twice.");
        }
    }
}
