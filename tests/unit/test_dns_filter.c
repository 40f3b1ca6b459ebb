/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Addresses that the policy leaves out of answers (DESIGN 4, the dns door). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config_text.h"
#include "dns_text.h"
#include "guard/rules_build.h"

static struct answer answer;
static uint8_t answer_bytes[WIRE_MAX], main_bytes[WIRE_MAX], other_bytes[WIRE_MAX];
static bool has_ipv4, has_ipv6;

/* ---- the host ---- */

static bool is_usable(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	return addr->family == AF_INET ? has_ipv4 : has_ipv6;
}

static bool is_own(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	return addr->family == AF_INET6 && addr->bytes[15] == 0xff;
}

/* 2001:db8:bad::/48 is broken. */
static enum gp_verdict verdict(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	return addr->bytes[4] == 0x0b && addr->bytes[5] == 0xad ? GP_VERDICT_BROKEN
								: GP_VERDICT_UNKNOWN;
}

static bool is_onlink(void *ctx, const struct gp_addr *addr)
{
	(void)ctx, (void)addr;
	return false;
}

static const struct gp_facts facts = {NULL, is_usable, is_own, verdict, is_onlink, NULL};

/* ---- what upstream says: addresses, blanks between ---- */

static struct answer_reply build(const char *name, const char *type, const char *list,
				 uint8_t *bytes)
{
	struct answer_reply reply = {.packet = bytes};
	char copy[512], *save, *word;
	uint16_t count = 0;
	struct wire_out out;

	if (!list)
		return (struct answer_reply){.packet = NULL};
	snprintf(copy, sizeof(copy), "%s", list);
	wire_write(&out, bytes, WIRE_MAX);
	memset(bytes, 0, WIRE_HEADER);
	out.at = WIRE_HEADER;
	wire_put_name(&out, dns_name(name));
	wire_put_u16(&out, dns_type(type));
	wire_put_u16(&out, WIRE_CLASS_IN);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (!strcmp(word, "SIG")) {
			const size_t at =
				wire_begin_rr(&out, dns_name(name), WIRE_RRSIG, 300);
			wire_put_u16(&out, dns_type(type));
			wire_put_bytes(&out, "0123456789012345", 16);
			wire_end_rr(&out, at);
		} else if (!strncmp(word, "CNAME=", 6)) {
			dns_put(&out, name, "CNAME", 300, word + 6);
		} else {
			dns_put(&out, name, type, 300, word);
		}
		count++;
	}
	wire_set_u16(bytes + 2, WIRE_QR);
	wire_set_u16(bytes + 4, 1);
	wire_set_u16(bytes + 6, count);
	reply.size = out.at;
	return reply;
}

static struct question question_of(const char *name, uint16_t type, bool has_do)
{
	struct question question = {.type = type,
				    .class = WIRE_CLASS_IN,
				    .flags = WIRE_RD,
				    .has_opt = true,
				    .dnssec_ok = has_do};

	question.name_length = (uint16_t)wire_name_parse(name, question.name);
	memcpy(question.asked, question.name, sizeof(question.name));
	return question;
}

/* Addresses in the answer, and what else there is to see of it. */
static const char *seen(void)
{
	static char text[512];
	const struct answer_reply as_reply = {.packet = answer.bytes,
					      .size = answer.size};
	struct reply_walk walk = {.has_begun = false};
	struct reply reply;

	text[0] = '\0';
	assert_true(reply_open(&as_reply, &reply));
	while (reply_next(&reply, &walk)) {
		if (walk.section == ANSWER_ANSWER) {
			strcat(text, walk.rr.type == WIRE_RRSIG
					     ? "SIG"
					     : dns_value(&reply.in, &walk.rr));
			strcat(text, " ");
		}
		if (walk.section == ANSWER_AUTHORITY)
			strcat(text, "SOA ");
	}
	if (answer.ede != ANSWER_EDE_NONE)
		snprintf(text + strlen(text), 32, "EDE %d ", answer.ede);
	snprintf(text + strlen(text), 32, "%us", answer.lifetime);
	return text;
}

