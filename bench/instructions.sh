#!/bin/sh
# instructions.sh - what Holdfast's side of a measure costs in instructions
#
#	bench/instructions.sh [PROGRAM [MEASURE...]]
#
# Instructions a page (or fork), which do not depend on how busy the machine is.
# Callgrind counts inside the calls that the measure is about, and in nothing
# else; and the difference of two runs with different numbers of rounds leaves
# out what went before.
#
# Two things are the machine's all the same: the C library chooses its routines
# for copying and clearing by the processor that valgrind shows it, and each
# step of a repeated string instruction counts as one.
#
# Exit status: 0 counted, 2 usage, 77 nothing here can count.

set -u

program=${1:-build/holdfast-bench}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- pin-1 pin-1-longterm pin-512 pin-512-scattered cow zero fork exit

if [ ! -x "$program" ]; then
	echo "instructions.sh: no program $program; build it with \`make\`, or name it" >&2
	exit 2
fi

if ! command -v valgrind >/dev/null 2>&1; then
	echo "instructions.sh: valgrind is not here" >&2
	exit 77
fi

calls_of() {
	case $1 in
	pin-*) echo hf_pin hf_unpin ;;
	cow* | zero) echo hf_write ;;
	exit) echo hf_mm_destroy ;;
	*) echo hf_mm_fork ;;
	esac
}

count() {	# ROUNDS MEASURE
	toggles=
	for call in $(calls_of "$2"); do
		toggles="$toggles --toggle-collect=$call"
	done
	# The toggles are words of their own.
	valgrind --tool=callgrind --callgrind-out-file=/dev/null $toggles "$program" --count "$1" "$2" 2>&1 >/dev/null |
		sed -n 's/.*Collected : \([0-9][0-9]*\).*/\1/p'
}

# In the first rounds caches fill and marks are set; then each is like the next.
few=2 many=4
printf '%-20s %12s\n' measure instructions
for measure; do
	units=$("$program" --count "$((many - few))" "$measure") || exit
	less=$(count "$few" "$measure")
	more=$(count "$many" "$measure")
	if [ -z "$less" ] || [ -z "$more" ]; then
		echo "instructions.sh: $measure was not counted" >&2
		exit 77
	fi
	echo "$measure $less $more $units" | awk '{ printf "%-20s %12.1f\n", $1, ($3 - $2) / $4 }'
done
