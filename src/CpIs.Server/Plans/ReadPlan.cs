using System.Globalization;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Searching;

namespace CpIs.Server.Plans;

/// <summary>Read and vread of a Flag or EpisodeOfCare. http://hl7.org/fhir/R4/http.html#read</summary>
internal sealed class ReadPlan(PlanStore plans, Register register, AuditLog ledger, TimeProvider clock)
{
    public async Task ReadAsync(Call call, PlanView view)
    {
        var state = (await OpenAsync(call, view)).State(view);
        await Answers.ResourceAsync(call.Http, 200, state.Body, state.Version, state.Updated);
    }

    public async Task ReadVersionAsync(Call call, PlanView view)
    {
        if (!int.TryParse((string)call.Http.Request.RouteValues["version"]!, NumberStyles.None,
            CultureInfo.InvariantCulture, out var version))
        {
            throw Refused.NotFound();
        }

        var question = await AskAsync(call, view);
        var plan = (await plans.FindAsync(view, question.Council, Id(call), call.Http.RequestAborted)).Value;
        if (plan is null || !question.Within(plan) || (call.Health && !question.MaySee(plan)))
        {
            throw Refused.NotFound();
        }

        var envelope = await plans.ReadVersionAsync(question, plan, version, call.Http.RequestAborted);
        if (envelope.Found == 0)
        {
            throw Refused.NotFound();
        }

        var state = (await ledger.OpenAsync(envelope, Entry(call, version)))!;
        await Answers.ResourceAsync(call.Http, 200, state.Body, state.Version, state.Updated);
    }

    private async Task<PlanRow> OpenAsync(Call call, PlanView view)
    {
        var envelope = await plans.ReadAsync(await AskAsync(call, view), Id(call), call.Http.RequestAborted);
        if (envelope.Found == 0)
        {
            throw Refused.NotFound();
        }

        return (await ledger.OpenAsync(envelope, Entry(call, envelope.Disclosed[0].Version)))!;
    }

    private static AuditEntry Entry(Call call, int version) =>
        call.Entry() with { ResourceId = call.Id, ResourceVersion = version };

    private async Task<PlanQuestion> AskAsync(Call call, PlanView view)
    {
        var councils = await register.CouncilsAsync();
        return new PlanQuestion
        {
            View = view,
            Council = call.Health ? null : call.Caller.Organisation,
            Today = Visibility.Today(clock),
            Condition = _ => true,
            Within = SearchConditions.Within(call, PlanParameters.Of(view)),
            CouncilNames = call.Health ? councils.LiveNames : councils.AllNames,
        };
    }

    private static Guid Id(Call call) =>
        Guid.TryParseExact(call.Id, "D", out var id) ? id : throw Refused.NotFound();
}
