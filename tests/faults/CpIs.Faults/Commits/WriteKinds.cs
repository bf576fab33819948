using System.Globalization;
using CpIs.Fhir;

namespace CpIs.Faults.Commits;

/// <summary>Every kind of write that is committed once, each with what must stand before it can be sent.</summary>
internal static class WriteKinds
{
    private const string Feed = "sandbox-epr-system";
    private const string Trust = "RXR";

    public static readonly IReadOnlyList<(string Name, Func<Desk, Task<OneWrite>> Prepare)> All =
    [
        ("create of a Patient", CreatePatient),
        ("update of a Patient", UpdatePatientAsync),
        ("update of a Patient that was not there", MakePatient),
        ("create of an EpisodeOfCare", desk => CreateEpisodeAsync(desk, conditional: false)),
        ("conditional create of an EpisodeOfCare", desk => CreateEpisodeAsync(desk, conditional: true)),
        ("update of an EpisodeOfCare", UpdateEpisodeAsync),
        ("update of an EpisodeOfCare by identifier", UpdateByIdentifierAsync),
        ("patch of an EpisodeOfCare", PatchEpisodeAsync),
        ("delete of an EpisodeOfCare", desk => DeletePlanAsync(desk, child => "EpisodeOfCare/" + child.EpisodeId)),
        ("delete of a Flag", desk => DeletePlanAsync(desk, child => "Flag/" + child.FlagId)),
        ("transaction", SubmitBundle),
        ("second entry of a batch", SubmitBatch),
        ("patch of an Organization", PatchOrganizationAsync),
        ("create of an Encounter", CreateEncounterAsync),
        ("update of an Encounter", UpdateEncounterAsync),
        ("create of a Subscription", CreateSubscription),
        ("update of a Subscription", UpdateSubscriptionAsync),
        ("delete of a Subscription", DeleteSubscriptionAsync),
        ("acceptance of a caseload", SubmitCaseload),
    ];

    /// <summary>What a council sends to be told of attendances, or of something that never happens here.</summary>
    public static string Subscription(string topic, string reason, string? id = null) => $$"""
        {"resourceType":"Subscription",{{Id(id)}}"status":"requested","reason":"{{reason}}",
        "criteria":"{{Systems.Base}}/SubscriptionTopic/{{topic}}",
        "channel":{"type":"rest-hook","payload":"application/fhir+json","_payload":{"extension":[
        {"url":"{{Systems.Backport}}backport-payload-content","valueCode":"id-only"}]} }
        }
        """;

    private static Task<OneWrite> CreatePatient(Desk desk)
    {
        var child = desk.NewChild();
        return Of(About(child, desk.Write(HttpMethod.Post, "Patient", child.Patient)));
    }

    private static Task<OneWrite> MakePatient(Desk desk)
    {
        var child = desk.NewChild();
        return Of(About(child, desk.Write(HttpMethod.Put, "Patient/" + child.NhsNumber, child.Patient)));
    }

    private static async Task<OneWrite> UpdatePatientAsync(Desk desk)
    {
        var child = await desk.PersonAsync();
        var renamed = new Child(child.NhsNumber, desk.Council, Child.Families[1]);
        return About(child, desk.Write(HttpMethod.Put, "Patient/" + child.NhsNumber, renamed.Patient)) with
        {
            Status = 200, Version = 2,
        };
    }

    private static async Task<OneWrite> CreateEpisodeAsync(Desk desk, bool conditional)
    {
        var child = await desk.PersonAsync();
        return About(child, desk.Write(HttpMethod.Post, "EpisodeOfCare", child.Episode())) with
        {
            IfNoneExist = conditional ? "identifier=" + Identifier(child) : null,
        };
    }

    private static async Task<OneWrite> UpdateEpisodeAsync(Desk desk)
    {
        var child = await desk.PlanAsync();
        child.Shift++;
        return Second(child, desk.Write(
            HttpMethod.Put, "EpisodeOfCare/" + child.EpisodeId, child.Episode(child.EpisodeId)));
    }

    private static async Task<OneWrite> UpdateByIdentifierAsync(Desk desk)
    {
        var child = await desk.PersonAsync();
        return About(child, desk.Write(HttpMethod.Put,
            "EpisodeOfCare?identifier=" + Uri.EscapeDataString(Identifier(child)), child.Episode()));
    }

    /// <summary>Its test fails once it was applied.</summary>
    private static async Task<OneWrite> PatchEpisodeAsync(Desk desk)
    {
        var child = await desk.PlanAsync();
        var patch = $$"""
            [{"op":"test","path":"/period/start","value":"{{child.Start}}"},
            {"op":"replace","path":"/period/start","value":"{{After(child)}}"}]
            """;
        return Second(child, desk.Write(HttpMethod.Patch, "EpisodeOfCare/" + child.EpisodeId, patch)) with
        {
            Type = "application/json-patch+json",
        };
    }

    private static async Task<OneWrite> DeletePlanAsync(Desk desk, Func<Child, string> route)
    {
        var child = await desk.PlanAsync();
        return Second(child, desk.Write(HttpMethod.Delete, route(child), null)) with { Status = 204 };
    }

