-- A council pages through its own plans in the order of their ids: each page begins where the one before ended.
set role cpis_owner;
create index plan_flags on cpis.plan (council, flag_id) where not deleted;
create index plan_episodes on cpis.plan (council, episode_id) where not deleted;
reset role;
