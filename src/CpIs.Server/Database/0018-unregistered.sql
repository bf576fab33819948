-- Organisations whose people came with a valid token while the register did not know them, or had them inactive, and
-- when the first of them came: for 30 days they are answered. It names no council and no child.
set role cpis_owner;
create table cpis.unregistered (
    ods   text primary key,
    since timestamptz not null
);
grant select, insert, delete on cpis.unregistered to cpis_server;
reset role;
