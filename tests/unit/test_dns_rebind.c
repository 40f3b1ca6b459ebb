/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which addresses are private, for which names that matters, and what is counted: tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "tool/v6guardd/dns/answer.h"
#include "tool/v6guardd/dns/serve_count.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *address;
	bool is_private;
} addresses[] = {
	/* RFC 1918, RFC 6598, loopback, link-local, this host: first, last, beside. */
	{"0.0.0.0", true},
	{"0.255.255.255", true},
	{"1.0.0.0", false},
	{"9.255.255.255", false},
	{"10.0.0.0", true},
	{"10.255.255.255", true},
	{"11.0.0.0", false},
	{"100.63.255.255", false},
	{"100.64.0.0", true},
	{"100.127.255.255", true},
	{"100.128.0.0", false},
	{"126.255.255.255", false},
	{"127.0.0.1", true},
	{"127.255.255.255", true},
	{"128.0.0.0", false},
	{"169.253.255.255", false},
	{"169.254.169.254", true},
	{"169.255.0.0", false},
	{"172.15.255.255", false},
	{"172.16.0.0", true},
	{"172.31.255.255", true},
	{"172.32.0.0", false},
	{"192.167.255.255", false},
	{"192.168.0.0", true},
	{"192.168.255.255", true},
	{"192.169.0.0", false},
	/* RFC 7050's are to be seen. */
	{"192.0.0.170", false},
	{"198.51.100.1", false},
	{"255.255.255.255", false},
	/* IPv6. */
	{"::", true},
	{"::1", true},
	{"::2", false},
	{"::ffff:198.51.100.1", true},
	{"::fffe:10.0.0.1", false},
	{"fbff::1", false},
	{"fc00::1", true},
	{"fdff:ffff::1", true},
	{"fe00::1", false},
	{"fe7f::1", false},
	{"fe80::1", true},
	{"febf::1", true},
	{"fec0::1", false},
	{"2001:db8::1", false},
	{"2606:4700::1", false},
	/* IPv4 in a prefix: the Well-Known one, the host's own, another one's. */
	{"64:ff9b::10.0.0.1", true},
	{"64:ff9b::198.51.100.1", false},
	{"64:ff9b::127.0.0.1", true},
	{"2001:db8:64::192.168.1.1", true},
	{"2001:db8:64::198.51.100.1", false},
	{"2001:db8:65::192.168.1.1", false},
};

static void private_addresses(void **state)
{
	struct gp_prefix prefix;
	struct dns_config config = {.prefix_count = 1, .prefixes = &prefix};
	struct gp_addr addr;

	(void)state;
	assert_int_equal(gp_prefix_parse("2001:db8:64::/96", &prefix), GP_OK);
	for (size_t i = 0; i < COUNT(addresses); i++) {
		assert_int_equal(gp_addr_parse(addresses[i].address, &addr), GP_OK);
		if (rebind_is_private(&config, &addr) != addresses[i].is_private)
			fail_msg("%s", addresses[i].address);
	}
}

enum place { ANYWHERE, FORWARDED, ROUTED };

static const struct {
	const char *name;
	enum place place;
	bool concerns;
} names[] = {
	{"example.com", ANYWHERE, true},
	{"a.b.example.com", ANYWHERE, true},
	{"local.example", ANYWHERE, true},
	{"xlocalhost", ANYWHERE, false}, /* of one label */
	{"x.xlocalhost", ANYWHERE, true},
	{"fritz.box", ANYWHERE, true},
	{"nas.lan", ANYWHERE, true},
	{"example.com", FORWARDED, false},
	{"example.com", ROUTED, false},
	{"localhost", ANYWHERE, false},
	{"a.localhost", ANYWHERE, false},
	{"printer.local", ANYWHERE, false},
	{"nas.home.arpa", ANYWHERE, false},
	{"home.arpa.example", ANYWHERE, true},
	{"db.internal", ANYWHERE, false},
	{"x.test", ANYWHERE, false},
	{"router", ANYWHERE, false},
};

