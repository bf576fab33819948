using System.Net;
using System.Net.Sockets;

namespace CpIs.Testing;

/// <summary>
/// Ports for servers of tests, below those that the system gives to outgoing connections: one of these would be taken
/// by somebody's request between the look and the opening.
/// https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html (ip_local_port_range, from 32768)
/// </summary>
public static class Ports
{
    private const int First = 20_000;
    private const int Pairs = 6_000;

    private static int turn = Random.Shared.Next(Pairs);

    /// <summary>A port that is free, and whose next one is: for management.</summary>
    /// <exception cref="InvalidOperationException">When there is none.</exception>
    public static int Free()
    {
        for (var tries = 0; tries < Pairs; tries++)
        {
            var port = First + (2 * (int)((uint)Interlocked.Increment(ref turn) % Pairs));
            if (IsFree(port) && IsFree(port + 1))
            {
                return port;
            }
        }

        throw new InvalidOperationException("No two neighbouring ports are free.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
