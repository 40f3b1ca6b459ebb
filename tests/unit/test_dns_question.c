/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of clients, good and bad, and what is written back; names and cursors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns_text.h"
#include "tool/v6guardd/dns/resolvconf.h"
#include "tool/v6guardd/dns/upstream_packet.h"

#define HEAD "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define HEAD_OPT "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01"
#define NAME "\3WwW\7eXample\0"
#define AAAA_IN "\0\x1c\0\1"
#define OPT(size, version, flags) "\0\0\x29" size "\0" version flags "\0\0"

/* RFC 1035 4.1, RFC 6891 6.1. */
static const struct {
	const char *what, *bytes;
	size_t size;
	enum question_fate fate;
	unsigned rcode;
} cases[] = {
#define CASE(what, bytes, fate, rcode)                                                   \
	{                                                                                \
		what, bytes, sizeof(bytes) - 1, fate, rcode                              \
	}
	CASE("plain", HEAD NAME AAAA_IN, QUESTION_GOOD, 0),
	CASE("EDNS", HEAD_OPT NAME AAAA_IN OPT("\x10\0", "\0", "\0\0"), QUESTION_GOOD, 0),
	CASE("nothing", "", QUESTION_DROP, 0),
	CASE("11 bytes", "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00", QUESTION_DROP,
	     0),
	CASE("an answer", "\x12\x34\x81\x00\x00\x01\0\0\0\0\0\0" NAME AAAA_IN,
	     QUESTION_DROP, 0),
	CASE("no question", "\x12\x34\x01\x00\0\0\0\0\0\0\0\0", QUESTION_REFUSE, 1),
	CASE("two questions",
	     "\x12\x34\x01\x00\0\2\0\0\0\0\0\0" NAME AAAA_IN NAME AAAA_IN,
	     QUESTION_REFUSE, 1),
	CASE("an answer record", "\x12\x34\x01\x00\0\1\0\1\0\0\0\0" NAME AAAA_IN,
	     QUESTION_REFUSE, 1),
	CASE("an authority", "\x12\x34\x01\x00\0\1\0\0\0\1\0\0" NAME AAAA_IN,
	     QUESTION_REFUSE, 1),
	CASE("NOTIFY", "\x12\x34\x21\x00\0\1\0\0\0\0\0\0" NAME AAAA_IN, QUESTION_REFUSE,
	     4),
	CASE("name cut", HEAD "\3ww", QUESTION_REFUSE, 1),
	CASE("type cut", HEAD NAME "\0", QUESTION_REFUSE, 1),
	CASE("bytes behind", HEAD NAME AAAA_IN "x", QUESTION_REFUSE, 1),
	CASE("a pointer in the name", HEAD "\3www\xc0\x04" AAAA_IN, QUESTION_REFUSE, 1),
	CASE("a pointer to itself", HEAD "\xc0\x0c" AAAA_IN, QUESTION_REFUSE, 1),
	CASE("a label of 64", HEAD "\x40" NAME AAAA_IN, QUESTION_REFUSE, 1),
	CASE("two OPT",
	     "\x12\x34\x01\x00\0\1\0\0\0\0\0\2" NAME AAAA_IN OPT("\x10\0", "\0", "\0\0")
		     OPT("\x10\0", "\0", "\0\0"),
	     QUESTION_REFUSE, 1),
	CASE("OPT of a name", HEAD_OPT NAME AAAA_IN "\1x" OPT("\x10\0", "\0", "\0\0"),
	     QUESTION_REFUSE, 1),
	CASE("OPT missing", HEAD_OPT NAME AAAA_IN, QUESTION_REFUSE, 1),
	CASE("an option that is cut",
	     HEAD_OPT NAME AAAA_IN "\0\0\x29\x10\0\0\0\0\0\0\5\0\x0a\0\4x",
	     QUESTION_REFUSE, 1),
	CASE("an unknown option",
	     HEAD_OPT NAME AAAA_IN "\0\0\x29\x10\0\0\0\0\0\0\5\xff\xff\0\1x",
	     QUESTION_GOOD, 0),
	/* RFC 6891 6.1.2: DATA may have any length, and what is not known is ignored. */
	CASE("options of odd and no length",
	     HEAD_OPT NAME AAAA_IN
	     "\0\0\x29\x10\0\0\0\0\0\0\x0f\xff\xfe\0\3xyz\xff\xfd\0\0"
	     "\0\x0a\0\0",
	     QUESTION_GOOD, 0),
	CASE("half an option",
	     HEAD_OPT NAME AAAA_IN "\0\0\x29\x10\0\0\0\0\0\0\3\xff\xfe\0",
	     QUESTION_REFUSE, 1),
	/* RFC 6891 6.1.1: more than one. */
	CASE("two OPT around another record",
	     "\x12\x34\x01\x00\0\1\0\0\0\0\0\3" NAME AAAA_IN OPT(
		     "\x10\0", "\0",
		     "\0\0") "\0\0\1\0\1\0\0\0\0\0\4\1\2\3\4" OPT("\x10\0", "\0", "\0\0"),
	     QUESTION_REFUSE, 1),
	/* RFC 6891 6.1.3: whatever version, and whatever it holds. */
	CASE("EDNS 255", HEAD_OPT NAME AAAA_IN OPT("\x02\0", "\xff", "\x80\0"),
	     QUESTION_REFUSE, 16),
	/* RFC 7828 3.2.1, RFC 7873: known, and not asked for here. */
	CASE("a cookie",
	     HEAD_OPT NAME AAAA_IN "\0\0\x29\x10\0\0\0\0\0\0\x0c\0\x0a\0\x08"
				   "12345678",
	     QUESTION_GOOD, 0),
	CASE("EDNS 1", HEAD_OPT NAME AAAA_IN OPT("\x10\0", "\1", "\0\0"), QUESTION_REFUSE,
	     16),
	CASE("AXFR", HEAD NAME "\0\xfc\0\1", QUESTION_REFUSE, 4),
	CASE("MAILA (RFC 1035 3.2.3)", HEAD NAME "\0\xfe\0\1", QUESTION_REFUSE, 4),
	CASE("TKEY (RFC 2930)", HEAD NAME "\0\xf9\0\1", QUESTION_REFUSE, 4),
	CASE("TSIG as a question", HEAD NAME "\0\xfa\0\1", QUESTION_REFUSE, 1),
	CASE("OPT as a question", HEAD NAME "\0\x29\0\1", QUESTION_REFUSE, 1),
	CASE("NXNAME (RFC 9824 3.6)", HEAD NAME "\0\x80\0\1", QUESTION_REFUSE, 1),
	CASE("ANY (RFC 8482)", HEAD NAME "\0\xff\0\1", QUESTION_GOOD, 0),
	CASE("the last that is no meta type", HEAD NAME "\0\x7f\0\1", QUESTION_GOOD, 0),
#undef CASE
};

