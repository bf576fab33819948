using CpIs.Server.Access;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

public sealed class SampleRowTests
{
    private const string Header = "row_id,nhs_number,family,given,birth_date,plan,start,end";
    private const string Row = "R1,9990000018,Oxbarrow,Tamsin,today-7y,child-protection,today-96d,";

    [Fact]
    public void A_row_is_read_by_the_column_names_of_the_upload()
    {
        var row = SampleRow.Read([Header, Row]).Should().ContainSingle().Subject;

        row.RowId.Should().Be("R1");
        row.NhsNumber.Should().Be("9990000018");
        row.BirthDate.Should().Be("today-7y");
        row.End.Should().BeNull();
    }

    [Fact]
    public void A_row_is_sent_with_its_days_counted_from_the_day_of_sending() =>
        SampleRow.Read([Header, Row + "today"])[0].Line(new(2026, 11, 23)).Should().Be(
            "R1,9990000018,Oxbarrow,Tamsin,,2019-11-23,,child-protection,2026-08-19,2026-11-23,,\r\n");

    [Fact]
    public void A_column_the_service_must_never_hold_is_refused() =>
        FluentActions.Invoking(() => SampleRow.Read([Header + ",category_of_abuse", Row + ",x"]))
            .Should().Throw<Refused>();

    [Theory]
    [InlineData("R1,9990000018,Oxbarrow,Tamsin,,child-protection,today-96d,")]
    [InlineData("R1,9990000018,Oxbarrow")]
    public void A_row_without_a_birth_date_is_refused(string row) =>
        FluentActions.Invoking(() => SampleRow.Read([Header, row])).Should().Throw<FormatException>();
}
