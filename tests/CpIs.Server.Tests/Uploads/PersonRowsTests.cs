using CpIs.Fhir;
using CpIs.Server.Demographics;
using CpIs.Server.Plans;
using CpIs.Server.Uploads;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Uploads;

/// <summary>What demographics say of a person, as the council hears it.</summary>
public sealed class PersonRowsTests
{
    private static readonly DateOnly Today = new(2026, 11, 23);

    private static readonly Incoming Incoming = new(Profiles.Load());

    [Theory]
    [InlineData("NoSuchNumber", "CPR01")]
    [InlineData("Invalid", "CPR01")]
    [InlineData("Sensitive", "CPR02")]
    [InlineData("Differs", "CPR03")]
    [InlineData("Superseded", "CPR05")]
    [InlineData("Deceased", "CPR07")]
    public void A_person_whom_demographics_do_not_confirm_is_refused_with_the_code_councils_know(
        string verdict, string code)
    {
        var refused = Refused(Enum.Parse<PersonVerdict>(verdict), end: null);

        refused!.Became.Should().Be("refused");
        refused.Issues.Single().Code.Should().Be(code);
    }

    [Fact]
    public void A_superseded_number_is_told_with_the_new_one_and_a_difference_with_its_column()
    {
        Refused(PersonVerdict.Superseded, end: null)!.Issues.Single().Text.Should().Contain("9990000026");
        Refused(PersonVerdict.Differs, end: null)!.Issues.Single().Column.Should().Be("birth_date");
    }

    [Theory]
    [InlineData("Verified", false)]
    [InlineData("Trusted", false)]
    [InlineData("Deceased", true)]
    public void A_person_who_is_known_or_believed_is_taken_and_a_dead_one_when_the_plan_ends(
        string verdict, bool ends) =>
        Refused(Enum.Parse<PersonVerdict>(verdict), ends ? Today : null).Should().BeNull();

    private static RowOutcome? Refused(PersonVerdict verdict, DateOnly? end)
    {
        NhsNumber.TryParse("9990000018", out var number).Should().BeTrue();
        NhsNumber.TryParse("9990000026", out var newer).Should().BeTrue();
        var row = new CaseloadRow
        {
            RowId = "ROW-1", Number = number!, Family = "Thistlewood", Given = ["Wren"],
            BirthDate = new(2018, 4, 5), Kind = PlanKind.ChildProtection, Start = Today.AddDays(-9), End = end,
        };
        var staged = new StagedRow
        {
            RowNo = 1, Line = 2, At = 60, Place = "", RowId = "ROW-1", Number = "9990000018", Row = row, Fields = "[]",
        };
        var rows = new PersonRows(Job(), new HeldRows([], [], new HashSet<(string, string)>()), Today, Incoming);

        rows.Add(new AskedRow(staged, row, new PersonAnswer(verdict, newer, ["birthDate"])));

        return rows.NotTaken.SingleOrDefault();
    }

    private static UploadJob Job() => new()
    {
        Id = Guid.NewGuid(), Council = "ZZ001", Submission = "s", DryRun = false, Mode = "changes", AllowOlder = false,
        Extracted = DateTime.UnixEpoch, Format = "csv", Header = [.. Columns.All], Request = "", Sender = "{}",
    };
}
