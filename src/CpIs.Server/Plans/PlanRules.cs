using CpIs.Fhir;
using CpIs.Server.Access;

namespace CpIs.Server.Plans;

/// <summary>The rules a plan must keep beyond its profile: owner, identity, age, dates, pair, overlap.</summary>
internal static class PlanRules
{
    public const string MotherExpected =
        "An unborn child's plan stands under the mother: give her NHS number, name and birth date.";

    /// <summary>Years a mother is at least old.</summary>
    private const int MotherYearsMin = 10;

    private static readonly string[] UnbornNames = ["UNBORN", "BABY", "UB"];

    /// <summary>R7: only the owning council writes, and nobody else's name stands on a plan.</summary>
    public static void Owner(string council, EpisodeParts parts) =>
        Owner(council, parts.Council, parts.ManagingOrganization, PlanView.Episode);

    public static void Owner(string council, FlagParts parts) =>
        Owner(council, parts.Council, parts.Author, PlanView.Flag);

    /// <summary>R9: a plan's NHS number never changes, nor does its identifier.</summary>
    public static void SamePlan(PlanDraft draft, PlanFacts facts)
    {
        if (draft.Facts.RowId != facts.RowId)
        {
            throw Refused.Unprocessable(DetailCode.InvalidResource, "A plan keeps its identifier.",
                "EpisodeOfCare.identifier[0].value");
        }

        if (!draft.Facts.NhsNumber.Equals(facts.NhsNumber))
        {
            throw Refused.Unprocessable(DetailCode.NumberChanged,
                "A plan's NHS number never changes. Once the register says that its number was superseded, POST the "
                + "plan anew: this one is closed with it.",
                "EpisodeOfCare.patient");
        }
    }

    /// <summary>R9: the identifier is held under a number that nothing links to the one sent.</summary>
    public static Refused OtherNumber() => Refused.Unprocessable(DetailCode.NumberChanged,
        "You hold this plan identifier under another NHS number, and the register does not say that this one "
        + "supersedes it: remove that plan, and submit this one under an identifier of its own.",
        "EpisodeOfCare.patient");

    /// <summary>R9: what is closed takes no more changes.</summary>
    public static Refused Closed() => Refused.Unprocessable(DetailCode.NumberChanged,
        "This plan was closed because its NHS number was superseded: it goes on under a new id.", "EpisodeOfCare.id");

    /// <summary>R3: whose birth is to come is no person yet; nobody is held as one.</summary>
    public static void Born(PatientDraft person, DateOnly today)
    {
        if (person.BirthDate > today)
        {
            throw Refused.Unprocessable(
                DetailCode.InvalidValue, "The birth date lies in the future. " + MotherExpected, "Patient.birthDate");
        }
    }

    /// <summary>
    /// R3: a new unborn plan stands under the mother. What is held already can be changed and ended all the same.
    /// </summary>
    public static void Mother(PlanDraft draft, string family, DateOnly today)
    {
        if (draft.Facts.Kind == PlanKind.Unborn && draft.Facts.Removed is null
            && draft.Stood?.Facts.Kind != PlanKind.Unborn && NoMother(draft.BirthDate, today, family))
        {
            throw Refused.Unprocessable(DetailCode.InvalidValue, MotherExpected, "EpisodeOfCare.patient");
        }
    }

    /// <summary>Whether somebody of this birth date and these names is the baby, or a child, but no mother.</summary>
    public static bool NoMother(DateOnly birthDate, DateOnly today, params IEnumerable<string> names) =>
        birthDate > today.AddYears(-MotherYearsMin)
            || names.Any(name => UnbornNames.Any(word => BeginsWith(name, word)));

