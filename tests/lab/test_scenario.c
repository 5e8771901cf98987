/*
 * test_scenario.c - the scenario language: what it takes, what it refuses and in
 * which words, and that canonical text loses nothing
 *
 * The bad ones stand in scenario_messages.h as text and message; larger or stranger ones are
 * files in tests/scenario-bad/, each of which must be refused with one line.
 */
#include <dirent.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "scenario.h"
#include "scenario_messages.h"
#include "scenario_text.h"

static int passed, failed;

static void result(bool ok, const char *test, const char *detail)
{
	printf("%s %s%s%s\n", ok ? "ok  " : "FAIL", test, ok || !detail[0] ? "" : ": ", ok ? "" : detail);
	ok ? passed++ : failed++;
}

/* ---- round trip --------------------------------------------------------- */

static void round_trip(const char *test, const struct scenario *s)
{
	char *wrong = loss(s);

	result(!wrong, test, wrong ? wrong : "");
	free(wrong);
}

/* ---- good --------------------------------------------------------------- */

static const struct {
	const char *test, *text;
} good[] = {
	{ "the sample of the design",
	  "scenario  fork-under-a-device-write\n"
	  "why       \"A device writes into a private page while the owner forks; the owner touches the page first.\"\n"
	  "promise   coherent isolated\n\n"
	  "map    A buf anon private rw 1\nstore  A buf \"old\"\npin    A buf write as dma\nfork   A B\n"
	  "store  A buf+8 \"new\"\ndevice dma \"net\"             # the device writes through its pin\n"
	  "expect A buf \"net\"\nexpect A buf+8 \"new\"\nexpect B buf \"old\"\nunpin  dma\n" },
	{ "the second sample of the design",
	  HEAD "map A buf anon private rw 1\nthread\n  pin   A buf read as dma\nthread\n  fork  A B\nend\n"
	       "never  dma and page A buf = page B buf\nseen   dma\n" },
	{ "threads and conditions", HEAD "map A buf anon private rw 1\nfork A B\nthread\n  pin   A buf read as dma\n"
					 "thread\n  fork  A C\nend\nexpect A buf zero 1\n"
					 "never  dma and page A buf = page B buf\nseen   dma\n"
					 "seen not dma \"x\" or A buf+1 zero 3 and page dma = page A buf\n" },
	{ "facts of every kind",
	  HEAD "object F\nmap A buf F shared rw 1\nfork A B may fail EBUSY as forked\npin A buf read as p\n"
	       "thread\n load A buf as r\n load A buf+8 8 as s may fail ESRCH EFAULT\n load B buf 64 as t\n"
	       "thread\n resize F 0 may fail EBUSY EINVAL as cut\n unpin p\nend\n"
	       "pin A buf read as p\nload A buf 3 as u\nexpect A buf zero 8 promise safe\n"
	       "never not r = s or cut and not B promise safe backed\nseen r\nseen not forked or u \"abc\"\n"
	       "seen p+8 \"x\" and F+8 zero 2 or B buf \"y\" or t zero 64 or A\n"
	       "never page B buf = page p+8 and not page A buf = page p\n" },
	{ "threads that end what others use",
	  HEAD "map A buf anon private rw 2\nfork A B\npin A buf read as p\npin A buf read as q\npin A buf write as w\n"
	       "thread\n exit A\n unpin p\n unpin q\n pin B buf read as q\n unmap B buf+1p 1\n unmap B buf\n"
	       " map B buf anon private rw 1\n"
	       "thread\n load A buf\n expect p zero 1\n load B buf+7p may fail EFAULT ESRCH\n device w \"x\"\n"
	       " unpin p may fail EINVAL\n exit A may fail ESRCH\n fork B C hole may fail EAGAIN ESRCH as forked\n"
	       "thread\n store C buf \"x\"\n exit C may fail ESRCH\nthread\n unmap C buf may fail EINVAL\nend\n"
	       "unpin q\nunpin w dirty\nload C buf\nmap A new anon private rw fails ESRCH\n" },
	{ "a pin that another thread ends",
	  HEAD "map A buf anon private rw 2\nthread\n pin A buf write as p\n pin A buf read as q\n unpin q\n"
	       "thread\n device p \"x\"\n unpin p dirty\n unpin q may fail EINVAL\nthread\n unpin p may fail EINVAL\nend\n"
	       "expect p zero 1\nunpin p may fail EINVAL\npin A buf read as q\nunpin q\nseen p\n" },
	{ "what may fail, one after the other",
	  HEAD "map A a anon private rw 1 may fail ENOMEM as mapped\nstore A a \"x\"\npin A a write as p may fail E2BIG EAGAIN\n"
	       "device p \"x\"\nexpect p fast\nunpin p may fail EINVAL\nunpin p\nunpin p may fail EINVAL as twice\n"
	       "exit A may fail ESRCH as gone\nload A a+9p 7 as r may fail EFAULT\nload A a as s\nexit A\n" },
	{ "designs to check under", "scenario t\ncheck under holdfast linux-5.9\nwhy \"x\"\npromise safe\npool 16\n"
				    "check under linux-5.10 linux-5.9\nexpect spaces 0\n" },
	{ "objects", HEAD "object F 2\nwrite F+8 \"bytes\"\nwrite F+1p+8 zero 4\nresize F 1\nresize F 0\nobject G\n"
			  "resize F bytes 100\nexpect F \"x\"\n" },
	{ "mappings", HEAD "object F 2\nmap A a anon private rw 1\nmap A b F shared r 2\nmap A c F+1p r sealed private\n"
			   "map A d private anon none 3\nmap A e 2 anon rw shared\nmap A g anon private r bytes 100\n"
			   "map A h anon private rw 0 fails EINVAL\nmap A h anon shared sealed rw fails EINVAL\n" },
	{ "changes of mappings", HEAD "map A a anon private rw 4\nunmap A a+1p 1\nprotect A a r\nprotect A a+2p 1 none\n"
				      "protect A a none 1\nprotect A a seal\nprotect A a seal none\n"
				      "protect A a rw fails EACCES\nremap A a 8\nload A a+7p\nmove A a\ndiscard A a\n"
				      "dontfork A a+1p 1\ndofork A a\nwipeonfork A a\nkeeponfork A a\n"
				      "unmap A a+8 1 fails EINVAL\nunmap A a\nmap A a anon shared r 1\n" },
	{ "access", HEAD "map A a anon private rw 4\nstore A a \"a\\\"\\\\\\n\\t\\0\\x7f\"\nstore A a + 1p + 0x10 zero 9\n"
			 "load A a\nload A a+1p 100\nfill A a 0x5a 4096\nfill A a 255 1\nadd A a+8 18446744073709551615\n"
			 "load A a+9p fails EFAULT\nexpect A a \"x\" promise safe fast\n" },
	{ "atomic operations",
	  HEAD "map A a anon private rw 1\natomic A a add 5\natomic A a add 5 bytes 4\natomic A a+4 and 0xf bytes 4 as r\n"
	       "atomic A a or 18446744073709551615 bytes 8\natomic A a xor 1 as s\natomic A a swap 4294967295 bytes 4\n"
	       "atomic A a cas 1 2 as t may fail EFAULT\natomic A a cas 0 4294967295 bytes 4\natomic A a load as load\n"
	       "atomic A a load bytes 4\natomic A a store 0 fails EINVAL\natomic A a add 1 may fail EFAULT as m\n"
	       "add A a 1 as n\natomic A a add 2 as u\n" },
	{ "pins", HEAD "map A a anon private rw 4\npin A a write as p\npin A a+1p read long as q\n"
		       "pin A a fast-only bytes 100 short read as r\nget A a as g\npin A a 1 as s write\n"
		       "device p+8 \"x\"\nexpect p+8 \"x\"\nexpect p fast\nexpect q slow\nunpin p+1p 1\nunpin p dirty\n"
		       "unpin q\nunpin q fails EINVAL\npin A a read as q\nunpin r bytes 100 dirty\npin A a+1 read bytes 8190 as t\nunpin t bytes 4095\n"
		       "pin A a write as x fails EACCES\npin A a write as x\n" },
	{ "spaces", HEAD "space A\nfork A B\nmap B a anon private rw 1\nfork B C hole\nfork B D copy\n"
			 "pin B a write as p\nfork B E refuse fails EBUSY promise frugal\nfork B E\nexit B\n"
			 "load B a fails ESRCH\nexpect E a zero 1\nexpect p zero 1\nexit B fails ESRCH\n" },
	{ "listeners", HEAD "listen 1\nlisten 4\nmap A a anon private rw 1\nthread\n listen 2 as m\nend\nseen m\n" },
	{ "ends of handles",
	  HEAD "object F\nmap A a F shared rw 1\npin A a write as p\ndestroy F\nexit A\nexpect inventory A 1\ndestroy A\n"
	       "device p \"x\"\nmap B a anon private rw 1\nspace C\nthread\n fork B D\n destroy D as gone\nthread\n destroy C\n"
	       " unpin p\nend\ndestroy B\nseen gone\n" },
	{ "inventories and reports",
	  HEAD "map A a anon private rw 1\npin A a write as p\nfork A B refuse report fails EBUSY\nfork A C hole report\n"
	       "fork A D report may fail EBUSY as forked\nfork A E copy report\nexpect inventory A\n"
	       "expect inventory A 1 promise safe\nexpect inventory D 0\nexit A\nexpect inventory E 18446744073709551615\n" },
	{ "huge pages", HEAD "map A a anon private huge rw\nmap A b anon huge sealed private r 3h\nmap A c anon private rw 513\n"
			     "store A a+1h+1p+8 \"x\" fails EFAULT\nstore A b+2h+511p+8 \"x\" fails EACCES\nunmap A b+1h 1h\n"
			     "pin A b+2h read 1h as p\nunpin p+3p 2\nhuge A c\nnohuge A a+1p 2\ncollapse A a\n"
			     "collapse A b+2h 1h fails EBUSY\ncollapse A a+1p 1 fails EINVAL\ncollapse A c may fail EINVAL as done\n"
			     "map A d anon shared huge rw fails EINVAL\nexpect A a huge promise frugal\nexpect A b+2h+7p small\n"
			     "object F 1h\nresize F 0x2h\nunmap A b+1h+0p+1h bytes 2097152\n" },
	{ "huge pages in a race", HEAD "pool 4h\nmap A a anon private huge rw 2h\nthread\n collapse A a may fail EBUSY as c\n"
				       "thread\n pin A a+1p read 1 as p\nend\nseen A a huge\nnever not A a+1h+1p huge and c\n" },
	{ "statistics", HEAD "map A copies anon private rw 1\npin A copies write as copying\ncount\nexpect copies 0\n"
			     "expect fork_copies 0x10 promise frugal\nexpect pins_held 1\n" },
	{ "heads in any order", "scenario history/x.y\npool 16\npromise safe\nbroken under linux-5.7 kernel\n"
				"promise fast\nwhy \"gr\xc3\xbc\xc3\x9f\"\nbroken under holdfast\nexpect spaces 0\n" },
	{ "carriage returns and comments", "# first\r\n\r\nscenario t # x\r\nwhy \"#\"\r\npromise fast#\r\nexpect spaces 0\r\n#" },
	{ "terabytes", HEAD "map A a anon private rw 34359738368\npin A a read as p\nobject F 0x800000000\n"
			    "map A b F shared rw bytes 140737488355328\nmap A c F shared rw 1099511627776 fails EINVAL\n"
			    "map A c F shared rw 0 fails EINVAL\nobject G 0\nresize F 0 fails EBUSY\nexpect A a+34359738367p zero 1\n" },
};

