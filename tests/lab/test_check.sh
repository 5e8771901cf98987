#!/bin/sh
# test_check.sh - `holdfast check`, as its users meet it: what it prints, where, and
# with which exit status; parts and their sums; processes that die; mutants
#
# Whether the verdicts are right is the business of tests/explore.  Run by `make check`,
# from the tree's root, with B the build directory.

# shellcheck disable=SC2317 # tests are called by name

cd "$(dirname "$0")/../.." || exit 2
B=${B:-build}
case $B in
/*) ;;
*) B=$PWD/$B ;;
esac
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
said=$dir/said
. tests/try.sh
unset HOLDFAST_SCENARIOS NO_COLOR COLUMNS OMPI_COMM_WORLD_RANK PMI_RANK SLURM_PROCID
cd "$dir" || exit 2

# exits STATUS ARGUMENT...: of `holdfast check`; out and err are left behind
exits() {
	want=$1
	shift
	${limited:+prlimit --cpu=1} "$B/holdfast" check "$@" >out 2>err
	got=$?
	[ $got = "$want" ] && return
	echo "exit status $got, not $want"
	cat out err
	return 1
}

# says FILE PATTERN...: each is in it
says() {
	file=$1
	shift
	for pattern; do
		grep -q -e "$pattern" "$file" || { echo "not said: $pattern"; cat "$file"; return 1; }
	done
}

not() { ! "$@"; }

# member NAME: of the only object in out
member() { sed -n "s/.*\"$1\": \"\{0,1\}\([^,\"}]*\).*/\1/p" out; }

# ---- scenarios -------------------------------------------------------------------------------

mkdir scenarios scenarios/races
cat >scenarios/races/good.scn <<'END'
scenario  good
why       "A pinned page stays its owner's while a fork goes on."
promise   coherent isolated

map    A buf anon private rw 1
store  A buf "old"
thread
  pin    A buf write as dma
thread
  fork   A B
end
store  A buf "own"
expect dma "own" promise coherent
expect B buf "old" promise isolated
unpin  dma
END
# Broken under a design of history, and the file says so.
sed 's/^scenario.*/scenario old/; s/^promise.*/&\nbroken under linux-5.9\ncheck under linux-5.9 holdfast/' \
	scenarios/races/good.scn >scenarios/races/old.scn
# The other way round.
sed 's/^scenario.*/scenario wrong/; s/^promise.*/&\nbroken under holdfast/' scenarios/races/good.scn >wrong.scn
sed 's/^scenario.*/scenario fails/; $a never page A buf = page dma' scenarios/races/good.scn | sed '/^unpin/d' >fails.scn
sed 's/^scenario.*/scenario empty/; $a seen B buf "nobody writes this"' scenarios/races/good.scn >empty.scn
cat >big.scn <<'END'
scenario  big
why       "Enough steps to take a while."
promise   coherent isolated

map    A buf anon private rw 2
store  A buf "old"
thread
  pin    A buf write as dma
  unpin  dma
  store  A buf "new"
thread
  pin    A buf+1p read as other
  unpin  other
  store  A buf+1p "new"
thread
  fork   A B
  exit   B
end
expect A buf "new"
END
cat >parts.scn <<'END'
scenario  parts
why       "Some hundred executions."
promise   coherent isolated

map    A buf anon private rw 1
store  A buf "old"
thread
  pin    A buf write as dma
  unpin  dma
thread
  fork   A B
  exit   B
end
expect A buf "old"
END
cat >plain.scn <<'END'
scenario  plain
why       "No threads."
promise   coherent

map    A buf anon private rw 1
store  A buf "old"
expect A buf "old"
END
cp plain.scn scenarios/races/plain.scn

# ---- verdicts --------------------------------------------------------------------------------

proved() {
	exits 0 scenarios/races/good.scn &&
		says out '^races/good  holdfast  c11  PROVED .* executions .* outcome' \
			'^1 proved, 0 violated as expected, 0 not as expected; [0-9,]* executions in [0-9.]* s$' &&
		not says err .
}

