using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;

namespace CpIs.Server.Patients;

/// <summary>
/// Read of a Patient by NHS number: a council its own record, health the latest one of a council with a visible plan,
/// without council ids. http://hl7.org/fhir/R4/http.html#read
/// </summary>
internal sealed class ReadPatient(PlanStore plans, Register register, AuditLog ledger, TimeProvider clock)
{
    public async Task AnswerAsync(Call call)
    {
        if (!NhsNumber.TryParse(call.Id, out var number))
        {
            throw Refused.NotFound();
        }

        var digits = number.Digits();
        var envelope = await plans.PatientsAsync(
            await QuestionAsync(call, [digits], register, clock), call.Http.RequestAborted);
        if (envelope.Found == 0)
        {
            throw Refused.NotFound(digits);
        }

        var found = await ledger.OpenAsync(envelope, call.Entry(digits) with { ResourceId = call.Id });
        var row = Chosen(digits, found);
        var body = PatientJson.Shown(row, call.Health, found.Linked);
        if (row.NhsNumber != digits)
        {
            call.Http.Response.Headers.ContentLocation = $"{call.Base}/Patient/{row.NhsNumber}";
        }

        await Answers.ResourceAsync(call.Http, 200, body, row.Version, row.Updated);
    }

    /// <summary>
    /// R9: the record under the number asked for, else under the number in force, else under another of hers; its id
    /// says which.
    /// </summary>
    private static PatientRow Chosen(string asked, PatientsFound found)
    {
        var people = PatientJson.OnePerPerson(found.Rows).ToList();
        return people.Find(p => p.NhsNumber == asked)
            ?? people.Find(p => p.NhsNumber == LinkedNumber.InForce(asked, found.Linked))
            ?? people.MaxBy(p => p.Updated)!;
    }

    /// <summary>The question for the Patient resources of some people, as this caller may ask it.</summary>
    public static async Task<PlanQuestion> QuestionAsync(
        Call call, IReadOnlyList<string> numbers, Register register, TimeProvider clock)
    {
        var councils = await register.CouncilsAsync();
        return new PlanQuestion
        {
            View = PlanView.Episode,
            Council = call.Health ? null : call.Caller.Organisation,
            Today = Visibility.Today(clock),
            Numbers = numbers,
            Condition = _ => true,
            CouncilNames = call.Health ? councils.LiveNames : councils.AllNames,
        };
    }
}
