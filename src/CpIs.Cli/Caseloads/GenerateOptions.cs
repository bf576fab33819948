using System.Globalization;
using CpIs.Fhir;

namespace CpIs.Cli.Caseloads;

/// <summary>What the command line of <c>generate</c> says.</summary>
internal sealed record GenerateOptions
{
    public const string Usage = """
        ./cpis generate --councils N --children N --seed S --out DIR [--day YYYY-MM-DD] [--faults SHARE]

          --councils N   how many councils, ZZ001 and on; the first four are those of the sandbox, the others are there
                         when it was started with ./cpis up --councils N
          --children N   how many people each of them holds; some have two plans
          --seed S       the same seed and day give the same bytes
          --out DIR      gets ZZ001.csv, ZZ001.ndjson and so on; made when it is not there
          --day          the day the files are made for, today when nothing is said
          --faults SHARE the share of rows that the server must refuse, such as 0.01; none when nothing is said
        """;

    /// <summary>More than England has.</summary>
    private const int CouncilsMax = 200;

    /// <summary>People of all files together: there are no more invented NHS numbers.</summary>
    private const int PeopleMax = 880_000;

    public int Councils { get; init; } = 1;

    public int Children { get; init; }

    public ulong Seed { get; init; }

    /// <summary>Share of rows with a fault, from 0 to 1.</summary>
    public double Faults { get; init; }

    public required string Out { get; init; }

    public required DateOnly Day { get; init; }

    /// <exception cref="ArgumentException">For an argument it does not know, or a number out of bounds.</exception>
    public static GenerateOptions Read(IReadOnlyList<string> args, TimeProvider clock)
    {
        var options = new GenerateOptions { Out = "", Day = Visibility.Today(clock) };
        for (var i = 0; i + 1 < args.Count; i += 2)
        {
            var value = args[i + 1];
            options = args[i] switch
            {
                "--councils" => options with { Councils = Count(value, CouncilsMax) },
                "--children" => options with { Children = Count(value, PeopleMax) },
                "--seed" => options with { Seed = Seeded(value) },
                "--out" => options with { Out = value },
                "--faults" => options with { Faults = Share(value) },
                "--day" => options with { Day = OnDay(value) },
                _ => throw new ArgumentException(Usage),
            };
        }

        return args.Count % 2 == 0 && options is { Out.Length: > 0, Children: > 0 }
            && (long)options.Councils * options.Children <= PeopleMax
            ? options
            : throw new ArgumentException(Usage + $"\n\nThere are invented numbers for {PeopleMax:N0} people.");
    }

    private static int Count(string value, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count >= 1
            && count <= most ? count : throw new ArgumentException($"{value} is not a number from 1 to {most}.");

    private static ulong Seeded(string value) =>
        ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed
            : throw new ArgumentException($"{value} is no seed: it is a whole number.");

    private static double Share(string value) =>
        double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share)
            && share is >= 0 and <= 1 ? share
            : throw new ArgumentException($"{value} is no share from 0 to 1, such as 0.01.");

    private static DateOnly OnDay(string value) => DateOnly.TryParseExact(
        value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)
        ? day : throw new ArgumentException($"{value} is not a day: write YYYY-MM-DD.");
}
