#!/usr/bin/env bash
# Fuzzes the resource checker on one core:  tests/fuzz/run.sh [seconds]
# Needs afl-fuzz (apt-get install afl++). All it makes lies in a temporary folder, which stays only when it found
# something. Ends with 0 when nothing crashed or hung.
set -euo pipefail

checkout=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd -P)
seconds=${1:-420}
sharpfuzz_version=2.3.0
# With its plus sign the most afl may choose as a limit; what exceeds the chosen one is a hang only after afl's 1 s.
answer_ms_max=5000
heap_bytes_max=0x20000000
every_nth_invalid=8
dictionary_words_max=200
stop_grace_seconds=60

refuse() { printf 'fuzz: %s\n' "$*" >&2; exit 2; }

[[ $seconds =~ ^[1-9][0-9]*$ ]] || refuse "seconds must be a number, not '$seconds'"
command -v afl-fuzz >/dev/null || refuse "afl-fuzz is missing. Install it with:  apt-get install afl++"

folder=$(mktemp -d)
keep=
clear_up() { if [ -z "$keep" ]; then rm -rf "$folder"; fi; }
trap clear_up EXIT

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
export DOTNET_CLI_USE_MSBUILD_SERVER=0 UseSharedCompilation=false

# What is shipped, in a copy, with a counter at every branch of our own code and none elsewhere.
dotnet publish "$checkout/tests/fuzz/CpIs.Fuzz" -c Release -o "$folder/target" -v quiet -nologo
dotnet tool install SharpFuzz.CommandLine --version "$sharpfuzz_version" --tool-path "$folder/tool" >/dev/null
"$folder/tool/sharpfuzz" "$folder/target/CpIs.Fhir.dll"

# A seed is an example behind the byte that names its type: the type's place in Target.cs.
mapfile -t types < <(sed -n 's/^        "\([A-Za-z]*\)",$/\1/p' "$checkout/tests/fuzz/CpIs.Fuzz/Target.cs")
mkdir "$folder/seeds"
seed() {
  local file=$1 type place
  type=$(grep -om1 '"resourceType": *"[A-Za-z]*"' "$file" | head -n 1 | sed 's/.*"\([A-Za-z]*\)"$/\1/') || true
  for place in "${!types[@]}"; do
    if [ "${types[$place]}" = "$type" ]; then
      { printf "\\x$(printf %02x "$place")"; cat "$file"; } >"$folder/seeds/$(basename "$file")"
    fi
  done
}
examples="$checkout/profiles/examples"
for file in "$examples"/valid/*.json "$examples"/r4/*.json; do seed "$file"; done
number=0
for file in "$examples"/invalid/*.json; do
  case $file in *.outcome.json) continue ;; esac
  if [ $((number % every_nth_invalid)) -eq 0 ]; then seed "$file"; fi
  number=$((number + 1))
done

# The words of the examples, most frequent first: a fuzzer would hardly guess "resourceType".
cat "$examples"/valid/*.json "$examples"/r4/*.json | grep -oE '"[A-Za-z-]{2,40}"' | sort | uniq -c | sort -k1,1nr -k2 |
  awk -v most="$dictionary_words_max" 'NR <= most { gsub(/"/, "\\\"", $2); printf "\"%s\"\n", $2 }' >"$folder/words.dict"

export AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1
# The memory limit is the heap's: .NET reserves far more addresses than it uses, so afl's own must be off.
export DOTNET_GCHeapHardLimit=$heap_bytes_max
printf 'fuzz: %s seeds, %s s\n' "$(find "$folder/seeds" -type f | wc -l)" "$seconds"
fuzz() {
  local out=$1
  shift
  timeout -k 5 $((seconds + stop_grace_seconds)) nice -n 10 afl-fuzz "$@" -t "$answer_ms_max+" -m none \
    -i "$folder/seeds" -o "$out" -x "$folder/words.dict" \
    -- dotnet "$folder/target/CpIs.Fuzz.dll" >"$out.log" 2>&1 </dev/null
}

# What the seeds reach by themselves: a run that ends at its first own input.
fuzz "$folder/first" -E 1 || true
code=0
fuzz "$folder/out" -V "$seconds" || code=$?

stats="$folder/out/default/fuzzer_stats"
if [ ! -e "$stats" ]; then
  tail -n 30 "$folder/out.log" >&2
  refuse "afl-fuzz did not start (code $code)"
fi
value() { sed -n "s/^$1 *: *//p" "$stats"; }
for name in run_time execs_done execs_per_sec cycles_done corpus_count corpus_found max_depth edges_found bitmap_cvg \
  stability saved_crashes saved_hangs; do
  printf '%-14s %s\n' "$name" "$(value "$name")"
done
stats="$folder/first/default/fuzzer_stats"
printf '%-14s %s\n' edges_of_seeds "$(value edges_found)" execs_of_seeds "$(value execs_done)"
stats="$folder/out/default/fuzzer_stats"
if [ "$(value saved_crashes)" != 0 ] || [ "$(value saved_hangs)" != 0 ]; then
  keep=yes
  printf 'fuzz: what was found lies in %s\n' "$folder/out/default" >&2
  exit 1
fi
if [ "$code" -ne 0 ]; then
  tail -n 30 "$folder/out.log" >&2
  refuse "afl-fuzz ended with code $code"
fi
