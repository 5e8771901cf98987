#!/bin/sh
# test_cli.sh - the program holdfast, as its users meet it: what it prints, where,
# and with which exit status.  What the verdicts are is the business of others;
# here a scenario is only something that is run.
#
# Usage: test_cli.sh [PROGRAM], build/holdfast if not said.  A terminal is made by
# script(1); what needs one is skipped where there is none, as is what needs python3.

top=$(cd "$(dirname "$0")/../.." && pwd)
program=${1:-$top/build/holdfast}
case $program in
/*) ;;
*) program=$PWD/$program ;;
esac
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
unset HOLDFAST_SCENARIOS NO_COLOR COLUMNS
cd "$dir" || exit 1

passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)); printf 'ok   %s\n' "$1"; }
fail() { failed=$((failed + 1)); printf 'FAIL %s: %s\n' "$1" "$2"; }
skip() { skipped=$((skipped + 1)); printf 'skip %s: %s\n' "$1" "$2"; }

# check NAME CONDITION...: the condition is a command
check() {
	name=$1
	shift
	if "$@"; then pass "$name"; else fail "$name" "not so: $*"; fi
}

# runs STATUS NAME ARGUMENT...: out and err are left behind
runs() {
	want=$1 name=$2
	shift 2
	"$program" "$@" >out 2>err
	got=$?
	if [ $got -eq "$want" ]; then
		pass "$name"
	else
		fail "$name" "exit status $got, not $want: $(head -n 1 err)"
	fi
}

says() { grep -q -e "$2" "$1"; }
silent() { ! [ -s "$1" ]; }
lines() { [ "$(wc -l <"$1")" -eq "$2" ]; }

# on_terminal WIDTH COMMAND: into out, without the carriage returns
on_terminal() {
	script -qec "stty cols $1 rows 50 && $2 2>/dev/null" /dev/null </dev/null 2>/dev/null | tr -d '\r' >out
}

plain() { sed "s/$(printf '\033')\[[0-9;]*m//g" "$1"; }

escapes() { grep -q "$(printf '\033')" "$1"; }

# No line is longer than that; what is to be typed as it is may be.
fits() { plain out | grep -v -e ' run --trace NAME$' | awk -v most="$1" 'length($0) > most { bad = 1 } END { exit bad }'; }

# --- scenarios to run ---

mkdir -p tree/scenarios/sub
cat >tree/scenarios/holds.scn <<'END'
scenario  holds
why       "A store is read back."
promise   coherent

map    A buf anon private rw 1
store  A buf "old"
expect A buf "old"
END
# Broken under linux-5.7 and its like, as the file says.
cat >tree/scenarios/sub/breaks.scn <<'END'
scenario  breaks
why       "A fork takes the pinned page from its owner."
promise   coherent
broken under linux-5.7 linux-5.8 linux-5.9-rc

map    A buf anon private rw 1
store  A buf "old"
pin    A buf write as dma
fork   A B
store  A buf+8 "new"
device dma "net"
expect A buf "net"
END
sed 's/^broken under.*/broken under holdfast/' tree/scenarios/sub/breaks.scn >unexpected.scn
printf 'scenario bad\nwhy "It has an unknown word."\npromise coherent\nmap A buf anon private rw 1\nstoer A buf "x"\n' >bad.scn
# Its file is wrong about the kernel.
sed 's/^broken under.*/broken under linux-5.7 linux-5.8 linux-5.9-rc kernel/' tree/scenarios/sub/breaks.scn >differs.scn
cat >threads.scn <<'END'
scenario  threads
why       "Parts that run at the same time are for the explorer."
promise   coherent

map    A buf anon private rw 1
thread
  pin   A buf read as dma
thread
  fork  A B
end
never  dma and page A buf = page B buf
END

# --- words ---

runs 0 "--help" --help
check "--help lists the commands" says out '^  fastpath '
runs 0 "--version" --version
check "--version says which" says out '^holdfast [0-9][0-9.]*$'
for command in report run check fastpath kernel random bench designs help; do
	runs 0 "help $command" help $command
	check "help $command has its usage" says out "^usage: holdfast $command"