static void test_good(void)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char *message;
		struct scenario *s = parse(good[i].text, strlen(good[i].text), &message);

		if (s)
			round_trip(good[i].test, s);
		else
			result(false, good[i].test, message);
		scenario_free(s);
		free(message);
	}
}

/* The pool has to have blocks for them, and they are as large for everybody who reads the text. */
static void test_meaning_of_huge(void)
{
	const char *text = HEAD "map A buf anon private huge rw\nstore A buf+1h+2p+3 \"x\" fails EFAULT\nexpect A buf small\n";
	const char *sized = HEAD "pool 3h\nmap A buf anon private huge rw 2h\nexpect A buf huge\n";
	char *message, *other;
	struct scenario *s = parse(text, strlen(text), &message), *t = parse(sized, strlen(sized), &other);

	result(s && s->steps[0].length == SCENARIO_HUGE && s->steps[0].flags == MAP_HUGE_FLAG && s->pool_pages == 12 * 512,
	       "a huge mapping is one huge page if nobody says, in a pool that has twelve", s ? "" : message);
	result(s && s->steps[1].offset == SCENARIO_HUGE + 2 * SCENARIO_PAGE + 3 && s->steps[2].op == OP_EXPECT_HUGE &&
		       !s->steps[2].value, "places in huge pages", "");
	result(t && t->pool_pages == 3 * 512 && t->steps[0].length == 2 * SCENARIO_HUGE && t->steps[1].value == 1,
	       "sizes in huge pages", t ? "" : other);
	scenario_free(s);
	scenario_free(t);
	free(message);
	free(other);
}

