-- Two roles: cpis_owner owns everything and cannot log in; cpis_server is what a running server is.
do $$
begin
    if not exists (select 1 from pg_roles where rolname = 'cpis_owner') then
        create role cpis_owner nologin;
    end if;
    if not exists (select 1 from pg_roles where rolname = 'cpis_server') then
        create role cpis_server login;
    end if;
end
$$;

create schema cpis authorization cpis_owner;
grant usage on schema cpis to cpis_server;
set role cpis_owner;

-- A health trust, a council or another body: who asks, who answers the telephone. Not tenant data.
create table cpis.organization (
    id           text primary key check (id ~ '^[A-Za-z0-9.-]{1,64}$'),
    ods          text not null unique,
    name         text not null,
    kind         text not null check (kind in ('council', 'health', 'national')),
    active       boolean not null,
    live         boolean not null default false,
    version      int not null,
    updated      timestamptz not null,
    body         bytea not null
);

-- What one council says of one person. The key holds the council, so no key tells one council of another.
create table cpis.patient (
    council      text not null,
    nhs_number   text not null check (nhs_number ~ '^[0-9]{10}$'),
    version      int not null,
    updated      timestamptz not null,
    birth_date   date not null,
    family       text not null,
    content_hash bytea not null,
    body         bytea not null,
    primary key (council, nhs_number)
);
create index on cpis.patient (nhs_number);
create index on cpis.patient (council, updated);

-- One plan: its EpisodeOfCare and its Flag in one row, so a look-up is one probe and a change is one write.
create table cpis.plan (
    council         text not null,
    row_id          text not null,
    nhs_number      text not null check (nhs_number ~ '^[0-9]{10}$'),
    kind            text not null check (kind in ('child-protection', 'looked-after', 'unborn')),
    start_day       date not null,
    end_day         date check (end_day >= start_day),
    due_day         date,
    birth_date      date not null,
    follows_row_id  text,
    removed         text check (removed in ('error', 'died', 'pregnancy-ended', 'adopted', 'number-changed')),
    deleted         boolean not null default false,
    visible_from    date not null,
    visible_until   date not null,
    status_until    date,
    episode_id      uuid not null unique,
    episode_version int not null,
    episode_updated timestamptz not null,
    episode_status  text not null check (episode_status in ('planned', 'active', 'finished', 'entered-in-error')),
    episode         bytea not null,
    flag_id         uuid not null unique,
    flag_version    int not null,
    flag_updated    timestamptz not null,
    flag_status     text not null check (flag_status in ('active', 'inactive', 'entered-in-error')),
    flag            bytea not null,
    primary key (council, row_id)
);
create index on cpis.plan (nhs_number);
create index on cpis.plan (council, episode_updated);
create index on cpis.plan (status_until) where status_until is not null;

-- Versions that a newer one replaced. The current one stands in its own table.
create table cpis.version (
    resource_type text not null,
    resource_id   text not null,
    version       int not null,
    council       text not null,
    nhs_number    text,
    status        text,
    updated       timestamptz not null,
    body          bytea not null,
    primary key (resource_type, resource_id, council, version)
);
create index on cpis.version (council, updated);

alter table cpis.organization alter column body set compression lz4;
alter table cpis.patient alter column body set compression lz4;
alter table cpis.plan alter column episode set compression lz4;
alter table cpis.plan alter column flag set compression lz4;
alter table cpis.version alter column body set compression lz4;

-- Row-level security: a transaction names its council, or says that it reads for health or for the server itself.
-- Whoever says neither sees nothing. A council reads and writes its own rows only.
alter table cpis.patient enable row level security;
alter table cpis.patient force row level security;
alter table cpis.plan enable row level security;
alter table cpis.plan force row level security;
alter table cpis.version enable row level security;
alter table cpis.version force row level security;

create policy own_rows on cpis.patient
    using (council = nullif(current_setting('cpis.council', true), ''))
    with check (council = nullif(current_setting('cpis.council', true), ''));
create policy all_councils on cpis.patient for select
    using (nullif(current_setting('cpis.reads', true), '') = 'every-council');
create policy own_rows on cpis.plan
    using (council = nullif(current_setting('cpis.council', true), ''))
    with check (council = nullif(current_setting('cpis.council', true), ''));
create policy all_councils on cpis.plan for select
    using (nullif(current_setting('cpis.reads', true), '') = 'every-council');
create policy own_rows on cpis.version
    using (council = nullif(current_setting('cpis.council', true), ''))
    with check (council = nullif(current_setting('cpis.council', true), ''));
create policy all_councils on cpis.version for select
    using (nullif(current_setting('cpis.reads', true), '') = 'every-council');

grant select, insert, update on cpis.organization, cpis.patient, cpis.plan to cpis_server;
grant select, insert on cpis.version to cpis_server;
reset role;
