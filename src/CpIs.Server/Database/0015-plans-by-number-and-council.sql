-- A submission asks for a council's plans of a number, a look-up for all plans of it. While PostgreSQL knows nothing yet
-- of a table that fills, an index of the number alone looked to it no better than all plans of the council.
set role cpis_owner;
create index plan_number on cpis.plan (nhs_number, council);
drop index cpis.plan_nhs_number_idx;

-- A policy says what may be seen, never how it is found: with the bare column it made PostgreSQL read all plans of the
-- council before each row it locked.
alter policy own_rows on cpis.plan using (council || '' = nullif(current_setting('cpis.council', true), ''));
reset role;
