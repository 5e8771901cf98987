#> Holdfast
#>
#>   make                 build the library and the programs
#>   make run             build the program and run it: the two tables (ARGS="run --trace NAME" for more)
#>   make check           all tests
#>   make check-full      the same, longer: a million random operations, a minute of threads
#>   make asan            the tests under AddressSanitizer; also ubsan
#>   make fuzz            a fuzzer on the parser and on the operations (FUZZ_SECONDS=60 each)
#>   make tsan            the tests under ThreadSanitizer, but for the explorer's (LENGTH=short: ten seconds of threads)
#>   make mutants         take the core's safeguards out one by one (tests/mutants): who notices?
#>   make bench           time pins, forks, faults, loads and stores beside the kernel
#>   make figures         all of it, in half an hour, and what came out into the documents
#>   make study           what it would take for two threads to pin the same page
#>   make lint            rules that no compiler knows: layers, man pages, shell scripts
#>   make advice          what static analysers say of the source
#>   make install         to PREFIX (/usr/local), below DESTDIR; also uninstall
#>   make clean           remove the build directory
#>
#> Variables: CC=clang, B=another-build-directory, OPT='-O0 -g', WERROR=-Werror,
#> SAN=-fsanitize=..., CFLAGS, CPPFLAGS, LDFLAGS; for install also LIBDIR; V=1 shows every
#> command and every test.
#> What is missing on the machine, scripts/setup installs, or says how.

CC      ?= cc
CXX     ?= c++
OBJCOPY ?= objcopy
NM      ?= nm
B       := build
OPT     := -O2 -g
WERROR  :=
SAN     :=
ARGS    :=
PREFIX  := /usr/local
LIBDIR   = $(PREFIX)/lib
DESTDIR :=

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
FLAGS    = -std=c17 -D_GNU_SOURCE $(OPT) $(WARN) $(WERROR) $(SAN) $(CPPFLAGS) $(CFLAGS)
LIBS    := -lpthread

VERSION := $(shell awk '/define HF_VERSION_(MAJOR|MINOR|PATCH)/ { v = v s $$3; s = "." } END { print v }' \
	     include/holdfast.h)
SONAME  := libholdfast.so.0# the number grows with every BREAKING release (CHANGES.md)

# The commands themselves are shown with V=1.
say = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@echo '  $(1) $@';)

all: programs
export B CC CXX SAN RUN V

# ---- what is built from what ------------------------------------------------
#
# The core is compiled three times: for the library that people link (lib/); with
# HF_LAB for the laboratory (lab/), in which any address space can be given any
# design; and for the explorer (explored/, see below).  The program is linked to the
# laboratory, and to the explorer.  What stands for a stranger's
# program (use/) sees the public header alone; holdfast-bench is one of them, and
# borrows a file of the program's.

CORE     := $(wildcard src/core/*.c src/platform/*.c)
LAB      := $(CORE) $(wildcard src/lab/*.c)
TOOL     := $(wildcard src/scenario/*.c src/judge/*.c src/kernel/*.c)
CLI      := $(wildcard src/cli/*.c)
BENCH    := $(wildcard bench/*.c) src/scenario/json.c
EXAMPLES := $(wildcard examples/*.c)
KV       := $(wildcard examples/kv/*.c)
LAB_TEST := $(wildcard tests/lab/*.c)
LIB_TEST := $(wildcard tests/lib/*.c)
EXPLORED := $(filter-out src/platform/%,$(LAB))
EXPLORE  := $(wildcard src/explore/*.c)
EXPLORE_TEST := $(wildcard tests/explore/*.c)
SH_TEST  := scripts/check-layers $(wildcard tests/*/*.sh)

lib_include := -Iinclude -Isrc/platform
lab_include := -Iinclude -Isrc/core $(addprefix -Isrc/,platform lab scenario judge kernel explore cli) -Itests
use_include := -Iinclude -Itests

