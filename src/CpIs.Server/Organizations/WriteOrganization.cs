using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;
using CpIs.Server.Replays;
using Npgsql;

namespace CpIs.Server.Organizations;

/// <summary>
/// The register of organisations, kept by the registrar, who also switches councils live; a council corrects its own
/// telephones and nothing else. http://hl7.org/fhir/R4/http.html#update
/// </summary>
internal sealed class WriteOrganization(
    Incoming incoming, Register register, Newcomers newcomers, WriteOnce once, TimeProvider clock)
{
    private const string Type = "Organization";

    public async Task CreateAsync(Call call)
    {
        var sent = await Incoming.BodyAsync(call);
        var facts = Facts(sent);
        var once = Incoming.IfNoneExist(call.Http.Request.Headers["If-None-Exist"], sent, Systems.Ods);
        await ApplyAsync(call, facts.Id, stood => stood is null ? facts
            : once ? OrganizationParts.Of(stood)
                : throw new Refused(409, [new("error", "duplicate", DetailCode.InvalidResource,
                "There is an organisation with this ODS code: PUT to change it.")]));
    }

    public async Task UpdateAsync(Call call)
    {
        var facts = Facts(await Incoming.BodyAsync(call));
        if (facts.Id != call.Id)
        {
            throw Refused.BadBody("The id of an Organization is its ODS code, and both are those of the URL.");
        }

        RequireOwn(call, facts.Id);
        await ApplyAsync(call, facts.Id, stood => Changed(call, stood ?? throw Refused.NotFound(), facts));
    }

    /// <summary>By its ODS code; the registrar makes it where there is none.</summary>
    public async Task UpdateByIdentifierAsync(Call call)
    {
        var sent = await Incoming.BodyAsync(call);
        var facts = Facts(sent);
        Incoming.RequireIdentifier(call.Http.Request.QueryString.Value, sent, Systems.Ods);
        RequireOwn(call, facts.Id);
        var sought = new ByIdentifier(Incoming.Text(sent, "id"),
            call.Caller.Kind == Who.Registrar && call.Caller.Scopes.Allow(Type, 'c'));
        await ApplyAsync(call, facts.Id, stood => sought.Makes(stood?.Id) ? facts : Changed(call, stood!, facts));
    }

    public async Task PatchAsync(Call call)
    {
        var patch = await IncomingPatch.ReadAsync(call);
        RequireOwn(call, call.Id);
        await ApplyAsync(call, call.Id, stood =>
        {
            var facts = Facts(patch.Apply((stood ?? throw Refused.NotFound()).Body));
            return facts.Id == call.Id ? Changed(call, stood, facts)
                : throw Refused.Unprocessable(DetailCode.InvalidResource, "An organisation keeps its ODS code.",
                    "Organization.identifier");
        });
    }

    /// <summary>
    /// Switches a council live, so that health sees its plans, or off again: a Parameters with one boolean,
    /// <c>live</c>.
    /// </summary>
    public async Task SetLiveAsync(Call call)
    {
        var live = Live(await Incoming.BodyAsync(call));
        await ApplyAsync(call, call.Id, stood => stood switch
        {
            null => throw Refused.NotFound(),
            { Kind: "council" } => OrganizationParts.Of(stood) with { Live = live },
            _ => throw Refused.Unprocessable(DetailCode.InvalidResource, "Only a council goes live."),
        });
    }

    /// <summary>
    /// Only what never held anything is deleted, such as a mistake: another that is no more is put as inactive, so that
    /// its plans and attendances go on to name somebody.
    /// </summary>
    public async Task DeleteAsync(Call call)
    {
        var ifMatch = Incoming.IfMatch(call.Http.Request.Headers.IfMatch);
        var now = Submit.Milliseconds(clock.GetUtcNow());
        var answer = await once.RunAsync(call, null, async write =>
        {
            var stood = (await OrganizationStore.LockAsync(write, call.Id)).Value ?? throw Refused.NotFound();
            Match(stood, ifMatch);
            if (!stood.Deleted && (await OrganizationStore.HoldsAsync(write, stood.Ods)).Value)
            {
                throw Refused.Unprocessable(DetailCode.InvalidResource,
                    "Plans, people, attendances or subscriptions are this organisation's: put it as inactive instead.");
            }

            var version = stood.Deleted ? stood.Version : stood.Version + 1;
            var changed = new Changed(0, 204, Type, stood.Id, version, now, []);
            return new(WriteAnswers.One(call, [changed]), [Entry(call, 204, stood.Id, version)], 1, stood.Deleted ? []
                : [OrganizationStore.KeepVersion(stood.Id), OrganizationStore.Remove(stood.Id, version, now)]);
        });
        register.Forget();
        await WriteAnswers.SendAsync(call, answer);
    }

    private static AuditEntry Entry(Call call, int status, string id, int version) => call.Entry() with
    {
        Status = status,
        ResourceId = id,
        ResourceVersion = version,
        Disclosed = [$"{Type}/{id}/_history/{version}"],
    };

    private static void Match(OrganizationRow? stood, int? ifMatch)
    {
        if (ifMatch is not null && stood is not null && ifMatch != stood.Version)
        {
            throw Refused.Stale("The organisation has another version than If-Match names.");
        }
    }

    private static void RequireOwn(Call call, string id)
    {
        if (call.Caller.Kind == Who.Council && id != call.Caller.Organisation)
        {
            throw Refused.Denied("A council corrects its own telephones.");
        }
    }

    private OrganizationFacts Facts(JsonElement sent)
    {
        incoming.Check(sent, Type);
        if (Incoming.Text(sent, "id") is { } inBody && inBody != OrganizationParts.Read(sent).Id)
        {
            throw Refused.BadBody("The id of an Organization is its ODS code.");
        }

        return OrganizationParts.Read(sent);
    }

    /// <summary>Its kind and whether it is live are not the resource's to say.</summary>
    private static OrganizationFacts Changed(Call call, OrganizationRow stood, OrganizationFacts sent)
    {
        var before = OrganizationParts.Of(stood);
        if (sent.Kind == "health" != (stood.Kind == "health"))
        {
            throw Refused.Unprocessable(
                DetailCode.InvalidResource, "An organisation keeps its type.", "Organization.type");
        }

        var after = sent with { Kind = stood.Kind, Live = stood.Live };
        return call.Caller.Kind == Who.Registrar
            || after == before with { WorkPhone = after.WorkPhone, EmergencyPhone = after.EmergencyPhone }
            ? after : throw Refused.Denied("A council corrects its own telephones; the registrar changes the rest.");
    }

    /// <summary>A plan that is shown tells whom to call, by day and by night.</summary>
    private static void RequireTelephones(OrganizationFacts after)
    {
        if (after is { Kind: "council", Live: true } && (after.WorkPhone is null || after.EmergencyPhone is null))
        {
            throw Refused.Unprocessable(DetailCode.InvalidResource,
                "A live council has two telephones: one for office hours (use work) and one of its emergency duty team "
                + "(use mobile).", "Organization.telecom");
        }
    }

    private async Task ApplyAsync(Call call, string id, Func<OrganizationRow?, OrganizationFacts> decide)
    {
        var ifMatch = Incoming.IfMatch(call.Http.Request.Headers.IfMatch);
        var now = Submit.Milliseconds(clock.GetUtcNow());
        var answer = await once.RunAsync(call, null, async write =>
        {
            var held = (await OrganizationStore.LockAsync(write, id)).Value;
            var stood = held is { Deleted: false } ? held : null;
            Match(stood, ifMatch);
            var after = decide(stood);
            RequireTelephones(after);
            var same = stood is not null && OrganizationParts.Of(stood) == after;
            var version = same ? stood!.Version : (held?.Version ?? 0) + 1;
            var status = stood is null ? 201 : 200;
            DateTimeOffset updated = same ? stood!.Updated : now;
            var entry = Entry(call, status, id, version) with
            {
                Reason = stood is null || stood.Live == after.Live ? null : after.Live ? "live" : "no longer live",
            };
            List<NpgsqlBatchCommand> commands = same ? []
                : [OrganizationStore.KeepVersion(id), OrganizationStore.Put(after, version, now)];
            if (!same && after.Active)
            {
                commands.Add(OrganizationStore.Registered(id));
            }

            var changed = new Changed(0, status, Type, id, version, updated, after.Render(version, updated));
            return new(WriteAnswers.One(call, [changed]), [entry], 1, [.. commands]);
        });
        register.Forget();
        newcomers.Forget(id);
        await WriteAnswers.SendAsync(call, answer);
    }

    private static bool Live(JsonElement sent) =>
        Incoming.Text(sent, "resourceType") == "Parameters"
            && sent.TryGetProperty("parameter", out var all) && all.ValueKind == JsonValueKind.Array
            && all.GetArrayLength() == 1 && Incoming.Text(all[0], "name") == "live"
            && all[0].TryGetProperty("valueBoolean", out var live)
            && live.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? live.GetBoolean()
            : throw Refused.BadBody("Send a Parameters with one parameter, live, a valueBoolean.");
}
