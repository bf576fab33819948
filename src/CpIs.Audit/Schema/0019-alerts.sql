-- What an auditor should look at: somebody went through many patients, or broke the glass. Such entries are few; where
-- there are none an insert does not touch the index.
set role cpis_owner;
create index entry_alert on ledger.entry (recorded) where kind = 'alert';
reset role;