enum { IPV4 = 1, IPV6 = 2, DO = 4, FILTER_SIGNED = 8, FORGET_LAST = 16, DRY = 32 };

static const struct {
	const char *what;
	enum gp_mode mode;
	unsigned flags;
	const char *type, *aaaa, *a, *expected;
} cases[] = {
	{"auto: broken goes", GP_MODE_AUTO, IPV4, "AAAA", "2001:db8:bad::1", "192.0.2.1",
	 "SOA EDE 17 30s"},
	{"auto: of two one is left, for 30 s", GP_MODE_AUTO, IPV4, "AAAA",
	 "2001:db8:bad::1 2001:db8::1", "192.0.2.1", "2001:db8::1 EDE 17 30s"},
	{"auto: nothing is broken", GP_MODE_AUTO, IPV4, "AAAA", "2001:db8::1",
	 "192.0.2.1", "2001:db8::1 300s"},
	{"auto: no A", GP_MODE_AUTO, IPV4, "AAAA", "2001:db8:bad::1", "",
	 "2001:db8:bad::1 300s"},
	{"auto: the A did not come: undecided, for 10 s", GP_MODE_AUTO, IPV4, "AAAA",
	 "2001:db8:bad::1", NULL, "2001:db8:bad::1 10s"},
	{"auto: no IPv4 here", GP_MODE_AUTO, IPV6, "AAAA", "2001:db8:bad::1", "192.0.2.1",
	 "2001:db8:bad::1 300s"},
	{"auto: A stays", GP_MODE_AUTO, IPV4, "A", "2001:db8:bad::1", "192.0.2.1",
	 "192.0.2.1 300s"},
	{"enforce = no", GP_MODE_AUTO, IPV4 | DRY, "AAAA", "2001:db8:bad::1", "192.0.2.1",
	 "2001:db8:bad::1 300s"},
	{"off", GP_MODE_OFF, IPV4, "AAAA", "2001:db8:bad::1", "192.0.2.1",
	 "2001:db8:bad::1 300s"},
	{"prefer-ipv4", GP_MODE_PREFER_IPV4, IPV4, "AAAA", "2001:db8::1", "192.0.2.1",
	 "SOA EDE 17 30s"},
	{"prefer-ipv4: the host's own stays", GP_MODE_PREFER_IPV4, IPV4, "AAAA",
	 "2001:db8::ff 2001:db8::1", "192.0.2.1", "2001:db8::ff EDE 17 300s"},
	{"prefer-ipv4: none to prefer", GP_MODE_PREFER_IPV4, IPV4, "AAAA", "2001:db8::1",
	 "", "2001:db8::1 300s"},
	{"prefer-ipv6 changes nothing here", GP_MODE_PREFER_IPV6, IPV4, "AAAA",
	 "2001:db8::1", "192.0.2.1", "2001:db8::1 300s"},
	{"strip-aaaa: the last one stays", GP_MODE_STRIP_AAAA, IPV4, "AAAA",
	 "2001:db8::1", "", "2001:db8::1 300s"},
	{"strip-aaaa", GP_MODE_STRIP_AAAA, IPV4, "AAAA", "2001:db8::1", "192.0.2.1",
	 "SOA EDE 17 30s"},
	{"strip-aaaa, keep-last = no: by the A alone", GP_MODE_STRIP_AAAA,
	 IPV4 | FORGET_LAST, "AAAA", NULL, "192.0.2.1", "SOA EDE 17 30s"},
	{"strip-a", GP_MODE_STRIP_A, IPV4 | IPV6, "A", "2001:db8::1", "192.0.2.1",
	 "SOA EDE 17 30s"},
	{"strip-a: no IPv6 here", GP_MODE_STRIP_A, IPV4, "A", "2001:db8::1", "192.0.2.1",
	 "192.0.2.1 300s"},
	{"strip-a: AAAA stays", GP_MODE_STRIP_A, IPV4 | IPV6, "AAAA", "2001:db8::1",
	 "192.0.2.1", "2001:db8::1 300s"},
	{"signed, DO: stays", GP_MODE_PREFER_IPV4, IPV4 | DO, "AAAA", "2001:db8::1 SIG",
	 "192.0.2.1", "2001:db8::1 SIG 300s"},
	{"signed, no DO: goes", GP_MODE_PREFER_IPV4, IPV4, "AAAA", "2001:db8::1 SIG",
	 "192.0.2.1", "SOA EDE 17 30s"},
	{"signed, DO, filter-signed = yes", GP_MODE_PREFER_IPV4,
	 IPV4 | DO | FILTER_SIGNED, "AAAA", "2001:db8::1 2001:db8::ff SIG", "192.0.2.1",
	 "2001:db8::ff EDE 17 300s"},
};

