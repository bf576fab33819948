-- Replaced versions of encounters are for telling councils of them. The count of attendances (R20) reads what stands,
-- and its setting must open no more than that.
set role cpis_owner;
alter policy every_organisation on cpis.encounter_version
    using (nullif(current_setting('cpis.telling', true), '') = 'every-council');
reset role;
