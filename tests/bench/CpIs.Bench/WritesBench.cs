using CpIs.Fhir;

namespace CpIs.Bench;

/// <summary>
/// Councils submitting one plan at a time: each request a transaction of Patient, EpisodeOfCare and Flag, checked,
/// decided, recorded and committed.
/// </summary>
internal static class WritesBench
{
    private const int Rounds = 3;
    private const int Seconds = 6;

    /// <summary>The runtime compiles the write path twice more while it is used: cold, a plan costs double.</summary>
    private const int WarmUpSeconds = 20;

    private const int FirstNumber = 500_000;

    public static async Task<Report> RunAsync(bool quick)
    {
        await using var stage = await Stage.OpenAsync(17_080, 1000);
        var url = $"http://localhost:{stage.Port}{CpIs.Server.Routes.Prefix}";
        var runs = new List<WrkRun>();
        var script = Path.ChangeExtension(stage.NumbersFile, ".writes.lua");
        for (var round = 0; round <= (quick ? 1 : Rounds); round++)
        {
            // Each round has a hundred thousand numbers of its own; the first round warms up.
            var token = stage.Token("sandbox-council-lancashire");
            await File.WriteAllTextAsync(script, Script(token, "ZZ001", FirstNumber + (round * 100_000)));
            var run = await WrkRun.RunAsync(url, script, quick ? 2 : round == 0 ? WarmUpSeconds : Seconds);
            if (round > 0)
            {
                runs.Add(run);
            }
        }

        File.Delete(script);
        return new Report("writes",
        [
            Row.Of("plans", "plans/s", runs.Select(r => r.Rate)),
            Row.Of("plans, p50", "µs", runs.Select(r => r.P50Ms * 1000)),
            Row.Of("plans, p99", "µs", runs.Select(r => r.P99Ms * 1000)),
            Row.Of("plans, CPU server", "µs/plan", runs.Select(r => r.ServerUs)),
            Row.Of("plans, CPU PostgreSQL", "µs/plan", runs.Select(r => r.DatabaseUs)),
            Row.Of("plans, CPU client", "µs/plan", runs.Select(r => r.ClientUs)),
            Row.Of("plans, allocated", "B/plan", runs.Select(r => r.AllocatedBytes)),
        ],
        new Dictionary<string, double>());
    }

    /// <summary>A script that submits plans, each of a child of its own.</summary>
    internal static string Script(string token, string council, int first)
    {
        var start = PlanJson.Day(Visibility.Today(TimeProvider.System).AddDays(-30));
        var body = $$$$"""
            {"resourceType":"Bundle","type":"transaction","entry":[
            {"request":{"method":"PUT","url":"Patient/@N@"},"resource":{"resourceType":"Patient",
            "identifier":[{"system":"{{{{Systems.NhsNumber}}}}","value":"@N@"}],
            "name":[{"family":"Benchley","given":["Quill"]}],"birthDate":"2019-01-01"}},
            {"fullUrl":"urn:uuid:0b6f2a4e-6d55-4c59-9d53-2f6c1f0a7a02",
            "request":{"method":"POST","url":"EpisodeOfCare"},
            "resource":{"resourceType":"EpisodeOfCare",
            "identifier":[{"system":"{{{{Systems.CouncilPlan}}}}{{{{council}}}}","value":"W-@N@"}],"status":"active",
            "type":[{"coding":[{"system":"{{{{Systems.Snomed}}}}","code":"342191000000101"}]}],
            "patient":{"reference":"Patient/@N@"},"managingOrganization":{"reference":"Organization/{{{{council}}}}"},
            "period":{"start":"{{{{start}}}}"}}},
            {"request":{"method":"POST","url":"Flag"},"resource":{"resourceType":"Flag",
            "extension":[{"url":"{{{{Systems.FlagDetail}}}}",
            "valueReference":{"reference":"urn:uuid:0b6f2a4e-6d55-4c59-9d53-2f6c1f0a7a02"}}],
            "identifier":[{"system":"{{{{Systems.CouncilPlan}}}}{{{{council}}}}","value":"W-@N@"}],"status":"active",
            "code":{"coding":[{"system":"{{{{Systems.Snomed}}}}","code":"342191000000101"}]},
            "subject":{"reference":"Patient/@N@"},"period":{"start":"{{{{start}}}}"}}}]}
            """;
        return $$"""
            local body = [=[{{body}}]=]
            local next = {{first}}
            local function number()
              while true do
                local nine = string.format("999%06d", next)
                next = next + 1
                local sum = 0
                for i = 1, 9 do sum = sum + tonumber(nine:sub(i, i)) * (11 - i) end
                local check = 11 - sum % 11
                if check == 11 then check = 0 end
                if check ~= 10 then return nine .. check end
              end
            end
            wrk.method = "POST"
            wrk.headers["Authorization"] = "Bearer {{token}}"
            wrk.headers["Content-Type"] = "application/fhir+json"
            request = function() local n = number(); return wrk.format(nil, nil, nil, (body:gsub("@N@", n))) end
            """;
    }
}
