-- Keys that the links of later pages are encrypted with, for all servers on this database. Whoever reads them here could
-- read what the links hold from the tables themselves.
set role cpis_owner;
create table cpis.page_key (
    name    text primary key,
    made    timestamptz not null default clock_timestamp(),
    element text not null
);
grant select, insert on cpis.page_key to cpis_server;
reset role;
