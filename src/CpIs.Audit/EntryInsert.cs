using Npgsql;
using NpgsqlTypes;

namespace CpIs.Audit;

/// <summary>
/// The one statement that makes a batch durable: its batch row, which is the lane's new head, and its entries, from
/// one array per column. The arrays are kept and refilled, since a lane commits thousands of times a second.
/// </summary>
internal sealed class EntryInsert
{
    /// <summary>
    /// The new head must follow an existing one: without it <c>first</c> is null and the whole transaction fails, so
    /// a lane that lost its place cannot commit entries, nor the change that came with them.
    /// </summary>
    private const string Sql = """
        with b as (
            insert into ledger.batch (lane, first, last, root, leaves, recorded)
            values ($1, (select h.last + 1 from ledger.batch h where h.lane = $1 and h.last = $2 - 1), $3, $4, $42, $5)
            returning lane, recorded)
        insert into ledger.entry (
            format, lane, position, group_position, entry_id, recorded,
            kind, interaction, status, action, outcome, reason, nhs_number, disclosed,
            resource_type, resource_id, resource_version, query, found,
            agent_issuer, agent_subject, agent_user_id, agent_name, agent_role, activity_code,
            organisation, organisation_name, client_id, token_id, purpose_of_use, purpose_reason,
            address, setting, unscheduled, plan_found, in_history, request_id, correlation_id, instance)
        select
            1, b.lane, u.position, u.group_position, u.entry_id, b.recorded,
            u.kind, u.interaction, u.status, u.action, u.outcome, u.reason, u.nhs_number,
            string_to_array(u.disclosed, chr(31)),
            u.resource_type, u.resource_id, u.resource_version, u.query, u.found,
            u.agent_issuer, u.agent_subject, u.agent_user_id, u.agent_name, u.agent_role, u.activity_code,
            u.organisation, u.organisation_name, u.client_id, u.token_id, u.purpose_of_use, u.purpose_reason,
            u.address, u.setting, u.unscheduled, u.plan_found, u.in_history, u.request_id, u.correlation_id,
            u.instance
        from b, unnest(
            $6::bigint[], $7::bigint[], $8::uuid[],
            $9::text[], $10::text[], $11::int[], $12::text[], $13::int[], $14::text[], $15::text[], $16::text[],
            $17::text[], $18::text[], $19::int[], $20::bytea[], $21::int[],
            $22::text[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[],
            $28::text[], $29::text[], $30::text[], $31::text[], $32::text[], $33::text[],
            $34::text[], $35::text[], $36::bool[], $37::bool[], $38::bool[], $39::text[], $40::text[],
            $41::text[])
        as u (
            position, group_position, entry_id,
            kind, interaction, status, action, outcome, reason, nhs_number, disclosed,
            resource_type, resource_id, resource_version, query, found,
            agent_issuer, agent_subject, agent_user_id, agent_name, agent_role, activity_code,
            organisation, organisation_name, client_id, token_id, purpose_of_use, purpose_reason,
            address, setting, unscheduled, plan_found, in_history, request_id, correlation_id, instance)
        """;

    private readonly NpgsqlParameter<int> lane = new() { NpgsqlDbType = NpgsqlDbType.Integer };
    private readonly NpgsqlParameter<long> first = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<long> last = new() { NpgsqlDbType = NpgsqlDbType.Bigint };
    private readonly NpgsqlParameter<byte[]> root = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly NpgsqlParameter<DateTime> recorded = new() { NpgsqlDbType = NpgsqlDbType.TimestampTz };
    private readonly NpgsqlParameter<byte[]> leaves = new() { NpgsqlDbType = NpgsqlDbType.Bytea };
    private readonly List<Action<PlacedEntry>> fill = [];
    private readonly List<Action> clear = [];

    internal EntryInsert()
    {
        Command = new NpgsqlBatchCommand(Sql);
        Command.Parameters.Add(lane);
        Command.Parameters.Add(first);
        Command.Parameters.Add(last);
        Command.Parameters.Add(root);
        Command.Parameters.Add(recorded);
        Column(NpgsqlDbType.Bigint, placed => placed.Position);
        Column(NpgsqlDbType.Bigint, placed => placed.Group);
        Column(NpgsqlDbType.Uuid, placed => placed.Id);
        AddSubject();
        AddAgent();
        AddCircumstances();
        Command.Parameters.Add(leaves);
    }

    internal NpgsqlBatchCommand Command { get; }

    internal void Fill(PlacedBatch batch)
    {
        lane.TypedValue = batch.Lane;
        first.TypedValue = batch.First;
        last.TypedValue = batch.Last;
        root.TypedValue = batch.Root;
        leaves.TypedValue = batch.Leaves;
        recorded.TypedValue = batch.Recorded.UtcDateTime;
        foreach (var empty in clear)
        {
            empty();
        }

        foreach (var entry in batch.Entries)
        {
            foreach (var add in fill)
            {
                add(entry);
            }
        }
    }

    private void AddSubject()
    {
        Text(stored => stored.Entry.Kind);
        Text(stored => stored.Entry.Interaction);
        Number(stored => stored.Entry.Status);
        Text(stored => stored.Action);
        Number(stored => stored.Entry.Outcome);
        Text(stored => stored.Entry.Reason);
        Text(stored => stored.Entry.NhsNumber);
        Text(stored => stored.Disclosed);
        Text(stored => stored.Entry.ResourceType);
        Text(stored => stored.Entry.ResourceId);
        Number(stored => stored.Entry.ResourceVersion);
        Column(NpgsqlDbType.Bytea, placed => placed.Stored.Entry.Query);
        Number(stored => stored.Entry.Found);
    }

    private void AddAgent()
    {
        Text(stored => stored.Entry.AgentIssuer);
        Text(stored => stored.Entry.AgentSubject);
        Text(stored => stored.Entry.AgentUserId);
        Text(stored => stored.Entry.AgentName);
        Text(stored => stored.Entry.AgentRole);
        Text(stored => stored.Entry.ActivityCode);
        Text(stored => stored.Entry.Organisation);
        Text(stored => stored.Entry.OrganisationName);
        Text(stored => stored.Entry.ClientId);
        Text(stored => stored.Entry.TokenId);
        Text(stored => stored.Entry.PurposeOfUse);
        Text(stored => stored.Entry.PurposeReason);
    }

    private void AddCircumstances()
    {
        Text(stored => stored.Entry.Address);
        Text(stored => stored.Entry.Setting);
        Truth(stored => stored.Entry.Unscheduled);
        Truth(stored => stored.Entry.PlanFound);
        Truth(stored => stored.Entry.InHistory);
        Text(stored => stored.Entry.RequestId);
        Text(stored => stored.Entry.CorrelationId);
        Text(stored => stored.Entry.Instance);
    }

    private void Text(Func<StoredEntry, string?> of) => Column(NpgsqlDbType.Text, placed => of(placed.Stored));

    private void Number(Func<StoredEntry, int?> of) => Column(NpgsqlDbType.Integer, placed => of(placed.Stored));

    private void Truth(Func<StoredEntry, bool?> of) => Column(NpgsqlDbType.Boolean, placed => of(placed.Stored));

    private void Column<T>(NpgsqlDbType type, Func<PlacedEntry, T> of)
    {
        var values = new List<T>();
        Command.Parameters.Add(new NpgsqlParameter<List<T>>
        {
            NpgsqlDbType = NpgsqlDbType.Array | type,
            TypedValue = values,
        });
        fill.Add(placed => values.Add(of(placed)));
        clear.Add(values.Clear);
    }
}
