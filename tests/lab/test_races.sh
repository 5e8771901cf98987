#!/bin/sh
# test_races.sh - every scenario with threads, in every order: each verdict as its file says
#
#	tests/lab/test_races.sh HOLDFAST [MODEL...]	c11 if none is named
#
# One line a scenario and design.  The longer run has the cheaper models, too: what is
# proved under C11 must be proved under each of them.
set -u
holdfast=$1
shift
out=$(mktemp) || exit 2
trap 'rm -f "$out"' EXIT
[ $# -gt 0 ] || set -- c11

for model; do
	"$holdfast" check --format tap --model "$model" >>"$out" 2>&1 || echo "not ok - holdfast check --model $model: exit $?" >>"$out"
done
# What the explorer can't do it skips; a race that it can't do is no race that was looked at.
sed -i 's/^ok \(.*# SKIP\)/not ok \1/' "$out"
sed -n 's/^ok [0-9]* - /ok   /p; s/^not ok [0-9]* *- */FAIL /p; s/^not ok - /FAIL /p; /^ *#/p; /^holdfast:/p' "$out"
passed=$(grep -c '^ok ' "$out")
failed=$(grep -c '^not ok ' "$out")
# None at all is a failure, too.
[ "$passed" -gt 0 ] || failed=$((failed + 1))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
