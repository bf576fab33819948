using CpIs.Fhir;
using CpIs.Server.Patients;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Patients;

/// <summary>R9: what a register's word does to the links, decided without a database.</summary>
public sealed class SuccessionTests
{
    private readonly string[] number = [.. Enumerable.Range(0, 20).Select(_ => InventedPlan.NewNumber())];

    [Fact]
    public void R9_a_link_is_made_once_and_withdrawn_once()
    {
        var made = Held();
        made.Take(Says(0, 1)).Should().Be(new NumberAnswer(true, null));
        made.Take(Says(0, 1)).Changed.Should().BeFalse();
        made.Begun.Should().Equal(new NumberFact(number[0], number[1]));

        var withdrawn = Held((0, 1));
        withdrawn.Take(Says(0, null)).Changed.Should().BeTrue();
        withdrawn.Take(Says(0, null)).Changed.Should().BeFalse();
        withdrawn.Ended.Should().Equal(new NumberFact(number[0], number[1]));
        withdrawn.Begun.Should().BeEmpty();
    }

    [Fact]
    public void R9_another_successor_takes_the_place_of_the_one_before()
    {
        var links = Held((0, 1));

        links.Take(Says(0, 2)).Changed.Should().BeTrue();

        links.Ended.Should().Equal(new NumberFact(number[0], number[1]));
        links.Begun.Should().Equal(new NumberFact(number[0], number[2]));
    }

    [Fact]
    public void R9_a_circle_is_refused_and_changes_nothing()
    {
        var links = Held((0, 1), (1, 2));

        links.Take(Says(2, 0)).Refused.Should().Be("The link would close a circle.");
        links.Take(Says(1, 0)).Refused.Should().Be("The link would close a circle.");
        links.Take(Says(0, 0)).Refused.Should().Be("A number does not supersede itself.");
        (links.Begun.Count + links.Ended.Count).Should().Be(0);
    }

    [Fact]
    public void R9_a_person_has_at_most_sixteen_numbers()
    {
        var links = Held([.. Enumerable.Range(0, Succession.NumbersMax - 1).Select(i => (i, i + 1))]);

        links.Take(Says(Succession.NumbersMax, 0)).Refused.Should().Contain("16");
        links.Take(Says(0, 1)).Refused.Should().BeNull();
        links.Take(Says(0, 5)).Refused.Should().BeNull();
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    public void R9_a_number_invalid_without_a_successor_is_never_linked(int from, int to)
    {
        var links = new Succession(
            new NumbersHeld(new Dictionary<string, string>(), new HashSet<string> { number[0] }));

        links.Take(Says(from, to)).Refused.Should().Contain("never linked");
        links.Begun.Should().BeEmpty();
    }

    [Fact]
    public void R9_with_the_mark_of_an_adoption_every_link_of_the_number_ends_at_once()
    {
        var links = Held((0, 1), (1, 2), (3, 1), (4, 2));

        links.Take(Says(1, null, invalid: true)).Changed.Should().BeTrue();

        links.Ended.Should().BeEquivalentTo(new NumberFact[]
        {
            new(number[1], number[2]), new(number[0], number[1]), new(number[3], number[1]),
        });
        links.Begun.Should().Equal(new NumberFact(number[1], null));
        links.Take(Says(1, null)).Changed.Should().BeTrue();
        links.Ended[^1].Should().Be(new NumberFact(number[1], null));
    }

    [Fact]
    public void R9_a_number_cannot_have_a_successor_and_be_invalid_without_one() =>
        Held().Take(Says(0, 1, invalid: true)).Refused.Should().NotBeNull();

    private Succession Held(params (int From, int To)[] links) => new(new NumbersHeld(
        links.ToDictionary(l => number[l.From], l => number[l.To]), new HashSet<string>()));

    private NumberState Says(int from, int? to, bool invalid = false) =>
        new(Number(number[from]), to is { } other ? Number(number[other]) : null, invalid);

    private static NhsNumber Number(string digits) =>
        NhsNumber.TryParse(digits, out var number) ? number : throw new ArgumentException("no number");
}
