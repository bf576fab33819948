using System.Text.Json;
using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Plans;

/// <summary>
/// Create, update and delete of one Flag or EpisodeOfCare, conditional or not.
/// http://hl7.org/fhir/R4/http.html#create
/// </summary>
internal sealed class WritePlan(Incoming incoming, Submit submit, PatchPlan patches)
{
    public async Task CreateAsync(Call call, PlanView view)
    {
        var sent = await Incoming.BodyAsync(call);
        var change = Put(sent, view, Guid.CreateVersion7(), true, null);
        var conditional = Incoming.IfNoneExist(call.Http.Request.Headers["If-None-Exist"], sent);
        await ApplyAsync(call, change switch
        {
            EpisodeChange episode => episode with { IfNoneExist = conditional },
            FlagChange flag => flag with { IfNoneExist = conditional },
            _ => change,
        });
    }

    public async Task UpdateAsync(Call call, PlanView view)
    {
        var sent = await Incoming.BodyAsync(call);
        if (Incoming.Text(sent, "id") is { } inBody && inBody != call.Id)
        {
            throw Refused.BadBody("The id of the body is not the id of the URL.");
        }

        await ApplyAsync(call, Put(sent, view, Id(call), false, Incoming.IfMatch(call.Http.Request.Headers.IfMatch)));
    }

    /// <summary>Which one is meant its identifier says; where there is none it is made.</summary>
    public async Task UpdateByIdentifierAsync(Call call, PlanView view)
    {
        var sent = await Incoming.BodyAsync(call);
        var ifMatch = Incoming.IfMatch(call.Http.Request.Headers.IfMatch);
        var change = Put(sent, view, Guid.CreateVersion7(), false, ifMatch);
        Incoming.RequireIdentifier(call.Http.Request.QueryString.Value, sent);
        var sought = new ByIdentifier(Incoming.Text(sent, "id"), call.Caller.Scopes.Allow(view.ResourceType, 'c'));
        await ApplyAsync(call, change switch
        {
            EpisodeChange episode => episode with { Sought = sought },
            FlagChange flag => flag with { Sought = sought },
            _ => change,
        });
    }

    public async Task PatchAsync(Call call, PlanView view)
    {
        var patch = await IncomingPatch.ReadAsync(call);
        var change = new PlanPatch(0, Incoming.IfMatch(call.Http.Request.Headers.IfMatch), view, Id(call), patch);
        await WriteAnswers.SendAsync(call,
            await patches.ApplyAsync(call, [change], new PartsReader(reference => reference), WriteAnswers.One));
    }

    public async Task DeleteAsync(Call call, PlanView view)
    {
        await ApplyAsync(call,
            new PlanDeletion(0, Incoming.IfMatch(call.Http.Request.Headers.IfMatch), view, Id(call)));
    }

    private Change Put(JsonElement sent, PlanView view, Guid id, bool create, int? ifMatch)
    {
        incoming.Check(sent, view.ResourceType);
        var reader = new PartsReader(reference => reference);
        return view == PlanView.Flag
            ? new FlagChange(0, ifMatch, id, create, reader.Flag(sent))
            : new EpisodeChange(0, ifMatch, id, create, reader.Episode(sent));
    }

    private static Guid Id(Call call) =>
        Guid.TryParseExact(call.Id, "D", out var id) ? id : throw Refused.NotFound();

    private async Task ApplyAsync(Call call, Change change)
    {
        await WriteAnswers.SendAsync(call, await submit.AsCouncilAsync(call, [change], WriteAnswers.One));
    }
}
