using System.Globalization;

namespace CpIs.Faults;

/// <summary>What the command line, or a test, wants of a run.</summary>
internal sealed record FaultOptions
{
    public const int DefaultPoints = 20;

    /// <summary>Every random choice comes from it; printed, so that a run can be repeated.</summary>
    public int Seed { get; init; } = Environment.TickCount;

    /// <summary>Times the fault is made.</summary>
    public int Points { get; init; } = DefaultPoints;

    /// <summary>Clients, each with a connection of its own.</summary>
    public int Connections { get; init; } = 64;

    /// <summary>Rows of an upload, of all councils together, about.</summary>
    public int Rows { get; init; } = 50_000;

    /// <summary>Size of the large upload.</summary>
    public int Megabytes { get; init; } = 100;

    /// <summary>How long an attack lasts, and the quiet before it that it is compared with.</summary>
    public int Seconds { get; init; } = 15;

    /// <summary>Only faults whose names hold this, where a run makes several kinds.</summary>
    public string Only { get; init; } = "";

    /// <summary>Folder of a run that is only to be verified.</summary>
    public string? Folder { get; init; }

    public IReadOnlyList<string> Names { get; init; } = [];

    /// <exception cref="ArgumentException">When the arguments are not understood.</exception>
    public static FaultOptions Read(IReadOnlyList<string> args)
    {
        var options = new FaultOptions();
        var names = new List<string>();
        for (var i = 0; i < args.Count; i++)
        {
            string Value() => ++i < args.Count ? args[i]
                : throw new ArgumentException($"{args[i - 1]} needs a value.");
            switch (args[i])
            {
                case "--seed":
                    options = options with { Seed = int.Parse(Value(), CultureInfo.InvariantCulture) };
                    break;
                case "--points":
                    options = options with { Points = int.Parse(Value(), CultureInfo.InvariantCulture) };
                    break;
                case "--rows":
                    options = options with { Rows = int.Parse(Value(), CultureInfo.InvariantCulture) };
                    break;
                case "--megabytes":
                    options = options with { Megabytes = int.Parse(Value(), CultureInfo.InvariantCulture) };
                    break;
                case "--seconds":
                    options = options with { Seconds = int.Parse(Value(), CultureInfo.InvariantCulture) };
                    break;
                case "--only":
                    options = options with { Only = Value() };
                    break;
                case "--data":
                    options = options with { Folder = Path.GetFullPath(Value()) };
                    break;
                case var name when name.StartsWith('-'):
                    throw new ArgumentException($"Unknown argument {name}.");
                default:
                    names.Add(args[i]);
                    break;
            }
        }

        return options with { Names = names };
    }
}