static void run(size_t i)
{
	const unsigned flags = cases[i].flags;
	const struct gp_guard_policy policy = {.mode = (uint8_t)cases[i].mode,
					       .enforce = !(flags & DRY),
					       .keep_last = !(flags & FORGET_LAST)};
	const struct dns_config config = {.dnssec = DNS_DNSSEC_PROCESS,
					  .filter_signed = !!(flags & FILTER_SIGNED)};
	const struct answer_context context = {
		.config = &config, .guard = &policy, .facts = &facts, .has_broken = true};
	const char *name = "www.example.";
	const struct question question =
		question_of(name, dns_type(cases[i].type), flags & DO);
	const struct answer_reply aaaa = build(name, "AAAA", cases[i].aaaa, main_bytes);
	const struct answer_reply a = build(name, "A", cases[i].a, other_bytes);
	const uint16_t main_type = answer_main_type(&question, &context);
	const uint16_t other_type = answer_other_type(&question, &context);

	has_ipv4 = flags & IPV4;
	has_ipv6 = flags & IPV6;
	assert_true(main_type != other_type);
	answer_make(&question, &context, main_type == WIRE_A ? &a : &aaaa,
		    other_type == WIRE_A      ? &a
		    : other_type == WIRE_AAAA ? &aaaa
					      : NULL,
		    &answer);
	if (strcmp(seen(), cases[i].expected) != 0)
		fail_msg("%s: %s", cases[i].what, seen());
}

static void addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run(i);
}

/* ---- rules ---- */

static const char rules_text[] =
	"[rule ads]\npriority = 1\ndomains = ads.example\naction = block\n"
	"qtypes = A AAAA\n"
	"[rule gone]\npriority = 2\ndomains = gone.example\naction = block\n"
	"qtypes = A AAAA TXT\nresponse = nxdomain\n"
	"[rule moved]\npriority = 3\ndomains = moved.example\naction = block\n"
	"qtypes = A AAAA\nresponse = override\noverride = 192.0.2.9\noverride-ttl = 5m\n"
	"[rule kids]\npriority = 4\ndomains = games.example\nclients = 198.51.100.0/24\n"
	"action = block\nqtypes = A AAAA\n"
	"[rule net]\npriority = 5\nprefixes = 2001:db8:77::/48\naction = block\n"
	"[rule cdn]\npriority = 6\ndomains = cdn.example\nmatch-cname = yes\n"
	"action = strip-aaaa\n"
	"[rule dry]\npriority = 7\ndomains = dry.example\naction = strip-aaaa\n"
	"enforce = no\n"
	"[rule last]\npriority = 8\ndomains = last.example\naction = strip-aaaa\n"
	"keep-last = no\n"
	"[rule lead]\npriority = 9\ndomains = lead.example\naction = block\n"
	"qtypes = A\nresponse = override\noverride = other.example\n"
	"[rule ended]\npriority = 10\ndomains = ended.example\naction = block\n"
	"qtypes = A AAAA\nuntil = 2020-01-01\n";