as_the_file_says() {
	exits 0 scenarios/races &&
		says out '^races/good  holdfast   c11  PROVED' '^races/old   linux-5.9  c11  VIOLATED' 'as the file says' \
			'^races/old   holdfast   c11  PROVED' '^2 proved, 1 violated as expected, 0 not' &&
		not says out 'replay '
}

the_story() {
	exits 0 scenarios/races/old.scn --design linux-5.9 &&
		says out 'VIOLATED' 'replay *holdfast check .*races/old.* --design linux-5.9 .*--execution [0-9]'
}

verbose() {
	exits 0 scenarios/races/old.scn && lines=$(wc -l <out) && exits 0 scenarios --verbose && says out 'replay ' &&
		[ "$(wc -l <out)" -gt "$lines" ]
}
quiet() { exits 0 scenarios --quiet && [ "$(grep -c . out)" = 1 ]; }
without_arguments() { exits 0 --scenarios scenarios && says out '^races/good ' '^races/old '; }
by_name() { exits 0 --scenarios scenarios races/good && says out '^races/good '; }

json() {
	exits 0 --format json scenarios/races/good.scn &&
		says out '^{"scenario": "races/good", "design": "holdfast", "model": "c11", "verdict": "proved", "executions": [0-9]*, "seconds": [0-9.]*, "broken": \[\], "kind": "", "reason": "", "as_expected": true, ' &&
		exits 0 --format json scenarios/races/old.scn --design linux-5.9 &&
		says out '"verdict": "violated"' '"broken": \["' '"kind": "promise"' '"number": [1-9]'
}

json_is_json() {
	exits 1 --format json --save save scenarios wrong.scn fails.scn empty.scn plain.scn &&
		python3 -c 'import json, sys
for line in open("out"):
    json.loads(line)
decoder, text = json.JSONDecoder(), open("save").read()
while text.strip():
    text = text[decoder.raw_decode(text.lstrip())[1] + len(text) - len(text.lstrip()):]'
}

tap() {
	exits 1 --format tap scenarios/races fails.scn &&
		says out '^1\.\.4$' '^ok 1 - races/good, holdfast, c11: proved$' '^ok 2 - .*linux-5.9, c11: violated' \
			'^not ok 4 - fails'
}

not_as_the_file_says() { exits 1 wrong.scn && says out 'PROVED' 'the file says that it is broken under holdfast'; }
fails() { exits 1 fails.scn && says out 'VIOLATED' 'replay ' ' 1 not as expected'; }
all_of_them() { exits 1 --all --format json fails.scn && [ "$(member violating)" -gt 1 ]; }

one_again() {
	exits 1 --format json fails.scn || return
	number=$(member number)
	exits 1 --format json --execution "$number" fails.scn && [ "$(member number)" = "$number" ] &&
		exits 0 --execution 1 scenarios/races/good.scn && exits 1 --execution 1000000 scenarios/races/good.scn &&
		says out 'there is no execution 1000000'
}

empty() { exits 1 empty.scn && says out 'EMPTY' 'no execution shows it' '1 empty'; }
limits() { exits 1 --executions 2 big.scn && says out 'NOT FINISHED' '1 not finished'; }
seconds() { exits 1 --naive --seconds 1 big.scn && says out 'NOT FINISHED'; }

at_random() {
	exits 0 --random 20 --seed 7 --format json scenarios/races/good.scn &&
		says out '"verdict": "unfinished", "executions": 20,' '"seed": 7' && sed 's/"seconds": [0-9.]*//' out >first &&
		exits 0 --random 20 --seed 7 --format json scenarios/races/good.scn &&
		sed 's/"seconds": [0-9.]*//' out | diff first - && exits 0 --random 20 scenarios/races/good.scn &&
		says out '--seed [0-9]'
}

models() {
	for model in c11 tso sc; do
		exits 0 --model $model --format json scenarios/races/good.scn && [ "$(member model)" = $model ] || return
	done
}

naive() {
	exits 0 --format json scenarios/races/good.scn || return
	reduced=$(member executions)
	exits 1 --naive --seconds 1 --format json scenarios/races/good.scn && [ "$(member executions)" -gt "$reduced" ]
}

