-- Which versions are deletions: a history names them without their content, and a read of one says it is gone.
set role cpis_owner;

alter table cpis.version add column deleted boolean not null default false;

-- An organisation that is no more keeps its row, so that its ODS code is never given out twice; old versions are kept.
alter table cpis.organization add column deleted boolean not null default false;

create table cpis.organization_version (
    id       text not null,
    version  int not null,
    updated  timestamptz not null,
    deleted  boolean not null,
    body     bytea not null,
    primary key (id, version)
);
alter table cpis.organization_version alter column body set compression lz4;
grant select, insert on cpis.organization_version to cpis_server;
reset role;
