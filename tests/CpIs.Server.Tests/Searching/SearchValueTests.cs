using CpIs.Server.Searching;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Searching;

/// <summary>What divides a value and what, behind a backslash, belongs to it.</summary>
public sealed class SearchValueTests
{
    [Theory]
    [InlineData("a", "a")]
    [InlineData("a,b", "a;b")]
    [InlineData("a\\,b", "a,b")]
    [InlineData("a\\,b,c", "a,b;c")]
    [InlineData("a\\\\,b", "a\\;b")]
    [InlineData("a\\|b\\$c", "a|b$c")]
    [InlineData("a\\b", "a\\b")]
    [InlineData("a\\", "a\\")]
    [InlineData(",", ";")]
    public void Commas_divide_alternatives_unless_a_backslash_stands_before(string value, string texts) =>
        string.Join(';', SearchValue.Alternatives(value).Select(v => v.Text)).Should().Be(texts);

    [Theory]
    [InlineData("code", null, "code")]
    [InlineData("system|code", "system", "code")]
    [InlineData("|code", "", "code")]
    [InlineData("system|", "system", "")]
    [InlineData("a\\|b", null, "a|b")]
    [InlineData("a\\|b|c\\,d", "a|b", "c,d")]
    [InlineData("s|a|b", "s", "a|b")]
    public void A_bar_divides_system_and_code_unless_a_backslash_stands_before(
        string value, string? system, string code) =>
        new SearchValue(value).Token.Should().Be((system, code));
}
