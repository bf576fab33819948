using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;
using CpIs.Server.Searching;

namespace CpIs.Server.Patients;

/// <summary>
/// Search of Patient by NHS number, as identifier or id. http://hl7.org/fhir/R4/http.html#search
/// Not served: listing, and search by a council's own person id.
/// </summary>
internal sealed class SearchPatients(
    PlanStore plans, Register register, AuditLog ledger, PageTokens pages, TimeProvider clock)
{
    public static readonly IReadOnlyList<string> Parameters = ["_id", "identifier"];

    public async Task AnswerAsync(Call call)
    {
        var search = await SearchRequest.ReadAsync(call, Parameters, pages);
        var numbers = search.Criteria.SelectMany(c => c.Values.Select(v => Number(c, v))).Distinct().ToList();
        if (numbers.Count != 1)
        {
            throw call.Health
                ? Refused.Denied("Name one patient: nobody may list children.")
                : Refused.BadSearch("Name one patient by identifier or _id.");
        }

        var now = clock.GetUtcNow();
        var question = await ReadPatient.QuestionAsync(call, numbers, register, clock);
        var envelope = await plans.PatientsAsync(question, call.Http.RequestAborted);
        var found = await ledger.OpenAsync(envelope, call.Entry(numbers[0]));
        await Answers.BytesAsync(call.Http, 200, Bundle(call, search, found, now, await register.CouncilsAsync()));
    }

    private static string Number(Criterion criterion, string value) =>
        SearchConditions.Patient(criterion.Name == "identifier" ? "identifier" : criterion.Modifier, value).Digits();

    private static ReadOnlyMemory<byte> Bundle(
        Call call, SearchRequest search, PatientsFound found, DateTimeOffset now, Councils councils)
    {
        var people = PatientJson.OnePerPerson(found.Rows).ToList();
        using var bundle = new SearchBundle(
            call, now, people.Count, null, SearchBundle.SelfLink(call, "Patient", search));
        foreach (var row in search.CountOnly ? [] : people)
        {
            bundle.Add($"Patient/{row.NhsNumber}", PatientJson.Shown(row, call.Health, found.Linked), "match");
        }

        var issues = PlanAnswer.Superseded(found.Linked, call.Health || people.Count > 0).ToList();
        if (call.Health && people.Count == 0)
        {
            issues.Add(PlanAnswer.NoRecordHeld(councils, now));
        }
        else if (call.Health && PatientJson.Differ(found.Rows))
        {
            issues.Add(new("warning", "informational", DetailCode.IdentityDiffers, Words.CouncilsDiffer));
        }

        if (issues.Count > 0)
        {
            bundle.AddOutcome(issues);
        }

        return bundle.Finish();
    }
}
