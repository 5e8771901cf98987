# Holdfast.  `make help` lists the targets.
#
# The core is compiled twice: for the library that people link, and with HF_LAB
# for the laboratory (any address space can be given any design), which the
# program and most tests use.

CC      ?= cc
B       := build
STD     := -std=c17 -D_GNU_SOURCE
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings
WERROR  ?=
OPT     ?= -O2 -g
SAN     ?=
CPPFLAGS_ALL := -Iinclude -Isrc -Isrc/core -Isrc/platform -Isrc/lab -Isrc/scenario -Isrc/judge -Isrc/kernel -Isrc/cli
CFLAGS_ALL = $(STD) $(OPT) $(WARN) $(WERROR) $(SAN) $(CPPFLAGS_ALL) $(CFLAGS)
LIBS    := -lurcu-bp -lpthread

CORE    := $(wildcard src/core/*.c) $(wildcard src/platform/*.c)
LAB     := $(wildcard src/lab/*.c)
TOOL    := $(wildcard src/scenario/*.c) $(wildcard src/judge/*.c) $(wildcard src/kernel/*.c)
CLI     := $(wildcard src/cli/*.c)

LIB_OBJ := $(CORE:%.c=$(B)/lib/%.o)
LAB_OBJ := $(CORE:%.c=$(B)/lab/%.o) $(LAB:%.c=$(B)/lab/%.o)
TOOL_OBJ := $(TOOL:%.c=$(B)/lab/%.o)
CLI_OBJ := $(CLI:%.c=$(B)/lab/%.o)

all: $(B)/libholdfast.a $(B)/holdfast

$(B)/lib/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$(B)/lab/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -DHF_LAB -MMD -MP -c -o $@ $<

$(B)/libholdfast.a: $(LIB_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(B)/liblab.a: $(LAB_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(B)/libtool.a: $(TOOL_OBJ)
	rm -f $@ && $(AR) rcs $@ $^

$(B)/holdfast: $(CLI_OBJ) $(B)/libtool.a $(B)/liblab.a
	$(CC) $(CFLAGS_ALL) -o $@ $^ $(LIBS)

# tests/lab/x.c is linked against the laboratory and the tools, tests/lib/x.c
# against the library; each is one program.
$(B)/tests/lab/%: tests/lab/%.c $(wildcard tests/*.h) $(B)/libtool.a $(B)/liblab.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -DHF_LAB -Itests -o $@ $< $(B)/libtool.a $(B)/liblab.a $(LIBS)

$(B)/tests/lib/%: tests/lib/%.c $(wildcard tests/*.h) $(B)/libholdfast.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -Itests -o $@ $< $(B)/libholdfast.a $(LIBS)

clean:
	rm -rf $(B)

.PHONY: all clean
-include $(shell find $(B) -name '*.d' 2>/dev/null)