static void test_meaning(void)
{
	const char *text = HEAD "object F 2\nmap A buf F+1p sealed private r 3\npin A buf+1p+8 read long bytes 5 as p\n"
				"expect copies 7 promise frugal\n";
	char *message;
	struct scenario *s = parse(text, strlen(text), &message);
	const struct step *map, *pin, *stat;

	if (!s) {
		result(false, "what steps mean", message);
		free(message);
		return;
	}
	map = &s->steps[1];
	pin = &s->steps[2];
	stat = &s->steps[3];
	result(map->op == OP_MAP && map->object == 0 && map->object_offset == 4096 && map->length == 3 * 4096 &&
		       map->prot == PROT_R && map->flags == MAP_SEALED_FLAG && map->at.line == 5 && map->at.column == 1,
	       "what a map means", "");
	result(pin->op == OP_PIN && pin->offset == 4104 && pin->length == 5 && pin->flags == PIN_LONG && pin->pin == 0 &&
		       !strcmp(s->pins[0], "p"),
	       "what a pin means", "");
	result(stat->op == OP_EXPECT_STAT && !strcmp(stat_names[stat->stat], "copies") && stat->value == 7 &&
		       stat->promises == 1u << PROMISE_FRUGAL && s->promises == 1u << PROMISE_COHERENT,
	       "what an expectation means", "");
	scenario_free(s);
	free(message);
}

