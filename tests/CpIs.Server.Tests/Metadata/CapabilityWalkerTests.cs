using System.Text.Json.Nodes;
using CpIs.Fhir;
using FluentAssertions;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using Hl7.Fhir.Utility;
using Xunit;
using Task = System.Threading.Tasks.Task;

namespace CpIs.Server.Tests.Metadata;

/// <summary>
/// Walks through the CapabilityStatement as a vendor would: all that it claims answers, all that it does not claim is
/// refused in words. A claim that the walk cannot try fails it.
/// </summary>
public sealed class CapabilityWalkerTests(WalkedHouse house) : IClassFixture<WalkedHouse>
{
    private static readonly string[] Interactions =
    [
        "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type",
    ];

    private static readonly string[] StrangeOperations = ["everything", "meta", "lastn", "expand", "document"];

    private static readonly string[] StrangeTypes = ["Observation", "Condition", "DocumentReference", "Task", "Nope"];

    private readonly WalkerCalls calls = new(house);

    [Fact]
    public async Task It_is_valid_R4_to_the_letter()
    {
        using var anybody = house.Server.With(() => null);
        var text = await (await anybody.TryAsync("metadata")).Content.ReadAsStringAsync();

        var statement = (CapabilityStatement)new FhirJsonDeserializer(
            new DeserializerSettings().UsingMode(DeserializationMode.Strict)).DeserializeResource(text);

        statement.Url.Should().Be(house.Server.Base + "metadata");
        var rest = statement.Rest.Single();
        rest.Security!.Extension.Single().Extension.Single().Value.Should().BeOfType<FhirUri>()
            .Which.Value.Should().Be(house.Server.Root + "oauth2/token");
        rest.Security.Cors.Should().BeTrue();
        rest.Resource.Should().OnlyHaveUniqueItems(r => r.Type);
    }

    [Fact]
    public async Task Every_interaction_it_claims_answers_and_every_other_is_refused()
    {
        foreach (var resource in await ResourcesAsync())
        {
            var type = resource.Text("type");
            var claimed = resource["interaction"]?.AsArray().Select(i => i!.Text("code")).ToList() ?? [];
            foreach (var interaction in claimed)
            {
                ShouldAnswer(await calls.InteractAsync(type, interaction), $"{interaction} of {type}");
                if (interaction == "search-type")
                {
                    ShouldAnswer(await calls.PostedSearchAsync(type), $"posted search of {type}");
                }
            }

            foreach (var interaction in Interactions.Except(claimed))
            {
                await ShouldNotBeServedAsync(await StrangeAsync(type, interaction), $"{interaction} of {type}");
            }
        }
    }

    [Fact]
    public async Task Every_search_parameter_it_claims_is_read_and_every_other_of_R4_is_refused()
    {
        foreach (var resource in (await ResourcesAsync()).Where(r => r["searchParam"] is not null))
        {
            var type = resource.Text("type");
            var claimed = resource["searchParam"]!.AsArray().Select(p => p!.Text("name")).ToList();
            foreach (var parameter in claimed)
            {
                var answer = await calls.SearchByAsync(type, parameter);
                ShouldAnswer(answer, $"{parameter} of {type}");
                (await answer.BodyAsync()).Text("type").Should().Be("searchset");
            }

            foreach (var parameter in OfR4(type).Select(p => p.Name).Append("unheard-of").Except(claimed))
            {
                await (await house.SendAsync("GET", $"{type}?{parameter}=x", type)).ShouldBeRefusedAsync(400);
            }
        }
    }

    [Fact]
    public async Task Every_search_parameter_is_R4s_own_of_that_type_or_says_where_it_is_defined()
    {
        foreach (var resource in await ResourcesAsync())
        {
            var known = OfR4(resource.Text("type")).Select(p => (p.Name, p.Type.GetLiteral()))
                .Append(("_id", "token")).Append(("_lastUpdated", "date")).ToList();

            (resource["searchParam"]?.AsArray() ?? []).Where(p => p!["definition"] is null)
                .Select(p => (p!.Text("name"), p!.Text("type"))).Should().BeSubsetOf(known, resource.Text("type"));
        }
    }

