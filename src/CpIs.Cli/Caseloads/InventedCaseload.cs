using System.Globalization;
using CpIs.Fhir;

namespace CpIs.Cli.Caseloads;

/// <summary>
/// The plans of one council, as a case system would export them: families, children with a plan that ended before the
/// present one, mothers of unborn children. Every row is one that the server accepts on the day it is made for.
/// </summary>
internal sealed class InventedCaseload(Draw draw, InventedNumbers numbers, DateOnly today)
{
    private const int UnbornInHundred = 4;
    private const int ProtectedInHundred = 38;
    private const int EndedInHundred = 8;
    private const int SecondPlanInHundred = 5;
    private const int OtherGivenInHundred = 40;
    private const int SiblingInHundred = 35;
    private const int ChildDaysMax = 17 * 365;
    private const int PlanDaysMax = 700;
    private const int CareDaysMax = 2500;
    private const int EndedDaysMax = 300;
    private const int MotherDaysMin = 17 * 365;
    private const int MotherDaysMax = 40 * 365;
    private const int UnbornStartDaysMax = 120;
    private const int DueDaysMin = 10;
    private const int DueDaysMax = 180;

    private readonly InventedNames names = new(draw);
    private string family = "";
    private int rows;
    private int people;

    /// <summary>The rows of so many people; some have two plans.</summary>
    public IEnumerable<CaseloadRow> Rows(int children)
    {
        for (var i = 0; i < children; i++)
        {
            if (i == 0 || !draw.InHundred(SiblingInHundred))
            {
                family = names.Family();
            }

            foreach (var row in draw.InHundred(UnbornInHundred) ? [Mother()] : Child())
            {
                yield return row;
            }
        }
    }

    private CaseloadRow Mother() => Person(today.AddDays(-draw.Between(MotherDaysMin, MotherDaysMax))) with
    {
        Plan = PlanKind.Unborn.Name,
        Start = today.AddDays(-draw.Below(UnbornStartDaysMax)),
        DueDate = today.AddDays(draw.Between(DueDaysMin, DueDaysMax)),
    };

    private CaseloadRow[] Child()
    {
        var person = Person(today.AddDays(-draw.Between(1, ChildDaysMax)));
        var isProtected = draw.InHundred(ProtectedInHundred);
        var earliest = today.AddDays(-draw.Below(isProtected ? PlanDaysMax : CareDaysMax));
        var start = earliest < person.BirthDate ? person.BirthDate : earliest;
        var plan = person with
        {
            Plan = (isProtected ? PlanKind.ChildProtection : PlanKind.LookedAfter).Name,
            Start = start,
            End = draw.InHundred(EndedInHundred) ? Ended(start) : null,
        };
        return plan.End is null && !isProtected && draw.InHundred(SecondPlanInHundred) ? [plan, Before(plan)] : [plan];
    }

    /// <summary>A child protection plan that ended when the child came into care, or lately.</summary>
    private CaseloadRow Before(CaseloadRow plan) => plan with
    {
        RowId = NextRow(),
        Plan = PlanKind.ChildProtection.Name,
        End = Ended(plan.Start),
    };

    /// <summary>A day that is past, and not so long ago that the server would leave the row out.</summary>
    private DateOnly Ended(DateOnly start)
    {
        var day = today.AddDays(-draw.Below(EndedDaysMax));
        return day < start ? today : day;
    }

    private CaseloadRow Person(DateOnly born) => new()
    {
        RowId = NextRow(),
        NhsNumber = numbers.Next(),
        Family = family,
        Given = names.First(),
        OtherGiven = draw.InHundred(OtherGivenInHundred) ? names.First() : null,
        BirthDate = born,
        PersonId = "P" + (++people).ToString("000000", CultureInfo.InvariantCulture),
        Plan = "",
        Start = today,
    };

    private string NextRow() => "R" + (++rows).ToString("000000", CultureInfo.InvariantCulture);
}
