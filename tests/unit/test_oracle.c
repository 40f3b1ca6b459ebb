/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order that we predict is the one that getaddrinfo gives: random gai.conf,
 * addresses, routes and names, in namespaces of this program's own, with a private /etc.
 * Every difference is our bug, or a defect of glibc that stands here by its number.
 *
 * V6GUARD_SEED repeats a run; V6GUARD_LONG makes it long. Never asked of glibc, as the
 * answer depends on what was on its stack: a prefix without /LENGTH (bug 32465).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gaiconf/edit.h"
#include "oracle_ask.h"
#include "sizes.h"

#define CASES_A_WORLD 15

static long decided[GP_RULE_ORDER + 1]; /* neighbours, by the rule between them */

/* ---- a case: gai.conf and names ------------------------------------------------------
 */

static void make_prefix(char text[64], bool is_scope)
{
	static const char *const ipv6[] = {
		"2001:db8:1::", "2001:db8::", "fd00::",     "fd00:1::1",
		"2002::",       "2001::",     "::ffff:0:0", "::ffff:192.0.2.0",
		"::",           "::1",        "fec0::",     "2001:db8:8000::"};
	static const char *const ipv4[] = {"192.0.2.0", "::ffff:10.0.0.0", "0.0.0.0",
					   "::ffff:198.51.100.7", "169.254.0.0"};
	static const int lengths6[] = {0, 7, 16, 32, 33, 48, 64, 96, 104, 120, 128, 129};
	static const int lengths4[] = {0, 8, 16, 24, 28, 32, 33};
	const char *address = is_scope ? ONE_OF(ipv4) : ONE_OF(ipv6);
	const bool is_mapped = strchr(address, ':');

	snprintf(text, 64, "%s/%d", address,
		 !is_scope   ? lengths6[dice(12)]
		 : is_mapped ? 96 + lengths4[dice(7)]
			     : lengths4[dice(7)]);
}

static void make_conf_line(void)
{
	static const char *const kinds[] = {"precedence", "precedence", "label", "label",
					    "scopev4"};
	static const char *const odd[] = {"# precedence ::/0 1\n",
					  "precedence ::/0\n",
					  "label 192.0.2.0/24 3\n",
					  "Precedence ::/0 9\n",
					  "label ::/ 7\n",
					  "precedence ::ffff:0:0/96 0x64\n",
					  "\n",
					  "reload yes\n",
					  "\tlabel\t2001:db8::/32 5#x\r\n",
					  "label 2001:db8::/32",
					  "precedence 2001:db8:1::/+48 60\n",
					  "scopev4 ::1/128 3\n",
					  "precedence ::/0 99999999999\n"};
	const char *kind = ONE_OF(kinds);
	char prefix[64];

	if (!dice(8)) {
		add(conf, "%s", ONE_OF(odd));
		return;
	}
	make_prefix(prefix, !strcmp(kind, "scopev4"));
	add(conf, "%s %s %u\n", kind, prefix, dice(dice(2) ? 4 : 60));
}

static void make_conf(void)
{
	conf[0] = 0;
	for (unsigned lines = dice(3) ? dice(16) : 0; lines; lines--)
		make_conf_line();
}

/* In a lookup for both, nss_files makes an IPv4 address of ::1 and of mapped ones. */
static void make_name(char text[64], bool is_ipv4, bool without_mapped)
{
	static const char *const ipv6[] = {"2001:db8:1::%x",    "2001:db8:1:1::%x",
					   "2001:db8:1:2::%x",  "2001:db8:8000::%x",
					   "2001:db8:77::%x",   "fd00:1::%x",
					   "fd00:9::%x",        "fec0::%x",
					   "2002:c000:201::%x", "2001::%x",
					   "2001:db8:99::%x",   "2a00::%x",
					   "fe80::%x",          "ff0e::%x",
					   "ff02::%x",          "::1",
					   "::192.0.2.%d",      "64:ff9b::198.51.100.%d",
					   "3ffe::%x",          "2001:db8:1::ff00:%x",
					   "::ffff:192.0.2.%d"};
	static const char *const ipv4[] = {"192.0.2.%d",   "192.0.3.%d",    "10.0.0.%d",
					   "169.254.7.%d", "198.51.100.%d", "10.9.0.%d",
					   "127.0.0.%d",   "127.0.0.53",    "224.0.0.%d",
					   "203.0.113.%d", "172.16.5.%d",   "0.0.0.0",
					   "192.0.2.255"};

	do
		format_address(text, is_ipv4 ? ONE_OF(ipv4) : ONE_OF(ipv6), dice(24) + 1);
	while (without_mapped && (!strcmp(text, "::1") || !strncmp(text, "::ffff:", 7)));
}

/* The file's lines stand in the order in which libc gets them from its `files`. */
static void make_query(struct query *query)
{
	/* 0: AF_INET, 1: AF_INET6, 2: IPv6 and mapped IPv4, else both */
	const unsigned kind = dice(10);

	*query = (struct query){.count = dice(MAX_NAMES - 1) + 2};
	query->hints.ai_socktype = dice(4) ? SOCK_STREAM : 0;
	query->hints.ai_family = kind == 0 ? AF_INET : kind < 3 ? AF_INET6 : AF_UNSPEC;
	if (kind == 2)
		query->hints.ai_flags = AI_V4MAPPED | AI_ALL;
	else if (!dice(8))
		query->hints.ai_flags = AI_CANONNAME;
	hosts[0] = 0;
	for (size_t i = 0; i < query->count; i++) {
		char text[64];

		make_name(text, kind == 0 || (kind > 1 && dice(2)), kind == 2);
		if (gp_addr_parse(text, &query->names[i]))
			fail_msg("%s is no address", text);
		add(hosts, "%s x.test\n", text);
	}
}

