using Npgsql;

namespace CpIs.Server.Demographics;

/// <summary>
/// The numbers of protected people whose rows were taken all the same. What demographics say is kept in the commit of
/// the rows it was asked for; whoever reads the history asks for it there.
/// </summary>
internal static class ProtectedStore
{
    private const string Add = """
        insert into cpis.protected_number (nhs_number, since) select u, $2 from unnest($1::text[]) u
        on conflict do nothing
        """;

    private const string Remove = "delete from cpis.protected_number p where p.nhs_number = any ($1)";

    /// <summary>The commands that say who is protected and who is not any more.</summary>
    public static NpgsqlBatchCommand[] Put(string[] isProtected, string[] isNot, DateTimeOffset now) =>
    [
        new(Add) { Parameters = { new() { Value = isProtected }, new() { Value = now.UtcDateTime } } },
        new(Remove) { Parameters = { new() { Value = isNot } } },
    ];
}
