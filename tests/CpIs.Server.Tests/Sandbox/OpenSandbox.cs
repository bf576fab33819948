using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using CpIs.Testing;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

/// <summary>The sandbox as a newcomer has it a moment after the start: the whole house, its samples loaded.</summary>
public class OpenSandbox : IAsyncLifetime
{
    private readonly string keys = Directory.CreateTempSubdirectory("cpis-sandbox-").FullName;
    private TestDatabase? database;
    private House? house;

    public HttpClient Client { get; private set; } = new();

    public async Task InitializeAsync()
    {
        database = await TestDatabase.CreateAsync();
        var options = new ServerOptions
        {
            Sandbox = true, Port = Ports.Free(), DataFolder = keys, Connection = database.ServerConnectionString,
        };
        house = await House.OpenAsync(Set(options), TimeProvider.System, CancellationToken.None);
        Client = new HttpClient { BaseAddress = new($"http://localhost:{options.Port}/") };
    }

    /// <summary>What a test wants otherwise.</summary>
    private protected virtual ServerOptions Set(ServerOptions options) => options;

    internal IServiceProvider Services => house!.Services;

    /// <summary>A token of a persona.</summary>
    public async Task<string> TokenAsync(string clientId)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = clientId,
        });
        using var granted = await Client.PostAsync(new Uri("oauth2/token", UriKind.Relative), form);
        granted.EnsureSuccessStatusCode();
        return JsonNode.Parse(await granted.Content.ReadAsStringAsync())!["access_token"]!.GetValue<string>();
    }

    /// <summary>Asks as a persona.</summary>
    public async Task<JsonNode> AskAsync(string clientId, string question)
    {
        var token = await TokenAsync(clientId);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"FHIR/R4/{question}", UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await Client.SendAsync(request);
        answer.EnsureSuccessStatusCode();
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }

    public async Task DisposeAsync()
    {
        Client.Dispose();
        await (house?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (database?.DisposeAsync() ?? ValueTask.CompletedTask);
        Directory.Delete(keys, recursive: true);
    }
}