/* ---- bad ---------------------------------------------------------------- */

static void expect_message(const char *text, size_t length, const char *expected, const char *test)
{
	char *message, detail[1024];
	struct scenario *s = parse(text, length, &message);

	snprintf(detail, sizeof(detail), "expected %s\n     found    %s", expected, s ? "that it is good" : message);
	result(!s && !strcmp(message, expected), test, detail);
	scenario_free(s);
	free(message);
}

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_message(bad[i].text, strlen(bad[i].text), bad[i].message, bad[i].message);
}

static void test_bytes_that_are_no_text(void)
{
	static const char nul[] = HEAD "map A\0buf\n", nul_in_comment[] = HEAD "# a\0b\n", nul_first[] = "\0\0\0";

	expect_message(nul, sizeof(nul) - 1, "t.scn:4:6: a NUL byte; expected text: is this a scenario?", "a NUL");
	expect_message(nul_in_comment, sizeof(nul_in_comment) - 1,
		       "t.scn:4:4: a NUL byte; expected text: is this a scenario?", "a NUL in a comment");
	expect_message(nul_first, sizeof(nul_first) - 1, "t.scn:1:1: a NUL byte; expected text: is this a scenario?",
		       "a NUL first");
}

/* ---- limits ------------------------------------------------------------- */