done
runs 0 "run --help is help run" run --help
check "run --help says the exit status" says out 'Exit status'
runs 2 "an unknown command" rum
check "an unknown command names the nearest" says err 'unknown command rum; did you mean run?'
check "an unknown command prints nothing else" silent out
runs 2 "an unknown option" run --formt json holds.scn
check "an unknown option names the nearest" says err 'unknown option --formt; did you mean --format?'
runs 2 "an unknown option without a command" --verson
check "an unknown option without a command names the nearest" says err 'did you mean --version?'
runs 2 "a short option" run -x
check "a short option is named as it was typed" says err 'unknown option -x; '
runs 2 "a short option without a command" -v
check "a short option without a command is named as it was typed" says err 'unknown option -v; '
runs 2 "an option with one dash" run -judge holdfast
check "an option with one dash: the nearest" says err 'unknown option -judge; did you mean --judge?'
runs 2 "an option without its argument" run --judge
check "an option without its argument says which" says err '\-\-judge wants an argument'
runs 2 "an argument of a switch" run --trace=yes tree
runs 2 "a word that is none of those" fastpath --format xml
check "a word that is none of those lists them" says err 'text|json'
runs 2 "a number that is none" random --ops many
runs 2 "a negative number" random --ops -5
runs 2 "a number beyond 64 bits" random --ops 99999999999999999999
check "a number beyond 64 bits: says so" says err 'too big'
runs 2 "no operations" random --ops 0
runs 2 "help of an unknown command" help fastpth
check "help of an unknown command names the nearest" says err 'did you mean fastpath?'
runs 2 "an argument too many" designs all
runs 2 "run without a path" run
runs 0 "options before a command" --trace --judge holdfast run tree/scenarios/holds.scn
check "options before a command are the command's" says out 'judged by holdfast'
runs 0 "a common option before a command" --scenarios tree/scenarios run --judge holdfast sub
runs 0 "an argument that is called as a command" --judge kernel tree/scenarios/holds.scn
check "an argument that is called as a command is none" says out '^Which promises hold'
runs 0 "--help before a command" --help run
check "--help before a command is its help" says out '^usage: holdfast run'
runs 2 "an unknown judge" run --judge linux-5.6 tree/scenarios
check "an unknown judge names the nearest" says err 'unknown judge linux-5.6; did you mean linux-5.7?'
check "an unknown judge says where they are listed" says err 'holdfast designs'
runs 2 "no judge" run --judge "" tree/scenarios
check "no judge says where they are listed" says err 'unknown judge ""; .holdfast designs.'
runs 2 "an empty judge" run --judge holdfast, tree/scenarios
runs 2 "--all and --judge" run --all --judge model tree/scenarios
runs 2 "--trace and JSON" run --trace --format json tree/scenarios

# --- run ---

runs 0 "run, all as the files say" run --judge designs tree/scenarios
check "run sums up" says out '^2 scenarios, 10 judges: 17 hold, 3 broken, all as the files say$'
runs 0 "run --format=json" run --format=json --judge designs tree/scenarios
check "a JSON line for each scenario and judge" lines out 20
check "the form of a JSON line" says out \
	'^{"scenario": "sub/breaks", "judge": "linux-5.7", "promises": \["coherent"\], "verdict": "broken", "broken": \["coherent"\], "reason": "tree/scenarios/sub/breaks.scn:12:1: '
check "a reason is empty when there is none" says out \
	'^{"scenario": "holds", "judge": "holdfast", "promises": \["coherent"\], "verdict": "holds", "broken": \[\], "reason": "", "expected": true, "left_out": 0}$'
runs 1 "run, not as the file says" run --judge designs unexpected.scn
check "run says what is not" says out 'not as the file says'
runs 0 "run, the kernel differs from the file" run --judge kernel,holdfast differs.scn
if grep -q '^  holds    kernel' out; then
	check "run says that the kernel differs" says out 'kernel (the kernel differs from the file)'
	check "run counts it separately" says out 'hold, the kernel differs from the file in 1, all else as the files say$'
	runs 0 "report, the kernel differs from the file" report --judge kernel,holdfast differs.scn
	check "report marks what differs" says out '^  !  *the kernel differs from the scenario.s file$'
	check "report lists what differs" says out 'kernel, differs from the file: holds'
	runs 0 "a kernel that differs fails no test" run --format tap --judge kernel differs.scn
else
	skip "the kernel differs from the file" "it could not be asked"
