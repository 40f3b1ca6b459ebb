/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which rule is about a lookup (DESIGN 4), and what can be said of rules without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config_text.h"
#include "guard/rules_build.h"

#define DAY 86400

/* ---- cases ---- */

struct rule_case {
	const char *what;
	const char *rules; /* rule N is called rN; its priority is N */
	const char *name;
	const char *want; /* "rN", "-" */
	const char *canonical, *chain, *program, *comm, *client, *address;
	enum gp_door door;
	int64_t now;
};

#define L63 "012345678901234567890123456789012345678901234567890123456789012"
#define N253 L63 "." L63 "." L63 "." L63 "23456789."
/* "Rule" with what follows, as [rule rN] */
#define R1 "[rule r1]\npriority = 1\naction = allow\n"
#define R2 "[rule r2]\npriority = 2\naction = strip-aaaa\n"
#define R3 "[rule r3]\npriority = 3\naction = auto\n"

static const struct rule_case cases[] = {
	/* v6guard.conf(5), Patterns */
	{"a bare name", R1 "domains = host.example\n", "host.example", .want = "r1"},
	{"... and below", R1 "domains = host.example\n", "a.b.host.example",
	 .want = "r1"},
	{"... not beside", R1 "domains = host.example\n", "ahost.example", .want = "-"},
	{"... not above", R1 "domains = host.example\n", "example", .want = "-"},
	{"exact", R1 "domains = =host.example\n", "host.example", .want = "r1"},
	{"exact: not below", R1 "domains = =host.example\n", "a.host.example",
	 .want = "-"},
	{"below", R1 "domains = *.host.example\n", "a.host.example", .want = "r1"},
	{"below: not itself", R1 "domains = *.host.example\n", "host.example",
	 .want = "-"},
	{"all", R1 "domains = *\n", "whatever.example", .want = "r1"},
	{"no domains: all", R1, "whatever.example", .want = "r1"},
	{"a top level domain", R1 "domains = example\n", "a.b.example", .want = "r1"},
	/* RFC 4343: case; RFC 1034 3.1: the dot at the end */
	{"case of the pattern", R1 "domains = Host.EXAMPLE\n", "host.example",
	 .want = "r1"},
	{"case of the name", R1 "domains = host.example\n", "HOST.eXample", .want = "r1"},
	{"a dot at the pattern's end", R1 "domains = host.example.\n", "host.example",
	 .want = "r1"},
	{"a dot at the name's end", R1 "domains = host.example\n", "host.example.",
	 .want = "r1"},
	{"the root", R1 "domains = example\n", ".", .want = "-"},
	/* RFC 1035 2.3.4 */
	{"label of 63", R1 "domains = example\n", L63 ".example", .want = "r1"},
	{"label of 64", R1 "domains = example\n", L63 "3.example", .want = "-"},
	{"253 bytes", R1 "domains = com\n", N253 "com", .want = "-"},
	{"254 bytes", R1 "domains = 1.com\n", "a." N253 "com", .want = "-"},
	{"an empty label", R1 "domains = example\n", "a..example", .want = "-"},
	{"a dot in front", R1 "domains = example\n", ".example", .want = "-"},
	{"odd names are under a rule without domains", R1, "a..example", .want = "r1"},
	/* RFC 5890 2.3.2.1: A-labels and U-labels */
	{"U pattern, A name",
	 R1 "domains = b\xc3\xbc"
	    "cher.example\n",
	 "xn--bcher-kva.example", .want = "r1"},
	{"U pattern, U name",
	 R1 "domains = b\xc3\xbc"
	    "cher.example\n",
	 "www.b\xc3\xbc"
	 "cher.example",
	 .want = "r1"},
	{"A pattern, U name", R1 "domains = xn--bcher-kva.example\n",
	 "b\xc3\xbc"
	 "cher.Example",
	 .want = "r1"},
	{"U pattern in capitals",
	 R1 "domains = B\xc3\x9c"
	    "CHER.example\n",
	 "xn--bcher-kva.example", .want = "r1"},
	{"an A-label that IDNA 2008 does not know", R1 "domains = xn--ls8h.example\n",
	 "xn--ls8h.example", .want = "r1"},
	/* order */
	{"the first decides", R1 "domains = example\n" R2 "domains = a.example\n",
	 "a.example", .want = "r1"},
	{"by priority, not as written",
	 R2 "domains = a.example\n" R1 "domains = example\n", "a.example", .want = "r1"},
	{"the next, where the first is not about it",
	 R1 "domains = b.example\n" R2 "domains = a.example\n", "a.example",
	 .want = "r2"},
	{"general rules take part",
	 R1 "domains = b.example\n" R2 R3 "domains = a.example\n", "a.example",
	 .want = "r2"},
	{"one pattern, two rules",
	 R1 "domains = a.example\nclients = ::1\n" R2 "domains = a.example\n",
	 "a.example", .want = "r2"},
	{"one pattern, two kinds",
	 R1 "domains = =a.example\n" R2 "domains = *.a.example\n", "b.a.example",
	 .want = "r2"},
	/* canonical names */
	{"without a dot: the canonical name as well", R1 "domains = lan.example\n",
	 "printer", .want = "r1", .canonical = "printer.lan.example"},
	{"... and the name as asked", R1 "domains = printer\n", "printer", .want = "r1",
	 .canonical = "printer.lan.example"},
	{"the search list applied", R1 "domains = lan.example\n", "db.prod", .want = "r1",
	 .canonical = "DB.prod.lan.example"},
	{"an absolute name is not completed", R1 "domains = lan.example\n", "db.prod.",
	 .want = "-", .canonical = "db.prod.lan.example"},
	{"a CNAME does not count", R1 "domains = cdn.example\n", "www.example",
	 .want = "-", .canonical = "x.cdn.example"},
	{"match-cname", R1 "domains = cdn.example\nmatch-cname = yes\n", "www.example",
	 .want = "r1", .canonical = "x.cdn.example"},
	{"match-cname: the chain", R1 "domains = mid.example\nmatch-cname = yes\n",
	 "www.example", .want = "r1", .chain = "x.mid.example", .door = GP_DOOR_DNS},
	{"the chain without", R1 "domains = mid.example\n", "www.example", .want = "-",
	 .chain = "x.mid.example", .door = GP_DOOR_DNS},
	/* prefixes */
	{"inside", R1 "prefixes = 2001:db8:77::/48\n", "a.example", .want = "r1",
	 .address = "2001:db8:77::1"},
	{"outside", R1 "prefixes = 2001:db8:77::/48\n", "a.example", .want = "-",
	 .address = "2001:db8:78::"},
	{"... goes on", R1 "prefixes = 2001:db8:77::/48\n" R2, "a.example", .want = "r2",
	 .address = "2001:db8:76:ffff:ffff:ffff:ffff:ffff"},
	{"the last of it", R1 "prefixes = 2001:db8:77::/48\n", "a.example", .want = "r1",
	 .address = "2001:db8:77:ffff:ffff:ffff:ffff:ffff"},
	{"longer than a half", R1 "prefixes = 2001:db8::4/126\n", "a.example",
	 .want = "r1", .address = "2001:db8::7"},
	{"longer than a half: outside", R1 "prefixes = 2001:db8::4/126\n", "a.example",
	 .want = "-", .address = "2001:db8::8"},
	{"IPv4", R1 "prefixes = 192.0.2.0/25 192.0.2.128/26\n", "a.example", .want = "r1",
	 .address = "192.0.2.191"},
	{"IPv4 outside", R1 "prefixes = 192.0.2.0/25 192.0.2.128/26\n", "a.example",
	 .want = "-", .address = "192.0.2.192"},
	{"all of IPv4 is no IPv6", R1 "prefixes = 0.0.0.0/0\n", "a.example", .want = "-",
	 .address = "::ffff:192.0.2.1"},
	{"all of IPv6", R1 "prefixes = ::/0\n", "a.example", .want = "r1",
	 .address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"no address", R1 "prefixes = ::/0\n" R2, "a.example", .want = "r2"},
	{"names and prefixes", R1 "domains = b.example\nprefixes = ::/0\n", "a.example",
	 .want = "-", .address = "::1"},
	/* programs */
	{"by name", R1 "programs = java\n", "a.example", .want = "r1",
	 .program = "/usr/lib/jvm/bin/java", .comm = "java"},
	{"by another name", R1 "programs = perl java\n", "a.example", .want = "r1",
	 .program = "/usr/lib/jvm/bin/java", .comm = "java"},
	{"by path", R1 "programs = /usr/bin/legacy\n", "a.example", .want = "r1",
	 .program = "/usr/bin/legacy", .comm = "legacy"},
	{"a path is not its end", R1 "programs = /bin/legacy\n", "a.example", .want = "-",
	 .program = "/usr/bin/legacy", .comm = "legacy"},
	{"a script's name", R1 "programs = sync-partner\n", "a.example", .want = "r1",
	 .program = "/usr/bin/python3.11", .comm = "sync-partner"},
	{"... cut by the kernel", R1 "programs = synchronise-partner\n", "a.example",
	 .want = "r1", .program = "/usr/bin/perl", .comm = "synchronise-par"},
	{"... but that long only", R1 "programs = synchronise-partner\n", "a.example",
	 .want = "-", .program = "/usr/bin/perl", .comm = "synchronise"},
	{"its interpreter", R1 "programs = python3.11\n", "a.example", .want = "r1",
	 .program = "/usr/bin/python3.11", .comm = "sync"},
	{"another program", R1 "programs = java\n" R2, "a.example", .want = "r2",
	 .program = "/usr/bin/javac", .comm = "javac"},
	{"nobody knows which", R1 "programs = java\n" R2, "a.example", .want = "r2"},
	{"never in dns", R1 "programs = java\n" R2, "a.example", .want = "r2",
	 .program = "/usr/bin/java", .comm = "java", .door = GP_DOOR_DNS},
	/* clients */
	{"clients", R1 "clients = 198.51.100.0/24\n", "a.example", .want = "r1",
	 .client = "198.51.100.7", .door = GP_DOOR_DNS},
	{"other clients", R1 "clients = 198.51.100.0/24\n" R2, "a.example", .want = "r2",
	 .client = "198.51.101.7", .door = GP_DOOR_DNS},
	{"clients are asked of the dns door", R1 "clients = ::/0\n" R2, "a.example",
	 .want = "r2", .client = "::1"},
	/* until: the rule's last day */
	{"before its end", R1 "until = 1970-01-03\n", "a.example", .want = "r1",
	 .now = 3 * DAY - 1},
	{"after it", R1 "until = 1970-01-03\n", "a.example", .want = "-", .now = 3 * DAY},
	{"far away", R1 "until = 9999-12-31\n", "a.example", .want = "r1",
	 .now = INT64_C(200000000000)},
};

