-- The people this deployment knows by itself, where the national service cannot be asked. It is no council's data: no
-- row says that anything is held about anybody. What numbers were replaced or made invalid stands in cpis.superseded
-- and cpis.invalidated alone, whoever said so.
set role cpis_owner;

create table cpis.person (
    nhs_number  text primary key check (nhs_number ~ '^[0-9]{10}$'),
    -- Null where the register does not know it: then nothing verifies.
    birth_date  date,
    sensitive   boolean not null,
    deceased    boolean not null,
    version     int not null check (version > 0),
    updated     timestamptz not null
);

-- Every name the register gave a person, the usual one and those before: a council may know either.
create table cpis.person_name (
    nhs_number  text not null references cpis.person,
    family      text not null,
    -- In their order, with one space between two.
    given       text not null,
    since       timestamptz not null,
    primary key (nhs_number, family, given)
);

-- The registrar's files: a table of their own beside cpis.upload, since they belong to no council, have no submission
-- to be answered again, and end nothing. A job is taken once received is set; what it did is the sum of its steps.
create table cpis.register_job (
    id            uuid primary key,
    client        text not null,
    organisation  text not null,
    request       text not null,
    -- The entry that each entry of the file starts from: who sent it.
    sender        text not null,
    header        text[] not null,
    begun         timestamptz not null,
    received      timestamptz,
    rows          int not null default 0 check (rows >= 0)
);
create index register_job_begun on cpis.register_job (begun);

-- Rows as they came, until seven days after the file was received.
create table cpis.register_row (
    job     uuid not null references cpis.register_job on delete cascade,
    row_no  int not null,
    -- The texts of the row in the header's order, as a JSON array.
    fields  text not null,
    -- Why the row could not be cut out of the file; null when it could.
    fault   text,
    primary key (job, row_no)
);

-- A batch that was taken, in the commit that took it: no batch is taken twice, whoever works.
create table cpis.register_step (
    job        uuid not null references cpis.register_job on delete cascade,
    first      int not null check (first > 0),
    rows       int not null check (rows = inserted + changed + unchanged + refused),
    inserted   int not null,
    changed    int not null,
    unchanged  int not null,
    refused    int not null,
    at         timestamptz not null,
    primary key (job, first)
);

create table cpis.register_refusal (
    job     uuid not null references cpis.register_job on delete cascade,
    row_no  int not null,
    code    text not null,
    reason  text not null,
    primary key (job, row_no)
);

grant select, insert, delete on cpis.register_job, cpis.register_row, cpis.register_step, cpis.register_refusal
    to cpis_server;
grant update (received, rows) on cpis.register_job to cpis_server;
grant select, insert, update on cpis.person to cpis_server;
grant select, insert on cpis.person_name to cpis_server;
reset role;
