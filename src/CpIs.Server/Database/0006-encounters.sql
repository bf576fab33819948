-- Attendances that EPRs report of people with a visible plan (R19), and the versions that newer ones replaced.
set role cpis_owner;

create table cpis.encounter (
    id                uuid primary key,
    organisation      text not null,
    nhs_number        text not null check (nhs_number ~ '^[0-9]{10}$'),
    identifier_system text not null,
    identifier_value  text not null,
    status            text not null,
    class             text not null,
    setting           text not null,
    category          text,
    started           timestamptz not null,
    ended             timestamptz check (ended >= started),
    -- Days in Europe/London: on which it began, and on which it was first reported.
    began             date not null,
    reported          date not null,
    version           int not null,
    updated           timestamptz not null,
    body              bytea not null,
    -- The organisation stands in the key, so no key tells one organisation of another's encounters.
    unique (organisation, identifier_system, identifier_value)
);
create index on cpis.encounter (nhs_number, began);

create table cpis.encounter_version (
    id           uuid not null,
    version      int not null,
    organisation text not null,
    nhs_number   text not null,
    updated      timestamptz not null,
    body         bytea not null,
    primary key (id, version)
);

alter table cpis.encounter alter column body set compression lz4;
alter table cpis.encounter_version alter column body set compression lz4;

-- Row-level security: an organisation reads and writes its own; a council reads those of people it holds a plan for;
-- the count of attendances (R20) reads all, and says so by a setting of its own, which opens nothing else. Whoever
-- says none of these sees nothing. A plan under another number of the same person counts (R9).
alter table cpis.encounter enable row level security;
alter table cpis.encounter force row level security;
alter table cpis.encounter_version enable row level security;
alter table cpis.encounter_version force row level security;

create policy own_rows on cpis.encounter
    using (organisation = nullif(current_setting('cpis.organisation', true), ''))
    with check (organisation = nullif(current_setting('cpis.organisation', true), ''));
create policy own_people on cpis.encounter for select
    using (exists (select 1 from cpis.linked(array[encounter.nhs_number]) l
        join cpis.plan p on p.nhs_number = l.nhs_number
        where p.council = nullif(current_setting('cpis.council', true), '') and not p.deleted and p.removed is null));
create policy every_organisation on cpis.encounter for select
    using (nullif(current_setting('cpis.attendances', true), '') = 'every-organisation');
create policy own_rows on cpis.encounter_version
    using (organisation = nullif(current_setting('cpis.organisation', true), ''))
    with check (organisation = nullif(current_setting('cpis.organisation', true), ''));
create policy own_people on cpis.encounter_version for select
    using (exists (select 1 from cpis.linked(array[encounter_version.nhs_number]) l
        join cpis.plan p on p.nhs_number = l.nhs_number
        where p.council = nullif(current_setting('cpis.council', true), '') and not p.deleted and p.removed is null));

grant select, insert, update on cpis.encounter to cpis_server;
grant select, insert on cpis.encounter_version to cpis_server;
reset role;
