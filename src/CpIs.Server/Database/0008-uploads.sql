-- Caseloads that councils send whole: the job, its rows as they came in, and what became of each.
set role cpis_owner;

create sequence cpis.upload_turn;

-- One file. It names nobody: the submission's id, the counts and the sender are all it holds.
--   receiving -> waiting -> ending -> applying -> done      (ending: of plans that a snapshot leaves out)
create table cpis.upload (
    id          uuid primary key,
    council     text not null,
    submission  text not null,
    dry_run     boolean not null,
    mode        text not null check (mode in ('changes', 'snapshot')),
    -- Rows that a snapshot says it has; endings that the council confirms.
    stated      int,
    confirm_end int,
    allow_older boolean not null,
    extracted   timestamptz not null,
    format      text not null check (format in ('csv', 'ndjson')),
    header      text[] not null,
    request     text not null,
    -- The entry that each applied row's entry starts from: who sent the file.
    sender      text not null,
    state       text not null check (state in ('receiving', 'waiting', 'ending', 'applying', 'done')),
    touched     timestamptz not null,
    -- Of the bytes as they were before compression.
    hash        bytea,
    -- The order in which a council's files are taken.
    turn        bigint,
    received    timestamptz,
    finished    timestamptz,
    cancelled   boolean not null default false,
    -- Nothing was loaded for this council before it.
    first_load  boolean not null default false,
    -- Place of the last row that is done with.
    reached     text collate "C" not null default '',
    read        int not null default 0,
    inserted    int not null default 0,
    changed     int not null default 0,
    unchanged   int not null default 0,
    ended       int not null default 0,
    reopened    int not null default 0,
    removed     int not null default 0,
    refused     int not null default 0,
    skipped     int not null default 0,
    -- Refused rows whose plan stands as it was.
    kept        int not null default 0,
    -- Plans that a snapshot left out.
    absent      int not null default 0,
    -- Rows whose person demographics knew.
    verified    int not null default 0,
    file_code   text,
    file_issues jsonb not null default '[]',
    rows_gone   boolean not null default false,
    outcomes_gone boolean not null default false,
    check (inserted + changed + unchanged + ended + reopened + removed + refused + skipped <= read)
);
create unique index upload_submission on cpis.upload (council, submission, dry_run) where state <> 'receiving';
create index upload_open on cpis.upload (council, turn) where state not in ('receiving', 'done');
create index upload_applied on cpis.upload (council, extracted) where not dry_run;
create index upload_finished on cpis.upload (finished) where state = 'done' and not outcomes_gone;
create index upload_receiving on cpis.upload (touched) where state = 'receiving';

-- Files that their council wants stopped. Apart, because the job's own row is locked by one batch after another.
create table cpis.upload_stop (
    upload  uuid primary key,
    council text not null
);

-- Rows as they came in, until seven days after their file is done. What is wrong with a row by itself is known here.
create table cpis.upload_row (
    upload     uuid not null,
    row_no     int not null,
    council    text not null,
    line       int not null,
    at         bigint not null,
    -- Rows are taken in this order: person by person, endings first, plans that follow others last.
    place      text collate "C" not null,
    row_id     text,
    nhs_number text,
    -- Name and birth date, folded: what two rows of one person must agree on.
    who        text,
    kind       text,
    start_day  date,
    end_day    date,
    removed    text,
    -- The texts of the row in the header's order, as a JSON array.
    fields     text not null,
    issues     jsonb,
    primary key (upload, row_no)
);
create index upload_row_place on cpis.upload_row (upload, place) where issues is null;
create index upload_row_id on cpis.upload_row (upload, row_id) where row_id is not null;
create index upload_row_person on cpis.upload_row (upload, nhs_number) where nhs_number is not null;

-- What became of each row, until thirty days after its file is done. Texts only of refused rows, for errors.csv.
create table cpis.upload_outcome (
    upload          uuid not null,
    row_no          int not null,
    council         text not null,
    line            int not null,
    at              bigint not null,
    row_id          text,
    result          text not null check (result in
        ('inserted', 'changed', 'unchanged', 'ended', 'reopened', 'removed', 'refused', 'skipped')),
    -- Versioned references of an accepted row.
    versions        text[] not null default '{}',
    issues          jsonb,
    fields          text,
    primary key (upload, row_no)
);

-- Plans that a snapshot left out and so ended.
create table cpis.upload_absent (
    upload     uuid not null,
    row_id     text not null,
    council    text not null,
    nhs_number text not null,
    kind       text not null,
    start_day  date not null,
    primary key (upload, row_id)
);

alter table cpis.upload_row alter column fields set compression lz4;

alter table cpis.upload enable row level security;
alter table cpis.upload force row level security;
alter table cpis.upload_stop enable row level security;
alter table cpis.upload_stop force row level security;
alter table cpis.upload_row enable row level security;
alter table cpis.upload_row force row level security;
alter table cpis.upload_outcome enable row level security;
alter table cpis.upload_outcome force row level security;
alter table cpis.upload_absent enable row level security;
alter table cpis.upload_absent force row level security;

create policy own_rows on cpis.upload
    using (council = nullif(current_setting('cpis.council', true), ''))
    with check (council = nullif(current_setting('cpis.council', true), ''));
-- The worker looks whose turn it is, and every empty answer says when each council last sent.
create policy all_councils on cpis.upload for select
    using (nullif(current_setting('cpis.reads', true), '') = 'every-council');
create policy own_rows on cpis.upload_stop
    using (council = nullif(current_setting('cpis.council', true), ''))
    with check (council = nullif(current_setting('cpis.council', true), ''));
create policy all_councils on cpis.upload_stop for select
    using (nullif(current_setting('cpis.reads', true), '') = 'every-council');
create policy own_rows on cpis.upload_row
    using (council = nullif(current_setting('cpis.council', true), ''))
    with check (council = nullif(current_setting('cpis.council', true), ''));
create policy own_rows on cpis.upload_outcome
    using (council = nullif(current_setting('cpis.council', true), ''))
    with check (council = nullif(current_setting('cpis.council', true), ''));
create policy own_rows on cpis.upload_absent
    using (council = nullif(current_setting('cpis.council', true), ''))
    with check (council = nullif(current_setting('cpis.council', true), ''));

grant usage on sequence cpis.upload_turn to cpis_server;
grant select, insert, update, delete on cpis.upload, cpis.upload_row to cpis_server;
grant select, insert, delete on cpis.upload_outcome, cpis.upload_absent, cpis.upload_stop to cpis_server;
reset role;
