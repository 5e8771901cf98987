# try.sh - what the shell tests share: read it with `.`, with $said naming a file for output

# shellcheck shell=sh disable=SC2034,SC2154 # the counts and $said are the reader's

passed=0 failed=0 skipped=0

# try NAME COMMAND...: a test; what the command says is shown if it fails
try() {
	name=$1
	shift
	if "$@" >"$said" 2>&1; then
		echo "ok   $name"
		passed=$((passed + 1))
	else
		echo "FAIL $name"
		sed 's/^/     /' "$said"
		failed=$((failed + 1))
	fi
}

skip() {
	echo "skip $1: $2"
	skipped=$((skipped + 1))
}

have() { command -v "$1" >/dev/null; }