static const struct {
	const char *what, *name, *type, *client;
	bool has_do;
	const char *aaaa, *a, *expected;
} ruled[] = {
	{"no data", "www.ads.example.", "AAAA", NULL, false, "2001:db8::1", "192.0.2.1",
	 "SOA EDE 15 30s"},
	{"another type", "www.ads.example.", "NS", NULL, false, NULL, NULL, "asked"},
	{"no such name", "gone.example.", "TXT", NULL, false, NULL, NULL,
	 "NXDOMAIN SOA EDE 15 30s"},
	{"another address", "moved.example.", "A", NULL, false, NULL, NULL,
	 "192.0.2.9 EDE 15 300s"},
	{"of the other family", "moved.example.", "AAAA", NULL, false, NULL, NULL,
	 "SOA EDE 15 30s"},
	{"that client", "games.example.", "A", "198.51.100.7", false, NULL, "192.0.2.1",
	 "SOA EDE 15 30s"},
	{"another client", "games.example.", "A", "203.0.113.7", false, NULL, "192.0.2.1",
	 "192.0.2.1 300s"},
	{"addresses of a prefix", "a.example.", "AAAA", NULL, false,
	 "2001:db8:77::1 2001:db8::1", "", "2001:db8::1 EDE 17 300s"},
	{"all of them: block takes the last", "a.example.", "AAAA", NULL, false,
	 "2001:db8:77::1", "", "SOA EDE 17 30s"},
	{"a name of the chain", "a.example.", "AAAA", NULL, false,
	 "CNAME=x.cdn.example 2001:db8::1", "192.0.2.1", "x.cdn.example. SOA EDE 17 30s"},
	{"no A: keep-last", "x.cdn.example.", "AAAA", NULL, false, "2001:db8::1", "",
	 "2001:db8::1 300s"},
	{"enforce = no", "dry.example.", "AAAA", NULL, false, "2001:db8::1", "192.0.2.1",
	 "2001:db8::1 300s"},
	{"keep-last = no", "last.example.", "AAAA", NULL, false, "2001:db8::1", "",
	 "SOA EDE 17 30s"},
	{"led elsewhere", "lead.example.", "A", NULL, false, NULL, "192.0.2.7",
	 "other.example. 192.0.2.7 EDE 15 60s"},
	{"that rule has ended", "ended.example.", "A", NULL, false, NULL, "192.0.2.1",
	 "192.0.2.1 300s"},
	{"signed, DO", "ads.example.", "A", NULL, true, NULL, "192.0.2.1 SIG",
	 "192.0.2.1 SIG 300s"},
	{"not signed, DO", "ads.example.", "A", NULL, true, NULL, "192.0.2.1",
	 "SOA EDE 15 30s"},
	{"no rule", "b.example.", "A", NULL, false, NULL, "192.0.2.1", "192.0.2.1 300s"},
};

static void run_ruled(size_t i, const struct gp_rules *rules)
{
	const struct gp_guard_policy policy = {.mode = GP_MODE_OFF, .enforce = 1};
	const struct dns_config config = {.dnssec = DNS_DNSSEC_PROCESS};
	const struct question question =
		question_of(ruled[i].name, dns_type(ruled[i].type), ruled[i].has_do);
	struct gp_addr client;
	struct answer_context context = {.config = &config,
					 .guard = &policy,
					 .rules = rules,
					 .facts = &facts,
					 .has_broken = true,
					 .now = 1800000000};
	struct answer_reply aaaa, a;
	uint8_t target[WIRE_NAME];
	char got[600];
	uint16_t other;

	if (ruled[i].client) {
		assert_int_equal(gp_addr_parse(ruled[i].client, &client), GP_OK);
		context.client = &client;
	}
	has_ipv4 = true;
	other = answer_other_type(&question, &context);
	aaaa = build(ruled[i].name, "AAAA", ruled[i].aaaa, main_bytes);
	a = build(ruled[i].name, "A", ruled[i].a, other_bytes);
	if (!answer_local(&question, &context, &answer)) {
		if (question.type != WIRE_A && question.type != WIRE_AAAA) {
			assert_string_equal(ruled[i].expected, "asked");
			return;
		}
		if (!other)
			other = answer_late_type(&question, &context,
						 question.type == WIRE_A ? &a : &aaaa,
						 target);
		answer_make(&question, &context, question.type == WIRE_A ? &a : &aaaa,
			    !other                    ? NULL
			    : question.type == WIRE_A ? &aaaa
						      : &a,
			    &answer);
	}
	snprintf(got, sizeof(got), "%s%s",
		 (answer.flags & 0xf) == WIRE_NXDOMAIN ? "NXDOMAIN " : "", seen());
	if (strcmp(got, ruled[i].expected) != 0)
		fail_msg("%s: %s", ruled[i].what, got);
}