static struct gp_addr address(const char *text)
{
	struct gp_addr addr = {.family = AF_UNSPEC};

	if (text)
		assert_int_equal(gp_addr_parse(text, &addr), GP_OK);
	return addr;
}

static void compile(const char *text, struct gp_rules *rules,
		    struct gp_rules_report *report)
{
	struct gp_config *config = config_good(text);
	struct gp_diag diag = {.text = ""};

	if (gp_rules_build(config, rules, report, &diag) != GP_OK)
		fail_msg("%s: %s", text, diag.text);
	gp_config_free(config);
}

static void check_case(const struct rule_case *one)
{
	const struct gp_addr client = address(one->client), addr = address(one->address);
	struct gp_program program = {.path = ""};
	const struct gp_query query = {
		.name = one->name,
		.door = one->door,
		.canonical = one->canonical,
		.chain = &one->chain,
		.chain_count = one->chain ? 1 : 0,
		.client = one->client ? &client : NULL,
		.program = one->program ? &program : NULL,
		.now = one->now,
	};
	struct gp_rules rules;
	struct gp_guard_rule rule = {.name = "-"};

	if (one->program) {
		strcpy(program.path, one->program);
		strcpy(program.comm, one->comm);
	}
	compile(one->rules, &rules, NULL);
	gp_rules_match(&rules, &query, one->address ? &addr : NULL, &rule);
	if (strcmp(rule.name, one->want) != 0)
		fail_msg("%s: %s, not %s", one->what, rule.name, one->want);
	gp_rules_build_free(&rules);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(&cases[i]);
}

