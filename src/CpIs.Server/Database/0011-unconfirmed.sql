-- A plan whose council sent something newer that was refused: shown as it stands, and said to be unconfirmed.
set role cpis_owner;

alter table cpis.plan add column unconfirmed boolean not null default false;

-- The refused rows of a file, to find the plans they were about.
create index upload_outcome_refused on cpis.upload_outcome (upload, row_id) where result = 'refused';
reset role;
