using CpIs.Server;
using CpIs.Server.Database;
using CpIs.Server.Sandbox;

var sandbox = Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") == "Sandbox";
try
{
    var configuration = ServerOptions.Configuration(Environment.GetEnvironmentVariable("CPIS_SECRETS"));
    var options = ServerOptions.Read(args, configuration, sandbox);
    await using var house = await House.OpenAsync(options, TimeProvider.System, CancellationToken.None);
    if (sandbox)
    {
        await Console.Out.WriteLineAsync(Invitation.Write(options.Port));
    }

    await house.RunAsync();
    return 0;
}
catch (Exception refused) when (refused is StartRefusedException or ArgumentException or IOException)
{
    await Console.Error.WriteLineAsync(refused.Message);
    return 1;
}
