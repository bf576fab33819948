using CpIs.Audit;
using CpIs.Fhir;
using Npgsql;

namespace CpIs.Server.Demographics;

/// <summary>
/// The people of the local register: asked about by number, and put as <see cref="TakePeople"/> decides. Links between
/// numbers stand where everybody follows them, so they are read from there and never kept twice.
/// </summary>
internal sealed class PersonStore(NpgsqlDataSource database)
{
    private const string Facts = """
        select n.number, coalesce(p.version, 0), p.birth_date, coalesce(p.sensitive, false),
            coalesce(p.deceased, false), l.nhs_number, i.nhs_number is not null
        from unnest($1::text[]) n(number)
        left join cpis.person p on p.nhs_number = n.number
        left join (
            select distinct on (l.asked) l.asked, l.nhs_number from cpis.linked($1::text[]) l
            where l.relation = 'replaced-by' order by l.asked, l.steps desc) l on l.asked = n.number
        left join cpis.invalidated i on i.nhs_number = n.number and i.until is null
        """;

    private const string Names = """
        select nhs_number, family, given from cpis.person_name where nhs_number = any($1) order by since
        """;

    private const string PutPeople = """
        insert into cpis.person (nhs_number, birth_date, sensitive, deceased, version, updated)
        select u.*, $6 from unnest($1::text[], $2::date[], $3::bool[], $4::bool[], $5::int[]) u
        on conflict (nhs_number) do update set birth_date = excluded.birth_date, sensitive = excluded.sensitive,
            deceased = excluded.deceased, version = excluded.version, updated = excluded.updated
        """;

    private const string PutNames = """
        insert into cpis.person_name (nhs_number, family, given, since)
        select u.*, $4 from unnest($1::text[], $2::text[], $3::text[]) u on conflict do nothing
        """;

    /// <summary>What stands on each of these numbers; each is answered for, also when nobody has it.</summary>
    public async Task<Internal<IReadOnlyDictionary<string, RegisteredPerson>>> FindAsync(
        string[] numbers, CancellationToken stop)
    {
        await using var connection = await database.OpenConnectionAsync(stop);
        await using var batch = new NpgsqlBatch(connection);
        Ask(batch, numbers);
        await using var reader = await batch.ExecuteReaderAsync(stop);
        return new(await ReadAsync(reader, stop));
    }

    /// <summary>The same inside a transaction that already holds the links.</summary>
    public static async Task<Internal<IReadOnlyDictionary<string, RegisteredPerson>>> HeldAsync(
        WriteTransaction write, string[] numbers)
    {
        await using var batch = write.CreateBatch();
        Ask(batch, numbers);
        await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        return new(await ReadAsync(reader, CancellationToken.None));
    }

    /// <summary>The commands that put people as they shall stand, for the round trip that commits.</summary>
    public static NpgsqlBatchCommand[] Put(IReadOnlyList<RegisteredPerson> people, DateTimeOffset now)
    {
        string[] Column(Func<(string Number, KnownName Name), string> of) =>
            [.. people.SelectMany(p => p.Names.Select(name => (p.Number.Digits(), name))).Select(of)];
        return
        [
            new(PutPeople)
            {
                Parameters =
                {
                    new() { Value = people.Select(p => p.Number.Digits()).ToArray() },
                    new() { Value = people.Select(p => p.BirthDate).ToArray() },
                    new() { Value = people.Select(p => p.Sensitive).ToArray() },
                    new() { Value = people.Select(p => p.Deceased).ToArray() },
                    new() { Value = people.Select(p => p.Version).ToArray() },
                    new() { Value = now.UtcDateTime },
                },
            },
            new(PutNames)
            {
                Parameters =
                {
                    new() { Value = Column(n => n.Number) },
                    new() { Value = Column(n => n.Name.Family) },
                    new() { Value = Column(n => string.Join(' ', n.Name.Given)) },
                    new() { Value = now.UtcDateTime },
                },
            },
        ];
    }

    private static void Ask(NpgsqlBatch batch, string[] numbers)
    {
        batch.BatchCommands.Add(new(Facts) { Parameters = { new() { Value = numbers } } });
        batch.BatchCommands.Add(new(Names) { Parameters = { new() { Value = numbers } } });
    }

    private static async Task<IReadOnlyDictionary<string, RegisteredPerson>> ReadAsync(
        NpgsqlDataReader reader, CancellationToken stop)
    {
        var people = new Dictionary<string, RegisteredPerson>(StringComparer.Ordinal);
        while (await reader.ReadAsync(stop))
        {
            people.Add(reader.GetString(0), new()
            {
                Number = Number(reader.GetString(0)),
                Version = reader.GetInt32(1),
                BirthDate = reader.IsDBNull(2) ? null : reader.GetFieldValue<DateOnly>(2),
                Sensitive = reader.GetBoolean(3),
                Deceased = reader.GetBoolean(4),
                SupersededBy = reader.IsDBNull(5) ? null : Number(reader.GetString(5)),
                Invalid = reader.GetBoolean(6),
            });
        }

        await reader.NextResultAsync(stop);
        while (await reader.ReadAsync(stop))
        {
            var person = people[reader.GetString(0)];
            var given = reader.GetString(2).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            people[reader.GetString(0)] = person with { Names = [.. person.Names, new(reader.GetString(1), given)] };
        }

        return people;
    }

    private static NhsNumber Number(string digits) => NhsNumber.TryParse(digits, out var number) ? number
        : throw new InvalidOperationException("The register holds a number that is none.");
}
