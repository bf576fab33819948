-- A submission asks for a council's plans of a number, a look-up for all plans of it. While PostgreSQL knows nothing yet
-- of a table that fills, an index of the number alone looked to it no better than all plans of the council.
set role cpis_owner;
create index plan_number on cpis.plan (nhs_number, council);
drop index cpis.plan_nhs_number_idx;
reset role;
