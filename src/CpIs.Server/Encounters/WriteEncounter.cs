using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Access;
using CpIs.Server.Organizations;
using CpIs.Server.Plans;
using CpIs.Server.Replays;

namespace CpIs.Server.Encounters;

/// <summary>
/// Create and update of an Encounter by the organisation where it took place. R19: it is kept only while the person
/// has a visible plan; there shall be no national register of attendances. http://hl7.org/fhir/R4/http.html#create
/// Not served: conditional update, JSON Patch and delete; what never was is put as entered-in-error.
/// </summary>
internal sealed class WriteEncounter(Incoming incoming, Register register, WriteOnce once, TimeProvider clock)
{
    public async Task CreateAsync(Call call)
    {
        var sent = await Incoming.BodyAsync(call);
        incoming.Check(sent, "Encounter");
        var once = Incoming.IfNoneExist(call.Http.Request.Headers["If-None-Exist"], sent);
        var facts = EncounterParts.Read(sent, call.Caller.Organisation, clock.GetUtcNow());
        await ApplyAsync(call, facts, null, held =>
        {
            RequirePlan(held, facts);
            if (held.Row is { } row && !once)
            {
                throw About(facts, Refused.Unprocessable(DetailCode.EncounterHeld,
                    $"You reported this encounter before: PUT to Encounter/{row.Id} instead.",
                    "Encounter.identifier[0].value"));
            }
        });
    }

    public async Task UpdateAsync(Call call)
    {
        var sent = await Incoming.BodyAsync(call);
        if (Incoming.Text(sent, "id") is { } inBody && inBody != call.Id)
        {
            throw Refused.BadBody("The id of the body is not the id of the URL.");
        }

        incoming.Check(sent, "Encounter");
        if (!Guid.TryParseExact(call.Id, "D", out var id))
        {
            throw Refused.NotFound();
        }

        var facts = EncounterParts.Read(sent, call.Caller.Organisation, clock.GetUtcNow());
        var ifMatch = Incoming.IfMatch(call.Http.Request.Headers.IfMatch);
        await ApplyAsync(call, facts, id, held =>
        {
            RequireSame(held.Row ?? throw Refused.NotFound(), facts, ifMatch);
            RequirePlan(held, facts);
        });
    }

    /// <summary>Patient and number stay: an encounter reported of the wrong person is entered in error.</summary>
    private static void RequireSame(EncounterRow held, EncounterFacts facts, int? ifMatch)
    {
        if (ifMatch is { } version && held.Version != version)
        {
            throw About(held.Facts, Refused.Stale("The encounter has another version than If-Match names."));
        }

        if (!held.Facts.NhsNumber.Equals(facts.NhsNumber))
        {
            throw About(held.Facts, Refused.Unprocessable(DetailCode.NumberChanged,
                "An encounter's patient never changes: put this one as entered-in-error and report a new one.",
                "Encounter.subject"));
        }

        if ((held.Facts.System, held.Facts.Value) != (facts.System, facts.Value))
        {
            throw About(held.Facts, Refused.Unprocessable(DetailCode.InvalidResource,
                "An encounter keeps its identifier.", "Encounter.identifier[0].value"));
        }
    }

    private async Task ApplyAsync(Call call, EncounterFacts facts, Guid? id, Action<HeldEncounter> require)
    {
        var councils = await register.CouncilsAsync();
        var name = councils.Find(facts.Organisation)?.Name ?? facts.Organisation;
        var answer = await once.RunAsync(call, null, async write =>
        {
            var today = Visibility.Today(clock);
            var held = (await ReportStore.LockAsync(write, facts, id, today, [.. councils.LiveNames.Keys])).Value;
            require(held);
            var row = Next(held.Row, facts, id is not null, today, name);
            var status = held.Row is null ? 201 : 200;
            var changed = new Changed(
                0, status, "Encounter", row.Id.ToString(), row.Version, row.Updated, row.Body);
            return new(WriteAnswers.One(call, [changed]), [Entry(call, row, status, held.Visible)], 1,
                row == held.Row ? [] : ReportStore.Commands(row));
        });
        await WriteAnswers.SendAsync(call, answer);
    }

    /// <summary>R19. Taking back what was kept is allowed for as long as it is kept.</summary>
    private static void RequirePlan(HeldEncounter held, EncounterFacts facts)
    {
        if (!held.Visible && (held.Row is null || AttendanceCodes.TookPlace(facts.Status)))
        {
            throw About(facts, Refused.Unprocessable(DetailCode.NotHeld,
                "No visible plan is held for this person, so nothing was kept.", "Encounter.subject"));
        }
    }

    /// <summary>A version goes up only where something is different; a conditional create changes nothing.</summary>
    private EncounterRow Next(EncounterRow? held, EncounterFacts facts, bool update, DateOnly today, string name)
    {
        if (held is not null && (!update || held.Facts == facts))
        {
            return held;
        }

        var now = clock.GetUtcNow();
        var updated = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMillisecond), TimeSpan.Zero);
        var id = held?.Id ?? Guid.CreateVersion7();
        var version = (held?.Version ?? 0) + 1;
        var body = EncounterJson.Render(facts, new(id.ToString(), version, updated), name);
        return new(id, version, updated, held?.Reported ?? today, facts, body);
    }

    /// <summary>
    /// The council's notice is made from this entry. It is no line of the access history: that is of looks, and this
    /// shows its sender nothing but what was sent.
    /// </summary>
    private static AuditEntry Entry(Call call, EncounterRow row, int status, bool visible) =>
        call.Entry(row.Facts.NhsNumber.Digits()) with
        {
            Status = status,
            ResourceId = row.Id.ToString(),
            ResourceVersion = row.Version,
            Disclosed = [$"Encounter/{row.Id}/_history/{row.Version}"],
            Setting = row.Facts.Setting,
            PlanFound = visible,
            InHistory = false,
        };

    private static Refused About(EncounterFacts facts, Refused refused) =>
        new(refused.Status, refused.Issues) { NhsNumber = facts.NhsNumber.Digits(), Version = refused.Version };
}
