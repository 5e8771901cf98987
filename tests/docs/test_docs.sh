#!/bin/sh
# test_docs.sh - what a user reads is true: the README, the man pages, the examples
#
# The README's example is compiled and says what the README says it says; its tables are
# what the program prints; its links lead somewhere.  The man pages have every call,
# structure, error, statistic and macro of holdfast.h, spelled as there.  Each example is
# compiled by the command in its own first comment, and the key-value store is used as
# its users would, on a full disk too.  Run by `make check`.

# shellcheck disable=SC2086,SC2013 # CC and SAN may be several words; no name here has blanks

cd "$(dirname "$0")/../.." || exit 2
top=$PWD
B=${B:-build} CC=${CC:-cc}
case $B in
/*) ;;
*) B=$top/$B ;;
esac
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
strict="-Wall -Wextra -Werror"
link="$B/libholdfast.a -lpthread"
said=$dir/said
. tests/try.sh

same() { diff -u "$1" "$2"; }

# says FILE TEXT...: each stands in it
says() {
	file=$1
	shift
	for text; do
		grep -qF -e "$text" "$file" || { echo "not said: $text"; cat "$file"; return 1; }
	done
}

# exits STATUS COMMAND...: out and err are left behind
exits() {
	want=$1
	shift
	"$@" >"$dir/out" 2>"$dir/err"
	got=$?
	[ $got = "$want" ] && return
	echo "exit status $got, not $want"
	cat "$dir/out" "$dir/err"
	return 1
}

# ---- README ----------------------------------------------------------------------------

# block NAME: the text between the fences behind <!-- NAME -->
block() {
	awk -v mark="<!-- $1 -->" '$0 == mark { on = 1; next }
		on && /^```/ { if (++fence == 2) exit; next } on && fence' README.md
}

readme_example() {
	block example >"$dir/example.c"
	block output >"$dir/expected"
	[ -s "$dir/example.c" ] && [ -s "$dir/expected" ] || return
	$CC $SAN -std=c11 $strict -Iinclude -o "$dir/example" "$dir/example.c" $link || return
	exits 0 "$dir/example" && same "$dir/expected" "$dir/out"
}

readme_example_is_short() { [ "$(block example | grep -c .)" -le 24 ]; }

links() {
	wrong=
	for page in README.md CONTRIBUTING.md docs/*.md scenarios/README.md; do
		for to in $(grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -v '^[a-z]*:'); do
			[ -e "$(dirname "$page")/$to" ] || { echo "$page: $to"; wrong=yes; }
		done
	done
	[ -z "$wrong" ]
}

# The map: each path or name between backticks in the table of the tree.
tree() {
	wrong=
	for cell in $(sed -n '/^## The tree/,/^## Status/p' README.md | grep '^| `' | cut -d '|' -f 2 | tr -d '`'); do
		case $cell in
		*/*) last=$cell ;;
		*) cell=${last%/*}/$cell ;;
		esac
		[ -e "$cell" ] || [ -e "$cell.c" ] || [ -e "$cell.h" ] || { echo "no $cell"; wrong=yes; }
	done
	[ -z "$wrong" ]
}

every_core_file_is_on_the_map() {
	wrong=
	words=$(sed -n '/^## The tree/,/^## Status/p' README.md | grep 'src/core' | tr -c 'a-z_' ' ')
	for file in pte table page object vma mm map remap advise truncate fault access handshake pin_fast pin record fork verify; do
		case " $words " in
		*" $file "*) ;;
		*) echo "$file"; wrong=yes ;;
		esac
	done
	[ -z "$wrong" ]
}

# What the comments of the core say is caught somewhere is a file there.
scenarios_that_comments_name() {
	wrong=
	for name in $(grep -ohE '\<(argument|field|history|promises|races|selftest)/[a-z0-9-]+' src/core/*.[ch] | sort -u); do
		[ -e "scenarios/$name.scn" ] || { echo "no scenarios/$name.scn"; wrong=yes; }
	done
	[ -z "$wrong" ]
}

try "core: every scenario that a comment names is there" scenarios_that_comments_name
try "README: the example compiles, and says what is shown" readme_example
try "README: the example is short" readme_example_is_short
try "README: the tables are what the program prints" scripts/readme-tables --check "$B/holdfast"
try "pages: every link leads somewhere" links
try "README: the map shows what is there" tree
try "README: the core's files are on the map" every_core_file_is_on_the_map

# ---- man pages -----------------------------------------------------------------------------

awk -f tests/docs/header.awk include/holdfast.h | sort -u >"$dir/header"
for page in man/*.3; do
	awk -f tests/docs/manual.awk "$page" | sort -u >"$dir/$(basename "$page")"
done

# of KIND FILE...: the facts of one kind
of() {
	kind=$1
	shift
	cat "$@" | grep "^$kind " | sort -u
}

prototypes() { of call "$dir"/*.3 >"$dir/a" && of call "$dir/header" >"$dir/b" && same "$dir/a" "$dir/b"; }

structures() {
	of struct "$dir"/*.3 >"$dir/a"
	of struct "$dir/header" | grep -v '^struct hf_stats ' >"$dir/b"
	same "$dir/a" "$dir/b"
}

statistics() { of stat "$dir"/*.3 >"$dir/a" && of stat "$dir/header" >"$dir/b" && same "$dir/a" "$dir/b"; }

macros() {
	wrong=
	for word in $(of word "$dir/header" | cut -d ' ' -f 2); do
		grep -qw "$word" man/*.[37] || { echo "$word"; wrong=yes; }
	done
	[ -z "$wrong" ]
}

# A page's errors are what the comments of its calls in holdfast.h say together.
errors() {
	of error "$dir/$1" >"$dir/a"
	for call in $(of call "$dir/$1" | cut -d ' ' -f 2); do
		of "error $call" "$dir/header"
	done | sed 's/ .* / /' | sort -u >"$dir/b"
	same "$dir/a" "$dir/b"
}

names() {
	wrong=
	for call in $(of call "$dir/$1" | cut -d ' ' -f 2); do
		sed -n '/^\.Sh NAME/,/^\.Nd/p' "man/$1" | grep -qw "$call" || { echo "$call"; wrong=yes; }
	done
	[ -z "$wrong" ]
}

listed_in_the_overview() {
	wrong=
	for call in $(of call "$dir/header" | cut -d ' ' -f 2); do
		grep -qw "^\.Fn $call" man/holdfast.3 || { echo "$call"; wrong=yes; }
	done
	[ -z "$wrong" ]
}

lint() {
	# What it says of its own database goes to the other output, into the middle of lines.
	mandoc -T lint man/*.[1-9] 2>"$dir/database" | grep -v 'referenced manual not found' >"$dir/lint"
	cat "$dir/lint"
	[ ! -s "$dir/lint" ]
}

# Fragments of EXAMPLES that are whole statements would need a world around them; what
# is whole is the calls' spelling, so at least no page uses a call that is not there.
only_calls_there_are() {
	wrong=
	for call in $(grep -ohE '\bhf_[a-z_]+ *\(' man/*.[37] README.md | tr -d ' (' | sort -u); do
		grep -q "^call $call " "$dir/header" || { echo "$call"; wrong=yes; }
	done
	[ -z "$wrong" ]
}

try "man: every call is there, as declared in holdfast.h" prototypes
try "man: every structure is there, as defined" structures
try "man: every statistic is there" statistics
try "man: every macro and enumerator is there" macros
try "man: holdfast.3 lists every call" listed_in_the_overview
try "man: no call that there is not" only_calls_there_are
for page in pool object mm map access pin inside; do
	try "man: holdfast-$page.3 has the errors that the header has" errors holdfast-$page.3
	try "man: holdfast-$page.3 goes by the names of its calls" names holdfast-$page.3
done
if have mandoc; then
	try "man: mandoc finds nothing" lint
else
	skip "man: mandoc finds nothing" "mandoc is not installed"
fi

# ---- examples ----------------------------------------------------------------------------------

# build SOURCE NAME: by the command in its first comment, but strictly, and to a scratch place
build() {
	command=$(sed -n '/^ \*\//q; s/^ \*	\(cc .*\)/\1/p' "$1")
	[ -n "$command" ] || { echo "$1: no command"; return 1; }
	command=$(echo "$command" | sed "s,^cc,$CC $SAN $strict,; s,-o [^ ]*,-o $dir/$2,
		s,[^ ]*build/libholdfast.a,$B/libholdfast.a,")
	case $command in
	*" examples/"*) eval "$command" ;;
	*) (cd "$(dirname "$1")" && eval "$command") ;;
	esac
}

example() {
	build "$1" example || return
	shift
	(cd "$dir" && exits 0 ./example) && says "$dir/out" "$@"
}

try "01-direct-read: bytes from a disk beside a store, across a fork" example examples/01-direct-read.c \
	'the owner finds "from the disk" beside "a neighbour"; the child finds ""'
try "02-who-pins: inventory, preview, refuse, hole" example examples/02-who-pins.c \
	'would copy 3 pages because of 2 pins' 'network card, write: 6000 bytes at +100' 'holes: 3' \
	'0 pages copied, 16 shared'
try "03-sealed: a pin that is not cut from the object" example examples/03-sealed.c \
	'may be stored to: 1 pages copied; the pin reads "old"' 'sealed: 0 pages copied; the pin reads "new"'
try "kv: compiles" build examples/kv/kv.c kv

cd "$dir" || exit 2

# No file of the program's own making but these.
only() { printf '%s\n' image* | diff - "$1"; }
echo image >just-the-image

run() {
	exits 0 ./kv --keys 2000 --snapshots 3 --file image "$@" && says out "no money lost or made" && only just-the-image
}

# copied OPTION...: how many pages it copied to save a store that nobody changes meanwhile
copied() {
	printf '%s\n' 'set a 1' 'save image' wait stats | exits 0 ./kv -i --keys 1000 "$@" >&2 || return
	awk '$1 == "copies" { print $2 }' out
}

copies_nothing() { [ "$(copied)" -gt 0 ] && [ "$(copied --reference)" = 0 ]; }

in_the_shell() {
	printf '%s\n' 'set a 1' 'set b two words' 'save image' 'set a 2' wait 'get a' 'load image' 'get a' 'get b' |
		exits 0 ./kv -i --keys 100 || return
	printf '%s\n' 'saved image' 2 1 'two words' | same - out
}

refused() {
	printf '%s\n' 'get nobody' 'set k' 'load /etc/passwd' 'load /nowhere' 'save /dev/full' wait 'save /nowhere/f' wait \
		"set $(printf '%040d' 0) x" | exits 1 ./kv -i --keys 100 &&
		says out 'nobody: No such' 'passwd: not a file that kv saved' '/nowhere: No such' \
			'/dev/full: Operation not supported' '/nowhere/f: No such' 'a key has 1 to 31 bytes'
}

cut_off() {
	exits 0 ./kv --keys 2000 --snapshots 1 --file image && head -c 100000 image >short || return
	echo 'load short' | exits 1 ./kv -i && says out 'short: not a file that kv saved'
}

bad_usage() {
	exits 2 ./kv --keys 1 && exits 2 ./kv --keys x && exits 2 ./kv --keys 99999999999999999999 && exits 2 ./kv image &&
		exits 2 ./kv --nonsense && exits 0 ./kv --help
}

# The limit comes after the pool, which is a file to the system, too.
over_the_limit() {
	rm -f image* commands && mkfifo commands || return
	./kv -i --keys 1000 "$@" <commands >out 2>err &
	kv=$!
	exec 3>commands
	printf 'set a old\nsave image\nwait\nget a\n' >&3
	for i in 1 2 3 4 5 6 7 8 9; do
		grep -q old out && break
		sleep "0.$i"
	done
	prlimit --pid $kv --fsize=20000 || { exec 3>&-; return 1; }
	printf 'set a new\nsave image\nwait\nget a\nload image\nget a\n' >&3
	exec 3>&-
	wait $kv
	[ $? = 1 ] && says err && says out 'image: File too large' && [ "$(tail -n 2 out | tr '\n' ' ')" = "new old " ] &&
		only just-the-image
}

on_a_full_disk() {
	mkdir -p small
	unshare -rm sh -c "mount -t tmpfs -o size=100k none small &&
		./kv --keys 2000 --snapshots 1 --file small/image $*; status=\$?; ls small; exit \$status" >out 2>err
	[ $? = 1 ] && says err 'small/image: No space left on device' && ! grep -q image out
}

try "kv: snapshots are points in time, nothing leaks" run
try "kv: without io_uring" run --plain
try "kv: from plain references" run --reference
try "kv: saving from plain references copies nothing" copies_nothing
try "kv: set, get, save behind the prompt, load" in_the_shell
try "kv: says why not" refused
try "kv: a file that is cut off is refused" cut_off
try "kv: usage" bad_usage
if have prlimit; then
	try "kv: over a limit, the old file stays" over_the_limit
	try "kv: over a limit, without io_uring" over_the_limit --plain
else
	skip "kv: over a limit, the old file stays" "prlimit is not installed"
fi
if unshare -rm true 2>/dev/null; then
	try "kv: a full disk" on_a_full_disk
	try "kv: a full disk, without io_uring" on_a_full_disk --plain
else
	skip "kv: a full disk" "no mount namespaces here"
fi

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
