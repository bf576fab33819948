using System.Xml.Linq;

namespace CpIs.Tidy.Tests.Rules;

/// <summary>
/// The walls of the house: which project may call which, and where versions stand. A wall keeps something out, such as
/// the database from the console, so a new door is a decision and not an edit.
/// </summary>
internal static class Projects
{
    /// <summary>What each project of the product calls; one not built yet is held to it when it comes.</summary>
    public static readonly IReadOnlyDictionary<string, string[]> References = new Dictionary<string, string[]>
    {
        ["CpIs.Fhir"] = [],
        ["CpIs.Audit"] = [],
        ["CpIs.Server"] = ["CpIs.Audit", "CpIs.Fhir"],
        ["CpIs.Cli"] = ["CpIs.Audit", "CpIs.Fhir"],
        ["CpIs.Console"] = ["CpIs.Fhir"],
    };

    // Styles this house does without: a mediator hides who answers, a mapper hides what is copied.
    private static readonly string[] UnwelcomePackages =
        ["MediatR", "Mediator", "AutoMapper", "Mapster", "FluentResults", "ErrorOr", "OneOf", "FunctionalExtensions",
            "EntityFrameworkCore", "Moq", "NSubstitute"];

    public static IEnumerable<string> WallFaults(string name, XDocument project)
    {
        if (!References.TryGetValue(name, out var expected))
        {
            return [$"{name} is no project of this house"];
        }

        var actual = Values(project, "ProjectReference", "Include")
            .Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'))).Order(StringComparer.Ordinal);
        return actual.SequenceEqual(expected)
            ? []
            : [$"{name} refers to [{string.Join(", ", actual)}] and may refer to [{string.Join(", ", expected)}]"];
    }

    public static IEnumerable<string> PackageFaults(string path, XDocument project)
    {
        foreach (var element in project.Descendants("PackageReference"))
        {
            if (element.Attribute("Version") is not null || element.Attribute("VersionOverride") is not null)
            {
                yield return $"{path}: {element.Attribute("Include")?.Value} names a version on the spot";
            }
        }

        foreach (var version in Values(project, "PackageVersion", "Version").Where(version => !IsExact(version)))
        {
            yield return $"{path}: {version} is not one exact version";
        }

        foreach (var package in Values(project, "PackageReference", "Include").Concat(
            Values(project, "PackageVersion", "Include")).Where(IsUnwelcome))
        {
            yield return $"{path}: {package} is a style this house does without";
        }
    }

    private static IEnumerable<string> Values(XDocument project, string element, string attribute) =>
        project.Descendants(element).Select(one => one.Attribute(attribute)?.Value).OfType<string>();

    private static bool IsExact(string version) =>
        version.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-');

    private static bool IsUnwelcome(string package) =>
        UnwelcomePackages.Any(name => package.Contains(name, StringComparison.OrdinalIgnoreCase));
}
