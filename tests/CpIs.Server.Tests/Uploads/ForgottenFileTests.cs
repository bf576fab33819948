using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using CpIs.Server.Uploads;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>
/// What was not accepted leaves nothing behind; what was accepted stays, whatever its sender heard of it.
/// </summary>
public sealed class ForgottenFileTests : IAsyncLifetime
{
    private const string Rows = "select count(*) from cpis.upload_row";

    private readonly RunningServer server = new();

    private UploadWorker Worker => server.Services.GetRequiredService<UploadWorker>();

    public Task InitializeAsync() => server.InitializeAsync();

    public Task DisposeAsync() => server.DisposeAsync();

    [Fact]
    public async Task An_accepted_file_keeps_its_rows_even_if_the_server_could_not_tell_that_it_was_accepted()
    {
        var sender = new Sender(server);
        var done = await sender.SendAsync(Sender.Header + sender.Row("KEPT-1", InventedPlan.NewNumber()));

        await server.Services.GetRequiredService<StagingStore>()
            .ForgetAsync(Guid.Parse(done.Status.Split('/')[^1]), "ZZ001", CancellationToken.None);

        (await AskAsync(Rows)).Should().Be(1);
        (await sender.DoneAsync(done.Status))["inserted"].Should().Be(1);
    }

    [Fact]
    public async Task A_file_that_was_given_up_while_it_came_in_is_refused_and_not_kept()
    {
        var sender = new Sender(server);
        using var body = new SlowBody();
        var answer = sender.PostAsync(body);
        await body.SendAsync(Sender.Header + Many(sender, "SLOW", 600));
        await UntilAsync(Rows, 500);

        server.Clock.Move(TimeSpan.FromMinutes(31));
        await Worker.ExpireAsync(CancellationToken.None);
        await body.SendAsync(Many(sender, "LATE", 10));
        body.End();

        (await (await answer).ShouldBeRefusedAsync(408)).Codes().Should().Equal("CPF01");
        (await AskAsync(Rows)).Should().Be(0);
        (await AskAsync("select count(*) from cpis.upload")).Should().Be(0);
    }

    [Fact]
    public async Task A_file_whose_line_was_cut_leaves_nothing_behind()
    {
        var sender = new Sender(server);
        using var body = new SlowBody();
        var answer = sender.PostAsync(body);
        await body.SendAsync(Sender.Header + Many(sender, "CUT", 600));
        await UntilAsync(Rows, 500);

        body.Cut();

        await FluentActions.Awaiting(() => answer).Should().ThrowAsync<HttpRequestException>();
        await UntilAsync("select count(*) from cpis.upload", 0);
        (await AskAsync(Rows)).Should().Be(0);
    }

    [Fact]
    public async Task A_sender_that_falls_silent_is_told_so_and_its_rows_are_not_kept()
    {
        var sender = new Sender(server);
        using var body = new SlowBody();
        var answer = sender.PostAsync(body);
        await body.SendAsync(Sender.Header + Many(sender, "MUTE", 600));
        await UntilAsync(Rows, 500);

        await UntilAsync(Rows, 0);
        body.End();

        (await (await answer).ShouldBeRefusedAsync(408)).Codes().Should().Equal("CPF01");
        (await AskAsync("select count(*) from cpis.upload")).Should().Be(0);
    }

    [Fact]
    public async Task A_sender_that_only_trickles_is_cut_off_and_nothing_is_kept()
    {
        var sender = new Sender(server);
        using var body = new SlowBody();
        var answer = sender.PostAsync(body);
        await body.SendAsync(Sender.Header);
        await UntilAsync("select count(*) from cpis.upload", 1);

        for (var drop = 0; drop < 60 && await AskAsync("select count(*) from cpis.upload") > 0; drop++)
        {
            await body.TrySendAsync(" ");
            await Task.Delay(500);
        }

        body.End();
        await (await answer).ShouldBeRefusedAsync(408);
        (await AskAsync("select count(*) from cpis.upload")).Should().Be(0);
    }

