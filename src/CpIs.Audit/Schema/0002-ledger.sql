-- The ledger: append-only lanes of entries. Nothing in this schema is ever updated, by anybody.
create schema ledger authorization cpis_owner;
grant usage on schema ledger to cpis_server;
set role cpis_owner;

create function ledger.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the ledger is append-only: % on % refused', tg_op, tg_table_name using errcode = '42501';
end
$$;

-- One append-only log. Grows only when more processes run at once than ever before.
create table ledger.lane (
    lane    int primary key check (lane > 0),
    kind    text not null check (kind in ('read', 'write', 'upload')),
    created timestamptz not null
);

-- One line. Column order is the order of the canonical bytes (docs/audit-log.md); a new column means a new format.
create table ledger.entry (
    format            smallint not null,
    lane              int not null,
    position          bigint not null,
    group_position    bigint,
    entry_id          uuid not null,
    recorded          timestamptz not null,
    kind              text not null,
    interaction       text not null,
    status            int not null,
    action            text not null,
    outcome           int not null,
    reason            text,
    nhs_number        text,
    disclosed         text[] not null,
    resource_type     text,
    resource_id       text,
    resource_version  int,
    query             bytea,
    found             int,
    agent_issuer      text,
    agent_subject     text,
    agent_user_id     text,
    agent_name        text,
    agent_role        text,
    activity_code     text,
    organisation      text,
    organisation_name text,
    client_id         text,
    token_id          text,
    purpose_of_use    text,
    purpose_reason    text,
    address           text,
    setting           text,
    unscheduled       boolean,
    plan_found        boolean,
    in_history        boolean,
    request_id        text,
    correlation_id    text,
    instance          text,
    primary key (recorded, lane, position)
) partition by range (recorded);
create index entry_nhs_number on ledger.entry (nhs_number, recorded) where nhs_number is not null;
create index entry_agent_subject on ledger.entry (agent_subject, recorded) where agent_subject is not null;
create index entry_agent_user_id on ledger.entry (agent_user_id, recorded) where agent_user_id is not null;
create index entry_organisation on ledger.entry (organisation, recorded) where organisation is not null;
create index entry_refused on ledger.entry (recorded) where outcome <> 0;
create trigger refuse_row before update or delete on ledger.entry
    for each row execute function ledger.refuse_change();
create trigger refuse_statement before update or delete or truncate on ledger.entry
    for each statement execute function ledger.refuse_change();

create table ledger.entry_default partition of ledger.entry default;
create trigger refuse_statement before update or delete or truncate on ledger.entry_default
    for each statement execute function ledger.refuse_change();

-- One commit of one lane; the newest row is the lane's head. Its keys make a fork impossible. Every entry of a batch
-- carries the batch's time, so batch and entry join on the partition key. The leaf hashes let a checker name the very
-- entry that was changed, and keep proofs whole when a month is archived.
create table ledger.batch (
    lane     int not null,
    first    bigint not null check (first >= 0),
    last     bigint not null check (last >= first),
    root     bytea not null check (octet_length(root) = 32),
    leaves   bytea not null,
    recorded timestamptz not null,
    check (octet_length(leaves) = case when first = 0 then 0 else (last - first + 1) * 32 end),
    primary key (lane, first),
    unique (lane, last)
);

-- Full tiles of 256 hashes (C2SP tlog-tiles). Kept for ever, so proofs outlive an archived partition.
create table ledger.tile (
    lane   int not null,
    level  smallint not null check (level >= 0),
    idx    bigint not null check (idx >= 0),
    hashes bytea not null check (octet_length(hashes) = 8192),
    primary key (lane, level, idx)
);

-- The clinical history: unscheduled accesses that showed a plan. Not partitioned: a look-up must not probe 36 months.
create table ledger.access (
    nhs_number text not null,
    recorded   timestamptz not null,
    entry_id   uuid not null,
    lane       int not null,
    position   bigint not null,
    author     text not null,
    org        text not null,
    primary key (nhs_number, recorded, entry_id)
);

create table ledger.checkpoint (
    lane int not null,
    size bigint not null check (size >= 0),
    note bytea not null,
    primary key (lane, size)
);

do $$
declare name text;
begin
    foreach name in array array['lane', 'batch', 'tile', 'access', 'checkpoint'] loop
        execute format('create trigger refuse_row before update or delete on ledger.%I
            for each row execute function ledger.refuse_change()', name);
        execute format('create trigger refuse_statement before update or delete or truncate on ledger.%I
            for each statement execute function ledger.refuse_change()', name);
    end loop;
end
$$;

-- Creates the months that are missing and answers how many. A month whose rows already fell into the default
-- partition is left there: it stays readable and provable.
create function ledger.make_partitions(from_day date, months int) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    month date := date_trunc('month', from_day)::date;
    name  text;
    made  int := 0;
begin
    if months < 1 or months > 36 then
        raise exception 'months must be 1 to 36' using errcode = '22023';
    end if;
    perform pg_advisory_xact_lock(20513);
    for i in 1..months loop
        name := 'entry_' || to_char(month, 'YYYY_MM');
        if to_regclass('ledger.' || name) is null then
            begin
                execute format(
                    'create table ledger.%I partition of ledger.entry for values from (%L) to (%L)',
                    name, month::text || ' 00:00:00+00', (month + interval '1 month')::date::text || ' 00:00:00+00');
                execute format('create trigger refuse_statement before update or delete or truncate on ledger.%I
                    for each statement execute function ledger.refuse_change()', name);
                made := made + 1;
            exception when check_violation then
                raise warning 'entries of % are in the default partition', name;
            end;
        end if;
        month := (month + interval '1 month')::date;
    end loop;
    return made;
end
$$;
revoke execute on function ledger.make_partitions(date, int) from public;
grant execute on function ledger.make_partitions(date, int) to cpis_server;

grant select on ledger.entry_default to cpis_server;
grant select, insert on ledger.lane, ledger.entry, ledger.batch, ledger.tile, ledger.access, ledger.checkpoint
    to cpis_server;
reset role;

select ledger.make_partitions((now() at time zone 'utc')::date, 4);