static void fates(void **state)
{
	struct question got;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		/* Of exactly this size, for sanitizers. */
		uint8_t *copy = malloc(cases[i].size ? cases[i].size : 1);
		assert_non_null(copy);
		memcpy(copy, cases[i].bytes, cases[i].size);
		const enum question_fate fate = question_read(copy, cases[i].size, &got);
		if (fate != cases[i].fate || got.rcode != cases[i].rcode)
			fail_msg("%s: fate %d, rcode %u", cases[i].what, (int)fate,
				 got.rcode);
		free(copy);
	}
}

static struct question read_good(const char *bytes, size_t size)
{
	struct question out;

	assert_int_equal(question_read((const uint8_t *)bytes, size, &out),
			 QUESTION_GOOD);
	return out;
}
#define READ(bytes) read_good(bytes, sizeof(bytes) - 1)

static void fields(void **state)
{
	struct question got = READ(HEAD NAME AAAA_IN);
	char text[WIRE_NAME_TEXT];

	(void)state;
	assert_int_equal(got.id, 0x1234);
	assert_int_equal(got.type, WIRE_AAAA);
	assert_int_equal(got.class, WIRE_CLASS_IN);
	assert_string_equal(wire_name_text(got.name, text), "www.example.");
	assert_string_equal(wire_name_text(got.asked, text), "WwW.eXample.");
	assert_false(got.has_opt);
	assert_int_equal(got.size, 512);
	/* RFC 6891 6.2.3: less than 512 means 512. */
	got = READ(HEAD_OPT NAME AAAA_IN OPT("\0\0", "\0", "\0\0"));
	assert_true(got.has_opt);
	assert_int_equal(got.size, 512);
	assert_false(got.dnssec_ok);
	got = READ(HEAD_OPT NAME AAAA_IN OPT("\x04\xd0", "\0", "\x80\0"));
	assert_int_equal(got.size, 1232);
	assert_true(got.dnssec_ok);
	/* RFC 7828 3.1. */
	assert_false(got.wants_keepalive);
	got = READ(HEAD_OPT NAME AAAA_IN "\0\0\x29\x10\0\0\0\0\0\0\4\0\x0b\0\0");
	assert_true(got.wants_keepalive);
	/* The top bit of what is a TTL elsewhere. */
	got = READ(HEAD_OPT NAME AAAA_IN "\0\0\x29\x10\0\xff\0\x80\0\0\0");
	assert_true(got.dnssec_ok);
}