LIB_OBJ   := $(CORE:%.c=$(B)/lib/%.o)
LAB_OBJ   := $(LAB:%.c=$(B)/lab/%.o)
TOOL_OBJ  := $(TOOL:%.c=$(B)/lab/%.o)
CLI_OBJ   := $(CLI:%.c=$(B)/lab/%.o)
BENCH_OBJ := $(BENCH:%.c=$(B)/use/%.o)
$(BENCH_OBJ): use_include += -Isrc/scenario
$(B)/use/bench/section.o $(B)/use/bench/cuts.o: use_include += -Isrc/platform
EXPLORED_OBJ := $(EXPLORED:%.c=$(B)/explored/%.o) $(EXPLORE_TEST:%.c=$(B)/explored/%.o)
EXPLORE_OBJ  := $(EXPLORE:%.c=$(B)/explore/%.o)
SCENARIO_OBJ := $(patsubst %.c,$(B)/explore/%.o,$(wildcard src/scenario/*.c))
TEST_OBJ  := $(LAB_TEST:%.c=$(B)/lab/%.o) $(LIB_TEST:%.c=$(B)/use/%.o) $(EXAMPLES:%.c=$(B)/use/%.o)
KV_OBJ    := $(KV:%.c=$(B)/use/%.o)
STUDY_OBJ := $(B)/use/bench/study/shared-pin.o
OBJ       := $(LIB_OBJ) $(LAB_OBJ) $(TOOL_OBJ) $(CLI_OBJ) $(BENCH_OBJ) $(STUDY_OBJ) $(KV_OBJ) $(TEST_OBJ) \
	     $(EXPLORED_OBJ) $(EXPLORE_OBJ) $(SCENARIO_OBJ)

LIBRARY   := $(B)/libholdfast.a $(B)/$(SONAME)
PROGRAMS  := $(B)/holdfast $(B)/holdfast-bench $(EXAMPLES:%.c=$(B)/%) $(B)/examples/kv
TESTS     := $(LAB_TEST:%.c=$(B)/%) $(LIB_TEST:%.c=$(B)/%) $(EXPLORE_TEST:%.c=$(B)/%)

programs: $(LIBRARY) $(PROGRAMS)

# ---- compile ------------------------------------------------------------------

# The compiler and the flags of the last build: what was built with others is stale.
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst ','\'',$(CC) $(FLAGS) $(lab_include) $(explored_flags) $(LDFLAGS))' >$@.now; cmp -s $@.now $@ && rm $@.now || mv $@.now $@

$(B)/setup: scripts/setup | $(B)/flags
	@scripts/setup
	@touch $@

$(OBJ): $(B)/flags | $(B)/setup

$(B)/lib/%.o: %.c
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(FLAGS) $(lib_include) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$(B)/lab/%.o: %.c
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(FLAGS) $(lab_include) -DHF_LAB -MMD -MP -c -o $@ $<

$(B)/use/%.o: %.c
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(FLAGS) $(use_include) -MMD -MP -c -o $@ $<

# The explorer is never built with a sanitizer: its threads are none to it.  Its own files
# look into the core's structures, so they have the same small sizes.  DWARF 4, because
# addr2line loses callers in what clang says in DWARF 5.
plain_flags    = $(filter-out $(SAN),$(FLAGS))
explored_sizes := -DHF_EXPLORED -DHF_PAGE_SHIFT=6 -DHF_TABLE_SHIFT=2 -DHF_TABLE_LEVELS=3 -DHF_SLOTS=6 -DHF_CACHE_PAGES=2 \
		  -DHF_LIMBO_PAGES=1 -DHF_BATCHES=1 -DHF_CHUNK_RECORDS=1 -DHF_AGAIN=2
explored_flags = -O1 -gdwarf-4 -fsanitize=thread $(explored_$(if $(findstring clang,$(CC)),clang,gcc)) \
		 -fno-omit-frame-pointer -fno-optimize-sibling-calls -fno-builtin -DHF_LAB $(explored_sizes)
explored_gcc   = -Wno-tsan
# It would make one access of two that are alike, which then stands nowhere in the source.
explored_clang = -mllvm -enable-tail-merge=0 -mllvm -simplifycfg-sink-common=0 -mllvm -simplifycfg-hoist-common=0

# Copies go to the hooks, too: neither expanded (gcc then tells nobody), nor left to the libc.
$(B)/explored/%.o: %.c
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(plain_flags) $(explored_flags) $(lab_include) -MMD -MP -c -o $@ $<
	@$(OBJCOPY) $(foreach name,memcpy memmove memset,--redefine-sym $(name)=__tsan_$(name)) $@

$(B)/explore/%.o: %.c
	@mkdir -p $(@D)
	$(call say,cc)$(CC) $(plain_flags) -DHF_LAB $(explored_sizes) $(lab_include) -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d)

# ---- link ---------------------------------------------------------------------

# One object, in which everything but the public names is local: names inside the
# library can't collide with those of a program that links it statically.
$(B)/libholdfast.o: $(LIB_OBJ)
	$(call say,ld)$(LD) -r -o $@ $^ && $(OBJCOPY) --localize-hidden $@

$(B)/libholdfast.a: $(B)/libholdfast.o
$(B)/liblab.a: $(LAB_OBJ)
$(B)/libtool.a: $(TOOL_OBJ)
$(B)/%.a:
	$(call say,ar)rm -f $@ && $(AR) rcs $@ $^

$(B)/$(SONAME): $(LIB_OBJ) src/holdfast.map
	$(call say,ld)$(CC) $(FLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script,src/holdfast.map \
		$(if $(SAN),,-Wl,-z,defs) -o $@ $(LIB_OBJ) $(LIBS)
	@ln -sf $(SONAME) $(B)/libholdfast.so

define link
	@mkdir -p $(@D)
	$(call say,ld)$(CC) $(FLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
endef

$(B)/holdfast: $(CLI_OBJ) $(B)/libexplorer.a $(B)/libtool.a $(B)/liblab.a
	$(link)
# Once more the platform's objects, whose names the library keeps to itself: section.c and cuts.c time them.
$(B)/holdfast-bench: LIBS += -lm
$(B)/holdfast-bench: $(BENCH_OBJ) $(B)/libholdfast.a $(filter $(B)/lib/src/platform/%,$(LIB_OBJ))
	$(link)

$(B)/examples/kv: $(KV_OBJ) $(B)/libholdfast.a
	$(link)

# ---- the explorer: the core once more, as an engine sees it that orders its steps -------------
#
# Compiled with a sanitizer's hooks, linked to our own of these names (hooks.c), and to a
# platform of its own.  One object, of which only the names of explore.h are seen: the
# core of the laboratory has the same ones, and a sanitizer may have the hooks.

explored_names := $(sort $(shell grep -o 'explore_[a-z_]*' src/explore/explore.h))

$(B)/explored.o: $(EXPLORED:%.c=$(B)/explored/%.o) src/explore/explored.ld
	$(call say,ld)$(LD) -r --force-group-allocation -T src/explore/explored.ld -o $@ $(filter %.o,$^)

$(B)/sites.c: $(B)/explored.o scripts/sites
	$(call say,sites)scripts/sites $< >$@
$(B)/sites.o: $(B)/sites.c src/explore/sites.h
	$(call say,cc)$(CC) $(plain_flags) -Isrc/explore -c -o $@ $<

# A name of the core, the platform or the hooks that is missing here would be taken from elsewhere.
$(B)/explorer.o: $(B)/explored.o $(EXPLORE_OBJ) $(B)/sites.o
	$(call say,ld)$(LD) -r --force-group-allocation -o $@ $^
	@! $(NM) -u $@ | grep -E ' U (hf_|plat_|engine_|explored_|__tsan_)'
	@$(OBJCOPY) $(explored_names:%=--keep-global-symbol=%) $@

$(B)/libexplorer.a: $(B)/explorer.o
$(B)/libengine.a: $(EXPLORE_OBJ)
$(B)/libscenario.a: $(SCENARIO_OBJ)

# Each file of these directories is a program.
$(B)/tests/lab/%: $(B)/lab/tests/lab/%.o $(B)/libexplorer.a $(B)/libtool.a $(B)/liblab.a
	$(link)
# Of the engine, which it is to explore: so it is built as the core is there.
$(B)/tests/explore/%: $(B)/explored/tests/explore/%.o $(B)/libengine.a $(B)/libscenario.a
	@mkdir -p $(@D)
	$(call say,ld)$(CC) $(plain_flags) $(LDFLAGS) -o $@ $^ $(LIBS)
$(B)/tests/lib/%: $(B)/use/tests/lib/%.o $(B)/libholdfast.a
	$(link)
$(B)/examples/%: $(B)/use/examples/%.o $(B)/libholdfast.a
	$(link)

# ---- run and check --------------------------------------------------------------

run: $(B)/holdfast
	@$(B)/holdfast $(ARGS)

bench: $(B)/holdfast-bench
	@$(B)/holdfast-bench $(ARGS)

# A program by itself, which nothing here needs.
$(B)/bench/study/shared-pin: $(STUDY_OBJ)
	$(link)

study: $(B)/bench/study/shared-pin
	@$<

figures: $(B)/holdfast-bench $(B)/bench/study/shared-pin
	@scripts/figures $(B)

mutants: $(B)/holdfast
	+@scripts/mutants $(ARGS)

# What a suite is told: always, and by how long the tests may take.
args_test_cli.sh  := $(B)/holdfast
args_test_bench.sh := $(B)/holdfast
args_test_races.sh := $(B)/holdfast
short_test_random := 100000
full_test_random  := 1000000
short_test_random_threads := 50
full_test_random_threads := 1000
short_stress      := 10
full_stress       := 60
short_test_windows := 7
full_test_windows := 1
full_test_kernel_random := 3000
short_test_races.sh := 20000
full_test_races.sh := 0 c11 tso sc
full_test_bench.sh := all

suites = $(foreach test,$(1),'$(test) $(args_$(notdir $(test))) $($(LENGTH)_$(notdir $(test)))')
# ThreadSanitizer's: what has threads, so not the exhaustive one, which takes a minute there.
THREADED := $(filter-out %/test_paths,$(LIB_TEST:%.c=$(B)/%))
# And the rest, as far as it can be run there: not the explorer, whose threads are none to the
# sanitizer, nor the live kernel's processes, whose signals it takes.
UNTHREADED := $(filter-out $(wildcard $(patsubst %,tests/lab/test_%*.c,kernel explore random)),$(LAB_TEST))
UNTHREADED := $(UNTHREADED:%.c=$(B)/%)

# The explorer is never built with a sanitizer: what is about it alone need not be run in such a build.
EXPLORERS := $(if $(SAN),$(EXPLORE_TEST:%.c=$(B)/%) %/test_explore_corpus %/test_random_threads %/test_races.sh \
	     %/test_sites.sh)

check-full threads: LENGTH = full
check: LENGTH = short
check check-full: all $(TESTS)
	@scripts/run-tests $(B)/log $(call suites,$(filter-out $(EXPLORERS),$(TESTS) $(SH_TEST)))

threads: $(THREADED) $(UNTHREADED) $(B)/tests/lab/test_random
	@scripts/run-tests $(B)/log $(call suites,$(THREADED) $(UNTHREADED)) '$(B)/tests/lab/test_random 3000'

asan:
	@$(MAKE) B=$(B)-asan SAN='-fsanitize=address -fno-omit-frame-pointer' check
ubsan:
	@$(MAKE) B=$(B)-ubsan SAN='-fsanitize=undefined -fno-sanitize-recover=all' check

# gcc's -Wtsan says that the sanitizer knows no fences: src/platform tells it of them.
# Without setarch, an address space with much randomness is more than it can place.
tsan:
	@$(MAKE) B=$(B)-tsan SAN='-fsanitize=thread $(if $(findstring clang,$(CC)),,-Wno-tsan)' \
		RUN="$$(setarch -R echo setarch -R 2>/dev/null)" threads

lint:
	@scripts/lint
advice:
	@scripts/lint --advice $(lab_include)

# ---- fuzz -------------------------------------------------------------------------
#
# Linked to corpus.c a target runs the inputs that are kept (a suite), linked to clang's
# libFuzzer it looks for more: with everything instrumented, so in a directory of its own.
# Comparisons are not traced: verify makes so many that it took four fifths of the time.

FUZZ_SECONDS := 60
FUZZ         := fuzz_parser fuzz_operations
FUZZ_OBJ     := $(patsubst %.c,$(B)/lab/%.o,$(wildcard tests/fuzz/*.c))
FUZZ_TESTS   := $(FUZZ:%=$(B)/tests/fuzz/%)
args_fuzz_parser     := tests/fuzz/corpus/parser
args_fuzz_operations := tests/fuzz/corpus/operations

$(FUZZ_OBJ): $(B)/flags | $(B)/setup
-include $(FUZZ_OBJ:.o=.d)

$(B)/tests/fuzz/%: $(B)/lab/tests/fuzz/%.o $(B)/lab/tests/fuzz/corpus.o $(B)/libtool.a $(B)/liblab.a
	$(link)
$(B)/fuzz/%: private LDFLAGS += -fsanitize=fuzzer
$(B)/fuzz/%: $(B)/lab/tests/fuzz/%.o $(B)/libtool.a $(B)/liblab.a
	$(link)

check check-full: $(FUZZ_TESTS)
check check-full: TESTS += $(FUZZ_TESTS)

fuzz:
	@scripts/setup clang:clang libFuzzer:libclang-rt-dev
	@$(MAKE) B=$(B)-fuzz CC=clang OPT='-O1 -g' SAN='-fsanitize=address,undefined,fuzzer-no-link \
		-fno-sanitize-coverage=trace-cmp -fno-sanitize-recover=all -fno-omit-frame-pointer' $(FUZZ:%=$(B)-fuzz/fuzz/%)
	@scripts/fuzz $(B)-fuzz $(FUZZ_SECONDS) $(FUZZ)

# ---- install ----------------------------------------------------------------------

TO     = $(DESTDIR)$(PREFIX)
TO_LIB = $(DESTDIR)$(LIBDIR)
MAN   := $(wildcard man/*.[1-9])
DOCS  := README.md CHANGES.md LICENSE

install: all
	install -d $(addprefix $(TO)/,bin include libexec/holdfast share/holdfast share/doc/holdfast) $(TO_LIB)/pkgconfig
	install -m 755 $(B)/holdfast $(TO)/bin
	install -m 755 $(B)/holdfast-bench $(TO)/libexec/holdfast
	install -m 644 include/holdfast.h $(TO)/include
	install -m 644 $(B)/libholdfast.a $(TO_LIB)
	install -m 755 $(B)/$(SONAME) $(TO_LIB)
	ln -sf $(SONAME) $(TO_LIB)/libholdfast.so
	sed 's,@PREFIX@,$(PREFIX),; s,@LIBDIR@,$(LIBDIR),; s,@VERSION@,$(VERSION),' holdfast.pc.in \
		>$(TO_LIB)/pkgconfig/holdfast.pc
	find scenarios -type f -exec install -D -m 644 {} $(TO)/share/holdfast/{} \;
	for page in $(MAN); do \
		install -D -m 644 $$page $(TO)/share/man/man$${page##*.}/$${page##*/} || exit; \
	done
	install -m 644 $(DOCS) $(TO)/share/doc/holdfast
	find docs examples -type f -exec install -D -m 644 {} $(TO)/share/doc/holdfast/{} \;
	$(if $(DESTDIR),,[ "$$(id -u)" != 0 ] || ldconfig)

# The directories that are ours alone go as a whole.
uninstall:
	rm -f $(TO)/bin/holdfast $(TO)/include/holdfast.h
	rm -f $(addprefix $(TO_LIB)/,libholdfast.a $(SONAME) libholdfast.so pkgconfig/holdfast.pc)
	rm -f $(foreach page,$(MAN),$(TO)/share/man/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page)))
	rm -rf $(addprefix $(TO)/,libexec/holdfast share/holdfast share/doc/holdfast)

# ---- the rest ----------------------------------------------------------------------

help:
	@sed -n 's/^#> \{0,1\}//p' Makefile

clean:
	rm -rf $(B) $(B)-asan $(B)-ubsan $(B)-tsan $(B)-fuzz

.PHONY: all programs run bench study figures mutants check check-full threads asan ubsan tsan fuzz lint advice \
	install uninstall help clean FORCE
.SECONDARY:
.DELETE_ON_ERROR:
