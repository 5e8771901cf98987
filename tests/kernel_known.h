/*
 * kernel_known.h - scenarios whose verdict is known on every Linux that can do them
 *
 * What can't be done is skipped, with the kernel's reason.
 */
#ifndef HOLDFAST_KERNEL_KNOWN_H
#define HOLDFAST_KERNEL_KNOWN_H

#include "kernel_kit.h"

struct known {
	const char *name;
	enum verdict_kind verdict;
	const char *reason;	/* a part of it; NULL: none asked for */
	const char *body;
};

/* What a pin is, for PIN: each row below runs for each kind that PIN can be. */
static const char *const kinds[] = { "pin A buf write long", "pin A buf write", "pin A buf read", "get A buf" };
static const char *const kind_names[] = { "write long", "write short", "read short", "GET" };

static const struct known for_each_kind[] = {
	{ "sees later stores in shared memory", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 3\nstore A buf \"old\"\nPIN as p\nstore A buf \"new\"\nexpect p \"new\"\n"
	  "store A buf+4000 \"last\"\nexpect p+4000 \"last\"\nstore A buf \"more\"\nexpect p \"more\"\n"
	  "store A buf+2p+4090 \"end\"\nexpect p+2p+4090 \"end\"\nunpin p\nexpect A buf \"more\"\n" },
	{ "reads across pages, and at their first bytes", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 3\nPIN as p\nstore A buf+4092 \"abcdefgh\"\nexpect p+4092 \"abcdefgh\"\n"
	  "expect p+1p \"efgh\"\nfill A buf 0x61 12288\nexpect p+2p+1 \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n"
	  "expect p+4095 \"a\"\nunpin p\n" },
	{ "keeps its page when the owner discards it", VERDICT_BROKEN, "found \"old\"",
	  "map A buf anon private rw 1\nstore A buf \"old\"\nPIN as p\ndiscard A buf\nstore A buf \"new\"\n"
	  "expect p \"new\"\nunpin p\nexpect A buf \"new\"\n" },
	{ "outlives its space", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nstore A buf \"old\"\nPIN as p\nfork A B\nexit A\nstore B buf \"new\"\n"
	  "expect p \"old\"\nunpin p\nexpect B buf \"new\"\nload A buf fails ESRCH\n" },
	{ "outlives its mapping", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 2\nstore A buf+1p \"old\"\nPIN as p\nunmap A buf\nexpect p+1p \"old\"\nunpin p\n" },
	{ "can be taken again", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 1\nPIN as p\nexpect p zero 8\nunpin p\nstore A buf \"x\"\nPIN as p\n"
	  "store A buf \"y\"\nexpect p \"y\"\nunpin p\nunpin p fails EINVAL\n" },
	{ "is refused where nothing is", VERDICT_HOLDS, NULL,
	  "object F 1\nmap A buf anon private rw 2\nmap A far F shared rw 2\nunmap A buf+1p 1\n"
	  "PIN as p fails EFAULT\nload A buf+1p fails EFAULT\nstore A far+1p \"x\" fails EFAULT\n"
	  "unmap A buf\nPIN as p fails EFAULT\nexpect A far zero 8\n" },
	{ "is refused where nobody may read", VERDICT_HOLDS, NULL,
	  "map A buf anon private none 1\nPIN as p fails EACCES\nload A buf fails EACCES\n" },
	{ "is of a range of bytes", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 2\nfill A buf 0x61 8192\nPIN bytes 5000 as p\nstore A buf \"b\"\nexpect p \"ba\"\n"
	  "expect p+4999 \"a\"\nunpin p\n" },
};

