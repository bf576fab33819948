-- What councils are told of, and whom: subscriptions, the numbered notices of each, and how far the ledger was followed.
set role cpis_owner;

-- A council's wish to be told, and how far telling it has come. 'events' is the number of its last notice, 'delivered'
-- of the last one its receiver took: what is between the two is still to be sent, in this order.
create table cpis.subscription (
    id            uuid primary key,
    council       text not null,
    client        text not null,
    version       int not null check (version > 0),
    updated       timestamptz not null,
    topic         text not null check (topic in ('access', 'attendance', 'person-change', 'plan-lapse')),
    -- Kinds of plan it is limited to; empty: all.
    kinds         text[] not null,
    reason        text not null,
    ends_at       timestamptz,
    -- Null: nothing is pushed, the council reads $events.
    endpoint      text,
    headers       text[] not null,
    payload       text not null,
    content       text not null check (content in ('empty', 'id-only', 'full-resource')),
    heartbeat_s   int check (heartbeat_s > 0),
    timeout_s     int check (timeout_s > 0),
    max_count     int check (max_count > 0),
    digest_min    int check (digest_min > 0),
    -- References in notices begin with it: the address under which the council asked.
    root          text not null,
    status        text not null check (status in ('requested', 'active', 'error', 'off')),
    error         text,
    -- Null until its receiver answered a handshake for the first time: from then on notices are numbered for it.
    activated     timestamptz,
    events        bigint not null default 0,
    delivered     bigint not null default 0 check (delivered <= events),
    -- When the sender must act: a handshake comes before everything else.
    handshake_due timestamptz,
    events_due    timestamptz,
    heartbeat_due timestamptz,
    failures      int not null default 0,
    failing_since timestamptz,
    parked        boolean not null default false,
    -- Which sender has it, and until when by the database's own clock, which no test and no server moves.
    claim         uuid,
    claimed_until timestamptz
);
create index on cpis.subscription (council);

-- One notice as it is sent: its numbered event, and the resources as they stood when it was made. 'source' names what
-- it is about, so that nothing is told twice.
create table cpis.notice (
    subscription uuid not null references cpis.subscription on delete cascade,
    number       bigint not null check (number > 0),
    council      text not null,
    made         timestamptz not null,
    source       text not null,
    nhs_number   text not null,
    -- The first is the focus.
    refs         text[] not null check (cardinality(refs) > 0),
    versions     int[] not null,
    bodies       bytea[] not null,
    primary key (subscription, number),
    unique (subscription, source)
);
create index on cpis.notice (made);
alter table cpis.notice alter column bodies set compression lz4;

-- How far each lane of the ledger was read. A lane has one writer and no gaps, so whatever is committed later stands
-- behind this position and cannot be skipped.
create table cpis.notice_position (
    lane     int primary key,
    position bigint not null
);
insert into cpis.notice_position (lane, position)
select lane, max(last) from ledger.batch group by lane;

alter table cpis.subscription enable row level security;
alter table cpis.subscription force row level security;
alter table cpis.notice enable row level security;
alter table cpis.notice force row level security;

create policy own_rows on cpis.subscription
    using (council = nullif(current_setting('cpis.council', true), ''))
    with check (council = nullif(current_setting('cpis.council', true), ''));
create policy all_councils on cpis.subscription for select
    using (nullif(current_setting('cpis.reads', true), '') = 'every-council');
-- The follower numbers notices and the sender sends them, for whichever council; neither answers anybody.
create policy telling on cpis.subscription
    using (nullif(current_setting('cpis.telling', true), '') = 'every-council')
    with check (nullif(current_setting('cpis.telling', true), '') = 'every-council');
create policy own_rows on cpis.notice for select
    using (council = nullif(current_setting('cpis.council', true), ''));
create policy telling on cpis.notice
    using (nullif(current_setting('cpis.telling', true), '') = 'every-council')
    with check (nullif(current_setting('cpis.telling', true), '') = 'every-council');
-- An attendance is told as it was reported, also when a newer version has replaced it meanwhile.
create policy telling on cpis.encounter_version for select
    using (nullif(current_setting('cpis.telling', true), '') = 'every-council');

grant select, insert, update, delete on cpis.subscription to cpis_server;
grant select, insert, delete on cpis.notice to cpis_server;
grant select, insert, update on cpis.notice_position to cpis_server;
reset role;
