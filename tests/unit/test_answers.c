/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Do two servers say the same? What is compared before resolv.conf leads elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/nameser.h>
#include <string.h>

#include "tool/v6guard/answers.h"

/* "NXDOMAIN", "-" (nothing came), "lame", or addresses; behind "@" the reason. */
static struct answers read_text(const char *text)
{
	struct answers out = {.is_there = true, .ede = -1};
	char copy[512], *save, *word;

	strcpy(copy, text);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (!strcmp(word, "NXDOMAIN"))
			out.rcode = ns_r_nxdomain;
		else if (!strcmp(word, "SERVFAIL"))
			out.rcode = ns_r_servfail;
		else if (!strcmp(word, "lame"))
			out.is_lame = true;
		else if (!strcmp(word, "cut"))
			out.is_cut = true;
		else if (!strcmp(word, "-"))
			out.is_there = false;
		else if (word[0] == '@')
			out.ede = atoi(word + 1);
		else
			assert_int_equal(gp_addr_parse(word, &out.list[out.count++]),
					 GP_OK);
	}
	return out;
}

#define FIVE "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5"
#define NEXT "192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 192.0.2.9"
#define REST "192.0.2.11 192.0.2.12 192.0.2.13 192.0.2.14 192.0.2.15"

static const struct {
	unsigned type;
	const char *direct, *ours, *a;
	bool agree, agree_varying;
} cases[] = {
	{ns_t_a, "192.0.2.1", "192.0.2.1", "", true, true},
	{ns_t_a, "", "", "", true, true},
	{ns_t_a, "NXDOMAIN", "NXDOMAIN", "", true, true},
	/* What a foreign server would say. */
	{ns_t_a, "192.0.2.1", "NXDOMAIN", "", false, false},
	{ns_t_a, "192.0.2.1", "", "", false, false},
	{ns_t_a, "", "NXDOMAIN", "", false, false},
	{ns_t_a, "NXDOMAIN", "192.0.2.1", "", false, false},
	{ns_t_a, "", "192.0.2.1", "", false, false},
	{ns_t_a, "192.0.2.1", "192.0.2.2", "", false, true},
	{ns_t_a, "192.0.2.1", "SERVFAIL", "", false, false},
	{ns_t_a, "192.0.2.1", "-", "", false, false},
	/* Any order, a part, one of many in turn. */
	{ns_t_a, "192.0.2.1 192.0.2.2", "192.0.2.2 192.0.2.1", "", true, true},
	{ns_t_a, "192.0.2.1 192.0.2.2", "192.0.2.2", "", true, true},
	{ns_t_a, "192.0.2.2", "192.0.2.1 192.0.2.2", "", true, true},
	{ns_t_a, "192.0.2.1 192.0.2.2", "192.0.2.2 192.0.2.3", "", false, true},
	{ns_t_a, FIVE, NEXT, "", true, true},
	{ns_t_a, FIVE, REST, "", false, true},
	{ns_t_a, "cut", FIVE, "", true, true},
	/* The policy's own doing, by its reason. */
	{ns_t_a, "192.0.2.1", "@15", "", true, true},
	{ns_t_a, "192.0.2.1", "NXDOMAIN @15", "", true, true},
	{ns_t_a, "192.0.2.1", "192.0.2.9 @15", "", true, true},
	{ns_t_aaaa, "2001:db8::1", "@17", "192.0.2.1", true, true},
	{ns_t_aaaa, "", "64:ff9b::1 @29", "192.0.2.1", true, true},
	{ns_t_aaaa, "", "64:ff9b::1", "192.0.2.1", false, false},
	{ns_t_aaaa, "2001:db8::1", "@22", "192.0.2.1", true, true},
	{ns_t_a, "192.0.2.1", "SERVFAIL @22", "", false, false},
	{ns_t_a, "192.0.2.1", "192.0.2.7 @3", "", false, true},
	/* A denial of the type by the wrong word. */
	{ns_t_aaaa, "NXDOMAIN", "", "192.0.2.1", true, true},
	{ns_t_aaaa, "NXDOMAIN", "", "NXDOMAIN", false, false},
	{ns_t_aaaa, "NXDOMAIN", "", "-", false, false},
	{ns_t_a, "NXDOMAIN", "", "192.0.2.1", false, false},
};

