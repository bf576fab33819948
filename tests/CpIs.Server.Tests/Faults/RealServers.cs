using Xunit;

namespace CpIs.Server.Tests.Faults;

/// <summary>
/// Tests that start, kill and time whole server processes: one at a time and beside no other test, so that what they
/// measure is the fault and not the neighbour.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class RealServers
{
    public const string Name = "Real servers";
}