/* What a rule says comes out as it went in. */
static void test_get(void **state)
{
	struct gp_rules rules;
	struct gp_guard_rule rule;

	(void)state;
	compile("[rule b]\npriority = 9\naction = block\nresponse = override\n"
		"override = 192.0.2.9\noverride-ttl = 2m\nqtypes = A TYPE65535 HTTPS\n"
		"enforce = no\nuntil = 1970-01-01\n"
		"[rule a]\npriority = 7\naction = strip-a\nkeep-last = no\n"
		"match-cname = yes\noverride = www.example\ndomains = a b\n"
		"programs = x\nprefixes = ::/0\nclients = ::1\n",
		&rules, NULL);
	assert_int_equal(rules.count, 2);
	assert_true(gp_rules_get(&rules, 0, &rule));
	assert_string_equal(rule.name, "a");
	assert_int_equal(rule.priority, 7);
	assert_int_equal(rule.action, GP_DO_STRIP_A);
	assert_int_equal(rule.flags, GP_RULE_ENFORCE | GP_RULE_MATCH_CNAME |
					     GP_RULE_DOMAINS | GP_RULE_PREFIXES |
					     GP_RULE_PROGRAMS | GP_RULE_CLIENTS);
	assert_true(rule.until == INT64_MAX);
	assert_string_equal(rule.override_name, "www.example");
	assert_int_equal(rule.override_address.family, 0);
	assert_true(gp_rules_has_qtype(&rules, 0, 28) &&
		    !gp_rules_has_qtype(&rules, 0, 1));
	assert_true(gp_rules_get(&rules, 1, &rule));
	assert_int_equal(rule.flags, GP_RULE_KEEP_LAST);
	assert_int_equal(rule.action, GP_DO_BLOCK);
	assert_int_equal(rule.response, GP_OVERRIDE);
	assert_int_equal(rule.override_ttl, 120);
	assert_string_equal(rule.override_name, "");
	assert_true(rule.until == DAY);
	const struct gp_addr want = address("192.0.2.9");
	assert_true(gp_addr_equal(&rule.override_address, &want));
	assert_true(gp_rules_has_qtype(&rules, 1, 1) &&
		    gp_rules_has_qtype(&rules, 1, 65535) &&
		    gp_rules_has_qtype(&rules, 1, 65) &&
		    !gp_rules_has_qtype(&rules, 1, 28));
	assert_false(gp_rules_get(&rules, 2, &rule));
	assert_true(gp_rules_by_priority(&rules, 7, &rule) && rule.rank == 0);
	assert_true(gp_rules_by_priority(&rules, 9, &rule) && rule.rank == 1);
	assert_false(gp_rules_by_priority(&rules, 8, &rule));
	assert_int_equal(rules.actions, 1U << GP_DO_BLOCK | 1U << GP_DO_STRIP_A);
	gp_rules_build_free(&rules);
}