/* HEAD, then n times the format with a number in it. */
static char *many(const char *first, int n, const char *format)
{
	char *text;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	fputs(HEAD, f);
	fputs(first, f);
	for (int i = 0; i < n; i++)
		fprintf(f, format, i);
	fclose(f);
	return text;
}

static void expect_many(const char *first, int n, const char *format, const char *message, const char *test)
{
	char *text = many(first, n, format);

	expect_message(text, strlen(text), message, test);
	free(text);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void test_limits(void)
{
	char *text;

	expect_many("", 65, "space S%d\n", "t.scn:68:7: too many spaces; expected at most 64 names", "too many spaces");
	expect_many("", 65, "map A m%d anon private rw 1\n", "t.scn:68:7: too many mappings; expected at most 64 names",
		    "too many mappings");
	expect_many("", 65, "object O%d\n", "t.scn:68:8: too many objects; expected at most 64 names", "too many objects");
	expect_many(MAP, 65, "pin A buf read as p%d\n", "t.scn:69:19: too many pins; expected at most 64 names",
		    "too many pins");
	expect_many("load", 200, " %d", "t.scn:4:404: too many words; expected at most 128 on a line", "too many words");
	expect_many("space A", 100, "%d", "t.scn:4:7: a name of 191 letters; expected at most 63", "a long name");
	expect_many("", 100000, "x%d",
		    "t.scn:4:1: unknown word \"x0x1x2x3x4x5x6x7x8x9x10x11x12x13x14x15x1...\"; expected an operation "
		    "(map, store, pin, fork, ...) or expect",
		    "a long line");
	expect_many(MAP "store A buf \"", 300000, "%04d",
		    "t.scn:5:13: a string without its end; expected a \" on the same line", "a long string without its end");
	text = many(MAP "store A buf \"", 300000, "%04d");
	text = realloc(text, strlen(text) + 3);
	strcat(text, "\"\n");
	expect_message(text, strlen(text), "t.scn:5:13: a string of 1690000 bytes; expected at most 1048576", "a long string");
	free(text);
}

/* ---- files -------------------------------------------------------------- */

/* One line, which begins with the path. */
static bool one_message(const char *path, const char *message)
{
	const char *newline = strchr(message, '\n');

	return newline && !newline[1] && !strncmp(message, path, strlen(path)) && message[strlen(path)] == ':';
}

static void refuse_file(const char *path)
{
	char *message;
	size_t n;
	FILE *err = open_memstream(&message, &n);
	struct scenario *s = scenario_parse_file(path, err);

	fclose(err);
	result(!s && one_message(path, message), path, s ? "it was taken" : message);
	scenario_free(s);
	free(message);
}

static void test_bad_files(void)
{
	DIR *dir = opendir("tests/scenario-bad");
	struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir))) {
		char path[512];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "tests/scenario-bad/%s", entry->d_name);
		refuse_file(path);
		n++;
	}
	if (dir)
		closedir(dir);
	result(n > 0, "there are bad files", "none in tests/scenario-bad: run this from the top of the tree");
	refuse_file("tests/scenario-bad/there/is/none.scn");
	refuse_file("tests/scenario-bad");
	refuse_file("/dev/zero");
}

static int corpus;

static int good_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *suffix = strrchr(path, '.');
	struct scenario *s;
	char *message;
	size_t n;
	FILE *err;

	(void)st;
	(void)ftw;
	if (type != FTW_F || !suffix || strcmp(suffix, ".scn"))
		return 0;
	corpus++;
	err = open_memstream(&message, &n);
	s = scenario_parse_file(path, err);
	fclose(err);
	if (s)
		round_trip(path, s);
	else
		result(false, path, message);
	scenario_free(s);
	free(message);
	return 0;
}

static void test_corpus(void)
{
	nftw("scenarios", good_file, 8, FTW_PHYS);
	result(corpus > 0, "there is a corpus", "none in scenarios/: run this from the top of the tree");
}