    /// <summary>R0, R6: dates and age; the status sent must be the one the dates give.</summary>
    public static void Check(PlanDraft draft, EpisodeParts parts, DateOnly today)
    {
        if (parts.Status == "entered-in-error")
        {
            return;
        }

        if (parts.Start > today.AddDays(Visibility.PlannedAheadDays))
        {
            throw Refused.Unprocessable(DetailCode.InvalidValue,
                $"The start lies more than {Visibility.PlannedAheadDays} days ahead.", "EpisodeOfCare.period.start");
        }

        if (draft.Facts.Kind != PlanKind.Unborn && Visibility.Adulthood(draft.BirthDate) <= today)
        {
            throw Refused.Unprocessable(DetailCode.OverAge,
                "The person is 18 or over: the record has ended and takes no more changes.", "EpisodeOfCare.patient");
        }

        var status = draft.Days.EpisodeStatus(today);
        if (parts.Status != status)
        {
            throw Refused.Unprocessable(DetailCode.StatusDisagrees,
                $"By its dates this episode is {status}; it was sent as {parts.Status}.", "EpisodeOfCare.status");
        }
    }

    /// <summary>A Flag says what its episode says.</summary>
    public static void Agree(PlanDraft draft, FlagParts parts, DateOnly today)
    {
        var facts = draft.Facts;
        Require(parts.RowId == facts.RowId, "identifier[0].value", "identifier");
        Require(parts.Number.Equals(facts.NhsNumber), "subject", "person");
        Require(parts.Kind == facts.Kind, "code", "kind");
        var episodeStatus = draft.StatusOn(today);
        var end = draft.Days.EndShown(episodeStatus);
        Require(parts.Start == facts.Start && parts.End == end, "period", "period");
        var status = Visibility.FlagStatus(episodeStatus);
        Require(parts.Status == status, "status", $"status (by its episode it is {status})");
    }

    /// <summary>Per council and child at most one current plan of a kind; unborn: several, twins.</summary>
    public static void NoOverlap(PlanDraft draft, IEnumerable<PlanDraft> all, DateOnly today)
    {
        if (draft.Facts.Kind == PlanKind.Unborn || !Open(draft, today))
        {
            return;
        }

        var other = all.FirstOrDefault(o => o != draft && o.Facts.Kind == draft.Facts.Kind
            && o.Facts.NhsNumber.Equals(draft.Facts.NhsNumber) && Open(o, today)
            && o.Facts.Start < (draft.Facts.End ?? DateOnly.MaxValue)
            && draft.Facts.Start < (o.Facts.End ?? DateOnly.MaxValue));
        if (other is not null)
        {
            throw Refused.Unprocessable(DetailCode.Overlap,
                other.Stood is null ? "Two plans of this submission are of one kind, for one child, in the same days."
                : "You hold a plan of this kind for this child in the same days: "
                    + $"EpisodeOfCare/{other.EpisodeId}. End it first.",
                "EpisodeOfCare.period");
        }
    }

    /// <summary>The word as a word, or with a number behind it: "UB", "Baby 2", but not "Ubaldo".</summary>
    private static bool BeginsWith(string name, string word)
    {
        var upper = name.Trim().ToUpperInvariant();
        return upper.StartsWith(word, StringComparison.Ordinal)
            && (upper.Length == word.Length || !char.IsLetter(upper[word.Length]));
    }

    private static bool Open(PlanDraft draft, DateOnly today) => draft.StatusOn(today) is "active" or "planned";

    private static void Owner(string council, string identifierOf, string? organisation, PlanView view)
    {
        if (identifierOf != council)
        {
            throw Refused.Unprocessable(DetailCode.AccessDenied,
                $"The plan identifier must be your own: system {Systems.CouncilPlan}{council}.",
                $"{view.ResourceType}.identifier[0].system");
        }

        if (organisation is not null && organisation != council)
        {
            throw Refused.Unprocessable(DetailCode.AccessDenied, "The responsible council must be your own.",
                $"{view.ResourceType}.{view.CouncilElement}");
        }
    }

    private static void Require(bool agrees, string element, string what)
    {
        if (!agrees)
        {
            throw Refused.Unprocessable(DetailCode.PairDisagrees,
                $"The Flag disagrees with its EpisodeOfCare: {what}.", "Flag." + element);
        }
    }
}