    [Fact]
    public async Task Every_include_it_claims_is_taken_and_every_other_of_R4_is_refused()
    {
        foreach (var resource in (await ResourcesAsync()).Where(r => r["searchParam"] is not null))
        {
            var type = resource.Text("type");
            foreach (var name in (string[])["Include", "RevInclude"])
            {
                var claimed = resource["search" + name]?.AsArray().Select(v => v!.GetValue<string>()).ToList() ?? [];
                var parameter = "_" + name.ToLowerInvariant();
                foreach (var value in claimed)
                {
                    ShouldAnswer(await calls.IncludeAsync(type, parameter, value), $"{parameter}={value} of {type}");
                }

                foreach (var value in OfR4(type).Where(p => p.Type == SearchParamType.Reference)
                    .Select(p => $"{type}:{p.Name}").Append($"{type}:unheard-of").Except(claimed))
                {
                    await (await calls.IncludeAsync(type, parameter, value)).ShouldBeRefusedAsync(400);
                }
            }
        }
    }

    [Fact]
    public async Task Every_condition_it_claims_is_kept_and_no_other_is_mistaken_for_one()
    {
        foreach (var resource in await ResourcesAsync())
        {
            var type = resource.Text("type");
            var claimed = resource["interaction"]?.AsArray().Select(i => i!.Text("code")).ToList() ?? [];
            if (Claims(resource, "conditionalCreate"))
            {
                ((int)(await calls.CreateOnConditionAsync(type)).StatusCode).Should().Be(200, type);
            }
            else if (claimed.Contains("create"))
            {
                await (await calls.CreateOnConditionAsync(type)).ShouldBeRefusedAsync(400);
            }

            if (Claims(resource, "conditionalUpdate"))
            {
                ((int)(await calls.UpdateOnConditionAsync(type)).StatusCode).Should().Be(200, type);
            }
            else
            {
                await ShouldNotBeServedAsync(
                    await house.SendAsync("PUT", $"{type}?identifier=a|b", type, Empty(type)), "PUT by identifier");
            }

            await ShouldNotBeServedAsync(
                await house.SendAsync("DELETE", $"{type}?identifier=a|b", type), $"conditional delete of {type}");
            resource.Text("conditionalDelete").Should().Be("not-supported");
            if (claimed.Contains("update"))
            {
                var made = (int)(await calls.CreateByUpdateAsync(type)).StatusCode;
                made.Should().Be(Claims(resource, "updateCreate") ? 201 : 404, "update of an absent {0}", type);
            }
        }
    }

    [Fact]
    public async Task Every_conditional_read_it_claims_is_answered_with_304()
    {
        foreach (var resource in await ResourcesAsync())
        {
            var (type, kind) = (resource.Text("type"), resource.Text("conditionalRead"));
            foreach (var byDate in kind switch
            {
                "not-supported" => (bool[])[],
                "not-match" => [false],
                "modified-since" => [true],
                _ => [false, true],
            })
            {
                var answer = await calls.ReadOnConditionAsync(type, byDate);
                ((int)answer.StatusCode).Should().Be(304, "{0} by {1}", type, byDate ? "date" : "version");
            }
        }
    }

    [Fact]
    public async Task Every_operation_it_claims_answers_and_a_strange_one_is_refused()
    {
        var rest = await RestAsync();
        foreach (var place in rest["resource"]!.AsArray().Append(rest).OfType<JsonNode>())
        {
            var type = place["type"]?.GetValue<string>();
            foreach (var name in place["operation"]?.AsArray().Select(o => o!.Text("name")) ?? [])
            {
                ShouldAnswer(await calls.OperateAsync(type, name), $"${name} of {type}");
            }

            foreach (var name in StrangeOperations)
            {
                await ShouldNotBeServedAsync(await WalkedHouse.SendAsync(house.Server.Lancashire, "POST",
                    (type is null ? "" : type + "/") + "$" + name, "{}"), $"${name} of {type}");
            }
        }
    }

