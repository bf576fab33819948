using System.Text.Json;
using CpIs.Server.Sandbox;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Sandbox;

public sealed class SampleRowTests
{
    private const string Whole =
        """
        {"row_id":"R1","nhs_number":"9990000018","family":"Oxbarrow","given":"Tamsin","birth_date":"today-7y",
         "plan":"child-protection","start":"today-96d"}
        """;

    [Fact]
    public void A_row_is_read_by_the_column_names_of_the_upload()
    {
        var row = SampleRow.Parse(Whole);

        row.RowId.Should().Be("R1");
        row.NhsNumber.Should().Be("9990000018");
        row.BirthDate.Should().Be("today-7y");
        row.End.Should().BeNull();
    }

    [Fact]
    public void A_column_the_service_must_never_hold_is_refused() =>
        FluentActions.Invoking(() => SampleRow.Parse(Whole.Replace(
                "\"row_id\"", "\"category_of_abuse\":\"x\",\"row_id\"", StringComparison.Ordinal)))
            .Should().Throw<JsonException>();

    [Fact]
    public void A_row_without_a_birth_date_is_refused() =>
        FluentActions.Invoking(() => SampleRow.Parse(Whole.Replace(
                "\"birth_date\":\"today-7y\",", "", StringComparison.Ordinal)))
            .Should().Throw<JsonException>();
}
