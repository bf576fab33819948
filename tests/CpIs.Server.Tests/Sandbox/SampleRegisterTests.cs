using CpIs.Fhir;
using CpIs.Server.Demographics;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

/// <summary>The sandbox knows its sample people and the numbers of the NHS sandbox, and trusts councils for the rest.
/// </summary>
public sealed class SampleRegisterTests(OpenSandbox sandbox) : IClassFixture<OpenSandbox>
{
    [Fact]
    public async Task Every_row_of_the_samples_verifies_under_every_spelling_of_its_councils()
    {
        var today = Visibility.Today(TimeProvider.System);
        var asked = SampleFolder.Rows().Select(one => one.Row).Select(row => Question(
            row.NhsNumber, row.Family, row.Given, RelativeDay.Parse(row.BirthDate, today))).ToList();

        (await AskAsync([.. asked])).Should().OnlyContain(answer => answer.Verdict == PersonVerdict.Verified);
    }

    [Theory]
    [InlineData("9000000009", "Smith", "Verified")]
    [InlineData("9000000009", "Oxbarrow", "Differs")]
    [InlineData("9000000025", "Smythe", "Sensitive")]
    [InlineData("9000000033", "Smith", "Differs")]
    [InlineData("9111231130", "Smith", "NoSuchNumber")]
    [InlineData("9990005028", "Smith", "Trusted")]
    public async Task The_numbers_of_the_nhs_sandbox_answer_as_they_do_there(
        string number, string family, string verdict) =>
        (await AskAsync(Question(number, family, "Jane", new(2010, 10, 22)))).Single().Verdict.ToString()
            .Should().Be(verdict);

    private Task<IReadOnlyList<PersonAnswer>> AskAsync(params PersonQuestion[] people) =>
        sandbox.Services.GetRequiredService<IDemographics>().AskAsync(people, CancellationToken.None);

    private static PersonQuestion Question(string number, string family, string given, DateOnly born) =>
        new(NhsNumber.TryParse(number, out var parsed) ? parsed : throw new ArgumentException(number), family, [given],
            born);
}