fi
runs 2 "run, a file that is wrong" run --judge holdfast bad.scn tree/scenarios/holds.scn
check "a file that is wrong: where" says err '^bad.scn:5:1: '
check "a file that is wrong: the nearest word" says err 'store'
check "a file that is wrong: the others still run" says out 'holds'
runs 77 "run, nothing possible" run --judge designs threads.scn
check "run, nothing possible: says why" says out '^  skipped '
check "run, a scenario with threads: says what can" eval "tr -s '\n ' ' ' <out | grep -q ': holdfast check threads.scn '"
mkdir threaded
cp threads.scn threaded
runs 77 "run, a directory of scenarios with threads" run --judge designs threaded
check "run, a directory of scenarios with threads: says what can" says out '^1 scenario with threads .*holdfast check'
check "run, a directory of scenarios with threads: in one line" lines out 1
cp tree/scenarios/holds.scn threaded
runs 0 "run, one with threads among others" run --judge holdfast threaded
check "run, one with threads among others: is left out" eval '! says out skipped'
check "run, one with threads among others: is counted" says out '^1 scenario with threads '
runs 0 "report, one with threads among others" report --judge holdfast threaded
check "report, one with threads among others: no row" eval '! says out "^  threads"'
check "report, one with threads among others: is counted" says out '^1 scenario with threads '
runs 2 "a path where nothing is" run --scenarios tree/scenarios --judge holdfast sub/braeks
check "a path where nothing is: the nearest scenario" says err 'did you mean sub/breaks?'
runs 2 "an empty path" run --scenarios tree/scenarios --judge holdfast ""
ln -s circle.scn circle.scn
runs 2 "a link to itself" run --judge holdfast circle.scn
check "a link to itself: says so" says err 'circle.scn: Too many levels of symbolic links'
mkdir odd-files
cp tree/scenarios/holds.scn odd-files
mkfifo odd-files/fifo.scn
ln -s /dev/zero odd-files/zero.scn
runs 0 "in a directory only files are scenarios" run --judge holdfast odd-files
runs 2 "a FIFO" run --judge holdfast odd-files/fifo.scn
check "a FIFO: says what to do" says err '/dev/stdin'
"$program" run --judge holdfast /dev/stdin <tree/scenarios/holds.scn >out 2>err
check "standard input, a file" [ $? -eq 0 ]
# shellcheck disable=SC2002 # the pipe is what is tried
cat tree/scenarios/holds.scn | "$program" run --judge holdfast /dev/stdin >out 2>err
check "standard input, a pipe" [ $? -eq 0 ]
runs 2 "a device with nothing in it" run --judge holdfast /dev/null
mkdir empty
runs 2 "a directory without scenarios" run --judge holdfast empty
check "a directory without scenarios: says so" says err 'no scenario'
runs 0 "judges in the order named, each once" run --format json --judge model,holdfast,model tree/scenarios/holds.scn
check "judges in the order named" says out '"judge": "model"'
check "judges once" lines out 2
runs 0 "run --all" run --all --format json tree/scenarios/holds.scn
check "run --all has the model" says out '"judge": "model"'
check "run --all has every judge" lines out 12

runs 0 "run --format tap" run --format tap --judge designs tree/scenarios
check "TAP has its plan" says out '^1\.\.20$'
check "TAP: broken as the file says is ok" says out '^ok [0-9]* - sub/breaks, linux-5.7: broken coherent$'
runs 1 "run --format tap, not as the file says" run --format tap --judge designs unexpected.scn
check "TAP: not ok" says out '^not ok [0-9]* - '
runs 77 "run --format tap, nothing possible" run --format tap --judge holdfast threads.scn
check "TAP: skip with the reason" says out '# SKIP .'

runs 0 "run --trace" run --trace --judge holdfast tree/scenarios/sub/breaks.scn
check "a trace names the judge" says out 'judged by holdfast'
check "a trace has the steps" says out '^ *10  store A buf+8 "new"$'
check "a trace has the entries" says out 'PINNABLE'
runs 0 "run --trace, its judges" run --trace tree/scenarios/holds.scn
check "a trace is by holdfast" says out 'judged by holdfast'
check "a trace is by the kernel" says out 'judged by kernel'

# --- names and directories ---

