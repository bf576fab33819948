using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;

namespace CpIs.Server.Patients;

/// <summary>
/// A council's record of a person, created or replaced under the NHS number, whatever other councils hold.
/// http://hl7.org/fhir/R4/http.html#upsert
/// </summary>
internal sealed class PutPatient(Incoming incoming, Submit submit)
{
    public Task CreateAsync(Call call) => ApplyAsync(call, sent => Change(0, null, sent, null) with
    {
        IfNoneExist = Incoming.IfNoneExist(call.Http.Request.Headers["If-None-Exist"], sent, Systems.NhsNumber),
    });

    public Task UpdateAsync(Call call) => ApplyAsync(call, sent => Change(0, IfMatch(call), sent, call.Id));

    /// <summary>The NHS number is identifier and id in one, so this is an update of the number that is sent.</summary>
    public Task UpdateByIdentifierAsync(Call call) => ApplyAsync(call, sent =>
    {
        Incoming.RequireIdentifier(call.Http.Request.QueryString.Value, sent, Systems.NhsNumber);
        return Change(0, IfMatch(call), sent, PatientJson.Number(sent));
    });

    /// <summary>The change a checked Patient asks for.</summary>
    /// <param name="place">Index of its Bundle entry.</param>
    /// <param name="ifMatch">Version that must be current.</param>
    /// <param name="sent">The resource.</param>
    /// <param name="id">Id of the URL; null for a create.</param>
    /// <exception cref="Refused">400 when the ids differ from the NHS number.</exception>
    public static PatientChange Change(int place, int? ifMatch, JsonElement sent, string? id)
    {
        var digits = PatientJson.Number(sent);
        if (!NhsNumber.TryParse(digits, out var number))
        {
            throw Refused.Unprocessable(DetailCode.InvalidNhsNumber, NhsNumber.Fault(digits)!, "Patient.identifier");
        }

        if (id is not null && (id != digits || (Incoming.Text(sent, "id") is { } inBody && inBody != id)))
        {
            throw Refused.BadBody("The id of a Patient is its NHS number: URL, id and identifier must agree.");
        }

        if (sent.TryGetProperty("link", out _))
        {
            throw Refused.Unprocessable(DetailCode.InvalidResource,
                "Which number replaces which is the register's word: the server writes Patient.link.", "Patient.link");
        }

        return new PatientChange(place, ifMatch, number, sent, id is null);
    }

    private async Task ApplyAsync(Call call, Func<JsonElement, PatientChange> read)
    {
        var sent = await Incoming.BodyAsync(call);
        incoming.Check(sent, "Patient");
        await WriteAnswers.SendAsync(call, await submit.AsCouncilAsync(call, [read(sent)], WriteAnswers.One));
    }

    private static int? IfMatch(Call call) => Incoming.IfMatch(call.Http.Request.Headers.IfMatch);
}
