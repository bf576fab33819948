-- Export of the trail: jobs outlive the process that took them.
set role cpis_owner;

create table cpis.export_job (
    id            uuid primary key,
    client        text not null,
    organisation  text not null,
    request       text not null,
    kicked_off    timestamptz not null,
    since         timestamptz,
    until         timestamptz not null,
    filter        text not null,
    -- Organisation whose callers' entries it holds; null for all.
    own           text,
    -- Where each lane stood, by lane number, once everything before kicked_off was in: what came later is not in it.
    lasts         bigint[],
    -- First days of the months to count.
    months        date[],
    check ((lasts is null) = (months is null))
);
create index on cpis.export_job (client, kicked_off);

-- One file of NDJSON: the entries of a month. It is written when it is fetched, always with the same entries.
create table cpis.export_file (
    job      uuid not null references cpis.export_job on delete cascade,
    month    date not null,
    entries  bigint not null check (entries >= 0),
    -- Entries of a format this server cannot render: the manifest names them.
    unread   bigint not null check (unread >= 0),
    primary key (job, month)
);

grant select, insert, delete on cpis.export_job to cpis_server;
grant update (lasts, months) on cpis.export_job to cpis_server;
grant select, insert, delete on cpis.export_file to cpis_server;

-- An auditor's question that no other key of the ledger answers: who broke the glass.
create index entry_break_glass on ledger.entry (recorded) where purpose_of_use = 'BTG';
reset role;
