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
    public static readonly IReadOnlyList<SearchParameter<PatientRow>> Parameters =
    [
        SearchParameter<PatientRow>.Token("_id", p => [(null, p.NhsNumber)]),
        SearchParameter<PatientRow>.Token("identifier", p => [(Systems.NhsNumber, p.NhsNumber)]),
        SearchParameter<PatientRow>.Updated(p => p.Updated),
    ];

    public static readonly SearchTerms Terms = new("Patient", [.. Parameters.Select(p => p.Name)])
    {
        Sorts = ["_id", "_lastUpdated"],
    };

    private static readonly Keyset<PatientRow> Keyset = new(p => p.NhsNumber, p => p.Updated, null);

    public async Task AnswerAsync(Call call)
    {
        var search = await SearchRequest.ReadAsync(call, Terms, pages);
        var naming = search.Criteria.Where(c => c is { Name: "_id" or "identifier", Modifier: null }).ToList();
        var numbers = naming.SelectMany(c => c.Values.Select(v => Number(c, v))).Distinct().ToList();
        var condition = SearchConditions.All(search.Criteria.Except(naming), Parameters);
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
        await Answers.BytesAsync(call.Http, 200,
            Bundle(call, search, found, condition, now, await register.CouncilsAsync()));
    }

    private static string Number(Criterion criterion, SearchValue value) =>
        SearchConditions.Patient(criterion.Name == "identifier" ? "identifier" : null, value).Digits();

    private ReadOnlyMemory<byte> Bundle(Call call, SearchRequest search, PatientsFound found,
        Predicate<PatientRow> condition, DateTimeOffset now, Councils councils)
    {
        var held = PatientJson.OnePerPerson(found.Rows).ToList();
        var people = held.FindAll(condition);
        var (page, next) = Keyset.Cut(people, search);
        using var bundle = new SearchBundle(call, now, people.Count,
            next is null ? null : pages.Link(call, search, next), SelfLink.Of(call, search)) { Shown = search.Shown };
        foreach (var row in page)
        {
            bundle.Add($"Patient/{row.NhsNumber}", PatientJson.Shown(row, call.Health, found.Linked), "match");
        }

        var issues = PlanAnswer.Superseded(found.Linked, call.Health || people.Count > 0).ToList();
        if (call.Health && people.Count == 0)
        {
            issues.Add(held.Count == 0 ? PlanAnswer.NoRecordHeld(councils, now)
                : new("warning", "informational", DetailCode.PlanLeftOut, Words.PlanLeftOut));
        }
        else if (call.Health && PatientJson.Differ(found.Rows))
        {
            issues.Add(new("warning", "informational", DetailCode.IdentityDiffers, Words.CouncilsDiffer));
        }

        issues.AddRange(search.Warnings);
        if (issues.Count > 0)
        {
            bundle.AddOutcome(issues);
        }

        return bundle.Finish();
    }
}
