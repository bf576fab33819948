using System.Net.Http.Headers;
using CpIs.Testing;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Notices;

/// <summary>
/// Servers beside and after each other: one sender to a subscription, and what one that died left half done is done.
/// </summary>
public sealed class TwoSendersTests
{
    private const int Looks = 20;

    private static readonly TimeSpan HungMax = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Two_servers_send_each_notice_once_and_never_two_at_a_time()
    {
        await using var first = await OwnServer.StartAsync();
        await using var second = new OwnServer(first.Server.Database);
        await second.Server.InitializeAsync();
        await using var receiver = await LoopbackReceiver.StartAsync();
        var (within, most) = (0, 0);
        receiver.Instead = async http =>
        {
            most = Math.Max(most, Interlocked.Increment(ref within));
            await Task.Delay(30, http.RequestAborted);
            Interlocked.Decrement(ref within);
            return false;
        };
        await new InventedSubscription { Endpoint = receiver.Address, Numbers = [("backport-max-count", 1)] }
            .ActivateAsync(first.Server.Lancashire);

        for (var i = 0; i < Looks; i++)
        {
            var server = i % 2 == 0 ? first.Server : second.Server;
            var plan = new InventedPlan { Start = server.Today.AddDays(-3) };
            await server.SubmitAsync(plan);
            await server.Clinician.GetOkAsync($"Flag?patient={plan.Number}");
        }

        await receiver.EventsAsync(Looks);
        await Task.Delay(500);
        receiver.Numbers.Should().Equal(Enumerable.Range(1, Looks).Select(n => (long)n));
        most.Should().Be(1);
    }

    [Fact]
    public async Task What_a_killed_server_was_sending_is_sent_again_under_the_same_number()
    {
        await using var database = await TestDatabase.CreateAsync();
        await using var receiver = await LoopbackReceiver.StartAsync();
        var hung = new TaskCompletionSource();
        var folder = Directory.CreateTempSubdirectory("cpis-killed-").FullName;
        List<string> numbers;
        await using (var killed = ServerProcess.Launch(new ServerStart(folder, Ports.Free())
        {
            Arguments = ["--no-samples"],
            Environment = new Dictionary<string, string>
            {
                ["ConnectionStrings__Cpis"] = database.ServerConnectionString,
                ["ConnectionStrings__CpisOwner"] = database.OwnerConnectionString,
            },
        }))
        {
            await killed.UntilReadyAsync();
            var council = await AsAsync(killed, "sandbox-council-lancashire");
            var id = await new InventedSubscription
            {
                Endpoint = receiver.Address, Numbers = [("backport-timeout", 5), ("backport-max-count", 1)],
            }.ActivateAsync(council);
            receiver.Instead = async http =>
            {
                if (receiver.Numbers.Count < 2)
                {
                    return false;
                }

                hung.TrySetResult();
                await Task.Delay(Timeout.Infinite, http.RequestAborted);
                return true;
            };
            numbers = await LooksAsync(killed, council, 4);
            await hung.Task.WaitAsync(HungMax);
            await PollTests.UntilAsync(council, id, 4);
            await killed.KillAsync();
        }

        receiver.Instead = null;
        await using var survivor = new OwnServer(database);
        await survivor.Server.InitializeAsync();
        var told = await receiver.EventsAsync(4, secondsMax: 60);

        receiver.Numbers.Should().Equal(1, 2, 3, 4);
        told.Select(t => t.Bundle.All("Patient").Single().Text("id")).Should().Equal(numbers);
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<List<string>> LooksAsync(ServerProcess server, HttpClient council, int count)
    {
        var doctor = await AsAsync(server, "sandbox-ed-clinician");
        var numbers = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var plan = new InventedPlan { Start = CpIs.Fhir.Visibility.Today(TimeProvider.System).AddDays(-3) };
            var sent = await council.PostAsync(council.BaseAddress, RunningServer.Json(plan.Bundle()));
            sent.EnsureSuccessStatusCode();
            await doctor.GetOkAsync($"Flag?patient={plan.Number}");
            numbers.Add(plan.Number);
        }

        return numbers;
    }

    private static async Task<HttpClient> AsAsync(ServerProcess server, string persona)
    {
        var client = new HttpClient { BaseAddress = new Uri(server.Client.BaseAddress!, Routes.Prefix + "/") };
        AuthenticationHeaderValue token = await server.TokenAsync(persona);
        client.DefaultRequestHeaders.Authorization = token;
        return client;
    }
}