static void with_rules(void **state)
{
	struct gp_config *config = config_good(rules_text);
	struct gp_rules rules;
	struct gp_diag diag;

	(void)state;
	assert_int_equal(gp_rules_build(config, &rules, NULL, &diag), GP_OK);
	for (size_t i = 0; i < sizeof(ruled) / sizeof(ruled[0]); i++)
		run_ruled(i, &rules);
	gp_rules_build_free(&rules);
	gp_config_free(config);
}

/* Whom a rule is about is part of what an answer is kept by. */
static void variants(void **state)
{
	struct gp_config *config = config_good(rules_text);
	struct gp_rules rules;
	struct gp_addr inside, outside;
	const struct dns_config dns = {.dnssec = DNS_DNSSEC_PROCESS};
	struct answer_context context = {.config = &dns, .rules = &rules};
	const struct question games = question_of("games.example.", WIRE_A, false);
	const struct question other = question_of("b.example.", WIRE_A, false);
	uint32_t variant;

	(void)state;
	assert_int_equal(gp_rules_build(config, &rules, NULL, NULL), GP_OK);
	assert_int_equal(gp_addr_parse("198.51.100.7", &inside), GP_OK);
	assert_int_equal(gp_addr_parse("203.0.113.7", &outside), GP_OK);
	context.client = &inside;
	variant = answer_variant(&games, &context);
	assert_int_not_equal(variant, answer_variant(&other, &context));
	context.client = &outside;
	assert_int_not_equal(variant, answer_variant(&games, &context));
	assert_int_equal(answer_variant(&other, &context),
			 answer_variant(&games, &context));
	context.rules = NULL;
	assert_int_equal(answer_variant(&games, &context), 0);
	gp_rules_build_free(&rules);
	gp_config_free(config);
}

/* Nobody is asked for what could not be handed out, or is not needed. */
static void questions(void **state)
{
	const struct dns_config config = {.dnssec = DNS_DNSSEC_PROCESS};
	struct gp_guard_policy policy = {.enforce = 1};
	struct answer_context context = {
		.config = &config, .guard = &policy, .facts = &facts};
	const struct question aaaa = question_of("www.example.", WIRE_AAAA, false);
	const struct question a = question_of("www.example.", WIRE_A, false);
	const struct question local = question_of("a.localhost.", WIRE_AAAA, false);
	const struct answer_reply reply =
		build("www.example.", "A", "8.8.8.8", other_bytes);
	const struct question mx = question_of("www.example.", WIRE_MX, false);

	(void)state;
	policy.mode = GP_MODE_AUTO;
	/* Where nothing is made an A is no reason not to wait for the AAAA. */
	assert_false(answer_can_stand_in(&aaaa, &context, &reply));
	/* Nothing is broken, and nothing distrusted: no A decides anything. */
	assert_int_equal(answer_other_type(&aaaa, &context), 0);
	policy.distrust = 1;
	assert_int_equal(answer_other_type(&aaaa, &context), WIRE_A);
	policy.distrust = 0;
	context.has_broken = true;
	assert_int_equal(answer_other_type(&aaaa, &context), WIRE_A);
	assert_int_equal(answer_other_type(&a, &context), 0);
	assert_int_equal(answer_other_type(&local, &context), 0);
	assert_int_equal(answer_other_type(&mx, &context), 0);
	policy.mode = GP_MODE_STRIP_AAAA;
	assert_int_equal(answer_main_type(&aaaa, &context), WIRE_A);
	assert_int_equal(answer_other_type(&aaaa, &context), 0);
	policy.keep_last = 1;
	assert_int_equal(answer_main_type(&aaaa, &context), WIRE_AAAA);
	assert_int_equal(answer_other_type(&aaaa, &context), WIRE_A);
	policy.mode = GP_MODE_OFF;
	assert_int_equal(answer_other_type(&aaaa, &context), 0);
}

