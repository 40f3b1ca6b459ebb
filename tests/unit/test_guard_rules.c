/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The decision under rules (DESIGN 4): who decides about each address, what enforce = no
 * leaves as it is, and that nobody is left without a usable address.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config_text.h"
#include "guard/rules_build.h"

#define A "198.51.100.1"
#define B "203.0.113.1"
#define X "2001:db8:77::1"
#define Y "2001:db8:78::1"

/* What the pretended host and its map know. */
struct world {
	const char *unusable; /* an address */
	const char *broken;
	bool has_map;
};

static bool is(const struct gp_addr *addr, const char *text)
{
	char own[GP_ADDR_TEXT];

	return text && !strcmp(gp_addr_format(addr, own), text);
}

static bool is_usable(void *ctx, const struct gp_addr *addr)
{
	const struct world *world = ctx;

	return !is(addr, world->unusable);
}

static bool is_own(void *ctx, const struct gp_addr *addr)
{
	(void)ctx, (void)addr;
	return false;
}

static enum gp_verdict verdict(void *ctx, const struct gp_addr *addr)
{
	const struct world *world = ctx;

	return is(addr, world->broken) ? GP_VERDICT_BROKEN : GP_VERDICT_UNKNOWN;
}

static bool is_onlink(void *ctx, const struct gp_addr *addr)
{
	(void)ctx, (void)addr;
	return false;
}

/* Rules N, called rN, of priority N. */
#define RULE(n, rest) "[rule r" #n "]\npriority = " #n "\n" rest
#define STRIP "action = strip-aaaa\n"
#define IN77 "prefixes = 2001:db8:77::/48\n"

struct guard_case {
	const char *what, *rules;
	const char *in[4];
	/* For each address in the order of the outcome: who decided (- is [guard]), k
	 * kept, s stripped, d demoted, with a ? where it would be only, and why. */
	const char *out;
	enum gp_mode mode;
	struct world world;
	enum gp_door door;
	bool no_enforce; /* of [guard] */
	int family;
};

