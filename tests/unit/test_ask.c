/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has to be asked for before anything is known of a name's addresses: by mode, rule,
 * door and family. And as an invariant: whatever is not asked for, gp_guard would strip.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config_text.h"
#include "guard/ask.h"
#include "guard/rules_build.h"
#include "guard/tally.h"

#define ALL GP_ASK_ALL
#define FIRST GP_ASK_A_FIRST
#define ALONE GP_ASK_A_ALONE

#define RULE(n, rest) "[rule r" #n "]\npriority = " #n "\n" rest
#define STRIP "action = strip-aaaa\n"
#define STRIP_ALL "action = strip-aaaa\nkeep-last = no\n"
#define ALLOW "action = allow\n"

struct ask_case {
	const char *what, *rules; /* NULL: none */
	enum gp_mode mode;
	bool no_keep_last, no_enforce, aaaa_only;
	enum gp_door door;
	int family;
	const char *name, *canonical; /* NULL: host.example, not known yet */
	enum gp_ask fixed, searched;  /* what it says with is_fixed, and without */
};

static const struct ask_case cases[] = {
	/* [guard] alone */
	{.what = "off", .mode = GP_MODE_OFF},
	{.what = "auto takes some AAAA only", .mode = GP_MODE_AUTO},
	{.what = "prefer-ipv6", .mode = GP_MODE_PREFER_IPV6},
	{.what = "strip-a", .mode = GP_MODE_STRIP_A, .no_keep_last = true},
	{.what = "prefer-ipv4", .mode = GP_MODE_PREFER_IPV4, .fixed = FIRST},
	{.what = "prefer-ipv4 never takes the last",
	 .mode = GP_MODE_PREFER_IPV4,
	 .no_keep_last = true,
	 .fixed = FIRST},
	{.what = "strip-aaaa", .mode = GP_MODE_STRIP_AAAA, .fixed = FIRST},
	{.what = "strip-aaaa, keep-last = no",
	 .mode = GP_MODE_STRIP_AAAA,
	 .no_keep_last = true,
	 .fixed = ALONE,
	 .searched = ALONE},
	{.what = "a dry run gives all out",
	 .mode = GP_MODE_STRIP_AAAA,
	 .no_keep_last = true,
	 .no_enforce = true},
	{.what = "localhost",
	 .mode = GP_MODE_STRIP_AAAA,
	 .no_keep_last = true,
	 .name = "localhost"},
	{.what = "a literal",
	 .mode = GP_MODE_STRIP_AAAA,
	 .no_keep_last = true,
	 .name = "192.0.2.1"},

	/* doors and families */
	{.what = "the preload puts them last",
	 .mode = GP_MODE_PREFER_IPV4,
	 .door = GP_DOOR_PRELOAD},
	{.what = "the preload strips",
	 .mode = GP_MODE_STRIP_AAAA,
	 .door = GP_DOOR_PRELOAD,
	 .fixed = FIRST},
	{.what = "the preload strips, keep-last = no",
	 .mode = GP_MODE_STRIP_AAAA,
	 .no_keep_last = true,
	 .door = GP_DOOR_PRELOAD,
	 .fixed = ALONE,
	 .searched = ALONE},
	{.what = "AAAA alone are left alone",
	 .mode = GP_MODE_STRIP_AAAA,
	 .no_keep_last = true,
	 .family = AF_INET6},
	{.what = "unless aaaa-only = strip",
	 .mode = GP_MODE_STRIP_AAAA,
	 .family = AF_INET6,
	 .aaaa_only = true,
	 .fixed = FIRST},
	{.what = "A alone",
	 .mode = GP_MODE_STRIP_AAAA,
	 .no_keep_last = true,
	 .family = AF_INET},

	/* rules */
	{.what = "a rule against a mode",
	 .rules = RULE(1, ALLOW),
	 .mode = GP_MODE_STRIP_AAAA},
	{.what = "a rule", .rules = RULE(1, STRIP), .fixed = FIRST},
	{.what = "a rule that leaves nothing",
	 .rules = RULE(1, STRIP_ALL),
	 .fixed = ALONE,
	 .searched = ALONE},
	{.what = "a rule's dry run", .rules = RULE(1, STRIP_ALL "enforce = no\n")},
	{.what = "the name's rule",
	 .rules = RULE(1, "domains = host.example\n" STRIP),
	 .fixed = FIRST},
	{.what = "another name's rule",
	 .rules = RULE(1, "domains = other\n" ALLOW),
	 .mode = GP_MODE_STRIP_AAAA,
	 .fixed = FIRST},
	{.what = "the dns door's rule",
	 .rules = RULE(1, "action = block\n") RULE(2, STRIP)},
	{.what = "a rule for some of the addresses comes first",
	 .rules = RULE(1, "prefixes = 2001:db8:77::/48\n" ALLOW) RULE(2, STRIP_ALL)},
	{.what = "even for IPv4 addresses alone",
	 .rules = RULE(1, "prefixes = 10.0.0.0/8\n" ALLOW) RULE(2, STRIP)},
	{.what = "such a rule of another name",
	 .rules = RULE(1, "prefixes = 2001:db8:77::/48\ndomains = other\n" ALLOW)
		 RULE(2, STRIP_ALL),
	 .fixed = ALONE,
	 .searched = ALL},
	{.what = "such a rule behind",
	 .rules = RULE(1, STRIP_ALL) RULE(2, "prefixes = 2001:db8:77::/48\n" ALLOW),
	 .fixed = ALONE,
	 .searched = ALONE},
	{.what = "a rule that has ended",
	 .mode = GP_MODE_STRIP_AAAA,
	 .rules = RULE(1, "until = 2001-01-01\n" ALLOW),
	 .fixed = FIRST},

	/* the name that will be found is not known yet */
	{.what = "a name found by the search list may be another rule's",
	 .rules = RULE(1, "domains = other\n" ALLOW) RULE(2, STRIP_ALL),
	 .fixed = ALONE,
	 .searched = ALL},
	{.what = "but for a rule behind",
	 .rules = RULE(1, STRIP_ALL) RULE(2, "domains = other\n" ALLOW),
	 .fixed = ALONE,
	 .searched = ALONE},
	{.what = "the alias's name may be another rule's",
	 .rules =
		 RULE(1, "domains = other\nmatch-cname = yes\n" ALLOW) RULE(2, STRIP_ALL),
	 .fixed = FIRST,
	 .searched = ALL},
	{.what = "and it is",
	 .canonical = "other",
	 .rules = RULE(1, "domains = other\nmatch-cname = yes\n" ALLOW)
		 RULE(2, STRIP_ALL)},
};