static void names_of_all_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		for (unsigned setting = 0; setting < 2; setting++) {
			const struct dns_config config = {.rebind = setting};
			const struct answer_context context = {
				.config = &config,
				.is_forwarded = names[i].place == FORWARDED,
				.is_routed = names[i].place == ROUTED};
			struct question question = {.class = WIRE_CLASS_IN};
			question.name_length =
				(uint16_t)wire_name_parse(names[i].name, question.name);
			assert_true(question.name_length);
			if (rebind_concerns(&question, &context) !=
			    (setting == DNS_REBIND_REFUSE && names[i].concerns))
				fail_msg("%s", names[i].name);
		}
}

/* ---- reasons ---- */

static void reasons_fit(void **state)
{
	(void)state;
	assert_string_equal(answer_why_text(ANSWER_WHY_NOTHING), "");
	for (unsigned why = ANSWER_WHY_NATIVE; why <= ANSWER_WHY_PTR; why++) {
		const char *text = answer_why_text((enum answer_why)why);
		if (!text[0] || strlen(text) > ANSWER_WHY_TEXT)
			fail_msg("'%s'", text);
	}
}

/* ---- counters ---- */

static const struct {
	uint16_t type;
	const char *name;
} types[] = {
	{1, "A"},      {2, "NS"},     {6, "SOA"},     {12, "PTR"},      {15, "MX"},
	{16, "TXT"},   {28, "AAAA"},  {33, "SRV"},    {43, "DS"},       {48, "DNSKEY"},
	{64, "SVCB"},  {65, "HTTPS"}, {255, "ANY"},   {0, "other"},     {5, "other"},
	{13, "other"}, {66, "other"}, {257, "other"}, {65535, "other"},
};

static void types_and_rcodes(void **state)
{
	struct serve_counts counts = {.took_ms = 0};

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		const enum count_type type = count_type_of(types[i].type);
		const uint64_t before = count_of_type(&counts, type);
		assert_string_equal(count_type_name(type), types[i].name);
		count_answer(&counts, types[i].type, (uint16_t)(0x8180 | i % 6));
		assert_int_equal(count_of_type(&counts, type), before + 1);
	}
	for (unsigned rcode = 0; rcode < 6; rcode++)
		assert_int_equal(count_of_rcode(&counts, rcode),
				 (COUNT(types) + 5 - rcode) / 6);
	assert_string_equal(count_rcode_name(WIRE_REFUSED), "REFUSED");
	assert_null(count_rcode_name(6));
}

static const struct {
	long long ms;
	unsigned bucket; /* 2 to that: it took less */
} times[] = {
	{-1, 0},    {0, 0},     {1, 1},     {2, 2},        {3, 2},
	{4, 3},     {7, 3},     {8, 4},     {1023, 10},    {1024, 11},
	{4095, 12}, {4096, 13}, {5000, 13}, {1000000, 13},
};

static void how_long_it_took(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		struct serve_counts counts = {.took_ms = 0};
		count_time(&counts, times[i].ms);
		if (counts.took[times[i].bucket] != 1)
			fail_msg("%lld ms", times[i].ms);
		assert_int_equal(counts.took_ms, times[i].ms < 0 ? 0 : times[i].ms);
	}
}

static void what_servers_said(void **state)
{
	const uint8_t good[WIRE_HEADER] = {[2] = 0x81, [3] = 0x80};
	const uint8_t servfail[WIRE_HEADER] = {[2] = 0x81, [3] = 0x82};
	const uint8_t refused[WIRE_HEADER] = {[2] = 0x81, [3] = 0x85};
	struct serve_counts counts = {.took_ms = 0};

	(void)state;
	count_said(&counts, WIRE_AAAA, good);
	count_said(&counts, WIRE_AAAA, servfail);
	count_said(&counts, WIRE_AAAA, refused);
	count_said(&counts, WIRE_AAAA, NULL);
	count_said(&counts, WIRE_A, NULL);
	count_said(&counts, WIRE_MX, NULL);
	assert_int_equal(counts.aaaa.asked, 4);
	assert_int_equal(counts.aaaa.servfail, 1);
	assert_int_equal(counts.aaaa.timeouts, 1);
	assert_int_equal(counts.a.asked, 1);
	assert_int_equal(counts.a.timeouts, 1);
	assert_int_equal(counts.a.servfail, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_addresses), cmocka_unit_test(names_of_all_kinds),
		cmocka_unit_test(reasons_fit),       cmocka_unit_test(types_and_rcodes),
		cmocka_unit_test(how_long_it_took),  cmocka_unit_test(what_servers_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
