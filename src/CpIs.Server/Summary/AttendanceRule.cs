using System.Globalization;

namespace CpIs.Server.Summary;

/// <summary>
/// R20: a named and versioned rule of when attendances are frequent. A prompt to ask, not a diagnosis.
/// </summary>
/// <param name="Name">Name, as answers show it.</param>
/// <param name="Version">Version: a rule that changes gets the next one.</param>
/// <param name="Fewest">Number of attendances that reaches it.</param>
/// <param name="Days">Days before today that count, today besides.</param>
internal sealed record AttendanceRule(string Name, int Version, int Fewest, int Days)
{
    /// <summary>What research usually takes.</summary>
    public static readonly AttendanceRule FourInAYear = new("four-in-a-year", 1, 4, 365);

    /// <summary>More than three in six months, as in Leeds.</summary>
    public static readonly AttendanceRule FourInSixMonths = new("leeds-four-in-six-months", 1, 4, 183);

    public string Text => string.Create(
        CultureInfo.InvariantCulture, $"{Name}, version {Version}: {Fewest} or more in {Days} days");
}

/// <summary>
/// The rules a deployment knows, and which organisation asks by which; an organisation without one by the default.
/// </summary>
internal sealed record AttendanceRules
{
    /// <summary>Days a window may have: what is older is not read.</summary>
    private const int DaysMax = 1_830;

    private const int FewestMax = 1_000;

    private readonly Dictionary<string, AttendanceRule> byName;
    private readonly Dictionary<string, AttendanceRule> byOrganisation;
    private readonly AttendanceRule standard;

    private AttendanceRules(IConfiguration section)
    {
        byName = section.GetSection("Rules").GetChildren().Select(Rule)
            .Concat([AttendanceRule.FourInAYear, AttendanceRule.FourInSixMonths])
            .DistinctBy(r => r.Name).ToDictionary(r => r.Name);
        standard = Named(section["Default"] ?? AttendanceRule.FourInAYear.Name);
        byOrganisation = section.GetSection("RuleOf").GetChildren().ToDictionary(o => o.Key, o => Named(o.Value ?? ""));
    }

    /// <summary>The two rules of the house, and the default for everybody.</summary>
    public static AttendanceRules Default { get; } = Read(new ConfigurationBuilder().Build());

    /// <summary>The longest window of all rules, in days.</summary>
    public int LongestDays => byName.Values.Max(r => r.Days);

    /// <summary>Reads the section <c>Attendance</c>: <c>Rules</c>, <c>Default</c>, <c>RuleOf</c>.</summary>
    /// <exception cref="ArgumentException">When a rule is incomplete, or one is named that there is not.</exception>
    public static AttendanceRules Read(IConfiguration configuration) => new(configuration.GetSection("Attendance"));

    /// <summary>The rule by which an organisation asks.</summary>
    /// <param name="organisation">Its ODS code.</param>
    public AttendanceRule Of(string organisation) => byOrganisation.GetValueOrDefault(organisation, standard);

    private AttendanceRule Named(string name) => byName.TryGetValue(name, out var rule) ? rule
        : throw new ArgumentException($"Attendance: there is no rule named {name}.");

    private static AttendanceRule Rule(IConfigurationSection section) => new(
        section["Name"] is { Length: > 0 } name ? name
            : throw new ArgumentException("Attendance:Rules: a rule has no Name."),
        Number(section, "Version", int.MaxValue),
        Number(section, "Fewest", FewestMax),
        Number(section, "Days", DaysMax));

    private static int Number(IConfigurationSection section, string name, int most) =>
        int.TryParse(section[name], NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            && value > 0 && value <= most
            ? value
            : throw new ArgumentException($"Attendance:Rules: {name} must be a whole number from 1 to {most}.");
}
