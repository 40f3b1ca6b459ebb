/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of clients, good and bad, and what is written back. */
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

/* RFC 6891 6.1.1: whatever is wrong, who sent OPT gets one, with his DO (RFC 3225 3). */
static void refusals_with_opt(void **state)
{
#define OPT_DO OPT("\x10\0", "\0", "\x80\0")
#define A_RECORD "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
	static const struct {
		const char *what, *bytes;
		size_t size;
		bool has_opt, has_do;
	} of[] = {
#define SENT(what, bytes, has_opt, has_do)                                               \
	{what, bytes, sizeof(bytes) - 1, has_opt, has_do}
		SENT("no question",
		     "\x12\x34\1\0\0\0\0\0\0\0\0\1" OPT("\x10\0", "\0", "\0\0"), true,
		     false),
		SENT("no question, DO", "\x12\x34\1\0\0\0\0\0\0\0\0\1" OPT_DO, true,
		     true),
		SENT("no question, no OPT", "\x12\x34\1\0\0\0\0\0\0\0\0\0", false, false),
		SENT("two questions",
		     "\x12\x34\1\0\0\2\0\0\0\0\0\1" NAME AAAA_IN
		     "\xc0\x0c" AAAA_IN OPT_DO,
		     true, true),
		SENT("an answer",
		     "\x12\x34\1\0\0\1\0\1\0\0\0\1" NAME AAAA_IN A_RECORD OPT_DO, true,
		     true),
		SENT("an authority, and OPT behind another record",
		     "\x12\x34\1\0\0\1\0\0\0\1\0\2" NAME AAAA_IN A_RECORD A_RECORD OPT_DO,
		     true, true),
		SENT("OPT that is no additional record",
		     "\x12\x34\1\0\0\1\0\1\0\0\0\0" NAME AAAA_IN OPT_DO, false, false),
		SENT("NOTIFY", "\x12\x34\x21\0\0\1\0\0\0\0\0\1" NAME AAAA_IN OPT_DO, true,
		     true),
		SENT("UPDATE, with records",
		     "\x12\x34\x29\0\0\1\0\1\0\1\0\1" NAME AAAA_IN A_RECORD A_RECORD
			     OPT_DO,
		     true, true),
		SENT("NOTIFY, no OPT", "\x12\x34\x21\0\0\1\0\0\0\0\0\0" NAME AAAA_IN,
		     false, false),
		SENT("AXFR", HEAD_OPT NAME "\0\xfc\0\1" OPT_DO, true, true),
		SENT("EDNS 1", HEAD_OPT NAME AAAA_IN OPT("\x10\0", "\1", "\x80\0"), true,
		     true),
		SENT("an option that is cut",
		     HEAD_OPT NAME AAAA_IN "\0\0\x29\x10\0\0\0\x80\0\0\5\0\x0a\0\4x",
		     true, true),
		SENT("two OPT", "\x12\x34\1\0\0\1\0\0\0\0\0\2" NAME AAAA_IN OPT_DO OPT_DO,
		     true, true),
		SENT("bytes behind it", HEAD_OPT NAME AAAA_IN OPT_DO "x", true, true),
		SENT("a pointer in the name", HEAD_OPT "\3www\xc0\x0c" AAAA_IN OPT_DO,
		     false, false),
		SENT("65535 questions", "\x12\x34\1\0\xff\xff\0\0\0\0\0\1" OPT_DO, false,
		     false),
		SENT("65535 records",
		     "\x12\x34\1\0\0\1\0\0\0\0\xff\xff" NAME AAAA_IN A_RECORD, false,
		     false),
#undef SENT
	};
	struct question question;
	uint8_t out[512];

	(void)state;
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
		uint8_t *copy = malloc(of[i].size);
		assert_non_null(copy);
		memcpy(copy, of[i].bytes, of[i].size);
		if (question_read(copy, of[i].size, &question) != QUESTION_REFUSE)
			fail_msg("%s: not refused", of[i].what);
		free(copy);
		const size_t size = answer_refuse(&question, question.rcode,
						  ANSWER_EDE_NONE, 1232, out);
		const uint8_t *opt = out + size - 11;
		if (wire_peek_u16(out + 10) != of[i].has_opt ||
		    (of[i].has_opt &&
		     (opt[0] || opt[2] != WIRE_OPT || opt[7] != of[i].has_do << 7)))
			fail_msg("%s: OPT", of[i].what);
	}
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
		OF("an answer with half a record", 0, 0,
		   "\x12\x34\x81\x80\0\1\0\1\0\0\0\0" NAME "\0\x1c\0\1\xc0\x0c\0", false),
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

