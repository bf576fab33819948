-- What the passing of time and of NHS numbers does to plans.
set role cpis_owner;

-- When a council last sent something: the words of an empty answer ask this every second, for every council. What the
-- server does by itself (the clock) is none of it.
create index entry_sent on ledger.entry (organisation, recorded)
    where kind = 'rest' and outcome = 0 and action in ('C', 'U', 'D')
        and resource_type in ('EpisodeOfCare', 'Flag', 'Patient');

-- R3: open unborn plans by the day they lapse, for the notice 14 days before and on the day itself.
create index plan_lapses on cpis.plan (visible_until)
    where kind = 'unborn' and end_day is null and removed is null and not deleted;

-- R9: one NHS number superseded by another, as a register says it. A link is never rewritten: it is withdrawn (until)
-- and, when it holds again, made anew. A number has one successor at a time, so all numbers of a person form a tree.
create table cpis.superseded (
    from_number text not null check (from_number ~ '^[0-9]{10}$'),
    to_number   text not null check (to_number ~ '^[0-9]{10}$' and to_number <> from_number),
    source      text not null,
    since       timestamptz not null,
    until       timestamptz check (until >= since),
    primary key (from_number, to_number, since)
);
create unique index superseded_successor on cpis.superseded (from_number) where until is null;
create index superseded_predecessors on cpis.superseded (to_number) where until is null;

-- R9: a number made invalid without a successor, as after an adoption. Nothing may ever lead from it to another.
create table cpis.invalidated (
    nhs_number text not null check (nhs_number ~ '^[0-9]{10}$'),
    source     text not null,
    since      timestamptz not null,
    until      timestamptz check (until >= since),
    primary key (nhs_number, since)
);
create unique index invalidated_now on cpis.invalidated (nhs_number) where until is null;

-- Every number of the people asked about, the asked ones included: relation is what the asked number is to it ('same',
-- 'replaced-by', 'replaces', or 'beside' when one number replaced both). The number in force is the 'replaced-by' of
-- the most steps. Sixteen numbers are the most that one person may have (Succession.NumbersMax). Every look-up goes
-- through here and hardly any person has a link: in PL/pgSQL the plans are kept, only who has a link is walked from,
-- and the asking query's plan does not grow by the walk's; a small table would be read from end to end each time.
create function cpis.linked(numbers text[])
returns table (asked text, nhs_number text, relation text, steps int)
language plpgsql stable rows 10 set enable_seqscan = off as $$
#variable_conflict use_variable
declare
    seen  text[];
    how   text[];
    far   int[];
    at    int;
    link  record;
begin
    return query select n, n, 'same', 0 from unnest(numbers) n;
    for asked in
        select s.from_number from cpis.superseded s where s.from_number = any (numbers) and s.until is null
        union
        select s.to_number from cpis.superseded s where s.to_number = any (numbers) and s.until is null
    loop
        seen := array[asked];
        how := array['same'];
        far := array[0];
        at := 1;
        while at <= cardinality(seen) loop
            for link in
                select s.to_number as other, 'replaced-by' as kind from cpis.superseded s
                where s.from_number = seen[at] and s.until is null
                union all
                select s.from_number, 'replaces' from cpis.superseded s
                where s.to_number = seen[at] and s.until is null
            loop
                continue when link.other = any (seen) or cardinality(seen) >= 16;
                nhs_number := link.other;
                relation := case when how[at] in ('same', link.kind) then link.kind else 'beside' end;
                steps := far[at] + 1;
                seen := seen || nhs_number;
                how := how || relation;
                far := far || steps;
                return next;
            end loop;
            at := at + 1;
        end loop;
    end loop;
end
$$;

grant select, insert on cpis.superseded, cpis.invalidated to cpis_server;
grant update (until) on cpis.superseded, cpis.invalidated to cpis_server;

-- A plan keeps its row_id when it goes on under the number that superseded its own (R9); the one that was closed for it
-- keeps its ids and its row, counted in 'closed'. 0: the plan that stands.
alter table cpis.plan add column closed int not null default 0 check (closed >= 0);
alter table cpis.plan drop constraint plan_pkey;
alter table cpis.plan add primary key (council, row_id, closed);
reset role;