    [Fact]
    public async Task A_file_that_says_it_is_too_large_is_refused_before_it_comes()
    {
        using var line = new TcpClient();
        await line.ConnectAsync("localhost", server.Root.Port);
        await using var stream = line.GetStream();
        var extracted = Fhir.PlanJson.Instant(server.Clock.GetUtcNow());
        await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Join("\r\n",
            $"POST {server.Base.AbsolutePath}$submit-caseload?submission=large&extracted={extracted} HTTP/1.1",
            $"Host: localhost:{server.Root.Port}", "Content-Type: text/csv",
            $"Authorization: Bearer {server.Token("sandbox-council-lancashire")}",
            $"Content-Length: {UploadBody.FileBytesMax + 1}", "", "")));
        using var reader = new StreamReader(stream);

        (await reader.ReadLineAsync()).Should().StartWith("HTTP/1.1 413");

        (await AskAsync("select count(*) from cpis.upload")).Should().Be(0);
    }

    [Fact]
    public async Task Rows_are_forgotten_in_time_however_many_they_are()
    {
        var sender = new Sender(server);
        await sender.SendAsync(Sender.Header + sender.Row("OLD-1", InventedPlan.NewNumber()));
        foreach (var (into, columns) in ((string, string)[])[
            ("upload_row", "place, fields) select upload, n, council, line, at, place, fields"),
            ("upload_outcome", "result) select upload, n, council, line, at, result")])
        {
            await AskAsync($"""
                insert into cpis.{into} (upload, row_no, council, line, at, {columns}
                from cpis.{into}, generate_series(2, {(2 * StagingStore.DeletedTogether) + 2}) n
                """);
        }

        server.Clock.Move(TimeSpan.FromDays(UploadWorker.OutcomeDaysMax + 1));
        await Worker.ExpireAsync(CancellationToken.None);

        (await AskAsync(Rows)).Should().Be(0);
        (await AskAsync("select count(*) from cpis.upload_outcome")).Should().Be(0);
    }

    [Fact]
    public async Task Rows_that_went_missing_are_never_reported_as_loaded()
    {
        var sender = new Sender(server);
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        await connection.OpenAsync();
        var file = Sender.Header + sender.Row("MISS-1", InventedPlan.NewNumber())
            + sender.Row("MISS-2", InventedPlan.NewNumber());
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync("lock table cpis.upload_outcome in exclusive mode");
        var accepted = await sender.PostAsync(file);
        await connection.ExecuteAsync("delete from cpis.upload_row where row_id = 'MISS-2'");
        await transaction.CommitAsync();

        var done = await sender.DoneAsync(accepted);

        done.Code.Should().Be("CPF03");
        done["skipped"].Should().Be(1);
        done.Facts["issue"]!.ToJsonString().Should().Contain("lost");
    }

    private static string Many(Sender sender, string name, int rows) => string.Concat(
        Enumerable.Range(0, rows).Select(i => sender.Row($"{name}-{i}", InventedPlan.NewNumber())));

    private async Task UntilAsync(string sql, long wanted)
    {
        for (var attempt = 0; await AskAsync(sql) != wanted; attempt++)
        {
            if (attempt > 600)
            {
                throw new InvalidOperationException($"It does not come to {wanted}: {sql}");
            }

            await Task.Delay(100);
        }
    }

    private async Task<long> AskAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return await connection.ExecuteScalarAsync<long?>(sql) ?? 0;
    }
}

/// <summary>A body that goes out bit by bit, as the test says, and may break off.</summary>
internal sealed class SlowBody : HttpContent
{
    private readonly TaskCompletionSource<Stream> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SlowBody() => Headers.ContentType = new MediaTypeHeaderValue("text/csv");

    public async Task SendAsync(string text)
    {
        var stream = await opened.Task;
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
        await stream.FlushAsync();
    }

    /// <summary>As long as somebody takes it.</summary>
    public async Task TrySendAsync(string text)
    {
        try
        {
            await SendAsync(text);
        }
        catch (Exception closed) when (closed is IOException or HttpRequestException or ObjectDisposedException
            or InvalidOperationException)
        {
            End();
        }
    }

    public void End() => ended.TrySetResult();

    public void Cut() => ended.TrySetException(new IOException("The line was cut."));

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        opened.TrySetResult(stream);
        return ended.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
