#!/bin/sh
# test_sites.sh - the table of places that scripts/sites wrote, held against the source
#
# For each atomic access and fence of the explored core: its order is known, and stands in
# the source where the table says.  Run by `make check`.

cd "$(dirname "$0")/../.." || exit 2
B=${B:-build}
dir=$(mktemp -d) || exit 2
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
said=$dir/said
. tests/try.sh

# The table's rows: hook, order, failure, file, line, function.
sed -n 's/^\t{ //p' "$B/sites.c" | tr -d '",' | awk '{ print $2, $3, $4, $5, $6, $8 }' >"$dir/rows"
grep '^atomic' "$dir/rows" | sort -u >"$dir/atomic"

many() { [ "$(wc -l <"$dir/atomic")" -gt 100 ] || wc -l "$dir/atomic"; }

# Lines that match are shown, and there should be none.
none() { ! grep -E "$@"; }

files() { cut -d ' ' -f 4 "$dir/rows" | sort -u | xargs ls; }

# The order's name in the statement that begins at the line.  It isn't there where the access is a
# macro's, or the order a parameter.
spelled() {
	awk '
	BEGIN { split("relaxed consume acquire release acq_rel seq_cst", name, " ") }
	function source(file, n,  i, text)
	{
		if (!(file in lines)) {
			lines[file] = 0
			while ((getline text < file) > 0)
				line[file, ++lines[file]] = text
		}
		for (i = n; i <= lines[file] && line[file, i] !~ /;/; i++)
			;
		for (text = ""; n <= i; n++)
			text = text line[file, n]
		return text
	}
	{
		text = source($4, $5)
		if (text !~ /atomic_/ || text ~ /atomic_init/)
			macros++
		else if (text !~ "memory_order_" name[$2 + 1] && text !~ /[ ,]order\)/)
			bad[++wrong] = $0 ": " text
		else
			good++
	}
	END {
		for (i = 1; i <= wrong; i++)
			print bad[i]
		print good " good, " macros + 0 " of macros"
		exit wrong || good < 4 * macros
	}' "$dir/atomic"
}

try "there are many" many
try "each is in a file that is there" files
try "each atomic access has a line" none '^[^ ]+ [^ ]+ [^ ]+ [^ ]+ 0 ' "$dir/atomic"
case $(uname -m) in
x86_64)
	try "each atomic access has an order" none '^[^ ]+ -1' "$dir/atomic"
	try "each compare-and-swap has two" none '^[^ ]*compare[^ ]* [^ ]+ -1' "$dir/atomic"
	try "the orders are those of the source" spelled
	;;
*)
	skip "orders" "read off the object code of x86-64 alone"
	;;
esac
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