/* ---- what can be said of rules without a lookup ---- */

struct report_case {
	const char *what, *rules;
	size_t rank; /* of which rule */
	size_t patterns, duplicates, shadowed;
	int shadowed_by;
	bool never_matches;
};

static const struct report_case reports[] = {
	{"counted", R1 "domains = a b *.c *\n", 0, 4, 0, 0, -1, false},
	{"said twice", R1 "domains = a A. =a b a\n", 0, 5, 3, 0, -1, false},
	{"exact and below make the bare one", R1 "domains = =a *.a a\n", 0, 3, 1, 0, -1,
	 false},
	{"two scripts, one name",
	 R1 "domains = b\xc3\xbc"
	    "cher.a xn--bcher-kva.a\n",
	 0, 2, 1, 0, -1, false},
	{"taken by a bare name", R1 "domains = a\n" R2 "domains = b.a *.a =a\n", 1, 3, 0,
	 3, 0, true},
	{"some are left", R1 "domains = b.a\n" R2 "domains = b.a a\n", 1, 2, 0, 1, 0,
	 false},
	{"below does not take the name", R1 "domains = *.a\n" R2 "domains = a b.a\n", 1,
	 2, 0, 1, 0, false},
	{"exact takes no more", R1 "domains = =a\n" R2 "domains = a =a\n", 1, 2, 1, 1, 0,
	 false},
	{"two take it together",
	 R1 "domains = =a\n" R2 "domains = *.a\n" R3 "domains = a\n", 2, 1, 0, 1, 0,
	 true},
	{"a general rule takes all", R1 R2 "domains = a b\n", 1, 2, 0, 2, 0, true},
	{"... of general rules as well", R1 "domains = *\n" R2, 1, 0, 0, 0, 0, true},
	{"... prefixes or not", R1 R2 "prefixes = ::/0\n", 1, 0, 0, 0, 0, true},
	{"a condition may not hold", R1 "prefixes = ::/0\n" R2 "domains = a\n", 1, 1, 0,
	 0, -1, false},
	{"... nor for ever", R1 "until = 2999-01-01\n" R2, 1, 0, 0, 0, -1, false},
	{"an earlier one with programs",
	 R1 "domains = a\nprograms = x\n" R2 "domains = a\n", 1, 1, 0, 0, -1, false},
	{"match-cname asks more names",
	 R1 "domains = a\n" R2 "domains = a\nmatch-cname = yes\n", 1, 1, 0, 0, -1, false},
	{"match-cname takes them",
	 R1 "domains = a\nmatch-cname = yes\n" R2 "domains = a\n", 1, 1, 0, 1, 0, true},
	{"no door knows both", R1 "programs = x\nclients = ::1\n", 0, 0, 0, 0, -1, true},
};

static void test_reports(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		const struct report_case *one = &reports[i];
		struct gp_rules_report report;
		struct gp_rules rules;

		compile(one->rules, &rules, &report);
		assert_int_equal(report.count, rules.count);
		const struct gp_rule_report *got = &report.rule[one->rank];
		if (got->patterns != one->patterns ||
		    got->duplicates != one->duplicates ||
		    got->shadowed != one->shadowed ||
		    got->shadowed_by != one->shadowed_by ||
		    got->never_matches != one->never_matches)
			fail_msg("%s: patterns %zu, duplicates %zu, shadowed %zu by %d, "
				 "never %d",
				 one->what, got->patterns, got->duplicates, got->shadowed,
				 got->shadowed_by, got->never_matches);
		gp_rules_report_free(&report);
		gp_rules_build_free(&rules);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_reports),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