static const struct guard_case cases[] = {
	/* who decides */
	{.what = "a rule for all",
	 .rules = RULE(1, STRIP),
	 .in = {X, A},
	 .out = "1s:mode 1k:none"},
	{.what = "a rule against a mode",
	 .rules = RULE(1, "action = allow\n"),
	 .in = {X, A},
	 .mode = GP_MODE_STRIP_AAAA,
	 .out = "1k:none 1k:none"},
	{.what = "another name",
	 .rules = RULE(1, "domains = other\n" STRIP),
	 .in = {X, A},
	 .out = "-k:none -k:none"},
	{.what = "inside a prefix alone",
	 .rules = RULE(1, IN77 STRIP),
	 .in = {X, Y, A},
	 .out = "1s:mode -k:none -k:none"},
	{.what = "outside: the next rule",
	 .rules = RULE(1, IN77 "action = allow\n") RULE(2, STRIP),
	 .in = {X, Y, A},
	 .out = "1k:none 2s:mode 2k:none"},
	{.what = "outside: the mode",
	 .rules = RULE(1, IN77 "action = allow\n"),
	 .in = {X, Y, A},
	 .mode = GP_MODE_STRIP_AAAA,
	 .out = "1k:none -s:mode -k:none"},
	{.what = "block is for the resolver",
	 .rules = RULE(1, "action = block\n") RULE(2, STRIP),
	 .in = {X, A},
	 .out = "1k:none 1k:none"},
	{.what = "auto by a rule",
	 .rules = RULE(1, "domains = host.example\naction = auto\n"),
	 .in = {X, Y, A},
	 .world = {.has_map = true, .broken = X},
	 .out = "1s:broken 1k:none 1k:none"},
	{.what = "auto by a rule, nobody watches",
	 .rules = RULE(1, "action = auto\n"),
	 .in = {X, Y, A},
	 .out = "1k:none 1k:none 1k:none"},
	/* never without a usable address */
	{.what = "no A",
	 .rules = RULE(1, STRIP),
	 .in = {X, Y},
	 .out = "1k:last-address 1k:last-address"},
	{.what = "no A, keep-last = no",
	 .rules = RULE(1, STRIP "keep-last = no\n"),
	 .in = {X, Y},
	 .out = "1s:mode 1s:mode"},
	{.what = "A without a route",
	 .rules = RULE(1, STRIP),
	 .in = {X, A},
	 .world = {.unusable = A},
	 .out = "1k:no-usable-ipv4 1k:none"},
	{.what = "one of two A",
	 .rules = RULE(1, STRIP),
	 .in = {X, A, B},
	 .world = {.unusable = A},
	 .out = "1s:mode 1k:none 1k:none"},
	{.what = "two rules for two families: AAAA stay",
	 .rules = RULE(1, "prefixes = 0.0.0.0/0\naction = strip-a\n") RULE(2, STRIP),
	 .in = {X, A},
	 .out = "2k:last-address 1s:mode"},
	{.what = "... those that go all the same leave the A",
	 .rules = RULE(1, "prefixes = 0.0.0.0/0\naction = strip-a\n")
		 RULE(2, STRIP "keep-last = no\n"),
	 .in = {X, A},
	 .out = "2s:mode 1k:last-address"},
	{.what = "the A that is left is the usable one",
	 .rules = RULE(1, "prefixes = 203.0.113.0/24\naction = strip-a\n") RULE(2, STRIP),
	 .in = {X, A, B},
	 .out = "2s:mode 2k:none 1k:last-address"},
	/* enforce = no */
	{.what = "observed",
	 .rules = RULE(1, STRIP "enforce = no\n"),
	 .in = {X, A},
	 .out = "1s?:mode 1k:none"},
	{.what = "observed, and keeps the rest away",
	 .rules = RULE(1, STRIP "enforce = no\n"),
	 .mode = GP_MODE_STRIP_AAAA,
	 .in = {X, A},
	 .out = "1s?:mode 1k:none"},
	{.what = "[guard] is observed, the rule acts",
	 .no_enforce = true,
	 .mode = GP_MODE_STRIP_AAAA,
	 .rules = RULE(1, IN77 STRIP),
	 .in = {X, Y, A},
	 .out = "1s:mode -s?:mode -k:none"},
	{.what = "what is only observed is still there",
	 .rules = RULE(
		 1,
		 "prefixes = 0.0.0.0/0\naction = strip-a\nkeep-last = no\nenforce = no\n")
		 RULE(2, STRIP),
	 .in = {X, A},
	 .out = "2s:mode 1s?:mode"},
	{.what = "observed: what would be spared",
	 .rules = RULE(1, STRIP "enforce = no\n"),
	 .in = {X},
	 .out = "1k:last-address"},
	/* the preload orders */
	{.what = "one prefix to the end",
	 .door = GP_DOOR_PRELOAD,
	 .rules = RULE(1, IN77 "action = prefer-ipv4\n"),
	 .in = {X, Y, A},
	 .out = "-k:none -k:none 1d:mode"},
	{.what = "strip one, demote the other",
	 .door = GP_DOOR_PRELOAD,
	 .mode = GP_MODE_PREFER_IPV4,
	 .rules = RULE(1, IN77 STRIP),
	 .in = {X, Y, A},
	 .out = "1s:mode -k:none -d:mode"},
	{.what = "observed: the order stays",
	 .door = GP_DOOR_PRELOAD,
	 .rules = RULE(1, "action = prefer-ipv4\nenforce = no\n"),
	 .in = {X, A},
	 .out = "1d?:mode 1k:none"},
	{.what = "last already",
	 .door = GP_DOOR_PRELOAD,
	 .rules = RULE(1, "action = prefer-ipv4\n"),
	 .in = {A, X},
	 .out = "1k:none 1k:none"},
	/* lookups of one family */
	{.what = "AAAA alone",
	 .rules = RULE(1, STRIP),
	 .in = {X},
	 .family = AF_INET6,
	 .out = "1k:aaaa-only"},
	{.what = "A alone",
	 .rules = RULE(1, "action = strip-a\nkeep-last = no\n"),
	 .in = {A},
	 .family = AF_INET,
	 .out = "1s:mode"},
};

