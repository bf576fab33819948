using System.Globalization;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Searching;

namespace CpIs.Server.Encounters;

/// <summary>Read and vread of an Encounter. http://hl7.org/fhir/R4/http.html#read</summary>
internal sealed class ReadEncounter(
    EncounterStore encounters, Register register, AuditLog ledger, TimeProvider clock)
{
    public async Task ReadAsync(Call call)
    {
        var question = Ask(call, await register.CouncilsAsync(), Visibility.Today(clock));
        var envelope = await encounters.ReadAsync(question, Id(call), call.Http.RequestAborted);
        if (envelope.Found == 0)
        {
            throw Refused.NotFound();
        }

        var row = (await ledger.OpenAsync(envelope, Entry(call, envelope.Disclosed[0].Version)))!;
        await Answers.ResourceAsync(call.Http, 200, row.Body, row.Version, row.Updated);
    }

    public async Task ReadVersionAsync(Call call)
    {
        if (!int.TryParse((string)call.Http.Request.RouteValues["version"]!, NumberStyles.None,
            CultureInfo.InvariantCulture, out var version))
        {
            throw Refused.NotFound();
        }

        var question = Ask(call, await register.CouncilsAsync(), Visibility.Today(clock));
        var envelope = await encounters.ReadVersionAsync(question, Id(call), version, call.Http.RequestAborted);
        if (envelope.Found == 0)
        {
            throw Refused.NotFound();
        }

        var row = (await ledger.OpenAsync(envelope, Entry(call, version)))!;
        await Answers.ResourceAsync(call.Http, 200, row.Body, row.Version, row.Updated);
    }

    /// <summary>What a caller may see of encounters at all.</summary>
    public static EncounterQuestion Ask(Call call, Councils councils, DateOnly today) => new()
    {
        Council = call.Health ? null : call.Caller.Organisation,
        Organisation = call.Health ? call.Caller.Organisation : null,
        Today = today,
        LiveCouncils = [.. councils.LiveNames.Keys],
        Condition = SearchConditions.Within(call, EncounterParameters.All),
    };

    private static AuditEntry Entry(Call call, int version) =>
        call.Entry() with { ResourceId = call.Id, ResourceVersion = version };

    private static Guid Id(Call call) =>
        Guid.TryParseExact(call.Id, "D", out var id) ? id : throw Refused.NotFound();
}