static bool is_predicted(const struct query *query)
{
	struct gp_destination nodes[MAX_NODES];
	struct gp_addr answer[MAX_NODES];
	uint32_t order[MAX_NODES];
	const size_t count = predict(query, nodes, order);
	const size_t answers = ask(query, answer);
	bool is_same = count == answers;
	enum gp_rule rule;

	for (size_t i = 1; i < count; i++) {
		gp_sort_compare(GP_DEPART_GLIBC, &nodes[order[i - 1]], &nodes[order[i]],
				&rule);
		decided[rule]++;
	}
	for (size_t i = 0; i < count && is_same; i++)
		is_same = gp_addr_equal(&nodes[order[i]].addr, &answer[i]);
	if (!is_same)
		print_difference(nodes, order, count, answer, answers);
	return is_same;
}

/* ---- the run -------------------------------------------------------------------------
 */

static void test_oracle(void **state)
{
	const char *given = getenv("V6GUARD_SEED");
	const unsigned first = given ? (unsigned)strtoul(given, NULL, 10) : 20261121;
	const long worlds = sized(40, 1000);
	long differences = 0, cases = 0;

	(void)state;
	need_netns();
	if (etc_reason)
		skip();
	make_devices();
	for (long at = 0; at < worlds; at++) {
		seed = first + (unsigned)at;
		make_world();
		for (int i = 0; i < CASES_A_WORLD; i++, cases++) {
			struct query query;

			make_conf();
			make_query(&query);
			assert_true(write_file("/etc/gai.conf", conf) &&
				    write_file("/etc/hosts", hosts));
			if (is_predicted(&query))
				continue;
			fprintf(stderr, "differs: V6GUARD_SEED=%u, case %d\n",
				first + (unsigned)at, i);
			differences++;
		}
	}
	fprintf(stderr, "oracle: seed %u, %ld cases, %ld differ, %u of 2 tun devices\n",
		first, cases, differences, tunnels);
	assert_int_equal(differences, 0);
	/* It would prove little if a rule never had a say. */
	for (int rule = GP_RULE_USABLE; rule <= GP_RULE_ORDER; rule++)
		if (!decided[rule] && (rule != GP_RULE_NATIVE || tunnels == 2))
			fail_msg("rule %d decided nothing", rule);
}

/* ---- edits ---------------------------------------------------------------------------
 */

/* A prefix as `policy set` takes it: of the random ones those that are good. */
static struct gp_row make_row(enum gp_table_kind kind)
{
	struct gp_prefix prefix;
	char text[64];

	for (;;) {
		make_prefix(text, kind == GP_TABLE_SCOPEV4);
		if (gp_prefix_parse(text, &prefix) == GP_OK &&
		    (kind != GP_TABLE_SCOPEV4 || prefix.addr.family == AF_INET ||
		     prefix.length >= 96))
			return gp_row_make(kind, &prefix, (int)dice(60));
	}
}

static void edit_once(struct gp_doc *doc)
{
	const enum gp_table_kind kind = (enum gp_table_kind)dice(GP_TABLE_KINDS);
	const struct gp_row row = make_row(kind);
	const struct gp_tables tables =
		gp_profile_tables((enum gp_profile)dice(GP_PROFILE_COUNT));

	switch (dice(8)) {
	case 0:
		gp_edit_reload(doc, dice(2));
		break;
	case 1:
		assert_int_equal(gp_edit_table(doc, kind, &tables.kind[kind]), GP_OK);
		break;
	case 2:
	case 3:
		gp_edit_delete(doc, kind, &row);
		break;
	default:
		gp_edit_set(doc, kind, &row, !dice(8));
		break;
	}
}

/* The file as it is then; a fresh one when it has become too long. */
static void edit_conf(void)
{
	struct gp_doc *doc;
	char *bytes;
	size_t size;

	if (strlen(conf) > MAX_TEXT - 1024)
		make_conf();
	assert_int_equal(gp_doc_parse(conf, strlen(conf), gp_gai_dialect_here(), &doc),
			 GP_OK);
	edit_once(doc);
	assert_int_equal(gp_doc_write(doc, &bytes, &size), GP_OK);
	assert_true(size < MAX_TEXT);
	memcpy(conf, bytes, size + 1);
	free(bytes);
	gp_doc_free(doc);
}

/* After each edit of a gai.conf getaddrinfo does what its tables are said to be. */
static void test_edits(void **state)
{
	const long edits = sized(100, 2000);
	long differences = 0;

	(void)state;
	need_netns();
	if (etc_reason)
		skip();
	seed = 20261125;
	make_conf();
	for (long at = 0; at < edits; at++) {
		struct query query;

		if (at % CASES_A_WORLD == 0)
			make_world();
		edit_conf();
		make_query(&query);
		assert_true(write_file("/etc/gai.conf", conf) &&
			    write_file("/etc/hosts", hosts));
		differences += !is_predicted(&query);
	}
	fprintf(stderr, "oracle: %ld edits, %ld differ\n", edits, differences);
	assert_int_equal(differences, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_oracle),
					   cmocka_unit_test(test_edits)};
	int failed;

	unsetenv("RES_OPTIONS");
	unsetenv("LOCALDOMAIN");
	netns_enter();
	make_etc();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	netns_leave();
	return failed;
}