/* RFC 9460 2.2, 7.3, 8: hints go with the addresses, and keys that are gone are not
 * mandatory. Priority 1, target ".". */
#define SVCB_HEAD "\0\1\0"
#define MANDATORY "\0\0\0\4\0\1\0\6"
#define ALPN "\0\1\0\3\2h2"
#define HINT4 "\0\4\0\4\xc0\0\2\1"
#define HINT6_BAD "\0\6\0\x10\x20\1\x0d\xb8\x0b\xad\0\0\0\0\0\0\0\0\0\1"
#define HINT6_BOTH                                                                       \
	"\0\6\0\x20\x20\1\x0d\xb8\x0b\xad\0\0\0\0\0\0\0\0\0\1"                           \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define HINT6_GOOD "\0\6\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"

static const struct {
	const char *what;
	enum gp_mode mode;
	unsigned flags;
	const char *rdata;
	size_t size;
	const char *expected;
	size_t expected_size; /* 0: as it is */
} hints[] = {
#define HINT(what, mode, flags, rdata, expected)                                         \
	{                                                                                \
		what, mode, flags, rdata, sizeof(rdata) - 1, expected,                   \
			sizeof(expected) - 1                                             \
	}
	HINT("all of it", GP_MODE_AUTO, IPV4, SVCB_HEAD ALPN HINT4 HINT6_BAD,
	     SVCB_HEAD ALPN HINT4),
	HINT("one of two", GP_MODE_AUTO, IPV4, SVCB_HEAD ALPN HINT6_BOTH,
	     SVCB_HEAD ALPN HINT6_GOOD),
	HINT("mandatory", GP_MODE_AUTO, IPV4, SVCB_HEAD MANDATORY ALPN HINT6_BAD,
	     SVCB_HEAD "\0\0\0\2\0\1" ALPN),
	HINT("nothing broken", GP_MODE_AUTO, IPV4, SVCB_HEAD ALPN HINT6_GOOD, ""),
	HINT("no IPv4 here", GP_MODE_AUTO, IPV6, SVCB_HEAD ALPN HINT6_BAD, ""),
	HINT("no hints", GP_MODE_STRIP_AAAA, IPV4, SVCB_HEAD ALPN, ""),
	HINT("strip-aaaa", GP_MODE_STRIP_AAAA, IPV4, SVCB_HEAD HINT4 HINT6_GOOD,
	     SVCB_HEAD HINT4),
	HINT("strip-a", GP_MODE_STRIP_A, IPV6, SVCB_HEAD HINT4 HINT6_GOOD,
	     SVCB_HEAD HINT6_GOOD),
	HINT("a parameter that is cut", GP_MODE_STRIP_AAAA, IPV4,
	     SVCB_HEAD HINT6_GOOD "\0\7\0\5x", ""),
	HINT("off", GP_MODE_OFF, IPV4, SVCB_HEAD HINT6_BAD, ""),
#undef HINT
};

