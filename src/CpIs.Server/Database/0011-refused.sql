-- What refused rows mean: the plan they were about is shown as it stands, and said to be unconfirmed.
set role cpis_owner;

alter table cpis.plan add column unconfirmed boolean not null default false;

-- The refused rows of a file, to find the plans they were about.
create index upload_outcome_refused on cpis.upload_outcome (upload, row_id) where result = 'refused';

-- The registrar's files can be stopped, and a refused row is named by its place.
alter table cpis.register_job add column cancelled boolean not null default false;
alter table cpis.register_row add column line int not null default 0;
alter table cpis.register_row add column at bigint not null default 0;
alter table cpis.register_step add column skipped int not null default 0;
alter table cpis.register_step drop constraint register_step_check;
alter table cpis.register_step add constraint register_step_check
    check (rows = inserted + changed + unchanged + refused + skipped);
grant update (cancelled) on cpis.register_job to cpis_server;

-- Protected people whose rows were taken all the same: where they were looked up is told to nobody but auditors.
create table cpis.protected_number (
    nhs_number  text primary key check (nhs_number ~ '^[0-9]{10}$'),
    since       timestamptz not null
);
grant select, insert, delete on cpis.protected_number to cpis_server;
reset role;
