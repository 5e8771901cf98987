#!/bin/sh
# test_bench.sh - `holdfast bench` as its users meet it: what it prints, where, and with which
# exit status.  What the figures are is no business of a test's, but for what no machine changes.
#
# Usage: test_bench.sh HOLDFAST [all]; all: the whole of --quick, which has a minute.

# shellcheck disable=SC2016,SC2034 # $ in jq's programs is jq's; $said is try.sh's

program=${1:-build/holdfast}
extent=${2:-}
case $program in
/*) ;;
*) program=$PWD/$program ;;
esac
cd "$(dirname "$0")/../.." || exit 2
top=$PWD
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
said=$dir/said
. tests/try.sh
cd "$dir" || exit 2

# exits STATUS ARGUMENT...: out and err are left behind
exits() {
	want=$1
	shift
	"$program" bench "$@" >out 2>err
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

# refuses PATTERN ARGUMENT...: a usage error that says so
refuses() {
	pattern=$1
	shift
	exits 2 "$@" && says err "$pattern" && [ ! -s out ]
}

# ---- usage ----------------------------------------------------------------------------------

helps() { exits 0 --help && says out '--chart FILE' '--curves' && [ ! -s err ]; }
try "help" helps
try "an unknown measure" refuses 'unknown measure "pin-7"' pin-7
try "an unknown option" refuses 'unknown option --fast' --fast
try "a format that is none" refuses 'one of text, json' --format xml
try "a count that is none" refuses 'number from 1' --count 0 pin-1
try "a count of two measures" refuses 'exactly one measure' --count 1 pin-1 cow
try "a count of what is not timed" refuses 'that is timed' --count 1 pin-huge-instructions
try "a chart without a file" refuses '--chart wants' --chart
try "--instructions with a measure" refuses 'takes no measures' --instructions pin-1

# ---- the list -----------------------------------------------------------------------------------

# The names, of the measures and of the curves' lines.
names() { sed '/^$/d; /:$/d; s/ .*//' out; }

lists() {
	exits 0 --list && says out '^pin-512 .* -> 10 times as fast$' '^by-size, by MiB:$' '^fork-by-size ' || return
	names | sort | uniq -d >twice
	[ ! -s twice ] || { echo "twice:"; cat twice; return 1; }
}
try "the list" lists

every_goal() {
	exits 0 --list || return
	says out '^pin-512-instructions .* at most 12$' '^pin-1-instructions .* at most 60$' \
		'^pin-huge-instructions .* at most 0.3$' '^pin-1 .* 10 times as fast$' '^pin-512-cas .* no slower$' \
		'^pin-io .* no slower$' '^section .* at most 1 ns$' '^fork-wait-alone .* at most 1 us$' \
		'^fork-wait-busy .* at most 20 us$' '^fork-wait-16 .* at most 20 us$' '^cut-alone .* at most 1 us$' \
		'^cut-16 .* at most 20 us$' '^pin-same ' \
		'^fork-1g-cold .* at most 20 us$' '^fork-8g-warm .* at most 1 us$' '^fork-16g-cold ' \
		'^fork-pinned-10000-bound .* at most 1 ' '^cow .* 5 times as fast$' '^cow-random .* 3 times as fast$' \
		'^cow-copies .* at most 1.3 copies$' '^cow-random-copies .* at most 2 copies$' \
		'^cow-worst .* at most 10 us$' '^zero .* 5 times as fast$' '^zero-clears .* at most 1.5 clears$' \
		'^load .* at most 1.3 times' '^store-random .* at most 2 times' '^load-random-huge .* at most 1.6 ' \
		'^metadata .* at most 16$'
}
try "the list has every goal" every_goal

in_the_manual() {
	exits 0 --list || return
	for one in $(names); do
		case $one in
		*-bound | *-unpinned | *-worst | *-clears | *-copies | fork-pinned-* | *-by-* | exit-* | fork-8g-* | fork-16g-*) ;;
		*-instructions) ;;
		fork-chain | fork-tree) ;;
		*) grep -qw -e "$one" "$top/man/holdfast-bench.1" || { echo "not in the manual: $one"; return 1; } ;;
		esac
	done
}
try "what is listed is in the manual" in_the_manual

# ---- results ----------------------------------------------------------------------------------------

