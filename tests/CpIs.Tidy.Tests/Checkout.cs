namespace CpIs.Tidy.Tests;

/// <summary>The checkout these tests stand in, found by walking up to the solution file.</summary>
internal static class Checkout
{
    public static string Root { get; } = Find();

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "CpIs.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("No CpIs.sln above the test binaries.");
    }
}
