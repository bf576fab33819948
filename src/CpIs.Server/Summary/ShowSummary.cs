using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.AuditTrail;
using CpIs.Server.Organizations;
using CpIs.Server.Patients;
using CpIs.Server.Plans;
using CpIs.Server.Searching;

namespace CpIs.Server.Summary;

/// <summary>
/// <c>POST /Patient/$child-protection-summary</c>: in one call everything a clinician may see of one child, and of her
/// mother when she is newborn. Each person is one access.
/// </summary>
internal sealed class ShowSummary(
    SummaryStore store, Register register, AuditLog ledger, ServerOptions options,
    TimeProvider clock)
{
    /// <summary>Bytes of most answers: a plan, its people, and some lines of history.</summary>
    private const int BodyBytes = 24 * 1024;

    /// <summary>What the answer is made of; a token must allow them all.</summary>
    private static readonly string[] Types = ["Flag", "EpisodeOfCare", "Patient", "AuditEvent"];

    public async Task AnswerAsync(Call call)
    {
        if (Array.Exists(Types, type => !call.Caller.Scopes.Allow(type, 's')))
        {
            throw Refused.Denied("The token's scopes do not cover everything the summary shows.");
        }

        var request = await SummaryRequest.ReadAsync(call);
        var councils = await register.CouncilsAsync();
        var child = LookUpAsync(call, request.Number, councils);
        if (request.Mother is null)
        {
            await AnswerAsync(call, request, councils, [await child]);
            return;
        }

        await AnswerAsync(call, request, councils,
            await Task.WhenAll(child, LookUpAsync(call, request.Mother, councils)));
    }

    private async Task<PersonSummary> LookUpAsync(Call call, NhsNumber number, Councils councils)
    {
        var digits = number.Digits();
        var question = PlanQuestion.Health(PlanView.Flag, digits, Visibility.Today(clock), councils) with
        {
            WithOtherHalf = true,
            WithPatients = true,
        };
        var entry = call.Entry(digits);
        var (found, recorded) = await ledger.LookUpRecordedAsync(
            store.LookUp, new(question, call.Caller.Organisation), entry);
        return new(number, found.Plans, found.Lines(entry, digits, recorded), found.Count);
    }

    private Task AnswerAsync(
        Call call, SummaryRequest request, Councils councils, IReadOnlyList<PersonSummary> people)
    {
        using var bundle = new SearchBundle(call, clock.GetUtcNow(), people.Sum(p => p.Plans.Total), null,
            call.Base + call.Route.Path, BodyBytes);
        var rows = people.SelectMany(p => p.Plans.Rows).ToList();
        foreach (var row in rows)
        {
            bundle.Add($"Flag/{row.Flag.Id}", row.Flag.Body, "match");
        }

        foreach (var row in rows)
        {
            bundle.Add($"EpisodeOfCare/{row.Episode.Id}", row.Episode.Body, "include");
        }

        foreach (var person in people)
        {
            foreach (var patient in PatientJson.OnePerPerson(person.Plans.Patients))
            {
                bundle.Add($"Patient/{patient.NhsNumber}", PatientJson.Shown(patient, true, person.Plans.Linked),
                    "include");
            }
        }

        foreach (var ods in rows.Select(r => r.Facts.Council).Distinct().Where(o => councils.Body(o) is not null))
        {
            bundle.Add($"Organization/{ods}", councils.Body(ods)!, "include");
        }

        foreach (var person in people)
        {
            ShowHistory.Add(bundle, person.History, "include");
            AddCount(bundle, councils, person);
        }

        bundle.AddOutcome(SummaryIssues.Of(call, request, people, councils, clock.GetUtcNow()));
        return Answers.BytesAsync(call.Http, 200, bundle.Finish());
    }

    /// <summary>R20: how often she attended, by the rule of the organisation that asks.</summary>
    private void AddCount(SearchBundle bundle, Councils register, PersonSummary person)
    {
        if (person.Count is { } count)
        {
            var national = options.NationalOrganisation;
            var name = register.Find(national)?.Name ?? national;
            bundle.AddComputed(
                AttendanceJson.Render(count, person.Number, (national, name), clock.GetUtcNow()), "include");
        }
    }
}

/// <summary>What is shown of one person.</summary>
internal sealed record PersonSummary(
    NhsNumber Number, PlanPage Plans, IReadOnlyList<AccessLine> History, AttendanceCount? Count);