in_text() { exits 0 --quick pin-512 && says out '^pin-512  *[0-9.]* \[[0-9.]*\.\.[0-9.]*\] ns' 'targets met'; }
try "text" in_text

too_slow() { exits 77 --quick fork-8g-cold && says out 'left out: it takes too long for --quick'; }
try "what is too slow for --quick" too_slow

counts() { exits 0 --count 3 pin-512 && [ "$(cat out)" = 98304 ]; }
try "a count" counts

full_disk() {
	"$program" bench --list >/dev/full 2>err
	[ $? = 1 ] && says err "can't write the results"
}
if [ -w /dev/full ]; then
	try "nowhere to write" full_disk
else
	skip "nowhere to write" "no /dev/full"
fi

members='.measure, .unit, .rounds, .conditions, .machine'
in_json() {
	exits 0 --quick --json pin-512 pin-512-cas metadata fork-8g-cold || return
	if [ "$(wc -l <out)" != 4 ] || [ -s err ]; then cat out err; return 1; fi
	jq -e "[$members] | all(. != null)" <out >/dev/null || { cat out; return 1; }
	jq -r 'keys_unsorted[:6] | join(" ")' <out | sort -u >keys
	echo "measure holdfast peer unit ratio spread" | cmp -s - keys || { cat keys; return 1; }
	jq -e 'if .holdfast == null then .measure == "fork-8g-cold" and .reason != null and .verdict == null
		else .verdict != null end' <out >/dev/null
}

# The verdict is the target's by the figure that it is about.
judges() {
	exits 0 --quick --json pin-1 pin-512-cas cow-copies section metadata || return
	jq -e 'select(.holdfast != null and .target != null)
		| select(.target_is == "at most" or .ratio != null)
		| (if .target_is == "at most" then .holdfast <= .target
		   elif .target_is == "times as fast" then .ratio >= .target
		   else 1 / .ratio <= .target * 1.0001 end) == (.verdict == "met")' <out >truths
	if grep -qv true truths || [ ! -s truths ]; then cat out; return 1; fi
}

curve() {
	exits 0 --quick --json chain by-threads || return
	jq -r 'select(.axis) | [.measure, .at] | @tsv' <out >points
	if [ "$(grep -c fork-chain points)" != 4 ] || ! grep -q "pin-by-threads	8" points; then cat points; return 1; fi
	jq -es 'any(.measure == "fork-chain-exponent" and .unit == "exponent" and .holdfast > 0.3 and .holdfast < 3)' <out
}

all_quick() {
	begun=$(date +%s)
	exits 0 --quick --json || return
	took=$(($(date +%s) - begun))
	echo "$took seconds"
	[ $took -lt 60 ] || return
	"$program" bench --list | sed '/^$/,$d; s/ .*//' | sort >listed
	jq -r .measure <out | sort >measured
	# All but what is asked for by name.
	comm -13 listed measured | { ! grep .; } && [ "$(wc -l <measured)" -gt 50 ]
}

if have jq; then
	try "JSON" in_json
	try "verdicts" judges
	try "curves" curve
	if [ "$extent" = all ]; then try "all of --quick, within a minute" all_quick; fi
else
	skip "JSON" "no jq"
fi

# ---- a picture -----------------------------------------------------------------------------------------

picture() {
	exits 0 --quick --chart it.svg pin-512 chain && says it.svg '<svg xmlns' 'pin-512' 'fork-chain' || return
	! grep -q 'href\|url(\|nan\|inf' it.svg && { ! have xmllint || xmllint --noout it.svg; }
}
try "a picture" picture

no_picture() { exits 1 --quick --chart nowhere/it.svg metadata && says err "can't write nowhere/it.svg"; }
try "a picture that can't be written" no_picture

# ---- instructions ------------------------------------------------------------------------------------------

instructions() {
	exits 0 --json pin-512-instructions && says out '"unit": "instructions/page"' &&
		says out '"holdfast": [0-9]'
}
if [ -n "${SAN:-}" ]; then
	skip "instructions" "valgrind and a sanitizer do not go together"
elif ! have valgrind; then
	skip "instructions" "no valgrind"
elif ! valgrind -q --tool=none "$program-bench" --version >/dev/null 2>&1; then
	skip "instructions" "valgrind can't read what this compiler writes for debuggers"
else
	try "instructions" instructions
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
