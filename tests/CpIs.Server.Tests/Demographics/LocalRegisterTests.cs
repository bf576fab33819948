using CpIs.Audit;
using CpIs.Fhir;
using CpIs.Server.Demographics;
using Dapper;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace CpIs.Server.Tests.Demographics;

/// <summary>The register this deployment keeps itself: its answers, and what filling it leaves in the record.</summary>
public sealed class LocalRegisterTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static readonly DateOnly Born = new(2018, 4, 5);
    private static readonly KnownName Wren = new("Thistlewood", ["Wren", "Amaryllis"]);

    private LocalRegister Strict => new(server.Services.GetRequiredService<PersonStore>(), trustInvented: false);

    [Fact]
    public async Task A_registered_person_is_verified_and_another_name_or_birth_date_is_told()
    {
        var row = Row();
        await TakeAsync(row);

        (await AskAsync(row.Number)).Verdict.Should().Be(PersonVerdict.Verified);
        (await AskAsync(row.Number, "Kilnsby")).Differing.Should().Equal("family");
    }

    [Fact]
    public async Task A_number_nobody_registered_is_no_number_except_that_the_sandbox_trusts_invented_ones()
    {
        var number = Number(InventedPlan.NewNumber());
        (await AskAsync(number)).Verdict.Should().Be(PersonVerdict.NoSuchNumber);

        var sandbox = server.Services.GetRequiredService<IDemographics>();
        async Task<PersonVerdict> Said(NhsNumber asked) =>
            (await sandbox.AskAsync([Question(asked)], CancellationToken.None)).Single().Verdict;

        (await Said(number)).Should().Be(PersonVerdict.Trusted);
        (await Said(Number("9111231130"))).Should().Be(PersonVerdict.NoSuchNumber);
    }

    [Fact]
    public async Task A_protected_person_is_sensitive_whatever_name_is_sent()
    {
        var row = Row() with { Sensitive = true };
        await TakeAsync(row);

        (await AskAsync(row.Number)).Verdict.Should().Be(PersonVerdict.Sensitive);
        (await AskAsync(row.Number, "Kilnsby")).Verdict.Should().Be(PersonVerdict.Sensitive);
    }

    [Fact]
    public async Task A_person_who_died_is_told_only_to_who_knows_the_person()
    {
        var row = Row() with { Deceased = true };
        await TakeAsync(row);

        (await AskAsync(row.Number)).Verdict.Should().Be(PersonVerdict.Deceased);
        (await AskAsync(row.Number, "Kilnsby")).Verdict.Should().Be(PersonVerdict.Differs);
    }

    [Fact]
    public async Task A_superseded_number_leads_to_the_number_in_force_over_every_step()
    {
        var (first, second, third) = (Row(), Row(), Row());
        await TakeAsync(
            first with { SupersededBy = second.Number }, second with { SupersededBy = third.Number }, third);

        var answer = await AskAsync(first.Number);

        answer.Verdict.Should().Be(PersonVerdict.Superseded);
        answer.NewNumber.Should().Be(third.Number);
        (await AskAsync(third.Number)).Verdict.Should().Be(PersonVerdict.Verified);
    }

    [Fact]
    public async Task A_number_made_invalid_stays_so_until_the_register_says_otherwise()
    {
        var row = Row() with { Invalid = true };
        await TakeAsync(row);
        (await AskAsync(row.Number)).Verdict.Should().Be(PersonVerdict.Invalid);

        await TakeAsync(row with { Invalid = false });
        (await AskAsync(row.Number)).Verdict.Should().Be(PersonVerdict.Verified);
    }

    [Fact]
    public async Task A_person_keeps_the_names_of_before()
    {
        var row = Row();
        await TakeAsync(row);
        await TakeAsync(row with { Name = new("Oxbarrow", ["Wren"]) });

        (await AskAsync(row.Number, "Oxbarrow")).Verdict.Should().Be(PersonVerdict.Verified);
        (await AskAsync(row.Number)).Verdict.Should().Be(PersonVerdict.Verified);
    }

    [Fact]
    public async Task A_person_without_a_birth_date_is_known_and_never_verified()
    {
        var row = Row() with { BirthDate = null, Name = null };
        await TakeAsync(row);

        (await AskAsync(row.Number)).Differing.Should().Equal("family", "birthDate");
    }

    [Fact]
    public async Task Each_row_is_answered_for_itself_and_a_circle_is_refused_alone()
    {
        var (one, other, known) = (Row(), Row(), Row());
        await TakeAsync(known);

        var answers = await TakeAsync(
            one with { SupersededBy = other.Number }, other with { SupersededBy = one.Number }, known,
            known with { Deceased = true });

        answers.Select(a => a.Outcome).Should().Equal(
            RegisterOutcome.Inserted, RegisterOutcome.Refused, RegisterOutcome.Unchanged, RegisterOutcome.Changed);
        answers[1].Refused.Should().Contain("circle");
        (await AskAsync(other.Number)).Verdict.Should().Be(PersonVerdict.NoSuchNumber, "nothing of it was kept");
    }

    [Fact]
    public async Task Every_change_of_a_person_has_one_entry_and_what_stood_already_has_none()
    {
        var row = Row();
        await TakeAsync(row);
        await TakeAsync(row);
        (await EntriesAsync(row)).Should().Equal("create");

        await TakeAsync(row with { Deceased = true });
        (await EntriesAsync(row)).Should().Equal("create", "update");
    }

    private static RegisterRow Row() => new()
    {
        Number = Number(InventedPlan.NewNumber()), Name = Wren, BirthDate = Born,
    };

    private static NhsNumber Number(string digits) =>
        NhsNumber.TryParse(digits, out var number) ? number : throw new ArgumentException("No number.");

    private static PersonQuestion Question(NhsNumber number, string family = "Thistlewood") =>
        new(number, family, ["Wren"], Born);

    private async Task<PersonAnswer> AskAsync(NhsNumber number, string family = "Thistlewood") =>
        (await Strict.AskAsync([Question(number, family)], CancellationToken.None)).Single();

    private Task<IReadOnlyList<RegisterAnswer>> TakeAsync(params RegisterRow[] rows) =>
        server.Services.GetRequiredService<TakePeople>().TakeAsync(
            rows, new AuditEntry { Kind = "system", Interaction = "operation", Action = 'E' });

    private async Task<IEnumerable<string>> EntriesAsync(RegisterRow row)
    {
        await using var connection = new NpgsqlConnection(server.Database.OwnerConnectionString);
        return await connection.QueryAsync<string>(
            "select interaction from ledger.entry where nhs_number = @number order by position",
            new { number = row.Number.Digits() });
    }
}
