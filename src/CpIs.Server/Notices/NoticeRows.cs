using CpIs.Audit;
using Npgsql;

namespace CpIs.Server.Notices;

/// <summary>Reads notices back, and seals them with what showing them would disclose.</summary>
internal static class NoticeRows
{
    public const string Empty = "empty";
    public const string IdOnly = "id-only";

    public static async Task<List<Notice>> ReadAsync(NpgsqlDataReader reader)
    {
        var notices = new List<Notice>();
        while (await reader.ReadAsync())
        {
            var references = reader.GetFieldValue<string[]>(4);
            var versions = reader.GetFieldValue<int[]>(5);
            var bodies = reader.GetFieldValue<byte[][]>(6);
            notices.Add(new(reader.GetGuid(0), reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(2),
                reader.GetString(3), [.. references.Select((r, i) => new Told(r, versions[i], bodies[i]))]));
        }

        return notices;
    }

    /// <summary>
    /// An empty notification tells only that something happened; one of ids tells of whom, and so does a full one.
    /// </summary>
    public static Sealed<IReadOnlyList<Notice>> Seal(List<Notice> notices, string council, string content) =>
        new(notices, content == Empty ? [] : [.. notices.SelectMany(n => Shown(n, council, content))], notices.Count);

    /// <summary>Resources that a notification names; where it holds none, not those whose id is a person's.</summary>
    public static IEnumerable<Told> Named(Notice notice, string content) => content switch
    {
        Empty => [],
        IdOnly => notice.Resources.Where((r, i) => i == 0 || !(IsOfPerson(r.Reference) || r.IsMade)),
        _ => notice.Resources,
    };

    private static IEnumerable<Disclosed> Shown(Notice notice, string council, string content) =>
        Named(notice, content).Where(r => !r.IsMade).Select(r =>
        {
            var slash = r.Reference.IndexOf('/', StringComparison.Ordinal);
            return new Disclosed(r.Reference[..slash], r.Reference[(slash + 1)..], r.Version, notice.NhsNumber, council,
                true);
        });

    private static bool IsOfPerson(string reference) => reference.StartsWith("Patient/", StringComparison.Ordinal);
}
