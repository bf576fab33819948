using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class LoggingTests
{
    private const string Numbered = "[LoggerMessage(1, LogLevel.Error, \"x\")] ";

    [Fact]
    public void Log_messages_stand_in_one_place_and_take_nothing_personal() =>
        Checkout.Product.SelectMany(Logging.Faults).Concat(Checkout.Product.SelectMany(Logging.SharedNumbers))
            .Should().BeEmpty();

    [Theory]
    [InlineData("Search.cs", "void B(ILogger log) => log.LogWarning(\"late\");", "on the spot")]
    [InlineData("Search.cs", "void B(ILogger log) => log.Log(LogLevel.Warning, \"late\");", "on the spot")]
    [InlineData("Search.cs", Numbered + "partial void B(int c);", "stands in Logs.cs")]
    [InlineData("Logs.cs", Numbered + "partial void B(string nhsNumber);", "nhsNumber")]
    [InlineData("Logs.cs", Numbered + "partial void B(string familyName);", "familyName")]
    [InlineData("Logs.cs", Numbered + "partial void B(string accessToken);", "accessToken")]
    [InlineData("Logs.cs", Numbered + "partial void B(string queryString);", "queryString")]
    [InlineData("Logs.cs", Numbered + "partial void B(NhsNumber who);", "who")]
    [InlineData("Logs.cs", "[LoggerMessage(Level = LogLevel.Error)] partial void B(int c);", "number")]
    public void A_message_that_could_leak_or_be_lost_is_refused(string file, string member, string fault) =>
        Logging.Faults(new SourceFile("src/CpIs.Server/" + file, $"partial class A {{ {member} }}"))
            .Should().ContainSingle().Which.Should().Contain(fault);

    [Fact]
    public void Two_messages_never_share_a_number() =>
        Logging.SharedNumbers(new SourceFile("src/CpIs.Server/Logs.cs", "partial class A {"
            + "[LoggerMessage(7, LogLevel.Error, \"x\")] partial void B(int c);"
            + "[LoggerMessage(7, LogLevel.Error, \"y\")] partial void D(int c); }")).Should().ContainSingle();

    [Fact]
    public void A_numbered_message_with_plain_facts_is_welcome() =>
        Logging.Faults(new SourceFile("src/CpIs.Server/Logs.cs", "partial class A {"
            + "[LoggerMessage(EventId = 7, Level = LogLevel.Error)] partial void B(string requestId, int ms); }"))
            .Should().BeEmpty();
}