/* What is refused gets its id, its flags and its question back. */
static void refusals(void **state)
{
	struct question question;
	uint8_t out[512];
	size_t size;

	(void)state;
	question_read((const uint8_t *)HEAD "\3ww", sizeof(HEAD "\3ww") - 1, &question);
	size = answer_refuse(&question, WIRE_FORMERR, ANSWER_EDE_NONE, 1232, out);
	assert_int_equal(size, WIRE_HEADER);
	assert_memory_equal(out, "\x12\x34\x81\x81\0\0\0\0\0\0\0\0", WIRE_HEADER);
	question = READ(HEAD_OPT NAME AAAA_IN OPT("\x10\0", "\0", "\0\0"));
	size = answer_refuse(&question, WIRE_REFUSED, 18, 1232, out);
	assert_memory_equal(out, "\x12\x34\x81\x85\0\1\0\0\0\0\0\1" NAME AAAA_IN,
			    sizeof(HEAD NAME AAAA_IN) - 1);
	assert_memory_equal(out + sizeof(HEAD NAME AAAA_IN) - 1,
			    "\0\0\x29\x04\xd0\0\0\0\0\0\6\0\x0f\0\2\0\x12", 17);
	assert_int_equal(size, sizeof(HEAD NAME AAAA_IN) - 1 + 17);
	/* BADVERS: its upper bits are in OPT. */
	question_read((const uint8_t *)HEAD_OPT NAME AAAA_IN OPT("\x10\0", "\1", "\0\0"),
		      sizeof(HEAD_OPT NAME AAAA_IN OPT("\x10\0", "\1", "\0\0")) - 1,
		      &question);
	size = answer_refuse(&question, WIRE_BADVERS, ANSWER_EDE_NONE, 1232, out);
	assert_int_equal(out[3] & 0xf, 0);
	assert_memory_equal(out + sizeof(HEAD NAME AAAA_IN) - 1,
			    "\0\0\x29\x04\xd0\1\0\0\0\0\0", 11);
	assert_int_equal(size, sizeof(HEAD NAME AAAA_IN) - 1 + 11);
}

/* RFC 2181 9, RFC 6891 7: what is left is header, question and OPT. */
static void cuts(void **state)
{
#define QUESTION NAME AAAA_IN
#define RECORD                                                                           \
	"\xc0\x0c\0\x1c\0\1\0\0\1\x2c\0\x10"                                             \
	"0123456789abcdef"
#define OPT_EDE "\0\0\x29\x04\xd0\0\0\0\0\0\6\0\x0f\0\2\0\x1d"
#define ANSWERED(flags, counts) "\x12\x34" flags "\0\1" counts
	static const struct {
		const char *what, *bytes;
		size_t size;
		const char *left;
		size_t left_size;
	} of[] = {
#define CUT(what, bytes, left) {what, bytes, sizeof(bytes) - 1, left, sizeof(left) - 1}
		CUT("two records",
		    ANSWERED("\x81\x80", "\0\2\0\0\0\0") QUESTION RECORD RECORD,
		    ANSWERED("\x83\x80", "\0\0\0\0\0\0") QUESTION),
		CUT("OPT behind them",
		    ANSWERED("\x81\x80", "\0\1\0\1\0\1") QUESTION RECORD RECORD OPT_EDE,
		    ANSWERED("\x83\x80", "\0\0\0\0\0\1") QUESTION OPT_EDE),
		CUT("no records", ANSWERED("\x81\x80", "\0\0\0\0\0\0") QUESTION,
		    ANSWERED("\x83\x80", "\0\0\0\0\0\0") QUESTION),
		CUT("one is missing",
		    ANSWERED("\x81\x80", "\0\2\0\0\0\0") QUESTION RECORD, ""),
		CUT("no question", "\x12\x34\x81\x80\0\0\0\0\0\0\0\0", ""),
		CUT("too short", "\x12\x34\x81", ""),
	};
	uint8_t bytes[512];

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		memcpy(bytes, of[i].bytes, of[i].size);
		const size_t size = answer_cut(bytes, of[i].size);
		if (size != of[i].left_size || memcmp(bytes, of[i].left, size) != 0)
			fail_msg("%s: %zu bytes are left", of[i].what, size);
	}
}

