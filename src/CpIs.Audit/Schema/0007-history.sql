-- What a line of the clinical history shows of its access, so that a look-up reads its lines from one place and never
-- joins the months of the ledger. The entry they are taken from stands in the same commit.
alter table ledger.access
    add column interaction       text,
    add column action            text,
    add column name              text,
    add column role              text,
    add column organisation_name text,
    add column setting           text;
