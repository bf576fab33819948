using FluentAssertions;
using Xunit;

namespace CpIs.Tidy.Tests.Rules;

public sealed class SizesTests
{
    [Fact]
    public void Files_methods_and_lines_keep_to_their_limits() =>
        Checkout.Sources.SelectMany(Sizes.Faults).Should().BeEmpty();

    [Fact]
    public void Nine_files_in_ten_keep_to_the_aim() =>
        Checkout.Product.Where(file => Sizes.LineCount(file.Text) > Sizes.FileLinesAim).Select(file => file.Path)
            .Should().HaveCountLessThanOrEqualTo(Checkout.Product.Count() / Sizes.OverAimShare);

    [Fact]
    public void Nine_methods_in_ten_keep_to_the_aim()
    {
        var heights = Checkout.Product.SelectMany(Sizes.Methods).Select(Sizes.Height).ToList();

        heights.Where(height => height > Sizes.MethodLinesAim)
            .Should().HaveCountLessThanOrEqualTo(heights.Count / Sizes.OverAimShare);
    }

    [Fact]
    public void A_file_of_401_lines_is_too_long() =>
        Sizes.Faults(new SourceFile("src/X/A.cs", string.Concat(Enumerable.Repeat("//\n", 401))))
            .Should().ContainSingle().Which.Should().Contain("401 lines");

    [Fact]
    public void A_file_of_400_lines_is_not() =>
        Sizes.Faults(new SourceFile("src/X/A.cs", string.Concat(Enumerable.Repeat("//\n", 400)))).Should().BeEmpty();

    [Fact]
    public void Program_is_held_to_70_lines() =>
        Sizes.Faults(new SourceFile("src/CpIs.Server/Program.cs", string.Concat(Enumerable.Repeat("//\n", 71))))
            .Should().ContainSingle();

    [Fact]
    public void A_line_of_121_columns_is_too_wide() =>
        Sizes.Faults(new SourceFile("src/X/A.cs", "//" + new string('x', 119)))
            .Should().ContainSingle().Which.Should().StartWith("src/X/A.cs:1:");

    [Fact]
    public void A_method_of_71_lines_is_too_long()
    {
        var method = "class A\n{\nvoid B()\n{\n" + new string('\n', 68) + "}\n}";

        Sizes.Faults(new SourceFile("src/X/A.cs", method)).Should().ContainSingle().Which.Should().Contain("71 lines");
    }

    [Fact]
    public void A_file_four_folders_down_is_too_deep() =>
        Sizes.Faults(new SourceFile("src/X/A/B/C/D.cs", "//")).Should().ContainSingle();
}