static void test_names_of_paths(void)
{
	static const char *const paths[][2] = {
		{ "scenarios/history/ring-long.scn", "history/ring-long" },
		{ "/a/scenarios/b/scenarios/c/d.scn", "c/d" },
		{ "my-scenarios/x.scn", "my-scenarios/x" },
		{ "x", "x" },
		{ ".scn", ".scn" },
	};
	const char *text = HEAD "expect spaces 0\n";

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct scenario *s = scenario_parse_text(text, strlen(text), paths[i][0], stderr);

		result(s && !strcmp(s->name, paths[i][1]), paths[i][0], s ? s->name : "");
		scenario_free(s);
	}
}

/* ---- nonsense ----------------------------------------------------------- */

static uint64_t random_state = 1;

static unsigned random_below(unsigned n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(random_state >> 33) % n;
}

/* Cut lines short, swap bytes, put one text into another: whatever comes, a scenario or one line. */
static void test_nonsense(void)
{
	const unsigned texts = sizeof(good) / sizeof(good[0]);
	unsigned taken = 0, bad_answers = 0, tries = 20000;

	for (unsigned i = 0; i < tries; i++) {
		char *text = strdup(good[random_below(texts)].text), *message;
		size_t length = strlen(text);
		struct scenario *s;

		for (unsigned n = 1 + random_below(3); n--;)
			text[random_below((unsigned)length)] = text[random_below((unsigned)length)];
		if (!random_below(4))
			text[random_below((unsigned)length)] = (char)random_below(256);
		if (!random_below(4))
			length = random_below((unsigned)length);
		s = parse(text, length, &message);
		taken += s != NULL;
		if (s ? message[0] != '\0' : strncmp(message, "t.scn:", 6) != 0 || strchr(message, '\n') != NULL)
			bad_answers++;
		scenario_free(s);
		free(message);
		free(text);
	}
	printf("     of %u texts of nonsense, %u could be read\n", tries, taken);
	result(!bad_answers && taken && taken < tries, "nonsense", "");
}

/* ---- by hand, and words ------------------------------------------------- */

static void test_by_hand(void)
{
	struct scenario *s = scenario_new("random/1");
	struct step map = { .op = OP_MAP, .child = -1, .object = -1, .pin = -1, .stat = -1, .length = 8192,
			    .prot = PROT_R | PROT_W };
	struct step store = { .op = OP_STORE, .child = -1, .object = -1, .pin = -1, .stat = -1, .offset = 5, .length = 2,
			      .bytes = (unsigned char[]){ 'h', 1 } };

	map.space = store.space = scenario_name(s->spaces, &s->nspaces, "A");
	map.mapping = store.mapping = scenario_name(s->mappings, &s->nmappings, "m");
	result(scenario_name(s->spaces, &s->nspaces, "A") == 0 && s->nspaces == 1, "a name is added once", "");
	scenario_add(s, &map);
	scenario_add(s, &store);
	result(s->steps[0].result == -1 && s->steps[1].mark == -1, "a step without names has none", "");
	store.op = OP_EXPECT_BYTES;
	scenario_add(s, &store);
	round_trip("a scenario made by hand", s);
	scenario_free(s);
}

static void expect_nearest(const char *word, const char *expected)
{
	const char *found = word_nearest(stat_names, stat_count, word, strlen(word));

	result((found && expected && !strcmp(found, expected)) || found == expected, word, found ? found : "nothing");
}

static void test_nearest(void)
{
	expect_nearest("copis", "copies");
	expect_nearest("fork-copies", "fork_copies");
	expect_nearest("pinfast", "pin_fast");
	expect_nearest("q", NULL);
	expect_nearest("", NULL);
	expect_nearest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL);
}

int main(void)
{
	test_good();
	test_meaning();
	test_meaning_of_huge();
	test_bad();
	test_bytes_that_are_no_text();
	test_limits();
	test_bad_files();
	test_corpus();
	test_names_of_paths();
	test_nonsense();
	test_by_hand();
	test_nearest();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