runs 0 "a name below --scenarios" run --scenarios tree/scenarios --judge holdfast --format json sub/breaks
check "a name below --scenarios: the name" says out '"scenario": "sub/breaks"'
runs 0 "a directory below --scenarios" run --scenarios=tree/scenarios --judge holdfast --format json sub
check "a directory below --scenarios: the name" says out '"scenario": "sub/breaks"'
HOLDFAST_SCENARIOS=$dir/tree/scenarios
export HOLDFAST_SCENARIOS
runs 0 "a name below HOLDFAST_SCENARIOS" run --judge holdfast --format json holds
cd tree/scenarios/sub || exit 1
"$program" run --judge holdfast --format json breaks.scn >"$dir/out" 2>"$dir/err"
cd "$dir" || exit 1
check "a file in the current directory has its whole name" says out '"scenario": "sub/breaks"'
runs 0 "a path without a command" sub
check "a path without a command is for report" says out '^of 1 scenario$'
runs 0 "all of them by the name scenarios" run --judge holdfast scenarios
check "all of them by the name scenarios: all" says out '^2 scenarios, '
runs 0 "a name below scenarios/" run --judge holdfast scenarios/sub/breaks.scn
runs 0 "the same below --scenarios behind it" sub --scenarios "$dir/tree/scenarios/sub/.."
runs 2 "the same with no directory behind it" sub --scenarios "$dir/nowhere"
runs 2 "a path that is not there without a command" sub/braeks
check "a path that is not there without a command: the nearest" says err 'did you mean sub/breaks?'
HOLDFAST_SCENARIOS=$dir/nowhere
runs 2 "HOLDFAST_SCENARIOS that is no directory" report
check "HOLDFAST_SCENARIOS that is no directory: says so" says err 'HOLDFAST_SCENARIOS'
unset HOLDFAST_SCENARIOS
runs 0 "the scenarios beside the program" run --judge holdfast history/fork-break
ln -s . tree/scenarios/loop
runs 0 "a link that goes round" run --judge holdfast tree/scenarios
rm tree/scenarios/loop

# --- installed ---

built=$program
mkdir -p prefix/bin prefix/share/holdfast prefix/libexec/holdfast
cp "$built" prefix/bin/holdfast
program=$dir/prefix/bin/holdfast
runs 2 "no scenarios anywhere" report
check "no scenarios anywhere: says what to do" says err '\-\-scenarios DIR'
cp -r tree/scenarios prefix/share/holdfast/scenarios
runs 0 "the scenarios of an installed program" run --judge holdfast sub/breaks
runs 77 "bench that is not there" bench
check "bench that is not there: says so" says err 'holdfast-bench'
cat >prefix/libexec/holdfast/holdfast-bench <<'END'
#!/bin/sh
echo "$# $1"
exit 3
END
chmod +x prefix/libexec/holdfast/holdfast-bench
runs 3 "bench becomes holdfast-bench" bench "two words" --help
check "bench passes its arguments" says out '^2 two words$'
program=$built

# --- the tables ---

runs 0 "fastpath" fastpath
for state in private-writable private-readonly-exclusive private-readonly-forked private-readonly-sole-again \
	private-untouched private-zero-page private-object-readonly private-sealed shared-readonly shared-writable; do
	check "fastpath has $state" says out "^  $state"
done
check "fastpath has the claim of 2020" says out 'never mark a shared read-only mapping'
runs 0 "fastpath --format json" fastpath --format json
check "fastpath: 10 states, 10 designs, 2 accesses, 2 terms" lines out 400
check "fastpath: the claim" says out \
	'^{"state": "shared-readonly", "design": "symmetric", "access": "read", "term": "short", "first": "slow", "again": "slow"}$'
check "fastpath: today's kernels" says out \
	'"shared-readonly", "design": "linux-6.2", "access": "read", "term": "long", "first": "slow", "again": "slow"'
check "fastpath: the answer" says out \
	'"shared-readonly", "design": "holdfast", "access": "read", "term": "long", "first": "fast", "again": "fast"'
check "fastpath: a write pin of what is read-only" says out \
	'"shared-readonly", "design": "holdfast", "access": "write", "term": "short", "first": "refused", "again": "refused"'

runs 0 "report of a directory" report --judge designs tree/scenarios
cp out first
check "report has the promises" says out '^Which promises hold$'
check "report has the group" says out '^sub$'
check "report has the broken promise" says out '^  breaks  *Co  *Co  *Co  *ok'
check "report has the fast path" says out '^Where the fast path works$'
check "report sums up" says out '^of 2 scenarios$'
COLUMNS=60 "$program" report --judge designs tree/scenarios >out 2>err
check "a pipe does not depend on COLUMNS" cmp -s first out
check "a pipe gets no escapes" eval '! escapes out'
check "a line does not end in blanks" eval '! says out " $"'
runs 1 "report, not as the file says" report --judge designs unexpected.scn
check "report marks it" says out ' Co! '
check "report explains the mark" says out "^  !  "
runs 0 "report with the kernel" report tree/scenarios
check "report says what the kernel does" says out '^Where this kernel does otherwise'
check "report says that its kernel is measured" says out '^  this kernel is Linux .*measured'
check "report says what the designs are" says first 'no kernels'
check "report says whose promises these are" says first "Linux never made them"
runs 0 "report, a promise that the kernel breaks" report --judge kernel history field
if says out '^  coherent'; then
	check "report says once how to see it" [ "$(grep -c -F "  $program run --trace NAME" out)" -eq 1 ]
	check "report names the scenario" says out '^  coherent[a-z, ]* [a-z]*/[-a-z]*$'
