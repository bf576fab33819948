-- The people this deployment knows by itself, where the national service cannot be asked. It is no council's data: no
-- row says that anything is held about anybody. What numbers were replaced or made invalid stands in cpis.superseded
-- and cpis.invalidated alone, whoever said so.
set role cpis_owner;

create table cpis.person (
    nhs_number  text primary key check (nhs_number ~ '^[0-9]{10}$'),
    -- Null where the register does not know it: then nothing verifies.
    birth_date  date,
    sensitive   boolean not null,
    deceased    boolean not null,
    version     int not null check (version > 0),
    updated     timestamptz not null
);

-- Every name the register gave a person, the usual one and those before: a council may know either.
create table cpis.person_name (
    nhs_number  text not null references cpis.person,
    family      text not null,
    -- In their order, with one space between two.
    given       text not null,
    since       timestamptz not null,
    primary key (nhs_number, family, given)
);

grant select, insert, update on cpis.person to cpis_server;
grant select, insert on cpis.person_name to cpis_server;
reset role;