static void svcb(void **state)
{
	static uint8_t out[WIRE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		const struct gp_guard_policy policy = {
			.mode = (uint8_t)hints[i].mode, .enforce = 1, .keep_last = 1};
		const struct dns_config config = {.dnssec = DNS_DNSSEC_PROCESS};
		const struct answer_context context = {.config = &config,
						       .guard = &policy,
						       .facts = &facts,
						       .has_broken = true};
		static struct filter filter;
		const struct question question =
			question_of("www.example.", WIRE_HTTPS, false);
		const struct reply nothing = {.flags = WIRE_QR};
		struct wire_rr rr = {.type = WIRE_HTTPS,
				     .class = WIRE_CLASS_IN,
				     .rdlength = (uint16_t)hints[i].size,
				     .rdata = (const uint8_t *)hints[i].rdata};
		size_t size;
		wire_name_parse("www.example.", rr.owner);
		has_ipv4 = hints[i].flags & IPV4;
		has_ipv6 = hints[i].flags & IPV6;
		filter_begin(&filter);
		size = hints_filter(&question, &context, &nothing, &rr, NULL, &filter,
				    out);
		if (size != hints[i].expected_size ||
		    memcmp(out, hints[i].expected, size) != 0)
			fail_msg("%s: %zu bytes", hints[i].what, size);
	}
}

/* RFC 8914 2: INFO-CODE and EXTRA-TEXT, which is bounded, and the first to go when the
 * client takes no more. */
static void texts(void **state)
{
	static const char by[] = "a-rule.of-47-bytes-is-the-longest-there-can-be_";
	static uint8_t out[WIRE_MAX];
	const struct question question = question_of("www.example.", WIRE_A, false);
	const size_t opt = 11, ede = 6, text = sizeof(by) - 1;
	const uint8_t address[4] = {192, 0, 2, 1};
	struct answer_image image;
	struct builder builder;
	size_t whole;

	(void)state;
	builder_begin(&builder, &question, &answer);
	for (unsigned i = 0; i < 30; i++)
		builder_put(&builder, ANSWER_ANSWER, question.name, WIRE_A, 300, address,
			    4);
	builder_end(&builder, WIRE_NOERROR, 300);
	memcpy(answer.decision.by, by, sizeof(by));
	answer.ede = ANSWER_EDE_FILTERED;
	image = answer_image(&answer);
	whole = image.size + opt + ede + text;
	assert_int_equal(text, ANSWER_TEXT - 1);
	assert_int_equal(answer_finish(&image, &question, 0, whole, 1232, out), whole);
	assert_memory_equal(out + image.size + opt, "\0\17\0\61\0\21", 6);
	assert_memory_equal(out + image.size + opt + ede, by, text);
	/* One byte less: all records, and the error without its text. */
	assert_int_equal(answer_finish(&image, &question, 0, whole - 1, 1232, out),
			 image.size + opt + ede);
	assert_memory_equal(out + image.size + opt, "\0\17\0\2\0\21", 6);
	assert_false(out[2] & WIRE_TC >> 8);
	assert_int_equal(
		answer_finish(&image, &question, 0, image.size + opt + ede, 1232, out),
		image.size + opt + ede);
	assert_false(out[2] & WIRE_TC >> 8);
	/* Less than that: TC. */
	answer_finish(&image, &question, 0, image.size + opt + ede - 1, 1232, out);
	assert_true(out[2] & WIRE_TC >> 8);
	/* What was made says which rule had a part in that. */
	answer.ede = ANSWER_EDE_SYNTHESIZED;
	answer.decision.outcome.acts = true;
	image = answer_image(&answer);
	assert_int_equal(image.text_size, text);
	/* One that is only counted has none; nor are there texts of other errors. */
	answer.decision.outcome.acts = false;
	answer.decision.is_whole = true;
	image = answer_image(&answer);
	assert_int_equal(image.text_size, 0);
	answer.ede = ANSWER_EDE_BOGUS;
	image = answer_image(&answer);
	assert_int_equal(image.text_size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses), cmocka_unit_test(with_rules),
		cmocka_unit_test(variants),  cmocka_unit_test(questions),
		cmocka_unit_test(svcb),      cmocka_unit_test(texts),
	};

	answer.bytes = answer_bytes;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
