-- Deliveries of notices are recorded on a lane of their own: they hold up no look-up and no upload.
set role cpis_owner;
alter table ledger.lane drop constraint lane_kind_check;
alter table ledger.lane add constraint lane_kind_check check (kind in ('read', 'write', 'upload', 'notice'));
reset role;
