/*
 * scenario_messages.h - texts that are no scenarios, and what the parser says
 *
 * A change of words is meant to be seen here.
 */
#ifndef HOLDFAST_TEST_SCENARIO_MESSAGES_H
#define HOLDFAST_TEST_SCENARIO_MESSAGES_H

#define HEAD "scenario t\nwhy \"because\"\npromise coherent\n"
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
	{ HEAD MAP "load A buf\n# and no more\n",
	  "t.scn:6:1: the scenario expects nothing; expected at least one line \"expect ...\", or an operation that "
	  "\"fails\"" },
	{ HEAD MAP "thread\nload A buf\nend\n",
	  "t.scn:7:1: the scenario expects nothing; expected at least one line \"expect ...\", or an operation that "
	  "\"fails\"" },
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
	  "t.scn:4:27: a size of \"1099511627777\"; expected 1 to 34359738368 pages: addresses end at 2^47" },
	{ HEAD "map A buf anon private rw 34359738369\n",
	  "t.scn:4:27: a size of 140737488359424 bytes; expected 1 to 34359738368 pages: addresses end at 2^47" },
	{ HEAD "map A buf anon private rw 0\n",
	  "t.scn:4:27: a size of nothing; expected 1 to 34359738368 pages: addresses end at 2^47" },
	{ HEAD "object F bytes 0\n", "t.scn:4:16: a size of nothing; expected 1 to 34359738368 pages: addresses end at 2^47" },
	{ HEAD MAP "remap A buf 0\n", "t.scn:5:13: a size of nothing; expected 1 to 34359738368 pages: addresses end at 2^47" },
	{ HEAD "object F\nresize F 34359738369\n",
	  "t.scn:5:10: a size of 140737488359424 bytes; expected 1 to 34359738368 pages: addresses end at 2^47" },
	{ HEAD "map A buf anon private rw 99999999999999999999999\n",
	  "t.scn:4:27: a size of \"99999999999999999999999\"; expected 1 to 34359738368 pages: addresses end at 2^47" },
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

#endif