try "a proof" proved
try "violated as the file says" as_the_file_says
try "a story, and how to have it again" the_story
try "--verbose tells expected ones too" verbose
try "--quiet" quiet
try "without a path: all that have threads" without_arguments
try "a scenario's name" by_name
try "JSON" json
if python3 -c 'import json' 2>/dev/null; then
	try "JSON is JSON" json_is_json
else
	skip "JSON is JSON" "there is no python3 with its json module here"
fi
try "TAP" tap
try "proved, and the file says that it breaks" not_as_the_file_says
try "violated, and the file does not say so" fails
try "--all counts" all_of_them
try "--execution" one_again
try "an empty proof" empty
try "--executions" limits
try "--seconds" seconds
try "--random, and again" at_random
try "--model" models
try "--naive" naive

# ---- words -----------------------------------------------------------------------------------

nothing_possible() {
	exits 77 plain.scn && says out 'SKIPPED' && mkdir -p plains && cp plain.scn plains && exits 77 plains &&
		says err 'holdfast run'
}

usage() {
	exits 2 --design nobody plain.scn && says err 'unknown design' && exits 2 --design linux-5.90 plain.scn &&
		says err 'did you mean linux-5.9' && exits 2 --design holdfast, plain.scn && exits 2 --model arm plain.scn &&
		exits 2 --execution 3 scenarios && exits 2 --mutant nobody plain.scn && exits 2 --mutate --all plain.scn &&
		exits 2 --quiet --verbose plain.scn && exits 2 --depth 0 plain.scn && exits 2 --survivors x plain.scn &&
		exits 2 --random 3 --shard 1/2 plain.scn && exits 2 races/godo --scenarios scenarios && says err 'races/good'
}

shard_usage() {
	for shard in 0/3 4/3 1 1/ /2 a/b 1/2/3 -1/2 1/99999999999 mpi; do
		exits 2 --shard $shard scenarios/races/good.scn || return
	done
}

bad_file() {
	echo nonsense >bad.scn
	exits 2 scenarios/races/good.scn bad.scn && says out PROVED && says err '^bad.scn:1:1: '
}

unwritable() { exits 2 --save /nowhere/file scenarios && says err '/nowhere/file: '; }

try "nothing possible" nothing_possible
try "usage" usage
try "--shard: usage" shard_usage
try "a file with nonsense in it" bad_file
try "--save where nothing can be written" unwritable

# ---- parts -----------------------------------------------------------------------------------

# sum_of PARTS [DEPTH]: the executions of all parts of parts.scn
sum_of() {
	sum=0 part=1
	while [ $part -le "$1" ]; do
		exits 0 --shard $part/"$1" --depth "${2:-12}" --format json parts.scn >&2 || return
		sum=$((sum + $(member executions)))
		part=$((part + 1))
	done
	echo $sum
}

same_sums() {
	one=$(sum_of 1) && two=$(sum_of 2) && five=$(sum_of 5) && echo "$one $two $five" && [ "$one" -gt 10 ] &&
		[ "$one" = "$two" ] && [ "$one" = "$five" ]
}

by_jobs() {
	one=$(sum_of 1) && exits 0 --jobs 3 --format json parts.scn && says out '"parts": 3' &&
		[ "$(member executions)" = "$one" ] && exits 0 --jobs 3 parts.scn && says out 'at least' PROVED
}

empty_by_jobs() { exits 1 --jobs 3 empty.scn && says out 'EMPTY' 'no execution shows it'; }
seen_by_jobs() {
	sed '/^unpin/d; $a seen page A buf = page dma' scenarios/races/good.scn >seen.scn
	exits 0 --jobs 4 --depth 3 seen.scn && says out PROVED
}
fails_by_jobs() { exits 1 --jobs 3 fails.scn && says out VIOLATED 'replay .* --shard [1-3]/3 --depth 40 '; }
a_part() { exits 0 --shard 2/3 parts.scn && says out 'PART DONE' 'part 2 of 3'; }

mpi() {
	PMI_RANK=1 PMI_SIZE=3 exits 0 --shard mpi --format json parts.scn && [ "$(member shard)" = 2 ] &&
		[ "$(member shards)" = 3 ] &&
		OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 exits 0 --shard mpi --format json parts.scn &&
		[ "$(member shard)" = 1 ] &&
		SLURM_PROCID=3 SLURM_NTASKS=4 exits 0 --shard mpi --format json parts.scn && [ "$(member shard)" = 4 ]
}

