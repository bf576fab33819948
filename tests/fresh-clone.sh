#!/usr/bin/env bash
# A newcomer's first five minutes: clone into a closed folder, start, paste the printed lines, stop, start again.
set -euo pipefail
umask 077

checkout=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd -P)
first_start_seconds_max=300
second_start_seconds_max=10
stop_seconds_max=60

home=$(mktemp -d "$HOME/cpis-newcomer-XXXXXX")
clone="$home/clone"
log="$home/up.log"
port=$((20000 + RANDOM % 20000))
server=

# As root the data lies outside the clone, under the hash of its path.
hash=$(printf %s "$clone" | sha256sum | cut -c1-16)
if [ "$(id -u)" -eq 0 ]; then data="/var/lib/cpis/$hash"; else data="$clone/.data"; fi

fail() {
  printf 'fresh clone: %s\n' "$*" >&2
  [ -e "$log" ] && tail -n 40 "$log" >&2
  exit 1
}

clear_up() {
  if [ -n "$server" ] && kill -0 "$server" 2>/dev/null; then
    kill -TERM "$server"
    wait "$server" || true
  fi
  rm -rf "$home"
  if [ "$(id -u)" -eq 0 ]; then rm -rf "$data" "/run/cpis/$hash"; fi
}
trap clear_up EXIT

start() {
  local most=$1 since=$SECONDS
  : >"$log"
  # Called from elsewhere: nothing may depend on the folder one stands in.
  (cd / && exec "$clone/cpis" up --port "$port") >"$log" 2>&1 </dev/null &
  server=$!
  until grep -q '^ready' "$log"; do
    kill -0 "$server" 2>/dev/null || fail "the server ended before it was ready"
    [ $((SECONDS - since)) -lt "$most" ] || fail "not ready after $most s"
    sleep 0.2
  done
  printf 'fresh clone: ready after %s s\n' "$((SECONDS - since))"
}

stop() {
  local since=$SECONDS
  kill -TERM "$server"
  while kill -0 "$server" 2>/dev/null; do
    [ $((SECONDS - since)) -lt "$stop_seconds_max" ] || fail "not stopped after $stop_seconds_max s"
    sleep 0.2
  done
  wait "$server" || fail "the server ended with code $?"
  server=
  if [ -e "$data/postgres/data/postmaster.pid" ]; then fail "a postmaster was left behind"; fi
}

# The printed lines, exactly as printed: each must answer with a resource that is not a refusal.
paste_lines() {
  local lines line answer
  mapfile -t lines < <(grep -E '^[[:space:]]*curl ' "$log")
  [ "${#lines[@]}" -ge 3 ] || fail "expected at least three curl lines, found ${#lines[@]}"
  for line in "${lines[@]}"; do
    answer=$(bash -c "$line" 2>/dev/null </dev/null) || fail "this printed line failed: $line"
    case $answer in
      *'"resourceType":"Bundle"'* | *'"resourceType": "Bundle"'*) ;;
      *) fail "this printed line did not answer with a Bundle: $line
$answer" ;;
    esac
  done
  printf 'fresh clone: %s printed lines answered\n' "${#lines[@]}"
}

git -c safe.directory='*' clone --quiet "$checkout" "$clone" || fail "git clone failed"
start "$first_start_seconds_max"
paste_lines
stop
start "$second_start_seconds_max"
paste_lines
stop
printf 'fresh clone: passed\n'
