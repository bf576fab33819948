-- What the first fault runs of uploads asked for.
set role cpis_owner;

-- A file that was never accepted is forgotten bit by bit: from the first bit on nothing can accept it any more.
alter table cpis.upload add column forgotten boolean not null default false;

-- Before the first file, and after a crash, PostgreSQL takes the rows for a handful and compares each with each: hours
-- where seconds do. Only the owner of a table may have it measured.
create function cpis.measure_upload_rows() returns void language sql security definer
    set search_path = pg_catalog as 'analyze cpis.upload_row';
revoke all on function cpis.measure_upload_rows() from public;
grant execute on function cpis.measure_upload_rows() to cpis_server;
reset role;