/* What libunbound leaves in its buffer when it gives up on CNAMEs. */
static const struct {
	const char *what, *question, *type;
	const char *from[14]; /* each is a CNAME of the one behind it */
	unsigned flags;
	bool is_round;
} chains[] = {
	{"a loop of two", "a.", "A", {"a.", "b.", "a."}, 0x8180, true},
	{"of one", "a.", "A", {"a.", "a."}, 0x8180, true},
	{"one that a chain leads into",
	 "a.",
	 "A",
	 {"a.", "b.", "c.", "b."},
	 0x8180,
	 true},
	{"in other letters", "A.", "A", {"A.", "b.", "a."}, 0x8180, true},
	{"12 of them",
	 "a.",
	 "A",
	 {"a.", "b.", "c.", "d.", "e.", "f.", "g.", "h.", "i.", "j.", "k.", "l.", "m."},
	 0x8180,
	 true},
	{"11 of them",
	 "a.",
	 "A",
	 {"a.", "b.", "c.", "d.", "e.", "f.", "g.", "h.", "i.", "j.", "k.", "l."},
	 0x8180,
	 false},
	{"one", "a.", "A", {"a.", "b."}, 0x8180, false},
	{"none", "a.", "A", {NULL}, 0x8180, false},
	{"one of another name, back to this",
	 "b.",
	 "A",
	 {"b.", "c.", "a."},
	 0x8180,
	 true},
	{"one of another name, elsewhere", "b.", "A", {"b.", "c."}, 0x8180, false},
	{"another name's loop", "b.", "A", {"b.", "c.", "b."}, 0x8180, false},
	{"of another type", "a.", "AAAA", {"a.", "b.", "a."}, 0x8180, false},
	{"in a question", "a.", "A", {"a.", "b.", "a."}, 0x0180, false},
	{"in an error", "a.", "A", {"a.", "b.", "a."}, 0x8182, false},
};

static void rounds(void **state)
{
	uint8_t bytes[1024];
	struct wire_out out;

	(void)state;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		unsigned count = 0;
		while (chains[i].from[0] && chains[i].from[count + 1])
			count++;
		wire_write(&out, bytes, sizeof(bytes));
		wire_put_u16(&out, 0x1234);
		wire_put_u16(&out, (uint16_t)chains[i].flags);
		wire_put_u16(&out, 1);
		wire_put_u16(&out, (uint16_t)count);
		wire_put_u32(&out, 0);
		wire_put_name(&out, dns_name(chains[i].question));
		wire_put_u16(&out, dns_type(chains[i].type));
		wire_put_u16(&out, WIRE_CLASS_IN);
		for (unsigned j = 0; j < count; j++)
			dns_put(&out, chains[i].from[j], "CNAME", 60,
				chains[i].from[j + 1]);
		assert_false(out.failed);
		if (upstream_packet_goes_round(bytes, (int)out.at, dns_name("a."), WIRE_A,
					       false) != chains[i].is_round)
			fail_msg("%s", chains[i].what);
		/* Whatever it was said to, it is about this name. */
		if (upstream_packet_goes_round(bytes, (int)out.at, dns_name("a."), WIRE_A,
					       true) !=
		    (count && chains[i].flags == 0x8180 && chains[i].type[1] == '\0'))
			fail_msg("%s, the last", chains[i].what);
		for (size_t cut = 0; cut < out.at; cut++)
			upstream_packet_goes_round(bytes, (int)cut, dns_name("a."),
						   WIRE_A, cut % 2);
	}
	assert_false(upstream_packet_goes_round(NULL, 0, dns_name("a."), WIRE_A, true));
	assert_false(
		upstream_packet_goes_round(bytes, 65552, dns_name("a."), WIRE_A, true));
}

/* ---- resolv.conf ---- */

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
		cmocka_unit_test(fates),       cmocka_unit_test(fields),
		cmocka_unit_test(refusals),    cmocka_unit_test(cuts),
		cmocka_unit_test(callbacks),   cmocka_unit_test(rounds),
		cmocka_unit_test(resolv_conf), cmocka_unit_test(refusals_with_opt),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