static void describe(const struct gp_candidate *candidates, size_t count, char *out)
{
	static const char letters[] = "ksd";

	for (size_t i = 0; i < count; i++) {
		const struct gp_candidate *one = &candidates[i];
		const bool is_kept = one->disposition == GP_KEPT;
		char who[12] = "-";

		if (one->rule)
			snprintf(who, sizeof(who), "%u", one->rule);
		out += sprintf(
			out, "%s%s%c%s:%s", i ? " " : "", who, letters[one->disposition],
			is_kept || one->enforce ? "" : "?",
			one->reason == GP_WHY_NOTHING ? "none"
						      : gp_reason_name(one->reason));
	}
}

static void check_case(const struct guard_case *one)
{
	struct world world = one->world;
	const struct gp_facts facts = {.ctx = &world,
				       .is_usable = is_usable,
				       .is_own = is_own,
				       .verdict = world.has_map ? verdict : NULL,
				       .is_onlink = world.has_map ? is_onlink : NULL};
	const struct gp_query query = {.name = "host.example",
				       .family = one->family,
				       .door = one->door,
				       .now = 1};
	struct gp_config *config = config_good(one->rules);
	struct gp_candidate candidates[4];
	struct gp_guard_policy policy;
	struct gp_outcome outcome;
	struct gp_rules rules;
	struct gp_diag diag;
	char got[256];
	size_t count = 0;

	assert_int_equal(gp_rules_build(config, &rules, NULL, &diag), GP_OK);
	gp_guard_policy_init(&policy);
	policy.mode = (uint8_t)one->mode;
	policy.enforce = !one->no_enforce;
	memset(candidates, 0xa5, sizeof(candidates));
	for (; count < 4 && one->in[count]; count++)
		assert_int_equal(gp_addr_parse(one->in[count], &candidates[count].addr),
				 GP_OK);
	outcome = gp_guard(&policy, &rules, &query, &facts, candidates, count);
	describe(candidates, count, got);
	if (strcmp(got, one->out) != 0)
		fail_msg("%s: %s, expected %s", one->what, got, one->out);
	assert_int_equal(outcome.would, strchr(one->out, '?') != NULL);
	assert_int_equal(outcome.differs, outcome.acts || outcome.would);
	if (outcome.differs && !gp_guard_may_act(&policy, &rules, &query, world.has_map))
		fail_msg("%s: gp_guard_may_act says no", one->what);
	gp_rules_build_free(&rules);
	gp_config_free(config);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(&cases[i]);
}

/* Nothing that any rule could do at that door: nobody need look. */
static void test_may_act(void **state)
{
	static const struct {
		const char *rules, *name;
		enum gp_door door;
		bool has_map, may;
	} may[] = {
		{RULE(1, "action = allow\n"), "a.example", GP_DOOR_NSS, true, false},
		{RULE(1, "action = block\n"), "a.example", GP_DOOR_NSS, true, false},
		{RULE(1, "action = auto\n"), "a.example", GP_DOOR_NSS, true, true},
		{RULE(1, "action = auto\n"), "a.example", GP_DOOR_NSS, false, false},
		{RULE(1, "action = prefer-ipv6\n"), "a.example", GP_DOOR_NSS, true,
		 false},
		{RULE(1, "action = prefer-ipv6\n"), "a.example", GP_DOOR_PRELOAD, true,
		 true},
		{RULE(1, STRIP), "localhost", GP_DOOR_NSS, true, false},
		{RULE(1, STRIP), "192.0.2.1", GP_DOOR_NSS, true, false},
	};
	const struct gp_guard_policy off = {.mode = GP_MODE_OFF};

	(void)state;
	for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++) {
		const struct gp_query query = {.name = may[i].name, .door = may[i].door};
		struct gp_config *config = config_good(may[i].rules);
		struct gp_rules rules;
		struct gp_diag diag;

		assert_int_equal(gp_rules_build(config, &rules, NULL, &diag), GP_OK);
		if (gp_guard_may_act(&off, &rules, &query, may[i].has_map) != may[i].may)
			fail_msg("%s: %s", may[i].rules, may[i].name);
		gp_rules_build_free(&rules);
		gp_config_free(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_may_act),
	};

	return cmocka_run_group_tests_name("guard_rules", tests, NULL, NULL);
}
