using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentAssertions;

namespace CpIs.Server.Tests.Demographics;

/// <summary>The registrar, who sends what demographics know and waits until it is taken over.</summary>
internal sealed class Registrar(RunningServer server)
{
    public const string Header =
        "nhs_number,family,given,birth_date,superseded_by,sensitive,invalid,deceased";

    public HttpClient Http { get; } = server.As("sandbox-registrar");

    public Task<HttpResponseMessage> PostAsync(string file) =>
        PostAsync(new StringContent(file, Encoding.UTF8, "text/csv"));

    public Task<HttpResponseMessage> PostAsync(HttpContent file) =>
        Http.PostAsync(new Uri("$submit-register", UriKind.Relative), file);

    public async Task<JsonNode> SendAsync(params string[] rows) => await DoneAsync(await PostAsync(File(rows)));

    public static string File(params string[] rows) => string.Join("\r\n", rows.Prepend(Header)) + "\r\n";

    public async Task<JsonNode> DoneAsync(HttpResponseMessage accepted)
    {
        accepted.StatusCode.Should().Be(HttpStatusCode.Accepted, await accepted.Content.ReadAsStringAsync());
        return await DoneAsync(accepted.Content.Headers.ContentLocation!);
    }

    public async Task<JsonNode> DoneAsync(Uri status)
    {
        var until = DateTime.UtcNow.AddMinutes(2);
        while (true)
        {
            var answer = await Http.GetAsync(status);
            if (answer.StatusCode == HttpStatusCode.OK)
            {
                return await answer.BodyAsync();
            }

            answer.StatusCode.Should().Be(HttpStatusCode.Accepted);
            answer.Headers.GetValues("X-Progress").Single().Should().Contain(" rows");
            DateTime.UtcNow.Should().BeBefore(until, "the file ends");
            await Task.Delay(100);
        }
    }
}
