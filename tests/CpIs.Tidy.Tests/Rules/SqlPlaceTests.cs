using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class SqlPlaceTests
{
    private const string Good =
        """"
        internal sealed class FlagStore(NpgsqlDataSource source)
        {
            private const string One =
                """
                select body from cpis.plan where nhs_number = $1
                """;

            public async Task<Sealed<byte[]>> Read(CancellationToken token) =>
                await connection.QuerySingleAsync<byte[]>(new CommandDefinition(One, cancellationToken: token));
        }
        """";

    [Fact]
    public void Every_query_stands_where_queries_stand() =>
        Checkout.Product.SelectMany(SqlPlace.Faults).Should().BeEmpty();

    [Fact]
    public void Every_store_asks_the_database_something() =>
        Checkout.Product.Where(SqlPlace.IsStoreWithoutSql).Select(file => file.Path).Should().BeEmpty();

    [Fact]
    public void A_const_query_in_a_store_is_welcome() =>
        SqlPlace.Faults(new SourceFile("src/CpIs.Server/Plans/FlagStore.cs", Good)).Should().BeEmpty();

    [Fact]
    public void The_same_query_outside_a_store_is_not() =>
        SqlPlace.Faults(new SourceFile("src/CpIs.Server/Plans/SearchFlags.cs", Good))
            .Should().ContainSingle().Which.Should().Contain("only in a *Store.cs");

    [Theory]
    [InlineData("var sql = \"select 1 from cpis.plan\";")]
    [InlineData("private static readonly string Sql = \"\"\"insert into cpis.plan values (1)\"\"\";")]
    [InlineData("var sql = $\"\"\"update cpis.plan set x = {x}\"\"\";")]
    public void A_query_that_is_not_a_const_is_refused(string line) =>
        SqlPlace.Faults(new SourceFile("src/CpIs.Server/PlanStore.cs", $"class A {{ void B() {{ {line} }} }}"))
            .Should().Contain(fault => fault.Holds("SQL is a const"));

    [Fact]
    public void Interpolated_text_beside_a_query_is_refused() =>
        SqlPlace.Faults(new SourceFile("src/CpIs.Server/PlanStore.cs", Good + "class C { object D => $\"{E}\"; }"))
            .Should().ContainSingle().Which.Should().Contain("interpolated");

    [Theory]
    [InlineData("await connection.QueryAsync<int>(Sql, new { a });")]
    [InlineData("await connection.ExecuteAsync(Sql, new { a });")]
    [InlineData("await command.ExecuteNonQueryAsync();")]
    [InlineData("await reader.ReadAsync();")]
    [InlineData("source.OpenConnection();")]
    public void A_command_without_a_token_is_refused(string line) =>
        SqlPlace.Faults(new SourceFile("src/CpIs.Server/PlanStore.cs", $"class A {{ async Task B() {{ {line} }} }}"))
            .Should().ContainSingle().Which.Should().Contain("token");

    [Fact]
    public void The_ledgers_commit_takes_no_token() =>
        SqlPlace.Faults(new SourceFile(
            "src/CpIs.Audit/Lane.cs", "class A { async Task B() { await batch.ExecuteNonQueryAsync(); } }"))
            .Should().BeEmpty();

    [Fact]
    public void A_change_on_a_write_lane_takes_no_token_either() =>
        SqlPlace.Faults(new SourceFile("src/CpIs.Server/PlanStore.cs",
            "class A { async Task B(WriteTransaction c) { await batch.ExecuteReaderAsync(); } }")).Should().BeEmpty();

    [Fact]
    public void A_reader_that_a_lane_hands_over_takes_none_and_any_other_does()
    {
        const string Read = "await reader.NextResultAsync(); } }";
        SqlPlace.Faults(new SourceFile("src/CpIs.Server/PlanStore.cs",
            "class A { async Task B(NpgsqlDataReader reader) { " + Read)).Should().BeEmpty();
        SqlPlace.Faults(new SourceFile("src/CpIs.Server/PlanStore.cs",
            "class A { async Task B() { " + Read)).Should().NotBeEmpty();
    }

    [Fact]
    public void A_store_without_a_query_is_no_store() =>
        SqlPlace.IsStoreWithoutSql(new SourceFile("src/CpIs.Server/PlanStore.cs", "class PlanStore { }"))
            .Should().BeTrue();

    [Fact]
    public void Plain_words_are_not_taken_for_a_query() =>
        SqlPlace.Faults(new SourceFile(
            "src/CpIs.Server/A.cs", "class A { string B = \"Select one from the list, or update the set with it.\"; }"))
            .Should().BeEmpty();
}
