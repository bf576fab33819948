using System.Globalization;
using FluentAssertions;
using Xunit;

namespace CpIs.Server.Tests.Searching;

/// <summary>
/// Instants over HTTP: a version and an entry of the trail, asked for by every prefix, just before, at and just after,
/// with each way of writing a zone.
/// </summary>
public sealed class InstantsTests(InstantsTests.Moment moment) : IClassFixture<InstantsTests.Moment>
{
    /// <summary>
    /// By how many milliseconds the date asked for is off, and the prefixes that then find the instant.
    /// </summary>
    private static readonly Dictionary<int, string> Found = new()
    {
        [-1] = "ne gt ge sa", [0] = "eq ge le", [1] = "ne lt le eb",
    };

    private static readonly string[] Zones = ["Z", "%2B01:00", "+01:00", "-05:30", ""];

    public static TheoryData<string, int, string> Asked
    {
        get
        {
            var all = new TheoryData<string, int, string>();
            foreach (var prefix in (string[])["eq", "ne", "gt", "lt", "ge", "le", "sa", "eb"])
            {
                foreach (var off in Found.Keys)
                {
                    foreach (var zone in Zones)
                    {
                        all.Add(prefix, off, zone);
                    }
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Asked))]
    public async Task An_instant_is_found_by_its_prefix_whatever_the_zone_it_is_asked_in(
        string prefix, int off, string zone)
    {
        var found = Found[off].Split(' ').Contains(prefix) ? 1 : 0;
        foreach (var (persona, search, at) in moment.Searches)
        {
            using var client = moment.Server.As(persona);

            var bundle = await client.GetOkAsync(search + prefix + Written(at.AddMilliseconds(off), zone));

            bundle.Total().Should().Be(found, search);
        }
    }

    private static string Written(DateTimeOffset at, string zone)
    {
        var clock = zone switch
        {
            "Z" => at.ToOffset(TimeSpan.Zero),
            "-05:30" => at.ToOffset(new TimeSpan(-5, -30, 0)),
            "" => TimeZoneInfo.ConvertTimeBySystemTimeZoneId(at, "Europe/London"),
            _ => at.ToOffset(TimeSpan.FromHours(1)),
        };
        return clock.ToString("yyyy-MM-dd'T'HH:mm:ss.fff", CultureInfo.InvariantCulture) + zone;
    }

    /// <summary>A server with one plan, and the moments at which it and its entry were written.</summary>
    public sealed class Moment : IAsyncLifetime
    {
        internal RunningServer Server { get; } = new();

        internal List<(string Persona, string Search, DateTimeOffset At)> Searches { get; } = [];

        public async Task InitializeAsync()
        {
            await Server.InitializeAsync();
            var plan = new InventedPlan { Start = Server.Today };
            var (episode, flag) = await Server.SubmitAsync(plan);
            var stored = await Server.Lancashire.GetOkAsync("Flag/" + flag);
            var entry = (await Server.Auditor.GetOkAsync("AuditEvent?_sort=date&_count=1")).All("AuditEvent").Single();
            var written = Shown(stored["meta"]!.Text("lastUpdated"));
            Searches.Add(("sandbox-council-lancashire", $"Flag?_id={flag}&_lastUpdated=", written));
            Searches.Add(("sandbox-ed-clinician", $"EpisodeOfCare?patient={plan.Number}&_id={episode}&_lastUpdated=",
                written));
            Searches.Add(("sandbox-auditor", $"AuditEvent?_total=accurate&_id={entry.Text("id")}&date=",
                Shown(entry.Text("recorded"))));
        }

        public Task DisposeAsync() => Server.DisposeAsync();

        /// <summary>To the millisecond, as everybody can write it.</summary>
        private static DateTimeOffset Shown(string text) => DateTimeOffset.Parse(text[..23] + "Z",
            CultureInfo.InvariantCulture);
    }
}