static void agreement(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct answers direct = read_text(cases[i].direct);
		const struct answers ours = read_text(cases[i].ours);
		const struct answers a = read_text(cases[i].a);
		const struct answers_pair pair = {&direct, &ours};
		if (answers_agree(pair, cases[i].type, &a, false) != cases[i].agree ||
		    answers_agree(pair, cases[i].type, &a, true) !=
			    cases[i].agree_varying)
			fail_msg("case %zu: '%s' and '%s'", i, cases[i].direct,
				 cases[i].ours);
	}
}

/* What libc takes, and does not go on to the next server. */
static void usable(void **state)
{
	static const struct {
		const char *text;
		bool is_usable;
	} texts[] = {{"192.0.2.1", true}, {"", true},      {"NXDOMAIN", true},
		     {"SERVFAIL", false}, {"lame", false}, {"-", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct answers answers = read_text(texts[i].text);
		assert_int_equal(answers_are_usable(&answers), texts[i].is_usable);
	}
}

static void in_turn(void **state)
{
	struct answers all = read_text("192.0.2.1 192.0.2.2");
	const struct answers more = read_text("192.0.2.2 192.0.2.3");
	char text[ANSWERS_TEXT];

	(void)state;
	answers_join(&all, &more);
	assert_string_equal(answers_text(&all, text), "192.0.2.1 192.0.2.2 192.0.2.3");
	all = read_text(FIVE);
	assert_string_equal(answers_text(&all, text),
			    "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 ...");
	all = read_text("");
	assert_string_equal(answers_text(&all, text), "no address");
	all = read_text("NXDOMAIN");
	assert_string_equal(answers_text(&all, text), "NXDOMAIN");
}

/* Header, question x. A, and RECORDS of 16 bytes each behind it. */
static void message(struct dnsask *out, uint8_t flags[2], const uint8_t *records,
		    uint8_t count)
{
	const uint8_t head[] = {0, 1, flags[0], flags[1], 0, 1, 0, count, 0, 0,
				0, 0, 1,        'x',      0, 0, 1, 0,     1};

	memset(out, 0, sizeof(*out));
	memcpy(out->bytes, head, sizeof(head));
	memcpy(out->bytes + sizeof(head), records, 16U * count);
	out->size = sizeof(head) + 16U * count;
}

static void from_bytes(void **state)
{
	/* An A twice, another one, and one of class and type alike but of a wrong size.
	 */
	static const uint8_t records[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0,   2, 1,
		0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0,   2, 1,
		0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0,   2, 2,
		0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1,   'y', 0, 0};
	struct dnsask asked;
	struct answers answers;
	char text[ANSWERS_TEXT];

	(void)state;
	message(&asked, (uint8_t[2]){0x81, 0x80}, records, 4);
	assert_true(dnsask_read(&asked));
	answers_read(&asked, ns_t_a, &answers);
	assert_string_equal(answers_text(&answers, text), "192.0.2.1 192.0.2.2");
	assert_true(answers_are_usable(&answers));
	/* Nothing, and nobody who would know: glibc goes on. With RA it does not. */
	message(&asked, (uint8_t[2]){0x81, 0x00}, records, 0);
	assert_true(dnsask_read(&asked));
	answers_read(&asked, ns_t_a, &answers);
	assert_false(answers_are_usable(&answers));
	message(&asked, (uint8_t[2]){0x81, 0x80}, records, 0);
	assert_true(dnsask_read(&asked));
	answers_read(&asked, ns_t_a, &answers);
	assert_true(answers_are_usable(&answers));
	assert_false(answers.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agreement),
		cmocka_unit_test(usable),
		cmocka_unit_test(in_turn),
		cmocka_unit_test(from_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
