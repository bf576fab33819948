using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Access;

/// <summary>What stands below HTTP: TLS, certificates of clients, and what one connection may ask for.</summary>
public sealed class WireTests(ProtectedServer guarded) : IClassFixture<ProtectedServer>
{
    /// <summary>Requests begun and at once given up, on one connection: what a restless proxy may do.</summary>
    private const int AFew = 100;

    /// <summary>What nobody honest does.</summary>
    private const int VeryMany = 5_000;

    /// <summary>So few at a time that the connection never has more under way than it may.</summary>
    private const int Handful = 50;

    private const byte Ping = 6;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_client_with_a_certificate_of_our_authority_is_answered_and_told_to_keep_to_TLS()
    {
        using var certificate = guarded.Clients.Client();
        using var doctor = guarded.Doctor(certificate);

        var answer = await doctor.TryAsync($"Flag?patient={InventedPlan.NewNumber()}");

        answer.StatusCode.Should().Be(HttpStatusCode.OK);
        answer.Headers.GetValues("Strict-Transport-Security").Single().Should().StartWith("max-age=");
        answer.Headers.Contains("Server").Should().BeFalse();
    }

    [Theory]
    [InlineData("none")]
    [InlineData("another authority's")]
    [InlineData("lapsed")]
    [InlineData("a server's")]
    public async Task A_client_without_a_good_certificate_is_not_even_heard(string which)
    {
        using var others = new InventedAuthority();
        using var certificate = which switch
        {
            "none" => null,
            "lapsed" => guarded.Clients.LapsedClient(),
            "a server's" => guarded.Clients.Server(),
            _ => others.Client(),
        };
        using var doctor = guarded.Doctor(certificate);

        var asking = () => doctor.TryAsync($"Flag?patient={InventedPlan.NewNumber()}");

        await asking.Should().ThrowAsync<HttpRequestException>();
    }

    [Theory]
#pragma warning disable CA5397, SYSLIB0039 // Versions that must not be spoken any more.
    [InlineData(SslProtocols.Tls, false)]
    [InlineData(SslProtocols.Tls11, false)]
#pragma warning restore CA5397, SYSLIB0039
    [InlineData(SslProtocols.Tls12, true)]
    [InlineData(SslProtocols.Tls13, true)]
    public async Task Only_the_versions_of_TLS_from_1_2_on_are_spoken(SslProtocols version, bool isSpoken)
    {
        using var certificate = guarded.Clients.Client();
        var connecting = async () =>
        {
            await using var stream = await guarded.ConnectAsync(certificate, version);
            return stream.SslProtocol;
        };

        if (isSpoken)
        {
            (await connecting()).Should().Be(version);
            return;
        }

        await connecting.Should().ThrowAsync<AuthenticationException>();
    }

    [Theory]
    [InlineData(AFew, true)]
    [InlineData(VeryMany, false)]
    public async Task Whoever_begins_and_gives_up_requests_without_end_is_cut_off_and_holds_nobody_up(
        int requests, bool isHeardAfterwards)
    {
        using var certificate = guarded.Clients.Client();
        await using var stream = await guarded.ConnectAsync(
            certificate, SslProtocols.Tls13, SslApplicationProtocol.Http2);
        stream.NegotiatedApplicationProtocol.Should().Be(SslApplicationProtocol.Http2);
        using var patience = new CancellationTokenSource(Patience);

        var flood = GiveUpAsync(stream, guarded.Server.Token("sandbox-ed-clinician"), requests, patience.Token);
        using var doctor = guarded.Doctor(certificate);
        (await doctor.GetOkAsync($"Flag?patient={InventedPlan.NewNumber()}")).Total().Should().Be(0);

        (await flood).Should().Be(isHeardAfterwards);
        (await doctor.GetOkAsync($"Flag?patient={InventedPlan.NewNumber()}")).Total().Should().Be(0);
    }

    /// <summary>
    /// HEADERS and RST_STREAM, a handful at a time and then PING; whether the last of these was answered.
    /// https://www.rfc-editor.org/rfc/rfc9113#section-6.4
    /// </summary>
    private static async Task<bool> GiveUpAsync(SslStream stream, string token, int requests, CancellationToken stop)
    {
        var fields = Fields(token);
        try
        {
            await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), stop);
            await stream.WriteAsync(Frame(type: 4, flags: 0, 0, []), stop);
            for (var sent = 0; sent < requests; sent += Handful)
            {
                var handful = Enumerable.Range(sent, Handful).Select(place => (2 * place) + 1).SelectMany(
                    id => (byte[])[.. Frame(1, 5, id, fields), .. Frame(3, 0, id, [0, 0, 0, 8])]);
                await stream.WriteAsync((byte[])[.. handful, .. Frame(Ping, 0, 0, new byte[8])], stop);
                if (!await IsAnsweredAsync(stream, stop))
                {
                    return false;
                }
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<bool> IsAnsweredAsync(SslStream stream, CancellationToken stop)
    {
        var head = new byte[9];
        while (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, stop) == head.Length)
        {
            await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8], stop);
            if (head[3] == Ping)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A look-up in HPACK: GET, https and the names from its static table, the values in the clear.</summary>
    private static byte[] Fields(string token) =>
    [
        0x82, 0x87, .. Literal(0x04, $"{Routes.Prefix}/Flag?patient={InventedPlan.NewNumber()}"),
        .. Literal(0x01, "localhost"), .. Literal(0x0f, "Bearer " + token, 23 - 15),
    ];

    /// <summary>A literal without indexing, https://www.rfc-editor.org/rfc/rfc7541#section-6.2.2.</summary>
    private static byte[] Literal(byte name, string value, params byte[] more)
    {
        var bytes = Encoding.ASCII.GetBytes(value);
        const int Short = 127;
        byte[] length = bytes.Length < Short ? [(byte)bytes.Length] : [Short, .. Rest(bytes.Length - Short)];
        return [name, .. more, .. length, .. bytes];
    }

    /// <summary>What of a number is above its prefix, seven bits at a time.</summary>
    private static IEnumerable<byte> Rest(int number)
    {
        for (; number >= 128; number /= 128)
        {
            yield return (byte)((number % 128) | 128);
        }

        yield return (byte)number;
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload) =>
    [
        .. BigEndian(payload.Length)[1..], type, flags, .. BigEndian(stream), .. payload,
    ];

    private static byte[] BigEndian(int number)
    {
        var bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }
}