/* What libunbound calls back with: RFC 5452 9.1, an answer is one to its question. */
static void callbacks(void **state)
{
#define REPLY(flags, name, type) "\x12\x34" flags "\0\1\0\0\0\0\0\0" name type "\0\1"
	static const struct {
		const char *what;
		int rcode, length; /* length 0: that of the bytes */
		const char *bytes;
		size_t size;
		bool is_answer;
	} of[] = {
#define OF(what, rcode, length, bytes, is)                                               \
	{what, rcode, length, bytes, sizeof(bytes) - 1, is}
		OF("an answer", 0, 0, REPLY("\x81\x80", NAME, "\0\x1c"), true),
		OF("no such name", 0, 0, REPLY("\x81\x83", NAME, "\0\x1c"), true),
		OF("an error of the server", 2, 0, REPLY("\x81\x85", NAME, "\0\x1c"),
		   true),
		OF("that in other letters", 2, 0,
		   REPLY("\x81\x85", "\3wWw\7EXAMPLE\0", "\0\x1c"), true),
		OF("an answer that was refused", 2, 0, REPLY("\x81\x80", NAME, "\0\x1c"),
		   false),
		OF("a denial that was refused", 2, 0, REPLY("\x81\x83", NAME, "\0\x1c"),
		   false),
		OF("an error about another name", 2, 0,
		   REPLY("\x81\x85", "\3www\7another\0", "\0\x1c"), false),
		OF("an error about another type", 2, 0, REPLY("\x81\x85", NAME, "\0\1"),
		   false),
		OF("the question itself", 2, 0, REPLY("\x01\x02", NAME, "\0\x1c"), false),
		OF("an error without a question", 2, 0,
		   "\x12\x34\x81\x81\0\0\0\0\0\0\0\0", false),
		OF("a name that is cut", 2, 0, "\x12\x34\x81\x81\0\1\0\0\0\0\0\0\3ww",
		   false),
		OF("the size of its buffer", 2, 65552, REPLY("\x81\x85", NAME, "\0\x1c"),
		   false),
		OF("nothing", 2, -1, "", false),
		OF("less than a header", 0, 11, "\x12\x34\x81\x80\0\1\0\0\0\0\0", false),
	};
	const uint8_t *name = (const uint8_t *)"\3www\7example";

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		const int length = of[i].length ? of[i].length : (int)of[i].size;
		const uint8_t *bytes = length < 0 ? NULL : (const uint8_t *)of[i].bytes;
		if (upstream_packet(of[i].rcode, bytes, length, name, WIRE_AAAA) !=
		    (of[i].is_answer ? of[i].size : 0))
			fail_msg("%s", of[i].what);
	}
}

/* ---- names ---- */

static void compression(void **state)
{
	uint8_t bytes[512], name[WIRE_NAME];
	struct wire_out out;
	struct wire_in in;
	char text[WIRE_NAME_TEXT];

	(void)state;
	wire_write(&out, bytes, sizeof(bytes));
	wire_put_u16(&out, 0);
	wire_put_name(&out, dns_name("www.example.org."));
	wire_put_name(&out, dns_name("WWW.Example.ORG."));
	wire_put_name(&out, dns_name("ns.example.org."));
	wire_put_name(&out, dns_name("."));
	wire_put_name(&out, dns_name("org."));
	assert_int_equal(out.at, 2 + 17 + 2 + 5 + 1 + 2);
	in = wire_read(bytes, out.at);
	wire_u16(&in);
	for (unsigned i = 0; i < 5; i++) {
		static const char *const names[] = {"www.example.org.",
						    "www.example.org.", "ns.example.org.",
						    ".", "org."};
		assert_int_not_equal(wire_name(&in, name), 0);
		assert_string_equal(wire_name_text(name, text), names[i]);
	}
	assert_int_equal(in.at, in.size);
	/* What does not fit leaves nothing to point to. */
	wire_write(&out, bytes, 8);
	wire_put_name(&out, dns_name("www.example.org."));
	assert_true(out.failed);
	assert_int_equal(out.target_count, 0);
}

