-- What auditors ask of a large ledger beside its first keys, and months that were moved to an archive.
set role cpis_owner;

-- What a system was used for: asked in a hurry, when its key is out. A client's entries stand side by side, so an
-- insert finds its page in memory.
create index entry_client_id on ledger.entry (client_id, recorded) where client_id is not null;

-- Months whose entries an operator moved to a file. Their batches, leaf hashes, tiles and checkpoints stay.
create table ledger.archive (
    month    date primary key check (extract(day from month) = 1),
    entries  bigint not null check (entries >= 0),
    sha256   bytea not null check (octet_length(sha256) = 32),
    detached timestamptz not null default now()
);
create trigger refuse_row before update or delete on ledger.archive
    for each row execute function ledger.refuse_change();
create trigger refuse_statement before update or delete or truncate on ledger.archive
    for each statement execute function ledger.refuse_change();
grant select on ledger.archive to cpis_server;

-- Takes a month's partition out of the ledger. It stays as a table of its own, under its name, until the operator
-- drops it. The server's role may not call this. It waits two seconds for the lock at the most: look-ups wait behind
-- it.
create function ledger.detach_month(month_day date, archived bigint, file_sha256 bytea) returns bigint
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    first_day date := date_trunc('month', month_day)::date;
    name      text := 'entry_' || to_char(first_day, 'YYYY_MM');
    held      bigint;
begin
    if first_day >= date_trunc('month', now() at time zone 'utc')::date then
        raise exception 'the month of % is not over', first_day using errcode = '22023';
    end if;
    perform set_config('lock_timeout', '2s', true);
    execute format('alter table ledger.entry detach partition ledger.%I', name);
    -- The month's share of the table's own trigger went with the partition; it comes back when the month does.
    execute format('create or replace trigger refuse_detached_row before update or delete on ledger.%I
        for each row execute function ledger.refuse_change()', name);
    execute format('select count(*) from ledger.%I', name) into held;
    if held <> archived then
        raise exception 'the month holds % entries, the archive %', held, archived using errcode = '22023';
    end if;
    insert into ledger.archive (month, entries, sha256) values (first_day, archived, file_sha256);
    return held;
end
$$;
revoke execute on function ledger.detach_month(date, bigint, bytea) from public;

-- Where the lanes stood when an export took its end. The next export of that client begins there, so an entry that was
-- still committing then is in the next, and none is in both. Kept longer than the job.
create table cpis.export_boundary (
    client       text not null,
    organisation text not null,
    kicked_off   timestamptz not null,
    lasts        bigint[] not null,
    primary key (client, organisation, kicked_off)
);
grant select, insert, delete on cpis.export_boundary to cpis_server;

-- Where the export ended whose transactionTime is this one's _since; null when there is none.
alter table cpis.export_job add column before bigint[];
grant update (before) on cpis.export_job to cpis_server;
reset role;
