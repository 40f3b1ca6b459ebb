/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Presets of v6guard.conf: what they are made of, and what they make of a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/v6guard/guardpreset.h"

#define REST "[rule preset-rest]\npriority = 65040\naction = strip-aaaa\n"
#define OWN(prefixes)                                                                    \
	"[rule preset-own]\npriority = 65010\nprefixes = " prefixes "\naction = allow\n"

/* ---- own prefixes ---- */

static const struct {
	enum guard_preset preset;
	const char *addresses[5];
	const char *own; /* "" none */
} own_cases[] = {
	{GUARD_PHASE1, {"2001:db8:1:2::3"}, "2001:db8:1:2::/64"},
	{GUARD_PHASE2, {"2001:db8:1:2ff::3"}, "2001:db8:1:200::/56"},
	/* the same network twice, and another */
	{GUARD_PHASE1,
	 {"2001:db8:1:2::3", "2001:db8:1:2:4::", "2001:db8:1:3::1"},
	 "2001:db8:1:2::/64 2001:db8:1:3::/64"},
	{GUARD_PHASE2, {"2001:db8:1:2::3", "2001:db8:1:3::1"}, "2001:db8:1::/56"},
	/* RFC 4193; link-local, loopback and IPv4 are no network of anybody's */
	{GUARD_PHASE1, {"fd00:1::1", "fe80::1", "::1", "192.0.2.1"}, "fd00:1::/64"},
	{GUARD_PHASE1, {"fe80::1", "ff02::1", "::", "::ffff:192.0.2.1"}, ""},
};

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	assert_int_equal(gp_addr_parse(text, &addr), GP_OK);
	return addr;
}

static void test_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(own_cases) / sizeof(own_cases[0]); i++) {
		struct gp_prefix own[GUARD_PRESET_OWN];
		char text[GP_PREFIX_TEXT], all[256] = "";
		size_t count = 0;

		for (size_t j = 0; j < 5 && own_cases[i].addresses[j]; j++) {
			const struct gp_addr addr = address(own_cases[i].addresses[j]);
			count = guard_preset_add_own(own_cases[i].preset, &addr, own,
						     count);
		}
		for (size_t j = 0; j < count; j++) {
			strcat(all, j ? " " : "");
			strcat(all, gp_prefix_format(&own[j], text));
		}
		assert_string_equal(all, own_cases[i].own);
	}
}

/* As many as there is room for, and no more. */
static void test_many(void **state)
{
	struct gp_prefix own[GUARD_PRESET_OWN];
	struct gp_addr addr = address("2001:db8::1");
	size_t count = 0;

	(void)state;
	for (uint8_t i = 0; i < GUARD_PRESET_OWN + 8; i++) {
		addr.bytes[7] = i;
		count = guard_preset_add_own(GUARD_PHASE1, &addr, own, count);
	}
	assert_int_equal(count, GUARD_PRESET_OWN);
}

/* ---- texts ---- */

static const struct {
	enum guard_preset preset;
	const char *before, *words[4];
	const char *after;
} cases[] = {
	{GUARD_PHASE1, "", {0}, OWN("2001:db8:1::/64") "\n" REST},
	{GUARD_PHASE1,
	 "# mine\n[guard]\nmode = auto\n",
	 {0},
	 "# mine\n[guard]\nmode = auto\n\n" OWN("2001:db8:1::/64") "\n" REST},
	{GUARD_PHASE2,
	 "",
	 {"2001:db8:77::/48", "partner.example", "=www.example"},
	 OWN("2001:db8:1::/64") "\n"
				"[rule preset-prefixes]\npriority = 65020\nprefixes = "
				"2001:db8:77::/48\n"
				"action = allow\n\n"
				"[rule preset-named]\npriority = 65030\ndomains = "
				"partner.example =www.example\n"
				"action = allow\n\n" REST},
	/* what was named before, and is not now, goes */
	{GUARD_PHASE1,
	 OWN("2001:db8:9::/56") "\n[rule preset-named]\npriority = 65030\n"
				"domains = a.example\naction = allow\n\n" REST,
	 {0},
	 OWN("2001:db8:1::/64") "\n" REST},
	/* what the operator added, and other rules between, stay */
	{GUARD_PHASE1,
	 OWN("2001:db8:1::/64") "enforce = no\n\n[rule x]\npriority = 1\naction = "
				"auto\n\n" REST,
	 {0},
	 OWN("2001:db8:1::/64") "enforce = no\n\n[rule x]\npriority = 1\naction = "
				"auto\n\n" REST},
	{GUARD_PREFER_IPV4,
	 "[guard]\nmode = auto ; why\n\n" OWN("2001:db8::/64") "\n" REST,
	 {0},
	 "[guard]\nmode = prefer-ipv4 ; why\n"},
	{GUARD_DISTRUST, "", {0}, "[guard]\nmode = auto\nunknown = distrust\n"},
};

static void check_edit(size_t i, const char *before, const char *after)
{
	const struct gp_prefix own[] = {{address("2001:db8:1::"), 64}};
	struct guard_preset_parts parts = {.own = own, .own_count = 1};
	char *text;
	size_t size;

	parts.words = cases[i].words;
	while (parts.word_count < 4 && cases[i].words[parts.word_count])
		parts.word_count++;
	assert_int_equal(guard_preset_edit(before, strlen(before), cases[i].preset,
					   &parts, &text, &size),
			 GP_OK);
	assert_string_equal(text, after);
	assert_int_equal(size, strlen(after));
	free(text);
}

static void test_edit(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_edit(i, cases[i].before, cases[i].after);
		check_edit(i, cases[i].after, cases[i].after); /* again: unchanged */
	}
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < GUARD_PRESETS; i++) {
		const enum guard_preset preset = (enum guard_preset)i;

		assert_int_equal(guard_preset_parse(guard_preset_name(preset)), preset);
		assert_true(strlen(guard_preset_brief(preset)) > 0);
	}
	assert_int_equal(guard_preset_parse("phase3"), GUARD_PRESETS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
