/*
 * test_scenario.c - the scenario language: what it takes, what it refuses and in
 * which words, and that canonical text loses nothing
 *
 * The bad ones stand in a table of text and message; larger or stranger ones are
 * files in tests/scenario-bad/, each of which must be refused with one line.
 */
#include <dirent.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "scenario.h"

static int passed, failed;

static void result(bool ok, const char *test, const char *detail)
{
	printf("%s %s%s%s\n", ok ? "ok  " : "FAIL", test, ok || !detail[0] ? "" : ": ", ok ? "" : detail);
	ok ? passed++ : failed++;
}

/* Parse a text; the message, if any, without its newline, goes to *message. */
static struct scenario *parse(const char *text, size_t length, char **message)
{
	size_t n;
	FILE *err = open_memstream(message, &n);
	struct scenario *s = scenario_parse_text(text, length, "t.scn", err);

	fclose(err);
	if (n && (*message)[n - 1] == '\n')
		(*message)[n - 1] = '\0';
	return s;
}

static char *print(const struct scenario *s)
{
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	scenario_print(s, f);
	fclose(f);
	return text;
}

/* ---- round trip --------------------------------------------------------- */

static bool same_names(char *const a[], int na, char *const b[], int nb)
{
	for (int i = 0; na == nb && i < na; i++)
		if (strcmp(a[i], b[i]))
			return false;
	return na == nb;
}

static bool same_step(const struct step *a, const struct step *b)
{
	struct step x = *a, y = *b;

	x.at = y.at = (struct position){ 0, 0 };
	x.bytes = y.bytes = NULL;
	if (!a->bytes != !b->bytes || (a->bytes && memcmp(a->bytes, b->bytes, a->length)))
		return false;
	return x.op == y.op && x.space == y.space && x.child == y.child && x.mapping == y.mapping &&
	       x.object == y.object && x.pin == y.pin && x.offset == y.offset && x.length == y.length &&
	       x.object_offset == y.object_offset && x.prot == y.prot && x.flags == y.flags && x.stat == y.stat &&
	       x.value == y.value && x.fails == y.fails && x.promises == y.promises && x.thread == y.thread;
}

static bool same_conditions(const struct scenario *a, const struct scenario *b)
{
	for (size_t i = 0; a->nconditions == b->nconditions && i < a->nconditions; i++)
		if (a->conditions[i].seen != b->conditions[i].seen ||
		    strcmp(a->conditions[i].text, b->conditions[i].text))
			return false;
	return a->nconditions == b->nconditions;
}

static bool same_scenario(const struct scenario *a, const struct scenario *b)
{
	for (size_t i = 0; a->nsteps == b->nsteps && i < a->nsteps; i++)
		if (!same_step(&a->steps[i], &b->steps[i]))
			return false;
	return a->nsteps == b->nsteps && !strcmp(a->title, b->title) && !strcmp(a->why, b->why) &&
	       a->promises == b->promises && a->broken_under == b->broken_under && a->pool_pages == b->pool_pages &&
	       a->nthreads == b->nthreads && same_conditions(a, b) &&
	       same_names(a->spaces, a->nspaces, b->spaces, b->nspaces) &&
	       same_names(a->mappings, a->nmappings, b->mappings, b->nmappings) &&
	       same_names(a->objects, a->nobjects, b->objects, b->nobjects) &&
	       same_names(a->pins, a->npins, b->pins, b->npins);
}

static void round_trip(const char *test, const struct scenario *s)
{
	char *text = print(s), *message, *again;
	struct scenario *t = parse(text, strlen(text), &message);

	if (!t) {
		result(false, test, message);
	} else {
		again = print(t);
		result(same_scenario(s, t) && !strcmp(text, again), test, text);
		free(again);
	}
	scenario_free(t);
	free(message);
	free(text);
}

/* ---- good --------------------------------------------------------------- */