static void names(void **state)
{
	uint8_t name[WIRE_NAME];
	char text[WIRE_NAME_TEXT], longest[260];

	(void)state;
	assert_true(wire_name_within(dns_name("a.b.example."), dns_name("example.")));
	assert_true(wire_name_within(dns_name("example."), dns_name("EXAMPLE.")));
	assert_true(wire_name_within(dns_name("example."), dns_name(".")));
	assert_false(wire_name_within(dns_name("anexample."), dns_name("example.")));
	assert_false(wire_name_within(dns_name("."), dns_name("example.")));
	assert_string_equal(wire_name_text((const uint8_t *)"\5a.b\\\1\0", text),
			    "a\\046b\\092\\001.");
	/* RFC 1035 2.3.4: 255 bytes in all. */
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 49; i < 250; i += 50)
		longest[i] = '.';
	longest[253] = '\0';
	assert_int_equal(wire_name_parse(longest, name), 255);
	longest[253] = 'a';
	longest[254] = '\0';
	assert_int_equal(wire_name_parse(longest, name), 0);
	assert_int_equal(wire_name_parse("a..b", name), 0);
}

/* ---- resolv.conf ---- */

/* A name of LENGTH bytes with all values in its labels, from SEED on. */
static void fill_name(uint8_t *name, size_t length, unsigned seed)
{
	for (size_t left = length - 1; left;) {
		const size_t most = left == 65 ? 62 : 63;
		const size_t label = left - 1 < most ? left - 1 : most;
		*name++ = (uint8_t)label;
		for (size_t i = 0; i < label; i++)
			*name++ = (uint8_t)(seed++ * 7);
		left -= label + 1;
	}
	*name = 0;
}

/* RFC 4343: letters of ASCII alone have a case; names of all lengths, read in words. */
static void folding(void **state)
{
	uint8_t message[WIRE_HEADER + WIRE_NAME + 4], lower[WIRE_NAME];
	struct question question;

	(void)state;
	for (size_t length = 3; length <= WIRE_NAME; length++) {
		memcpy(message, HEAD, WIRE_HEADER);
		fill_name(message + WIRE_HEADER, length, (unsigned)length * 11);
		memcpy(message + WIRE_HEADER + length, AAAA_IN, 4);
		/* What was there before must not count. */
		memset(&question, 0xa5, sizeof(question));
		assert_int_equal(
			question_read(message, WIRE_HEADER + length + 4, &question),
			QUESTION_GOOD);
		assert_int_equal(question.name_length, length);
		assert_memory_equal(question.asked, message + WIRE_HEADER, length);
		for (size_t i = 0; i < length; i++) {
			const uint8_t c = message[WIRE_HEADER + i];
			lower[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
		}
		assert_memory_equal(question.name, lower, length);
		assert_int_equal(question.hash, wire_name_hash(lower));
	}
}

/* Names that are alike come to hashes that are not. */
static void hashes(void **state)
{
	enum { NAMES = 100000, BUCKETS = 32768 };
	static uint16_t buckets[BUCKETS];
	unsigned fullest = 0;
	char text[32];

	(void)state;
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(text, sizeof(text), "x%u.w.example.", i);
		const unsigned bucket = wire_name_hash(dns_name(text)) % BUCKETS;
		if (++buckets[bucket] > fullest)
			fullest = buckets[bucket];
	}
	/* About 3 in each; by chance 16 in one in 10^4 such tables. */
	assert_true(fullest < 18);
}

/* Names that came to one hash, whatever it began with, while a word was multiplied with
 * 64 bits as the result: what differs in the highest bit of a word, and of the next one
 * in that and in bit 34, is gone after both. Bit i of N: the i-th pair of words. */
