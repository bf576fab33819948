using System.Xml.Linq;
using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class ProjectsTests
{
    private static IEnumerable<string> ProjectFiles =>
        Checkout.Files.Where(path => path.Finishes(".csproj"));

    [Fact]
    public void Projects_call_one_another_only_through_the_doors_there_are() =>
        ProjectFiles.Where(path => path.Begins("src/"))
            .SelectMany(path => Projects.WallFaults(Path.GetFileNameWithoutExtension(path), Load(path)))
            .Should().BeEmpty();

    [Fact]
    public void Versions_stand_in_one_file_and_are_exact() =>
        ProjectFiles.Append("Directory.Packages.props").SelectMany(path => Projects.PackageFaults(path, Load(path)))
            .Should().BeEmpty();

    [Fact]
    public void Every_project_is_in_the_solution_and_has_its_lock_file()
    {
        var solution = Checkout.Read("CpIs.sln").Replace('\\', '/');

        ProjectFiles.Should().NotBeEmpty().And.OnlyContain(path =>
            solution.Holds($"\"{path}\"")
            && Checkout.Files.Contains(Path.GetDirectoryName(path)!.Replace('\\', '/') + "/packages.lock.json"));
    }

    [Fact]
    public void A_database_behind_the_console_is_refused() =>
        Projects.WallFaults("CpIs.Console", Project("<ProjectReference Include=\"../CpIs.Audit/CpIs.Audit.csproj\" />"))
            .Should().ContainSingle().Which.Should().Contain("CpIs.Audit");

    [Fact]
    public void A_server_without_its_ledger_is_refused() =>
        Projects.WallFaults("CpIs.Server", Project("<ProjectReference Include=\"..\\CpIs.Fhir\\CpIs.Fhir.csproj\" />"))
            .Should().ContainSingle();

    [Fact]
    public void A_project_nobody_planned_is_refused() =>
        Projects.WallFaults("CpIs.Core", Project("")).Should().ContainSingle();

    [Theory]
    [InlineData("<PackageReference Include=\"Dapper\" Version=\"2.1.86\" />")]
    [InlineData("<PackageVersion Include=\"Dapper\" Version=\"2.*\" />")]
    [InlineData("<PackageVersion Include=\"Dapper\" Version=\"[2.1,3)\" />")]
    [InlineData("<PackageReference Include=\"MediatR\" />")]
    [InlineData("<PackageVersion Include=\"Microsoft.EntityFrameworkCore\" Version=\"10.0.0\" />")]
    public void A_loose_version_or_an_unwelcome_package_is_refused(string item) =>
        Projects.PackageFaults("A.csproj", Project(item)).Should().ContainSingle();

    private static XDocument Load(string path) => XDocument.Load(Checkout.PathOf(path));

    private static XDocument Project(string item) =>
        XDocument.Parse($"<Project><ItemGroup>{item}</ItemGroup></Project>");
}
