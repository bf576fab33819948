using System.Text.Json;
using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Plans;

namespace CpIs.Server.Organizations;

/// <summary>
/// The register of organisations, kept by the registrar, who also switches councils live; a council corrects its own
/// telephones and nothing else. http://hl7.org/fhir/R4/http.html#update
/// Not served: deletion (an organisation that is no more is inactive), conditional writes, old versions.
/// </summary>
internal sealed class WriteOrganization(
    Incoming incoming, Register register, Newcomers newcomers, AuditLog ledger, TimeProvider clock)
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

    private async Task ApplyAsync(Call call, string id, Func<OrganizationRow?, OrganizationFacts> decide)
    {
        var ifMatch = Incoming.IfMatch(call.Http.Request.Headers.IfMatch);
        var now = Submit.Milliseconds(clock.GetUtcNow());
        var changed = await ledger.WriteAsync(null, async write =>
        {
            var stood = (await OrganizationStore.LockAsync(write, id)).Value;
            var after = decide(stood);
            if (ifMatch is not null && ifMatch != stood?.Version)
            {
                throw Refused.Stale("The organisation has another version than If-Match names.");
            }

            var same = stood is not null && OrganizationParts.Of(stood) == after;
            var version = same ? stood!.Version : (stood?.Version ?? 0) + 1;
            var status = stood is null ? 201 : 200;
            DateTimeOffset updated = same ? stood!.Updated : now;
            var entry = call.Entry() with
            {
                Status = status, ResourceId = id, ResourceVersion = version,
                Disclosed = [$"{Type}/{id}/_history/{version}"],
                Reason = stood is null || stood.Live == after.Live ? null : after.Live ? "live" : "no longer live",
            };
            await write.CommitAsync([entry], same ? [] : after.Active
                ? [OrganizationStore.Put(after, version, now), OrganizationStore.Registered(id)]
                : [OrganizationStore.Put(after, version, now)]);
            return new Changed(0, status, Type, id, version, updated, after.Render(version, updated))
            {
                Location = $"{Type}/{id}",
            };
        });
        register.Forget();
        newcomers.Forget(id);
        await WriteAnswers.OneAsync(call, changed);
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
