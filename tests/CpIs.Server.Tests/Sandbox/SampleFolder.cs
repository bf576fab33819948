using CpIs.Fhir;
using CpIs.Server.Sandbox;

namespace CpIs.Server.Tests.Sandbox;

/// <summary>The samples of the checkout, and the days that decide what is shown of each row.</summary>
internal static class SampleFolder
{
    public static string Root { get; } = Find();

    public static IEnumerable<(SampleCouncil Council, SampleRow Row)> Rows() => SampleCouncil.All.SelectMany(council =>
        SampleRow.ReadAll(Path.Combine(Root, "caseloads", council.File)).Select(row => (council, row)));

    public static Visibility DaysOf(SampleRow row, DateOnly today) => new(
        PlanKind.Of(row.Plan)!, RelativeDay.Parse(row.Start, today),
        row.End is null ? null : RelativeDay.Parse(row.End, today),
        row.DueDate is null ? null : RelativeDay.Parse(row.DueDate, today),
        RelativeDay.Parse(row.BirthDate, today), Removed: false);

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "CpIs.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder.FullName, "samples");
    }
}