#define HEAD "scenario t\nwhy \"because\"\npromise coherent\n"

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
	{ "pins", HEAD "map A a anon private rw 4\npin A a write as p\npin A a+1p read long as q\n"
		       "pin A a fast-only bytes 100 short read as r\nget A a as g\npin A a 1 as s write\n"
		       "device p+8 \"x\"\nexpect p+8 \"x\"\nexpect p fast\nexpect q slow\nunpin p+1p 1\nunpin p dirty\n"
		       "unpin q\nunpin q fails EINVAL\npin A a read as q\nunpin r bytes 100 dirty\npin A a+1 read bytes 8190 as t\nunpin t bytes 4095\n"
		       "pin A a write as x fails EACCES\npin A a write as x\n" },
	{ "spaces", HEAD "space A\nfork A B\nmap B a anon private rw 1\nfork B C hole\nfork B D copy\n"
			 "pin B a write as p\nfork B E refuse fails EBUSY promise frugal\nfork B E\nexit B\n"
			 "load B a fails ESRCH\nexpect E a zero 1\nexpect p zero 1\nexit B fails ESRCH\n" },
	{ "statistics", HEAD "map A copies anon private rw 1\npin A copies write as copying\ncount\nexpect copies 0\n"
			     "expect fork_copies 0x10 promise frugal\nexpect pins_held 1\n" },
	{ "a pin called like a statistic", HEAD "map A a anon private rw 1\npin A a write as copies\n"
						"expect copies fast\nexpect copies \"x\"\n" },
	{ "heads in any order", "scenario history/x.y\npool 16\npromise safe\nbroken under linux-5.7 kernel\n"
				"promise fast\nwhy \"gr\xc3\xbc\xc3\x9f\"\nbroken under holdfast\nspace A\n" },
	{ "carriage returns and comments", "# first\r\n\r\nscenario t # x\r\nwhy \"#\"\r\npromise fast#\r\nspace A\r\n#" },
	{ "terabytes", HEAD "map A a anon private rw 1099511627776\npin A a read as p\nobject F 0x10000000000\n"
			    "map A b F shared rw 1099511627776\nload A a+1099511627775p\n" },
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

#define MAP "map A buf anon private rw 2\n"
#define PIN "pin A buf write as dma\n"

