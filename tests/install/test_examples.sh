#!/bin/sh
# test_examples.sh - each example, built against the library, does what it says and exits 0
#
# One that exits 77 could not be done here; the last thing that it said is the reason.
# Run by `make check`, from the tree's root.

B=${B:-build}
passed=0 failed=0 skipped=0
said=$(mktemp) || exit 2
trap 'rm -f "$said"' EXIT

for source in examples/*.c; do
	[ -f "$source" ] || continue
	example=${source%.c}
	"$B/$example" >"$said" 2>&1
	status=$?
	case $status in
	0)
		echo "ok   $example"
		passed=$((passed + 1))
		;;
	77)
		echo "skip $example: $(tail -n 1 "$said")"
		skipped=$((skipped + 1))
		;;
	*)
		echo "FAIL $example: exit status $status"
		sed 's/^/     /' "$said"
		failed=$((failed + 1))
		;;
	esac
done

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