    private static Task<OneWrite> SubmitBundle(Desk desk)
    {
        var child = desk.NewChild();
        return Of(About(child, desk.Write(HttpMethod.Post, "", child.Bundle)) with { Status = 200, Entries = 3 });
    }

    private static Task<OneWrite> SubmitBatch(Desk desk)
    {
        var child = desk.NewChild();
        var body = $$"""
            {"resourceType":"Bundle","type":"batch","entry":[
            {"request":{"method":"PUT","url":"Patient/{{child.NhsNumber}}"},"resource":{{child.Patient}}},
            {"request":{"method":"POST","url":"EpisodeOfCare"},"resource":{{child.Episode()}}}]}
            """;
        return Of(About(child, desk.Write(HttpMethod.Post, "", body)) with
        {
            Status = 200, Entries = 2, Before = 1, SaysReplayed = false,
        });
    }

    private static async Task<OneWrite> PatchOrganizationAsync(Desk desk)
    {
        var route = "Organization/" + desk.Council;
        var stood = (await desk.SendAsync(HttpMethod.Get, route, null)).Version;
        var patch = string.Create(CultureInfo.InvariantCulture, $$"""
            [{"op":"add","path":"/telecom","value":[
            {"system":"phone","use":"work","value":"01632 {{desk.Next()}}"},
            {"system":"phone","use":"mobile","value":"01632 960999"}]}]
            """);
        return desk.Write(HttpMethod.Patch, route, patch) with
        {
            Type = "application/json-patch+json", Status = 200, Version = stood + 1,
        };
    }

    private static async Task<OneWrite> CreateEncounterAsync(Desk desk)
    {
        var child = await desk.PlanAsync();
        return About(child, new(Feed, Trust, HttpMethod.Post, "Encounter", Encounter(child, "in-progress")));
    }

    private static async Task<OneWrite> UpdateEncounterAsync(Desk desk)
    {
        var child = await desk.PlanAsync();
        var reported = await desk.SendAsync(HttpMethod.Post, "Encounter", Encounter(child, "in-progress"), Feed);
        var id = reported.Single!.Split('/')[1];
        return Second(child, new(
            Feed, Trust, HttpMethod.Put, "Encounter/" + id, Encounter(child, "finished", id)));
    }

    private static Task<OneWrite> CreateSubscription(Desk desk) =>
        Of(desk.Write(HttpMethod.Post, "Subscription", Subscription("plan-lapse", "made once")));

    private static async Task<OneWrite> UpdateSubscriptionAsync(Desk desk)
    {
        var id = await SubscribedAsync(desk);
        return desk.Write(HttpMethod.Put, "Subscription/" + id, Subscription("plan-lapse", "put once", id)) with
        {
            Status = 200, Version = 2, Kept = 1,
        };
    }

    private static async Task<OneWrite> DeleteSubscriptionAsync(Desk desk) =>
        desk.Write(HttpMethod.Delete, "Subscription/" + await SubscribedAsync(desk), null) with
        {
            Status = 204, Kept = 0,
        };

    private static async Task<string> SubscribedAsync(Desk desk) => (await desk.SendAsync(
        HttpMethod.Post, "Subscription", Subscription("plan-lapse", "made before"))).Single!.Split('/')[1];

    private static Task<OneWrite> SubmitCaseload(Desk desk)
    {
        var (child, submission) = (desk.NewChild(), Guid.NewGuid().ToString());
        var extracted = PlanJson.Instant(TimeProvider.System.GetUtcNow());
        var file = $"""
            row_id,nhs_number,family,given,birth_date,plan,start
            {child.RowId},{child.NhsNumber},{Child.Families[0]},Wren,2019-01-01,CPPIU,{child.Start}

            """;
        var route = $"$submit-caseload?submission={submission}&extracted={extracted}";
        return Of(About(child, desk.Write(HttpMethod.Post, route, file)) with
        {
            Type = "text/csv", Status = 202, Announced = true, SaysReplayed = false, Submission = submission,
        });
    }

    private static OneWrite About(Child child, OneWrite write) => write with { NhsNumber = child.NhsNumber };

    private static OneWrite Second(Child child, OneWrite write) =>
        About(child, write) with { Status = 200, Version = 2 };

    private static Task<OneWrite> Of(OneWrite write) => Task.FromResult(write);

    private static string Identifier(Child child) => $"{Systems.CouncilPlan}{child.Council}|{child.RowId}";

    private static string After(Child child) =>
        PlanJson.Day(DateOnly.ParseExact(child.Start, "yyyy-MM-dd", CultureInfo.InvariantCulture).AddDays(1));

    private static string Encounter(Child child, string status, string? id = null) => $$"""
        {"resourceType":"Encounter",{{Id(id)}}"status":"{{status}}",
        "identifier":[{"system":"https://epr.example/encounter","value":"E-{{child.NhsNumber}}"}],
        "class":{"system":"{{Systems.ActCode}}","code":"EMER"},
        "type":[{"coding":[{"system":"{{Systems.Attendance}}","code":"emergency-department"}]}],
        "subject":{"reference":"Patient/{{child.NhsNumber}}"},
        "period":{"start":"{{child.Start}}T10:00:00Z"} }
        """;

    private static string Id(string? id) => id is null ? "" : $"\"id\":\"{id}\",";
}