else
	skip "report says how to see it" "this kernel breaks none of these promises"
fi
runs 77 "report, nothing possible" report --reasons --judge holdfast threads.scn
check "report --reasons says why" says out 'at the same time'
runs 0 "designs" designs
grep '?' out >questions
check "designs has the four questions, and two more" lines questions 6
check "designs says what a discard does" [ "$(sed -n '/discard/,/^$/p' out | grep -c '  no$')" -eq 9 ]
runs 0 "random" random --ops 500 --seed 7
check "random prints its seed" says out '\-\-seed 7 '
cp out first
runs 0 "random again" random --ops 500 --seed 7
check "random is the same again" cmp -s first out
runs 1 "random, a design of history" random --ops 20000 --seed 7 --judge linux-5.7
check "random prints the scenario" says out '^scenario '
sed -n '/^scenario /,$p' out >shrunk.scn
"$program" run --judge linux-5.7,model shrunk.scn >out 2>err
check "random's scenario can be run" silent err
runs 2 "random with one thread" random --threads 1
runs 2 "random with five threads" random --threads 5
runs 2 "random --save without threads" random --save .
check "random --save without threads says why" says err 'go with --threads'
runs 0 "random with threads" random --threads 3 --ops 30 --seed 7
check "random with threads prints its seed" says out '\-\-seed 7 '
check "random with threads counts" says out ' scenarios; [0-9]* executions'
check "random with threads finds nothing" says out '^nothing found'
check "random with threads says nothing else" silent err
runs 0 "random with threads, no promises" random --threads 2 --ops 30 --seed 7 --no-promises --judge linux-5.9
runs 1 "random with threads, a design of history" random --threads 2 --seed 7 --judge linux-5.9 --save .
check "random with threads prints the scenario" says out '^scenario '
check "random with threads tells a story" says out '^violated'
check "random with threads saves it" says out '^Saved as ./random-2-7-'
runs 1 "random's scenario with threads can be explored" check --design linux-5.9 ./random-2-7-*.scn
check "random's scenario with threads is violated" says out 'VIOLATED'
runs 0 "kernel" kernel tree/scenarios
check "kernel says what it is" says out 'Linux\|kernel [0-9]'

# --- terminals ---

if command -v script >/dev/null 2>&1; then
	for width in 60 80 100 120 200; do
		on_terminal $width "$program report"
		check "report fits $width columns" fits $width
		check "report has colours at $width columns" escapes out
		on_terminal $width "$program run history"
		check "run fits $width columns" fits $width
		on_terminal $width "$program designs"
		check "designs fits $width columns" fits $width
	done
	on_terminal 80 "NO_COLOR=1 $program report"
	check "NO_COLOR" eval '! escapes out'
	on_terminal 80 "TERM=dumb $program report"
	check "a dumb terminal" eval '! escapes out'
	on_terminal 200 "COLUMNS=80 $program report"
	check "COLUMNS on a terminal" fits 80
	on_terminal 100 "$program run --trace history/fork-break"
	check "a trace has colours" escapes out
else
	skip "terminals" "there is no script(1) here"
fi

# --- JSON is JSON ---

if python3 -c 'import json' 2>/dev/null; then
	cat >parse.py <<'END'
import json, sys
for line in open(sys.argv[1], "rb"):
    json.loads(line.decode("utf-8"))
END
	runs 0 "JSON of the corpus" run --format json "$top/scenarios"
	check "JSON of the corpus can be read" python3 parse.py out
	mkdir odd
	cp tree/scenarios/holds.scn "odd/$(printf 'a"b\\c\td\001e\377\303\050\303\251')".scn
	runs 0 "JSON of an odd name" run --format json --judge holdfast odd
	check "JSON of an odd name can be read" python3 parse.py out
else
	skip "JSON is JSON" "there is no python3 with its json module here"
fi

# --- output that can't be written ---

if [ -w /dev/full ]; then
	for command in "report $dir/tree/scenarios" fastpath designs --help "run --format json --judge holdfast $dir/tree"; do
		# shellcheck disable=SC2086
		"$program" $command >/dev/full 2>err
		check "a full disk is status 1: ${command%% *}" [ $? -eq 1 ]
		check "a full disk is said: ${command%% *}" says err "can't write the output: No space left"
	done
else
	skip "a full disk" "there is no /dev/full here"
fi
"$program" designs >&- 2>err
check "a closed output is status 1" [ $? -eq 1 ]
check "a closed output is said" says err "can't write the output"

printf '%d passed, %d failed, %d skipped\n' $passed $failed $skipped
[ $failed -eq 0 ]
