using System.Security.Cryptography;
using FluentAssertions;
using Xunit;

namespace CpIs.Fhir.Tests.Validation;

/// <summary>
/// What is committed under fsh-generated was made from the sources beside it: nobody changed one without the other.
/// That a
/// build gives the same bytes again is for CI, where there is Node.
/// </summary>
public sealed class GeneratedProfiles
{
    private static readonly string Profiles = Path.GetDirectoryName(Examples.Folder)!;

    private static readonly Dictionary<string, string> Listed =
        File.ReadAllLines(Path.Combine(Profiles, "fsh-generated", "made-from.sha256"))
            .Select(line => line.Split("  ", 2)).ToDictionary(parts => parts[1], parts => parts[0]);

    [Fact]
    public void Every_source_and_every_result_is_as_the_last_build_left_it()
    {
        foreach (var (name, digest) in Listed)
        {
            Digest(name).Should().Be(digest, $"{name} was changed without ./cpis profiles build");
        }
    }

    [Fact]
    public void No_source_and_no_result_is_missing_from_the_last_build()
    {
        var files = new[] { "input", "fsh-generated/resources" }.SelectMany(folder => Directory
            .GetFiles(Path.Combine(Profiles, folder), "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Profiles, file).Replace('\\', '/')));
        files.Except(Listed.Keys).Should().BeEmpty("./cpis profiles build was not run after adding them");
    }

    private static string Digest(string name) =>
        Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Path.Combine(Profiles, name))));
}
