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
        var rows = await ledger.OpenAsync(envelope, call.Entry(numbers[0]));
        await Answers.BytesAsync(call.Http, 200, Bundle(call, search, rows, now, await register.CouncilsAsync()));
    }

    private static string Number(Criterion criterion, string value) =>
        SearchConditions.Patient(criterion.Name == "identifier" ? "identifier" : criterion.Modifier, value).Digits();

    private static ReadOnlyMemory<byte> Bundle(
        Call call, SearchRequest search, IReadOnlyList<PatientRow> rows, DateTimeOffset now, Councils councils)
    {
        var people = PatientJson.OnePerPerson(rows).ToList();
        using var bundle = new SearchBundle(
            call, now, people.Count, null, SearchBundle.SelfLink(call, "Patient", search));
        foreach (var row in search.CountOnly ? [] : people)
        {
            bundle.Add($"Patient/{row.NhsNumber}", call.Health ? PatientJson.ForHealth(row.Body) : row.Body, "match");
        }

        if (call.Health && people.Count == 0)
        {
            bundle.AddOutcome([PlanAnswer.NoRecordHeld(councils, now)]);
        }
        else if (call.Health && PatientJson.Differ(rows))
        {
            bundle.AddOutcome([new("warning", "informational", DetailCode.IdentityDiffers, Words.CouncilsDiffer)]);
        }

        return bundle.Finish();
    }
}
