-- What writes were answered, for a client that sends one again under the same X-Request-ID: kept for a day, written in
-- the transaction of the change itself. A row is seen by the very caller it was an answer to, and by nobody else.
set role cpis_owner;

create table cpis.remembered (
    caller   text not null,
    request  text not null,
    -- SHA-256 of method, target and body: the same request, or another under its id.
    asked    bytea not null,
    at       timestamptz not null,
    -- Status, headers, and what the record of a replay names.
    answer   bytea not null,
    body     bytea,
    primary key (caller, request)
);
create index remembered_by_age on cpis.remembered (at);
alter table cpis.remembered alter column body set compression lz4;

alter table cpis.remembered enable row level security;
alter table cpis.remembered force row level security;
create policy own_rows on cpis.remembered
    using (caller = nullif(current_setting('cpis.caller', true), ''))
    with check (caller = nullif(current_setting('cpis.caller', true), ''));
-- The worker that forgets reads no answers but must find what is old.
create policy forgetting on cpis.remembered for select
    using (nullif(current_setting('cpis.forgets', true), '') = 'every-caller');
create policy forgetting_old on cpis.remembered for delete
    using (nullif(current_setting('cpis.forgets', true), '') = 'every-caller');

grant select, insert, update, delete on cpis.remembered to cpis_server;
reset role;
