using System.Globalization;
using CpIs.Server.Database;

namespace CpIs.Server.Access;

/// <summary>
/// How many people somebody may look at before auditors hear of it. The defaults are ten every hour of a shift of
/// twelve hours: more than a doctor of an emergency department meets, or the nurse who meets all who come.
/// </summary>
internal sealed record BrowsingOptions
{
    /// <summary>Longest window, a week: a person's looks are read back over it.</summary>
    private const int WindowMinutesMax = 7 * 24 * 60;

    /// <summary>More than these are not remembered of one person.</summary>
    private const int KeptPatientsMax = 1_000;

    /// <summary>Distinct patients of one person and organisation in the window; 0: nobody counts.</summary>
    public int PatientsMax { get; init; } = 120;

    /// <summary>Minutes of the window, which slides.</summary>
    public int WindowMinutes { get; init; } = 720;

    /// <summary>Whether whoever is beyond it is refused, unless the glass is broken.</summary>
    public bool Refuse { get; init; }

    public TimeSpan Window => TimeSpan.FromMinutes(WindowMinutes);

    /// <summary>Reads the section <c>Browsing</c>.</summary>
    /// <exception cref="StartRefusedException">A setting is no number or out of bounds.</exception>
    public static BrowsingOptions Read(IConfiguration configuration)
    {
        var section = configuration.GetSection("Browsing");
        var standard = new BrowsingOptions();
        return new()
        {
            PatientsMax = Number(section, nameof(PatientsMax), standard.PatientsMax, 0, KeptPatientsMax),
            WindowMinutes = Number(section, nameof(WindowMinutes), standard.WindowMinutes, 1, WindowMinutesMax),
            Refuse = section[nameof(Refuse)] switch
            {
                null or "" or "false" => false,
                "true" => true,
                _ => throw new StartRefusedException("Browsing:Refuse is true or false."),
            },
        };
    }

    private static int Number(IConfigurationSection section, string name, int otherwise, int least, int most) =>
        string.IsNullOrEmpty(section[name]) ? otherwise
        : int.TryParse(section[name], NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most
            ? value
            : throw new StartRefusedException($"Browsing:{name} is a whole number from {least} to {most}.");
}
