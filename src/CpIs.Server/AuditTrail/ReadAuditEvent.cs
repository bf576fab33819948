using CpIs.Audit;
using CpIs.Server.Access;

namespace CpIs.Server.AuditTrail;

/// <summary>Read of one AuditEvent, itself recorded. http://hl7.org/fhir/R4/http.html#read</summary>
internal sealed class ReadAuditEvent(TrailStore trail, AuditLog ledger)
{
    public async Task AnswerAsync(Call call)
    {
        if (!Guid.TryParseExact(call.Id, "D", out var id))
        {
            throw Refused.NotFound();
        }

        var allowed = TrailParameters.Allowed(call) with { Ids = [call.Id], Limit = 1 };
        if (call.Within is not null && (await trail.SearchAsync(allowed, call.Http.RequestAborted)).Found == 0)
        {
            throw Refused.NotFound();
        }

        var envelope = await trail.ReadAsync(id, allowed.OwnOrganisation, call.Http.RequestAborted);
        if (envelope.Found == 0)
        {
            throw Refused.NotFound();
        }

        var entry = (await ledger.OpenAsync(envelope, call.Entry() with { ResourceId = call.Id }, oneEntry: true))!;
        await Answers.ResourceAsync(call.Http, 200, AuditEventMap.Render(entry), 1, entry.Recorded);
    }
}
