using CpIs.Fhir;
using CpIs.Fhir.Validation;

namespace CpIs.Fuzz;

/// <summary>
/// What the fuzzer throws its bytes at: the first byte picks the door, the rest is the text. Anything but a list of
/// issues within limits is an exception, which the fuzzer counts as a crash.
/// </summary>
internal sealed class Target
{
    private const int TextBytesMax = 1024 * 1024;
    private const int IssuesMax = 201;
    private const long AllocatedBytesMax = 64L * 1024 * 1024;
    private const string R4Start = "http://hl7.org/fhir/StructureDefinition/";

    // The order is what the first byte of a seed means; run.sh reads it from here.
    private static readonly string[] Types =
    [
        "Flag",
        "EpisodeOfCare",
        "Patient",
        "AuditEvent",
        "Bundle",
        "Parameters",
        "Organization",
        "Encounter",
        "CareTeam",
        "OperationOutcome",
        "Observation",
        "PractitionerRole",
        "Subscription",
    ];

    private readonly byte[] text = new byte[TextBytesMax];
    private readonly byte[] flag = Embedded();
    private Profiles? profiles;

    /// <summary>Checks one input by both doors: our profile of the type, and FHIR's own rules alone.</summary>
    public void Try(Stream input)
    {
        // Not loaded before the first input: instrumented code may only run once the fuzzer's map is in place.
        profiles ??= Profiles.Load();
        var type = Types[Math.Max(input.ReadByte(), 0) % Types.Length];
        var json = text.AsMemory(0, input.ReadAtLeast(text, TextBytesMax, throwOnEndOfStream: false));

        var before = GC.GetAllocatedBytesForCurrentThread();
        Demand(profiles.Check(json, type).Count <= IssuesMax, "too many issues");
        Demand(profiles.CheckProfile(json, R4Start + type).Count <= IssuesMax, "too many issues");
        Demand(GC.GetAllocatedBytesForCurrentThread() - before <= AllocatedBytesMax, "too much memory");

        // Runs are used again: nothing of what came before may colour the next answer.
        Demand(profiles.Check(flag, "Flag").Count == 0, "a valid Flag has issues after this text");
    }

    private static void Demand(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException(what);
        }
    }

    private static byte[] Embedded()
    {
        using var stream = typeof(Target).Assembly.GetManifestResourceStream("flag.json")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