static bool has_route(void *ctx, const struct gp_addr *addr)
{
	(void)ctx, (void)addr;
	return true;
}

static bool is_own(void *ctx, const struct gp_addr *addr)
{
	(void)ctx, (void)addr;
	return false;
}

/* No AAAA that is asked for in vain: each would be stripped beside a good A, and with
 * ALONE without any. */
static void check_invariant(const struct ask_case *one, enum gp_ask ask,
			    const struct gp_guard_policy *policy,
			    const struct gp_rules *rules, const struct gp_query *query)
{
	const struct gp_facts facts = {.is_usable = has_route, .is_own = is_own};
	static const char *const others[] = {"2001:db8:77::1", "2a00::1", "fd00::1"};

	for (size_t i = 0; ask != ALL && i < 3; i++) {
		struct gp_candidate pair[2] = {{.rule = 0}};

		assert_int_equal(gp_addr_parse(others[i], &pair[0].addr), GP_OK);
		assert_int_equal(gp_addr_parse("203.0.113.1", &pair[1].addr), GP_OK);
		gp_guard(policy, rules, query, &facts, pair, ask == ALONE ? 1 : 2);
		if (!gp_is_stripped(&pair[0]))
			fail_msg("%s: %s would be given out", one->what, others[i]);
	}
}

