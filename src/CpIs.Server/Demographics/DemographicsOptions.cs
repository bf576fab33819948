using CpIs.Server.Database;

namespace CpIs.Server.Demographics;

/// <summary>Which demographics this deployment asks; the register of its own when nothing is said.</summary>
internal sealed record DemographicsOptions
{
    /// <summary>The local register; the sandbox trusts councils about invented numbers it does not hold.</summary>
    public const string Register = "register";

    /// <summary>The national service.</summary>
    public const string National = "pds";

    /// <summary>The council's word, said on every answer.</summary>
    public const string Councils = "councils";

    /// <summary>A protected person's rows are refused, CPR02.</summary>
    private const string Refused = "refused";

    /// <summary>They are taken, and the history names no organisation that looked.</summary>
    private const string Withheld = "withheld";

    public string Source { get; init; } = Register;

    /// <summary>
    /// Whether rows of protected people are taken; the organisations that look are then withheld from the history.
    /// </summary>
    public bool TakesProtected { get; init; }

    /// <summary>Where and as whom the national service is asked; null when it is not.</summary>
    public PdsOptions? Pds { get; init; }

    /// <summary>Reads <c>Demographics:Source</c> and what it needs, and <c>Demographics:Protected</c>.</summary>
    /// <exception cref="StartRefusedException">There is no such source, or it lacks a setting.</exception>
    public static DemographicsOptions Read(IConfiguration configuration) => OfSource(configuration) with
    {
        TakesProtected = (configuration["Demographics:Protected"] ?? Refused) switch
        {
            Refused => false,
            Withheld => true,
            _ => throw new StartRefusedException(
                $"Demographics:Protected is {Refused} or {Withheld}, and nothing else."),
        },
    };

    private static DemographicsOptions OfSource(IConfiguration configuration)
    {
        var source = configuration["Demographics:Source"] ?? Register;
        return source switch
        {
            Register or Councils => new() { Source = source },
            National => new() { Source = source, Pds = PdsOptions.Read(configuration.GetSection("Demographics:Pds")) },
            _ => throw new StartRefusedException(
                $"Demographics:Source is {Register}, {National} or {Councils}, and nothing else."),
        };
    }

    /// <summary>The one that is asked.</summary>
    public IDemographics Choose(IServiceProvider services, bool sandbox) => Source switch
    {
        National => new PdsDemographics(Pds!, services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<PdsDemographics>>()),
        Councils => new CouncilsWord(),
        _ => new LocalRegister(services.GetRequiredService<PersonStore>(), trustInvented: sandbox),
    };
}
