using System.Net;
using System.Net.Http.Headers;
using CpIs.Server.Database;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Faults;

/// <summary>A person stops the server in the middle of its work: nobody who was let in is sent away.</summary>
[Collection(RealServers.Name)]
public sealed class ServerStoppedTests
{
    [Fact]
    public async Task After_Ctrl_C_every_look_up_that_was_accepted_is_answered_and_nothing_is_left_running()
    {
        await using var sandbox = await Sandbox.StartAsync();
        var token = await sandbox.Server.TokenAsync("sandbox-ed-clinician");
        var readers = Enumerable.Range(0, 8).Select(_ => ReadUntilRefusedAsync(sandbox, token)).ToList();
        await Task.Delay(TimeSpan.FromSeconds(1));

        var code = await sandbox.Server.InterruptAsync();

        var answers = (await Task.WhenAll(readers)).SelectMany(each => each).ToList();
        answers.Should().NotBeEmpty();
        answers.Should().OnlyContain(answer => answer.Status == HttpStatusCode.OK);
        code.Should().Be(0, sandbox.Server.Printed);
        Postmaster.FindLive(sandbox.Folders).Should().BeNull();
    }

    private static async Task<List<Sandbox.Answer>> ReadUntilRefusedAsync(
        Sandbox sandbox, AuthenticationHeaderValue token)
    {
        using var own = new HttpClient { BaseAddress = sandbox.Server.Client.BaseAddress };
        var answers = new List<Sandbox.Answer>();
        try
        {
            while (true)
            {
                answers.Add(await sandbox.LookUpAsync(token, own));
            }
        }
        catch (HttpRequestException closed) when (IsRefusal(closed))
        {
            return answers;
        }
    }

    // The door is shut. An answer cut off in the middle would be another error, and fails the test.
    private static bool IsRefusal(HttpRequestException closed) => closed.HttpRequestError
        is HttpRequestError.ConnectionError;
}