static void put_alike(uint8_t name[WIRE_NAME], unsigned n)
{
	enum { LABEL = 64, PAIRS = 3 };

	memset(name, 'x', 3 * LABEL);
	name[0] = name[LABEL] = name[2 * LABEL] = LABEL - 1;
	name[3 * LABEL] = 0;
	for (unsigned i = 0; i < 3 * PAIRS; i++) {
		uint8_t *words = name + i / PAIRS * LABEL + 8 + i % PAIRS * 16;
		if (!(n >> i & 1))
			continue;
		words[7] ^= 0x80;
		words[15] ^= 0x80;
		words[12] ^= 4;
	}
}

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Nobody can choose many names of one bucket: the key is drawn at each start. */
static void chosen_names(void **state)
{
	enum { NAMES = 512 };
	static const uint64_t keys[][2] = {{0x9e3779b97f4a7c15, 0xd1b54a32d192ed03},
					   {0x9e3779b97f4a7c16, 0xd1b54a32d192ed03},
					   {0x243f6a8885a308d3, 0x13198a2e03707344},
					   {0, 0xa4093822299f31d0}};
	uint32_t hashes[NAMES], first[4];
	uint8_t name[WIRE_NAME];

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		unsigned different = 1;
		wire_hash_by(keys[k]);
		for (unsigned i = 0; i < NAMES; i++) {
			put_alike(name, i);
			hashes[i] = wire_name_hash(name);
		}
		first[k] = hashes[0];
		for (size_t i = 0; i < k; i++)
			assert_int_not_equal(first[i], first[k]);
		qsort(hashes, NAMES, sizeof(hashes[0]), by_value);
		for (unsigned i = 1; i < NAMES; i++)
			different += hashes[i] != hashes[i - 1];
		assert_true(different >= NAMES - 2);
	}
}

/* How a line is read is compared with glibc in test_oracle_resolvconf. */
static void resolv_conf(void **state)
{
	static const char text[] = "# nameserver 192.0.2.9\nsearch example\n"
				   "nameserver 192.0.2.1\nnameserver 127.0.0.64\n"
				   "options rotate\nnameserver\t2001:db8::1 # x\n"
				   "nameserver 192.0.2.7\n#v6guard nameserver 192.0.2.2\n"
				   "#v6guard nameserver 192.0.2.1\n"
				   "#v6guard nameserver 192.0.2.3\n"
				   "#v6guard nameserver 192.0.2.4";
	static const char loopback[] = "nameserver 127.9.9.9\nnameserver ::1\n";
	static const char *const three[] = {"192.0.2.1", "2001:db8::1", "192.0.2.2",
					    "192.0.2.3"};
	struct dns_endpoint listen = {.port = 53};
	const struct dns_config config = {.listen_count = 1, .listen = &listen};
	struct resolvconf_seen seen;
	struct dns_endpoint got[8];
	char address[GP_ADDR_TEXT];

	(void)state;
	assert_int_equal(gp_addr_parse("127.0.0.64", &listen.addr), GP_OK);
	/* libc's three, of which one is ourselves, and those that we keep for it. */
	assert_int_equal(
		resolvconf_read(text, sizeof(text) - 1, &config, 3, got, 8, &seen), 4);
	assert_true(seen.has_own && seen.rotate);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(gp_addr_format(&got[i].addr, address), three[i]);
		assert_int_equal(got[i].port, 53);
	}
	assert_int_equal(
		resolvconf_read(text, sizeof(text) - 1, &config, 9, got, 8, &seen), 6);
	/* All addresses of a family: whatever is this host's. */
	listen.addr = gp_addr_make(AF_INET, "\0\0\0", 0);
	assert_int_equal(resolvconf_read(loopback, sizeof(loopback) - 1, &config, 3, got,
					 8, &seen),
			 1);
	assert_true(seen.has_own && !seen.rotate);
	assert_string_equal(gp_addr_format(&got[0].addr, address), "::1");
	/* On another port it is somebody else's. */
	assert_int_equal(gp_addr_parse("127.0.0.64", &listen.addr), GP_OK);
	listen.port = 5353;
	assert_int_equal(
		resolvconf_read(text, sizeof(text) - 1, &config, 3, got, 8, &seen), 5);
	assert_false(seen.has_own);
	assert_int_equal(
		resolvconf_read(text, sizeof(text) - 1, &config, 3, got, 2, &seen), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fates),        cmocka_unit_test(fields),
		cmocka_unit_test(refusals),     cmocka_unit_test(cuts),
		cmocka_unit_test(callbacks),    cmocka_unit_test(compression),
		cmocka_unit_test(names),        cmocka_unit_test(resolv_conf),
		cmocka_unit_test(folding),      cmocka_unit_test(hashes),
		cmocka_unit_test(chosen_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