    [Fact]
    public async Task Bundles_formats_and_types_are_those_it_claims()
    {
        var rest = await RestAsync();
        var claimed = rest["interaction"]!.AsArray().Select(i => i!.Text("code")).ToList();
        foreach (var kind in (string[])["transaction", "batch"])
        {
            var answer = await calls.BundleAsync(kind);
            ((int)answer.StatusCode).Should().Be(claimed.Contains(kind) ? 200 : 400, kind);
        }

        claimed.Should().BeSubsetOf(["transaction", "batch"]);
        foreach (var url in (string[])["?_id=x", "_history", "?_type=Flag"])
        {
            await ShouldNotBeServedAsync(await WalkedHouse.SendAsync(house.Server.Lancashire, "GET", url), url);
        }

        foreach (var type in StrangeTypes)
        {
            await ShouldNotBeServedAsync(await WalkedHouse.SendAsync(house.Server.Lancashire, "GET", type), type);
            await ShouldNotBeServedAsync(
                await WalkedHouse.SendAsync(house.Server.Lancashire, "POST", type, "{}"), type);
        }
    }

    [Fact]
    public void Every_operation_of_the_table_has_a_definition() =>
        Routes.Table.Select(Server.Metadata.Operations.NameOf)
        .Where(name => name is not null).Should().NotBeEmpty().And.OnlyContain(name => Server.Metadata.Operations
            .Of(Routes.Table).Any(o => o.Name == name && o.Definition.StartsWith("http", StringComparison.Ordinal)));

    /// <summary>What a vendor would try who has not read the statement.</summary>
    private Task<HttpResponseMessage> StrangeAsync(string type, string interaction)
    {
        var id = Guid.NewGuid();
        return interaction switch
        {
            "read" => house.SendAsync("GET", $"{type}/{id}", type),
            "vread" => house.SendAsync("GET", $"{type}/{id}/_history/1", type),
            "history-instance" => house.SendAsync("GET", $"{type}/{id}/_history", type),
            "history-type" => house.SendAsync("GET", $"{type}/_history", type),
            "search-type" => house.SendAsync("GET", type, type),
            "create" => house.SendAsync("POST", type, type, Empty(type)),
            "update" => house.SendAsync("PUT", $"{type}/{id}", type, Empty(type)),
            "patch" => house.SendAsync("PATCH", $"{type}/{id}", type, new JsonArray(),
                ("Content-Type", WalkerCalls.PatchType)),
            _ => house.SendAsync("DELETE", $"{type}/{id}", type),
        };
    }

    private async Task<JsonNode> RestAsync()
    {
        using var anybody = house.Server.With(() => null);
        return (await anybody.GetOkAsync("metadata"))["rest"]!.AsArray().Single()!;
    }

    private async Task<List<JsonNode>> ResourcesAsync() =>
        [.. (await RestAsync())["resource"]!.AsArray().OfType<JsonNode>()];

    private static bool Claims(JsonNode resource, string condition) =>
        resource[condition]?.GetValue<bool>() ?? false;

    private static IEnumerable<(string Name, SearchParamType Type)> OfR4(string type) =>
        ModelInfo.SearchParameters.Where(p => p.Resource == type).Select(p => (p.Name!, p.Type));

    private static JsonObject Empty(string type) => new() { ["resourceType"] = type };

    private static void ShouldAnswer(HttpResponseMessage answer, string what) =>
        ((int)answer.StatusCode).Should().BeInRange(200, 299, what);

    private static async Task ShouldNotBeServedAsync(HttpResponseMessage answer, string what)
    {
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).Should().BeOneOf([400, 404, 405], "{0}: {1}", what, text);
        JsonNode.Parse(text)!.Text("resourceType").Should().Be("OperationOutcome", what);
    }
}