static const struct {
	const char *text, *message;
} bad[] = {
	/* the file and its head */
	{ "", "t.scn:1:1: nothing in it; expected a scenario: \"scenario NAME\" first" },
	{ "\n\n# only this\n", "t.scn:3:1: nothing in it; expected a scenario: \"scenario NAME\" first" },
	{ "map A b\n", "t.scn:1:1: the first line is \"map\"; expected \"scenario NAME\"" },
	{ "scenario\n", "t.scn:1:9: the line ends too early; expected the name of the scenario" },
	{ "scenario t\npromise fast\nspace A\n",
	  "t.scn:3:1: the head has no reason; expected a line why \"...\" before this one" },
	{ "scenario t\nwhy \"x\"\nspace A\n",
	  "t.scn:3:1: the head has no promise; expected a line \"promise ...\" before this one" },
	{ "scenario t\nwhy \"x\"\nwhy \"y\"\n", "t.scn:3:1: a second \"why\"; expected one" },
	{ "scenario t\nwhy x\n", "t.scn:2:5: not a string: \"x\"; expected a sentence in \"...\": why the scenario is there" },
	{ "scenario t\nwhy \"\"\n", "t.scn:2:5: a reason that is empty; expected a sentence" },
	{ "scenario t\nwhy \"a\\0b\"\n", "t.scn:2:5: a reason that is no text; expected a sentence" },
	{ "scenario t\npromise coherrent\n",
	  "t.scn:2:9: there is no promise \"coherrent\"; expected coherent, isolated, symmetric, fast, backed, frugal or safe; "
	  "did you mean \"coherent\"?" },
	{ "scenario t\nbroken under linux-5.11\n",
	  "t.scn:2:14: there is no design \"linux-5.11\"; expected linux-5.7, ..., holdfast or kernel; did you mean "
	  "\"linux-5.10\"?" },
	{ "scenario t\nbroken udner linux-5.7\n",
	  "t.scn:2:8: unknown word \"udner\"; expected \"under\"; did you mean \"under\"?" },
	{ "scenario t\npool 8\n", "t.scn:2:6: a pool of 8 pages; expected at least 16" },
	{ "scenario t\npool 4294967296\n",
	  "t.scn:2:6: the number \"4294967296\" is too big; expected pages of the pool, at most 1048576" },
	{ HEAD, "t.scn:3:1: no operations; expected at least one behind the head" },
	{ HEAD "space A\npool 20\n", "t.scn:5:1: a line of the head behind an operation; expected \"pool\" before the first one" },
	/* words */
	{ HEAD "stroe A buf \"x\"\n",
	  "t.scn:4:1: unknown word \"stroe\"; expected an operation (map, store, pin, fork, ...) or expect; did you mean "
	  "\"store\"?" },
	{ HEAD "frobnicate\n",
	  "t.scn:4:1: unknown word \"frobnicate\"; expected an operation (map, store, pin, fork, ...) or expect" },
	{ HEAD MAP "pin A buf wrte as p\n",
	  "t.scn:5:11: unknown word \"wrte\"; expected read or write, long or short, fast-only, bytes N, as NAME; did you mean "
	  "\"write\"?" },
	{ HEAD MAP "pin A buf read write as p\n",
	  "t.scn:5:16: \"write\" does not go with what the line has said already" },
	{ HEAD MAP "get A buf long as p\n", "t.scn:5:11: \"long\" does not go with what the line has said already" },
	{ HEAD MAP "pin A buf as p\n", "t.scn:5:15: the pin does not say for what; expected read or write" },
	{ HEAD MAP "pin A buf read\n", "t.scn:5:15: the pin has no name; expected as NAME" },
	{ HEAD "map A buf anon rw 1\n", "t.scn:4:20: the line does not say which kind; expected private or shared" },
	{ HEAD "map A buf private rw\n", "t.scn:4:21: the line does not say what to map; expected anon or an object" },
	{ HEAD "map A buf anon private\n", "t.scn:4:23: the line does not say for what; expected rw, r or none" },
	{ HEAD "map A buf anon privat rw\n",
	  "t.scn:4:16: unknown word \"privat\"; expected anon or an object, private or shared, sealed, rw, r or none, or pages; "
	  "did you mean \"private\"?" },
	{ HEAD MAP "protect A buf ro\n", "t.scn:5:15: unknown protection \"ro\"; expected rw, r, none or seal; did you mean "
					 "\"rw\"?" },
	{ HEAD MAP "fork A B refuze\n", "t.scn:5:10: unknown word \"refuze\"; expected copy, refuse or hole; did you mean "
					"\"refuse\"?" },
	{ HEAD MAP "load A buf fails EBSUY\n",
	  "t.scn:5:18: unknown error \"EBSUY\"; expected the name of an error, as EBUSY; did you mean \"EBUSY\"?" },
	{ HEAD MAP "expect copys 0\n",
	  "t.scn:5:8: there is no statistic \"copys\"; expected a member of struct hf_stats, as copies; did you mean "
	  "\"copies\"?" },
	{ HEAD MAP "unmap A buf 1 2\n", "t.scn:5:15: trailing \"2\"; expected the end of the line" },
	{ HEAD "count = 2\n", "t.scn:4:7: a stray =; expected the end of the line" },
	{ HEAD MAP "expect A buf \"x\" fails EFAULT\n",
	  "t.scn:5:18: an expectation can't fail so; expected a load with \"fails\"" },
	{ HEAD MAP "store A buf \"x\" promise safe\n",
	  "t.scn:5:17: a promise on an operation; expected it on an expectation, or behind \"fails\"" },
	{ HEAD MAP "load A buf \"x\"\n", "t.scn:5:12: a load compares nothing; expected a number of bytes, or \"expect\" in place "
					 "of \"load\"" },
	/* names */
	{ HEAD MAP "store B buf \"x\"\n", "t.scn:5:7: there is no space \"B\"; expected the name of a space, as A" },
	{ HEAD "map Parent buf anon private rw\nload Parnet buf\n",
	  "t.scn:5:6: there is no space \"Parnet\"; expected the name of a space, as A; did you mean \"Parent\"?" },
	{ HEAD MAP "store A bfu \"x\"\n",
	  "t.scn:5:9: there is no mapping \"bfu\"; expected the name of a mapping, as buf; did you mean \"buf\"?" },
	{ HEAD MAP PIN "device dna \"x\"\n",
	  "t.scn:6:8: there is no pin \"dna\"; expected the name of a pin, as dma; did you mean \"dma\"?" },
	{ HEAD MAP PIN "store A dma \"x\"\n", "t.scn:6:9: \"dma\" is a pin; expected the name of a mapping, as buf" },
	{ HEAD MAP "unpin buf\n", "t.scn:5:7: \"buf\" is a mapping; expected the name of a pin, as dma" },
	{ HEAD "object F\nload F buf\n", "t.scn:5:6: \"F\" is an object; expected the name of a space, as A" },
	{ HEAD "map a buf anon private rw 1\n", "t.scn:4:5: \"a\" can't be the name of a space; expected a capital letter first" },
	{ HEAD "map A Buf anon private rw 1\n",
	  "t.scn:4:7: \"Buf\" can't be the name of a mapping; expected a small letter first" },
	{ HEAD MAP "pin A buf read as buf\n", "t.scn:5:19: \"buf\" is a mapping; expected a name that is not taken" },
	{ HEAD MAP MAP, "t.scn:5:7: a second mapping buf in space A; expected a name that is not taken, or an unmap before" },
	{ HEAD MAP PIN PIN, "t.scn:6:20: a second pin of the name dma; expected a name that is not taken, or an unpin before" },
	{ HEAD MAP "fork A B\nfork A B\n", "t.scn:6:8: a second space of the name B; expected a name that is not taken" },
	{ HEAD MAP "fork A A\n", "t.scn:5:8: a second space of the name A; expected a name that is not taken" },
	{ HEAD "object F\nobject F\n", "t.scn:5:8: a second object of the name F; expected a name that is not taken" },
	{ HEAD MAP "space B\nload B buf\n", "t.scn:6:8: space B has no mapping buf; expected one that it made or got by a fork" },
	/* what is over */
	{ HEAD MAP "exit A\nload A buf\n",
	  "t.scn:6:6: space A exited on line 5; expected a space that is still here, or \"fails ESRCH\"" },
	{ HEAD MAP PIN "fork A B refuse fails EBUSY\nload B buf\n",
	  "t.scn:7:6: space B is not here: its fork was to fail; expected a space that is" },
	{ HEAD MAP PIN "unpin dma\nunpin dma\n",
	  "t.scn:7:7: pin dma was unpinned on line 6; expected a pin that is held, or \"fails EINVAL\"" },
	{ HEAD MAP "pin A buf read as p fails EACCES\nexpect p \"x\"\n",
	  "t.scn:6:8: pin p is not held: taking it was to fail; expected a pin that is" },
	{ HEAD MAP "pin A buf read as p\ndevice p \"x\"\n",
	  "t.scn:6:8: a device can't write through p, which is no write pin; expected one, or \"fails EACCES\"" },
	/* places, numbers and bytes */
	{ HEAD MAP "load A buf+2p\n", "t.scn:5:11: the offset 8192 is outside of the mapping, which has 8192 bytes" },
	{ HEAD MAP "store A buf+8190 \"abc\"\n",
	  "t.scn:5:18: 3 bytes from the offset 8190 on reach outside of the mapping, which has 8192 bytes" },
	{ HEAD MAP "pin A buf+1p read as p\nexpect p+1p \"x\"\n",
	  "t.scn:6:9: the offset 4096 is outside of the pin, which has 4096 bytes" },
	{ HEAD "object F\nwrite F+5000 \"x\"\n", "t.scn:5:8: the offset 5000 is outside of the object, which has 4096 bytes" },
	{ HEAD MAP "load A buf+\n", "t.scn:5:12: the line ends too early; expected bytes, or pages with a p" },
	{ HEAD MAP "load A buf+x\n", "t.scn:5:12: not a number: \"x\"; expected bytes, or pages with a p" },
	{ HEAD MAP "load A buf+4503599627370496+1\n", "t.scn:5:11: the offset is too big; expected at most 1099511627776 pages" },
	{ HEAD "map A buf anon private rw 1099511627777\n",
	  "t.scn:4:27: the number \"1099511627777\" is too big; expected a number of pages, at most 1099511627776" },
	{ HEAD "map A buf anon private rw 99999999999999999999999\n",
	  "t.scn:4:27: the number \"99999999999999999999999\" is too big; expected a number of pages, at most 1099511627776" },
	{ HEAD "map A buf anon private rw 1x\n", "t.scn:4:27: not a number: \"1x\"; expected a number of pages" },
	{ HEAD MAP "fill A buf 256 1\n",
	  "t.scn:5:12: the number \"256\" is too big; expected the byte to fill with, at most 255" },
	{ HEAD MAP "fill A buf 0 99999999999\n",
	  "t.scn:5:14: the number \"99999999999\" is too big; expected a number of bytes, at most 67108864" },
	{ HEAD MAP "store A buf zero 1099511627776\n",
	  "t.scn:5:18: the number \"1099511627776\" is too big; expected a number of bytes, at most 1048576" },
	{ HEAD MAP "store A buf\n", "t.scn:5:12: the line ends too early; expected \"bytes\" or zero N" },
	{ HEAD MAP "store A buf \"\"\n", "t.scn:5:13: no bytes at all; expected at least one" },
	{ HEAD MAP "store A buf \"abc\n", "t.scn:5:13: a string without its end; expected a \" on the same line" },
	{ HEAD MAP "store A buf \"a\\q\"\n",
	  "t.scn:5:15: an unknown escape in a string; expected \\n, \\t, \\\\, \\\", \\0 or \\xNN" },
	{ HEAD MAP "unmap A buf 0\n", "t.scn:5:13: a range of no pages; expected at least 1" },
	{ HEAD MAP "remap A buf+1p 1\n", "t.scn:5:12: an offset; expected a whole mapping: it moves as one" },
	{ HEAD "map A buf anon shared sealed r\n", "t.scn:4:1: sealed and shared; only a private mapping can be sealed" },
	{ HEAD "map A buf anon private sealed rw\n",
	  "t.scn:4:1: sealed and rw; what is sealed can't be written: expected r or none" },
	{ HEAD "load A buf @\n", "t.scn:4:12: a stray '@'; expected a word, a number or a \"string\"" },
	{ HEAD "\x80\x81\n", "t.scn:4:1: a byte 0x80; expected a word, a number or a \"string\"" },
	/* threads */
	{ HEAD MAP "thread\nfork A B\n", "t.scn:5:1: a thread without its end; expected \"end\" behind the last one" },
	{ HEAD MAP "thread\nend\n", "t.scn:5:1: a thread of no steps; expected at least one" },
	{ HEAD MAP "end\n", "t.scn:5:1: \"end\" without a thread; expected \"thread\" before it" },
	{ HEAD MAP "thread\nload A buf\nend\nthread\n", "t.scn:8:1: a thread after \"end\"; expected all threads together" },
	{ HEAD MAP "thread\nlaod A buf\nend\n",
	  "t.scn:6:1: unknown word \"laod\"; expected an operation (map, store, pin, fork, ...) or expect; did you mean \"load\"?" },
	{ HEAD MAP "never page A buf = page A buf\n",
	  "t.scn:5:1: a condition without threads; expected \"thread ... end\" before it" },
	{ HEAD MAP "thread\nload A buf\nend\nnever page A buf\n",
	  "t.scn:8:17: the line ends too early; expected = and a second page" },
	{ HEAD MAP "thread\nload A buf\nend\nseen dma\n", "t.scn:8:6: there is no pin \"dma\"; expected the name of a pin, as dma" },
	{ HEAD MAP "thread\nload A buf\nend\nseen A buf \"x\" andd\n",
	  "t.scn:8:16: unknown word \"andd\"; expected and, or, or the end of the line; did you mean \"and\"?" },
	{ HEAD MAP "thread\nload A buf\nend\nseen A buf \"x\"\nload A buf\n",
	  "t.scn:9:1: an operation behind a condition; expected conditions at the end" },
};

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

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct scenario *s = scenario_parse_text(HEAD "space A\n", strlen(HEAD "space A\n"), paths[i][0], stderr);

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