/* The same for pins that a device can write through. */
static const struct known for_each_write[] = {
	{ "writes where it says, and nowhere else", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 2\nfill A buf 0x2e 8192\nPIN as p\ndevice p+4094 \"1234\"\nexpect A buf+4090 \"....1234....\"\n"
	  "device p+8 \"up\"\nexpect A buf+4 \"....up....\"\nexpect p+6 \"..up..\"\ndevice p \"first\"\nexpect A buf \"first...up.\"\n"
	  "store A buf+8 \"UP\"\nexpect p+6 \"..UP..\"\nunpin p\nexpect A buf \"first...UP.\"\nexpect A buf+8000 \"....\"\n" },
	{ "with no access at all changes nothing", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nfill A buf 0x2e 4096\nPIN as p\nstore A buf+2 \"x\"\nunpin p\n"
	  "expect A buf \"..x...\"\nexpect A buf+4090 \"......\"\n" },
	{ "does not write what was not reached", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nPIN as p\nload A buf+1p fails EFAULT\nunpin p\nexpect A buf zero 16\n" },
	{ "is the owner's alone after a fork", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nstore A buf \"old\"\nPIN as p\nfork A B\nstore A buf+512 \"new\"\n"
	  "device p \"net\"\nexpect A buf \"net\"\nexpect A buf+512 \"new\"\nexpect B buf \"old\"\nexpect B buf+512 zero 3\nunpin p\n" },
	{ "of an object is in the object", VERDICT_HOLDS, NULL,
	  "object F 2\nwrite F+1p \"disk\"\nmap A buf F shared rw 2\nPIN as p\ndevice p+1p \"net\"\nexpect F+1p \"netk\"\n"
	  "write F \"x\"\nexpect p \"x\"\nunpin p dirty\n" },
	{ "is refused where nobody may write", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nstore A buf \"old\"\nprotect A buf r\nPIN as p fails EACCES\nexpect A buf \"old\"\n"
	  "protect A buf rw\nPIN as p\ndevice p \"net\"\nexpect A buf \"net\"\nunpin p\n" },
	{ "goes with a move", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 2\nstore A buf \"old\"\nPIN as p\nmove A buf\nstore A buf \"new\"\ndevice p+8 \"net\"\n"
	  "expect p \"new\"\nexpect A buf+8 \"net\"\nunpin p\nremap A buf 200\nexpect A buf+8 \"net\"\nPIN as p\n"
	  "store A buf+199p \"end\"\nexpect p+199p \"end\"\nunpin p\n" },
	{ "is unpinned in parts", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 3\nPIN as p\nunpin p+1p 1\ndevice p+2p \"c\"\ndevice p \"a\"\nexpect A buf \"a\"\n"
	  "expect A buf+2p \"c\"\ndevice p+1p \"b\" fails EINVAL\nunpin p+1p 1 fails EINVAL\nunpin p+100 1 fails EINVAL\n"
	  "unpin p\nexpect A buf+1p zero 8\n" },
};

static const struct known once_each[] = {
	{ "a read pin can't be written through", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\npin A buf read as p\ndevice p \"x\" fails EACCES\nexpect p zero 1\nunpin p\n" },
	{ "nor can a GET", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nget A buf as p\ndevice p \"x\" fails EACCES\nunpin p\n" },
	{ "a child's GET shows what was there", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nstore A buf \"old\"\nfork A B\nget B buf as g\nunmap B buf\nstore A buf \"new\"\n"
	  "expect g \"old\"\nunpin g\n" },
	{ "a short read pin of an untouched page does not follow", VERDICT_BROKEN, "found \"\\0\\0\\0\"",
	  "map A buf anon private rw 1\npin A buf read as p\nstore A buf \"new\"\nexpect p \"new\"\nunpin p\n" },
	{ "several pins, of several spaces", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 2\nstore A buf \"a\"\nfork A B\npin A buf write as p\npin B buf write as q\n"
	  "pin B buf+1p read as r\ndevice q \"b\"\ndevice p+2 \"c\"\nexpect A buf \"a\\0c\"\nexpect B buf \"b\\0\\0\"\n"
	  "expect r zero 4\nunpin q\nexpect p \"a\\0c\"\nunpin r\nunpin p\n" },
	{ "forks of forks, exits in any order", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1\nstore A buf \"a\"\nfork A B\nfork B C\nexit A\nfork C D\nexit B\nstore C buf \"c\"\n"
	  "expect D buf \"a\"\nexit D\nexpect C buf \"c\"\nfork B E fails ESRCH\n" },
	{ "atomic access", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 1\nfork A B\nadd A buf 5\nadd B buf 1\nexpect A buf \"\\x06\\0\\0\\0\\0\\0\\0\\0\"\n"
	  "add A buf+4 1 fails EINVAL\nadd A buf+1p 1 fails EFAULT\n" },
	{ "wipe, don't fork", VERDICT_HOLDS, NULL,
	  "map A one anon private rw 1\nmap A two anon private rw 1\nstore A one \"1\"\nstore A two \"2\"\nwipeonfork A one\n"
	  "dontfork A two\nfork A B\nexpect B one zero 1\nload B two fails EFAULT\nexpect A one \"1\"\nexpect A two \"2\"\n" },
	{ "private mappings of an object", VERDICT_HOLDS, NULL,
	  "object F 1\nwrite F \"disk\"\nmap A buf F private rw 1\nexpect A buf \"disk\"\nstore A buf \"mine\"\n"
	  "expect F \"disk\"\ndiscard A buf\nexpect A buf \"disk\"\nresize F 0\nload A buf fails EFAULT\nwrite F \"x\" fails EINVAL\n" },
	{ "an object of terabytes", VERDICT_HOLDS, NULL,
	  "object F 1073741824\nwrite F+1073741823p \"end\"\nexpect F+1073741823p \"end\"\n" },
	{ "terabytes of memory", VERDICT_SKIPPED, "the judge gives a space 1 GiB",
	  "map A buf anon private rw 1073741824\nexpect A buf zero 1\n" },
	{ "a mapping of terabytes of an object", VERDICT_SKIPPED, "the judge gives a space 1 GiB",
	  "object F 1073741824\nmap A buf F shared rw 1073741824\nexpect A buf zero 1\n" },
	{ "terabytes that are to be refused", VERDICT_SKIPPED, "the judge gives a space 1 GiB",
	  "map A buf anon private rw 1073741824 fails ENOMEM\n" },
	{ "terabytes by a remap", VERDICT_SKIPPED, "the judge gives a space 1 GiB",
	  "map A buf anon private rw 1\nremap A buf 1073741824\nexpect A buf zero 1\n" },
	{ "more than 1 GiB", VERDICT_SKIPPED, "the judge gives a space 1 GiB",
	  "map A buf anon private rw 262145\nexpect A buf zero 1\n" },
	{ "more than 1 GiB in parts", VERDICT_SKIPPED, "the judge gives a space 1 GiB",
	  "map A a anon private rw 131072\nmap A b anon private rw 131072\nmap A c anon private rw 1\nexpect A a zero 1\n" },
	{ "half a GiB", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 131072\nstore A buf+131071p \"end\"\nexpect A buf+131071p \"end\"\n" },
	{ "a pin of as many pages as a call can hold", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1024\npin A buf write as p\nfork A B\nstore A buf+1023p \"new\"\nexpect p+1023p \"new\"\n"
	  "device p+1022p \"net\"\nexpect A buf+1022p \"net\"\nexpect B buf+1023p zero 3\nunpin p\n" },
	{ "and of one more", VERDICT_SKIPPED, "1024 pages",
	  "map A buf anon private rw 1025\npin A buf write as p\nexpect p zero 1\nunpin p\n" },
	{ "a GET of many pages", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 64\nget A buf as p\nstore A buf+63p \"end\"\nexpect p+63p \"end\"\nexpect p+62p+4095 \"\\0end\"\nunpin p\n" },
	{ "pages that a fork copies are counted", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 3\nfill A buf 1 12288\nfork A B\nexpect fork_copies 0\npin A buf+1p write long bytes 4096 as p\n"
	  "fork A C\nexpect fork_copies 1\nfork A D\nexpect fork_copies 2\ncount\nexpect fork_copies 0\nunpin p\nfork A E\n"
	  "expect fork_copies 0\n" },
	{ "one that copies none where it should", VERDICT_BROKEN, "found 0",
	  "map A buf anon private rw 1\nfill A buf 1 4096\nfork A B\nexpect fork_copies 1\n" },
	{ "huge pages come and go", VERDICT_HOLDS, NULL,
	  "map A buf anon private huge rw 2h\nfill A buf 1 4194304\nfork A B\nstore A buf+1h+511p \"new\"\nunmap A buf+1p 1\n"
	  "expect B buf+1h+511p \"\\x01\\x01\\x01\"\nexpect B buf+1p \"\\x01\"\ndiscard A buf+1h 1h\nnohuge A buf+1h 1h\n"
	  "expect A buf+1h+511p zero 3\nremap B buf 1h\nremap B buf 4h\nexpect B buf+2h zero 8\nmove B buf\nexpect B buf \"\\x01\"\n" },
	{ "a collapse", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1h\nfill A buf 1 2097152\nstore A buf+7p \"old\"\ncollapse A buf\nexpect A buf+7p \"old\"\n"
	  "expect A buf+511p+4095 \"\\x01\"\n" },
	{ "a collapse of what a device has", VERDICT_HOLDS, NULL,
	  "map A buf anon private rw 1h\nfill A buf 1 2097152\npin A buf+7p write long bytes 4096 as p\ncollapse A buf fails EBUSY\n"
	  "store A buf+7p \"new\"\nexpect p \"new\"\nunpin p\n" },
	{ "what is huge is not seen", VERDICT_SKIPPED, "as a whole", "map A buf anon private huge rw\nstore A buf \"x\"\nexpect A buf huge\n" },
	{ "statistics and paths are left out", VERDICT_HOLDS, NULL,
	  "map A buf anon shared rw 1\ncount\npin A buf write as p\nexpect p fast\nexpect copies 0\nexpect p zero 1\nunpin p\n" },
	{ "a long read pin", VERDICT_SKIPPED, "long-term read pin",
	  "map A buf anon private rw 1\npin A buf read long as p\nexpect p zero 1\nunpin p\n" },
	{ "the fast path alone", VERDICT_SKIPPED, "fast path",
	  "map A buf anon private rw 1\npin A buf write fast-only as p fails EAGAIN\n" },
	{ "a sealed mapping", VERDICT_SKIPPED, "sealed", "map A buf anon private sealed r 1\nexpect A buf zero 1\n" },
	{ "sealing", VERDICT_SKIPPED, "seal", "map A buf anon private rw 1\nprotect A buf seal\nexpect A buf zero 1\n" },
	{ "a fork that refuses", VERDICT_SKIPPED, "refuses", "map A buf anon private rw 1\nfork A B refuse\nexpect B buf zero 1\n" },
	{ "a fork that leaves a hole", VERDICT_SKIPPED, "leaves", "map A buf anon private rw 1\nfork A B hole\nexpect B buf zero 1\n" },
};

/* Replace PIN by the kind. */
static inline char *with_kind(const char *body, const char *kind)
{
	char *text = NULL;
	size_t length = 0;
	FILE *f = open_memstream(&text, &length);

	for (const char *p; (p = strstr(body, "PIN")); body = p + 3)
		fprintf(f, "%.*s%s", (int)(p - body), body, kind);
	fputs(body, f);
	fclose(f);
	return text;
}

static inline void check(const struct known *k, const char *kind, const char *body)
{
	struct verdict v = judge(body);
	bool good = v.verdict == k->verdict && (!k->reason || strstr(v.reason, k->reason));
	char name[200], detail[900];

	snprintf(name, sizeof(name), "%s%s%s", kind, *kind ? " pin " : "", k->name);
	snprintf(detail, sizeof(detail), "expected %s, found %s %s", verdict_names[k->verdict], verdict_names[v.verdict],
		 v.reason);
	if (!good && v.verdict == VERDICT_SKIPPED)
		skip(name, v.reason);
	else
		result(good, name, detail);
}

static inline void check_kinds(const struct known *rows, size_t n, size_t nkinds)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < nkinds; k++) {
			char *body = with_kind(rows[i].body, kinds[k]);

			check(&rows[i], kind_names[k], body);
			free(body);
		}
}

static inline void known_answers(void)
{
	check_kinds(for_each_kind, COUNT(for_each_kind), COUNT(kinds));
	check_kinds(for_each_write, COUNT(for_each_write), 2);
	for (size_t i = 0; i < COUNT(once_each); i++)
		check(&once_each[i], "", once_each[i].body);
}

#endif
