#!/bin/sh
# test_install.sh - the library as a stranger gets it
#
# Installs to a scratch directory, builds a C and a C++ program against what is there
# with the flags of pkg-config and nothing of this tree, runs both, shared and static,
# and the installed program; asks that exactly the calls of holdfast.h are exported;
# uninstalls, and asks that nothing is left.  Run by `make check`, from the tree's root.

# shellcheck disable=SC2086 # CC and CXX may be several words

B=${B:-build} CC=${CC:-cc} CXX=${CXX:-c++}
here=tests/install
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
prefix=/opt/holdfast
at=$root$prefix
said=$scratch/said
. tests/try.sh

install() {
	make -s B="$B" DESTDIR="$root" PREFIX=$prefix LIBDIR=$prefix/lib "$1"
}

# ---- names ------------------------------------------------------------------------

in_header() {
	tr '\n' ' ' <include/holdfast.h | grep -oE 'HF_API [^;(#]*\(' | grep -oE 'hf_[a-z0-9_]+ *\(' | tr -d ' (' | sort
}

in_map() {
	grep -oE '^[[:space:]]*hf_[a-z0-9_]+' src/holdfast.map | tr -d '\t ' | sort
}

exported() {
	nm "$@" | awk '$2 ~ /^[A-Z]$/ && $2 != "U" { sub(/@.*/, "", $3); print $3 }' | grep -v '^HOLDFAST_' | sort -u
}

same() {
	[ -s "$1" ] && diff "$1" "$2"
}

names() {
	in_header >"$scratch/header"
	in_map >"$scratch/map"
	exported -D --defined-only "$at"/lib/libholdfast.so.0 >"$scratch/shared"
	exported -g --defined-only "$at"/lib/libholdfast.a >"$scratch/static"
	try "the symbol list is the calls of the header" same "$scratch/header" "$scratch/map"
	try "the shared library exports that list" same "$scratch/map" "$scratch/shared"
	try "the static library exports that list" same "$scratch/map" "$scratch/static"
	try "the shared library has its name" sh -c "objdump -p '$at/lib/libholdfast.so' | grep -q 'SONAME *libholdfast.so.0$'"
}

# ---- a stranger's programs ----------------------------------------------------------

flags() {
	PKG_CONFIG_PATH=$at/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root pkg-config "$@" holdfast
}

# shared COMPILER ARGUMENT...: build and run
# shellcheck disable=SC2046 # flags are words
shared() {
	"$@" -Wall -Wextra -Werror -pedantic -o "$scratch/consumer" $(flags --cflags --libs) &&
		LD_LIBRARY_PATH=$at/lib "$scratch/consumer"
}

# shellcheck disable=SC2046
static() {
	"$@" -static -o "$scratch/consumer" $(flags --static --cflags --libs) && "$scratch/consumer"
}

# A program may have names of its own that the library uses between its files: all of them.
own_names() {
	exported -g --defined-only "$B"/lib/src/*/*.o | grep -v '^hf_' | sed 's/.*/int &;/' >"$scratch/names.c"
	[ -s "$scratch/names.c" ] && static $CC $here/consumer.c "$scratch/names.c"
}

version_agrees() {
	[ "holdfast $(flags --modversion)" = "$("$at/bin/holdfast" --version)" ]
}

consumers() {
	have pkg-config || {
		skip "programs of others" "no pkg-config here"
		return
	}
	try "pkg-config and the program agree on the version" version_agrees
	try "C99, shared" shared $CC -std=c99 $here/consumer.c
	try "C11, static" static $CC -std=c11 $here/consumer.c
	try "C, static, with the names that the library uses inside" own_names
	have "$CXX" || {
		skip "C++" "no $CXX here"
		return
	}
	try "C++11, shared" shared $CXX -std=c++11 $here/consumer.cc
	try "C++17, static" static $CXX -std=c++17 $here/consumer.cc
}

# ---- the program ----------------------------------------------------------------------

# Away from the tree, so that it finds what was installed and not what is here.
installed() {
	(cd "$scratch" && env -u HOLDFAST_SCENARIOS "$at/bin/holdfast" "$@")
}

scenarios_installed() {
	[ "$(cd "$at/share/holdfast" && find scenarios -name '*.scn' | sort)" = "$(find scenarios -name '*.scn' | sort)" ]
}

programs() {
	try "every scenario is installed" scenarios_installed
	try "the installed program finds a scenario by its name" installed run history/fork-break
	if [ -x "$at/libexec/holdfast/holdfast-bench" ]; then
		try "the installed program finds holdfast-bench" installed bench --help
	fi
	for page in man/*.[1-9]; do
		try "${page#man/} is installed" cmp "$page" "$at/share/man/man${page##*.}/${page#man/}"
	done
}

nothing_left() {
	[ -z "$(find "$root" ! -type d | tee /dev/stderr)" ]
}

[ -z "$SAN" ] || {
	echo "a build with $SAN is not one that anybody installs"
	exit 77
}
try "make install" install install
names
consumers
programs
try "make uninstall" install uninstall
try "nothing is left" nothing_left

echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