static void check_case(const struct ask_case *one)
{
	struct gp_config *config = one->rules ? config_good(one->rules) : NULL;
	const struct gp_query query = {.name = one->name ? one->name : "host.example",
				       .canonical = one->canonical,
				       .family = one->family,
				       .door = one->door,
				       .now = 2000000000};
	struct gp_guard_policy policy;
	struct gp_rules rules;
	struct gp_diag diag;

	gp_guard_policy_init(&policy);
	policy.mode = (uint8_t)one->mode;
	policy.keep_last = !one->no_keep_last;
	policy.enforce = !one->no_enforce;
	policy.aaaa_only = one->aaaa_only;
	if (config)
		assert_int_equal(gp_rules_build(config, &rules, NULL, &diag), GP_OK);
	for (unsigned is_fixed = 0; is_fixed < 2; is_fixed++) {
		const enum gp_ask want = is_fixed ? one->fixed : one->searched;
		const enum gp_ask got = gp_guard_ask(&policy, config ? &rules : NULL,
						     &query, is_fixed != 0);

		if (got != want)
			fail_msg("%s, %s: %u, expected %u", one->what,
				 is_fixed ? "fixed" : "searched", got, want);
		check_invariant(one, got, &policy, config ? &rules : NULL, &query);
	}
	if (config)
		gp_rules_build_free(&rules);
	gp_config_free(config);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(&cases[i]);
}

/* Behind very many rules that could be about another name nobody looks through them. */
static void test_many_rules(void **state)
{
	static char text[64 * 128];
	/* As for names that may be an alias's. */
	const struct ask_case one = {
		.what = "many rules", .rules = text, .fixed = FIRST, .searched = ALL};
	size_t used = 0;

	(void)state;
	for (unsigned n = 1; n <= 60; n++)
		used += (size_t)sprintf(text + used,
					"[rule r%u]\npriority = %u\n%s" STRIP_ALL, n, n,
					n < 60 ? "domains = other\n" : "");
	check_case(&one);
}

static void test_unasked(void **state)
{
	struct gp_candidate one = gp_unasked();

	(void)state;
	assert_true(gp_is_unasked(&one));
	assert_false(gp_addr_is_special(&one.addr));
	one.addr.bytes[15] ^= 1;
	assert_false(gp_is_unasked(&one));
}

/* The rule has acted; how many addresses that has cost nobody knows. */
static void test_tally(void **state)
{
	static const char rules_text[] = RULE(7, STRIP);
	const struct gp_facts facts = {.is_usable = has_route, .is_own = is_own};
	const struct gp_query query = {.name = "host.example", .now = 1};
	struct gp_candidate candidates[2] = {gp_unasked()};
	struct gp_config *config = config_good(rules_text);
	struct gp_guard_policy policy;
	struct gp_outcome outcome;
	struct gp_rules rules;
	struct gp_diag diag;

	(void)state;
	assert_int_equal(gp_rules_build(config, &rules, NULL, &diag), GP_OK);
	assert_int_equal(gp_addr_parse("203.0.113.1", &candidates[1].addr), GP_OK);
	gp_guard_policy_init(&policy);
	outcome = gp_guard(&policy, &rules, &query, &facts, candidates, 2);
	assert_true(outcome.acts);
	assert_int_equal(gp_tally(candidates, 2, outcome).stripped, 0);
	assert_true(gp_tally_rule(candidates, 2, 0));
	assert_int_equal(candidates[0].priority, 7);
	gp_rules_build_free(&rules);
	gp_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_many_rules),
		cmocka_unit_test(test_unasked),
		cmocka_unit_test(test_tally),
	};

	return cmocka_run_group_tests_name("ask", tests, NULL, NULL);
}
