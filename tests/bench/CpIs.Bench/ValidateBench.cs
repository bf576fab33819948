using System.Diagnostics;
using System.Text;
using System.Text.Json;
using CpIs.Fhir;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;

namespace CpIs.Bench;

/// <summary>
/// Validation on one core beside the Firely SDK's plain and strict parse of the same bytes, which check less. The
/// variants alternate within one run, because the machine's speed drifts, and the processor's time is counted rather
/// than
/// the wall's, because others use the machine.
/// </summary>
internal static class ValidateBench
{
    private const int FullRounds = 15;
    private const int QuickRounds = 3;
    private const int RoundMs = 200;
    private const int WarmUpMs = 1_500;
    private const int ChecksPerClockReading = 50;

    private sealed record Variant(string Name, Action Once)
    {
        public List<double> PerSecond { get; } = [];

        public List<double> Bytes { get; } = [];
    }

    public static Report Run(bool quick)
    {
        var variants = Variants();
        foreach (var variant in variants)
        {
            Measure(variant, WarmUpMs);
            variant.PerSecond.Clear();
            variant.Bytes.Clear();
        }

        for (var round = 0; round < (quick ? QuickRounds : FullRounds); round++)
        {
            foreach (var variant in variants)
            {
                Measure(variant, RoundMs);
            }
        }

        var rows = variants.SelectMany(variant => new[]
        {
            Row.Of(variant.Name, "resources/s", variant.PerSecond), Row
                .Of(variant.Name + " allocates", "bytes", variant.Bytes),
        }).ToList();
        double Ratio(string name, string other) => Median(
            Rounds(variants, name).Zip(Rounds(variants, other), (mine, theirs) => mine / theirs));
        return new("validate", rows, new Dictionary<string, double>
        {
            ["flag/strict-parse"] = Ratio("flag", "flag, SDK strict parse"),
            ["flag/plain-parse"] = Ratio("flag", "flag, SDK plain parse"),
            ["episode/strict-parse"] = Ratio("episode", "episode, SDK strict parse"),
            ["invalid flag/strict-parse"] = Ratio("invalid flag, 5 issues", "flag, SDK strict parse"),
        });
    }

    /// <summary>Ratios are taken round by round: what slows the machine slows neighbours alike.</summary>
    private static List<double> Rounds(List<Variant> variants, string name) =>
        variants.Single(variant => variant.Name == name).PerSecond;

    private static double Median(IEnumerable<double> ratios)
    {
        double[] sorted = [.. ratios.Order()];
        return sorted[sorted.Length / 2];
    }

    private static List<Variant> Variants()
    {
        var profiles = Profiles.Load();
        byte[] flag = Read("flag.json"), episode = Read("episode.json");
        var invalid = Spoiled(flag);
        Expect(profiles.Check(flag, "Flag").Count == 0, "The valid flag is refused.");
        Expect(profiles.Check(episode, "EpisodeOfCare").Count == 0, "The valid episode is refused.");
        Expect(profiles.Check(invalid, "Flag").Count == 5, "The invalid flag has not five issues.");
        var strict = Parser(DeserializationMode.Strict);
        var plain = Parser(DeserializationMode.Ostrich);
        return
        [
            new("flag", () => profiles.Check(flag, "Flag")),
            new("flag, SDK strict parse", () => Parse(strict, flag)),
            new("episode", () => profiles.Check(episode, "EpisodeOfCare")),
            new("episode, SDK strict parse", () => Parse(strict, episode)),
            new("invalid flag, 5 issues", () => profiles.Check(invalid, "Flag")),
            new("flag, SDK plain parse", () => Parse(plain, flag)),
        ];
    }

    private static BaseFhirJsonDeserializer Parser(DeserializationMode mode) =>
        new(ModelInfo.ModelInspector, new DeserializerSettings().UsingMode(mode));

    private static void Parse(BaseFhirJsonDeserializer parser, byte[] json)
    {
        var reader = new Utf8JsonReader(json);
        Expect(parser.TryDeserializeResource(ref reader, out _, out _), "The SDK refuses the resource.");
    }

    private static byte[] Spoiled(byte[] flag)
    {
        var text = Encoding.UTF8.GetString(flag)
            .Replace("\"status\": \"active\"", "\"status\": \"live\"", StringComparison.Ordinal)
            .Replace("342191000000101", "95677000", StringComparison.Ordinal)
            .Replace("\"start\": \"2026-01-05\"", "\"start\": \"2026-01\"", StringComparison.Ordinal)
            .Replace("\"identifier\": [", "\"encounter\": {\"reference\": \"Encounter/1\"}, \"identifier\": [",
                StringComparison.Ordinal)
            .Replace("Id/council-plan/ZZ303", "Id/council", StringComparison.Ordinal);
        return Encoding.UTF8.GetBytes(text);
    }

    private static void Measure(Variant variant, int milliseconds)
    {
        var clock = Stopwatch.StartNew();
        var cpu = Environment.CpuUsage.TotalTime;
        var before = GC.GetAllocatedBytesForCurrentThread();
        long count = 0;
        while (clock.ElapsedMilliseconds < milliseconds)
        {
            for (var n = 0; n < ChecksPerClockReading; n++)
            {
                variant.Once();
            }

            count += ChecksPerClockReading;
        }

        variant.PerSecond.Add(count / (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
        variant.Bytes.Add((GC.GetAllocatedBytesForCurrentThread() - before) / (double)count);
    }

    private static byte[] Read(string name)
    {
        using var stream = typeof(ValidateBench).Assembly.GetManifestResourceStream(name)!;
        var json = new byte[stream.Length];
        stream.ReadExactly(json);
        return json;
    }

    private static void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new InvalidOperationException(otherwise);
        }
    }
}