try "--shard: the sums are the same for every split" same_sums
try "--shard: what a part says" a_part
try "--shard mpi" mpi
try "--jobs cuts one run into parts" by_jobs
try "--jobs: parts that see nothing" empty_by_jobs
try "--jobs: one part sees it" seen_by_jobs
try "--jobs: one part fails" fails_by_jobs

# ---- processes that die, and terminals ---------------------------------------------------------

dies() {
	limited=yes
	exits 1 --jobs 2 big.scn scenarios/races/good.scn && limited= &&
		says out '^big .*ERROR' 'died of signal' '^races/good .*PROVED' '1 error'
}

on_a_terminal() {
	script -qec "stty cols $1 rows 50; $B/holdfast check --naive --seconds 3 big.scn fails.scn" /dev/null \
		</dev/null >out 2>err
	says out "$(printf '\033')\[1;31mVIOLATED" 'of 2: big holdfast'
}

limited=
if have prlimit; then
	try "a process that dies is an error of its own run" dies
else
	skip "a process that dies is an error of its own run" "prlimit is not installed"
fi
limited=
if have script; then
	try "colours and progress on a terminal" on_a_terminal 100
	try "colours and progress on a narrow terminal" on_a_terminal 50
else
	skip "colours and progress on a terminal" "there is no script(1) here"
fi

# ---- mutants -----------------------------------------------------------------------------------

# One that the scenarios here reach and don't notice, and one that they do.
mutants() {
	exits 1 --mutate --seconds 5 --format json --mutant src/core scenarios/races/good.scn parts.scn || return
	caught=$(sed -n 's/^{"mutant": "\([^"]*\)".*"verdict": "caught".*/\1/p' out | head -n 1)
	survives=$(sed -n 's/^{"mutant": "\([^"]*\)".*"verdict": "survives".*/\1/p' out | head -n 1)
	echo "caught: $caught, survives: $survives"
	[ "$caught" ] && [ "$survives" ]
}

mutant_caught() {
	exits 0 --mutate --mutant "$caught" scenarios/races/good.scn parts.scn &&
		says out "^$(echo "$caught" | sed 's/:[a-z]*$//') .* -> [a-z]* *caught by [a-z/]* in [0-9,]* execution" \
			'^1 mutants, 2 scenarios: 1 caught, '
}

mutant_survives() {
	exits 1 --mutate --mutant "$survives" scenarios/races/good.scn parts.scn && says out ' SURVIVES in ' || return
	echo "$survives it is said so here" >survivors
	exits 0 --mutate --mutant "$survives" --survivors survivors scenarios/races/good.scn &&
		says out 'survives: it is said so here' '1 survive as explained'
}

explained_and_caught() {
	{ echo '# a comment'; echo "$caught   not so"; } >survivors
	exits 1 --mutate --mutant "$caught" --survivors survivors scenarios/races/good.scn parts.scn &&
		says err "survivors:2: $caught: it is caught now"
}

mutant_alone() {
	exits 1 --mutate --seconds 5 --format json --mutant src/core scenarios/races/good.scn
	caught=$(sed -n 's/^{"mutant": "\([^"]*\)".*"verdict": "caught".*/\1/p' out | head -n 1)
	exits 1 --mutant "$caught" scenarios/races/good.scn && says out "replay .*--mutant $caught "
}

mutants_of_nothing() {
	exits 2 --mutate --mutant src/core/nowhere scenarios && exits 2 --mutate --survivors /nowhere scenarios &&
		exits 1 --mutate --mutant src/core/handshake.h fails.scn && says err 'without a mutant it is violated' &&
		echo name >half && exits 2 --mutate --survivors half scenarios && says err '^holdfast: half:1: '
}

try "mutants: some are caught, some survive" mutants
try "mutants: who catches it" mutant_caught
try "mutants: one that survives is to be explained" mutant_survives
try "mutants: explained, and caught all the same" explained_and_caught
try "a mutant alone" mutant_alone
try "mutants: nothing to go by" mutants_of_nothing

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
