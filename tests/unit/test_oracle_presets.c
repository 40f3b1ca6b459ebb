/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * After `v6guard policy preset X`, getaddrinfo does X: for tables as they are in the
 * world and random ones, on hosts with usable addresses of both families. What a preset
 * promises is rule 6's (5's for ula-vpn): where one of the rules before it decides
 * between two addresses, as our own facts say, their order says nothing of the preset.
 *
 * V6GUARD_LONG makes a run long.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gaiconf_tables.h"
#include "oracle_ask.h"
#include "sizes.h"

#define ROOT "/tmp/root"

enum group {
	OTHER,
	IPV4,
	NATIVE, /* 2000::/3 without tunnels */
	TUNNEL, /* 2002::/16 and 2001::/32 */
	LOCAL,  /* fc00::/7 */
	GROUPS
};

static const struct {
	const char *name;
	enum group ahead[2], behind[2]; /* OTHER: none */
	const char *profile;            /* the tables are its own */
} presets[] = {
	{"prefer-ipv4", {IPV4}, {NATIVE, TUNNEL}, NULL},
	{"prefer-ipv6", {NATIVE, TUNNEL}, {IPV4}, NULL},
	{"no-tunnels", {IPV4}, {TUNNEL}, NULL},
	{"prefer-ula", {LOCAL}, {IPV4, NATIVE}, NULL},
	{"glibc", {OTHER}, {OTHER}, "glibc"},
	{"rfc6724", {OTHER}, {OTHER}, "rfc6724"},
	{"rfc6724-update", {OTHER}, {OTHER}, "rfc6724-update"},
	{"ula-vpn", {OTHER}, {OTHER}, NULL},
};

#define PRESETS (sizeof(presets) / sizeof(presets[0]))

static struct {
	long by_rule_6, excused, likes;
} seen[PRESETS];

static enum group group_of(const struct gp_addr *addr)
{
	if (addr->family == AF_INET)
		return IPV4;
	if ((addr->bytes[0] & 0xfe) == 0xfc)
		return LOCAL;
	if (addr->bytes[0] == 0x20 &&
	    (addr->bytes[1] == 2 ||
	     (addr->bytes[1] == 1 && !addr->bytes[2] && !addr->bytes[3])))
		return TUNNEL;
	return (addr->bytes[0] & 0xe0) == 0x20 ? NATIVE : OTHER;
}

static bool is_one_of(enum group group, const enum group groups[2])
{
	return group != OTHER && (group == groups[0] || group == groups[1]);
}

/* ---- hosts and questions ------------------------------------------------------------
 */

/* Both families with a route everywhere; a global address, or a ULA alone, as in a VPN.
 */
static void make_host(bool is_vpn)
{
	sh("ip addr flush dev d0; echo 0 >/proc/sys/net/ipv6/conf/d0/disable_ipv6; "
	   "ip link set d0 up; ip addr add 192.0.2.77/24 dev d0; "
	   "ip -6 addr add fd00:1::77/64 dev d0 nodad; "
	   "ip -4 route replace default dev d0; ip -6 route replace default dev d0");
	if (!is_vpn)
		sh("ip -6 addr add 2001:db8:1::77/64 dev d0 nodad; "
		   "ip -6 addr add 2002:c000:24d::77/64 dev d0 nodad");
	assert_true(addresses_settle(""));
}

static void make_names(struct query *query)
{
	static const char *const names[] = {"192.0.2.%d",     "192.0.2.9",
					    "10.0.0.%d",      "198.51.100.%d",
					    "203.0.113.%d",   "130.0.0.%d",
					    "2001:db8:1::%x", "2001:db8:1::ff00:9",
					    "2001:db8::",     "2001:db8:77::%x",
					    "2a00::%x",       "3ffe::%x",
					    "3fff:ffff::%x",  "2002:c000:201::%x",
					    "2001::%x",       "2001:470::%x",
					    "fd00:1::%x",     "fd00:9::%x",
					    "fc00::%x",       "fd01::%x"};

	*query =
		(struct query){.count = MAX_NAMES, .hints = {.ai_socktype = SOCK_STREAM}};
	hosts[0] = '\0';
	for (size_t i = 0; i < query->count; i++) {
		char text[64];

		format_address(text, names[(i * 5 + dice(5)) % 20], dice(24) + 1);
		assert_int_equal(gp_addr_parse(text, &query->names[i]), GP_OK);
		add(hosts, "%s x.test\n", text);
	}
}

/* ---- presets ------------------------------------------------------------------------
 */

/* False: its exit status was not CODE. */
static bool run(const char *preset, int code, const char *words)
{
	char line[512];
	int status;

	snprintf(line, sizeof(line),
		 TEST_BUILD "/tool/v6guard/v6guard --root " ROOT
			    " policy preset %s >/tmp/out 2>&1",
		 preset);
	status = system(line); /* NOLINT: the test's own words */
	return WIFEXITED(status) && WEXITSTATUS(status) == code &&
	       (!words || sh("grep -q '%s' /tmp/out", words));
}

/* TEXT with the preset, in conf and in /etc. */
static void carry_out(size_t preset, const char *text)
{
	FILE *file;
	size_t size;

	sh("rm -rf " ROOT "/var");
	assert_true(write_file(ROOT "/etc/gai.conf", text));
	if (!run(presets[preset].name, 0, NULL) ||
	    !run(presets[preset].name, 0, "^unchanged$"))
		fail_msg("%s:\n%s", presets[preset].name, text);
	file = fopen(ROOT "/etc/gai.conf", "r");
	size = file ? fread(conf, 1, sizeof(conf) - 1, file) : 0;
	conf[size] = '\0';
	assert_true(size < sizeof(conf) - 1);
	if (file)
		fclose(file);
	assert_true(write_file("/etc/gai.conf", conf));
}

static const struct gp_destination *find_node(const struct gp_destination *nodes,
					      size_t count, const struct gp_addr *addr)
{
	for (size_t i = 0; i < count; i++)
		if (gp_addr_equal(&nodes[i].addr, addr))
			return &nodes[i];
	fail_msg("an answer that was not in the file");
	return NULL;
}

/* Of two addresses A comes first, and the preset says otherwise: only an earlier rule
 * may.
 */
static bool is_excused(size_t preset, const struct gp_destination *a,
		       const struct gp_destination *b)
{
	enum gp_rule rule;

	if (!is_one_of(group_of(&a->addr), presets[preset].behind) ||
	    !is_one_of(group_of(&b->addr), presets[preset].ahead))
		return true;
	gp_sort_compare(GP_DEPART_GLIBC, a, b, &rule);
	seen[preset].excused++;
	return rule < GP_RULE_PRECEDENCE;
}

/* A source of fc00::/7 is no reason for rule 5 to say no, where a global one were none.
 */
static bool is_like(size_t preset, const struct gp_destination *node, int32_t rest)
{
	if (strcmp(presets[preset].name, "ula-vpn") != 0 || !node->is_usable ||
	    group_of(&node->source) != LOCAL || group_of(&node->addr) != NATIVE ||
	    node->label != rest)
		return true;
	seen[preset].likes++;
	return node->source_label == node->label;
}

static void check_answer(size_t preset, const char *text, const char *host)
{
	struct gp_row rows[MAX_ROWS];
	struct gp_destination nodes[MAX_NODES];
	struct gp_addr answer[MAX_NODES];
	uint32_t order[MAX_NODES];
	struct gp_gai gai;
	struct query query;
	/* In none of the longer rows of these tables: what 2000::/3 has by and large. */
	const struct gp_key rest = {{0x3f00000000000000ULL, 1}};

	make_names(&query);
	assert_true(write_file("/etc/hosts", hosts));
	const size_t count = predict(&query, nodes, order), answers = ask(&query, answer);
	bool good = count == answers;

	assert_int_equal(gp_gai_read(conf, strlen(conf), gp_gai_dialect_here(), rows,
				     MAX_ROWS, &gai, NULL),
			 GP_OK);
	const int32_t label = gp_tables_value(&gai.tables, GP_TABLE_LABEL, &rest);
	for (size_t i = 0; i < answers && good; i++) {
		const struct gp_destination *a = find_node(nodes, count, &answer[i]);

		good = gp_addr_equal(&answer[i], &nodes[order[i]].addr) &&
		       is_like(preset, a, label);
		for (size_t j = i + 1; j < answers && good; j++) {
			const struct gp_destination *b =
				find_node(nodes, count, &answer[j]);
			enum gp_rule rule;

			gp_sort_compare(GP_DEPART_GLIBC, a, b, &rule);
			seen[preset].by_rule_6 +=
				rule == GP_RULE_PRECEDENCE &&
				is_one_of(group_of(&a->addr), presets[preset].ahead) &&
				is_one_of(group_of(&b->addr), presets[preset].behind);
			good = is_excused(preset, a, b);
		}
	}
	if (good)
		return;
	print_difference(nodes, order, count, answer, answers);
	fail_msg("%s, %s: getaddrinfo does not, with\n%s", presets[preset].name, host,
		 text);
}

static bool is_table(const struct gp_table *table, const struct gp_table *wanted)
{
	for (size_t i = 0; i < wanted->count; i++) {
		const struct gp_row *found = NULL;

		for (size_t j = 0; j < table->count && !found; j++)
			if (gp_row_same_prefix(&table->rows[j], &wanted->rows[i]))
				found = &table->rows[j];
		if (!found || found->value != wanted->rows[i].value)
			return false;
	}
	/* Rows that are there twice count once. */
	for (size_t i = 0; i < table->count; i++) {
		bool is_wanted = false;

		for (size_t j = 0; j < wanted->count; j++)
			is_wanted |=
				gp_row_same_prefix(&table->rows[i], &wanted->rows[j]);
		if (!is_wanted)
			return false;
	}
	return true;
}

static void check_profile(size_t preset, const char *text)
{
	struct gp_row rows[MAX_ROWS];
	struct gp_gai gai;
	enum gp_profile profile;

	if (!presets[preset].profile)
		return;
	assert_int_equal(gp_profile_parse(presets[preset].profile, &profile), GP_OK);
	assert_int_equal(gp_gai_read(conf, strlen(conf), gp_gai_dialect_here(), rows,
				     MAX_ROWS, &gai, NULL),
			 GP_OK);
	const struct gp_tables wanted = gp_profile_tables(profile);
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++)
		if (!is_table(&gai.tables.kind[kind], &wanted.kind[kind]))
			fail_msg("%s:\n%s-- becomes\n%s", presets[preset].name, text,
				 conf);
}

static void need_world(void)
{
	need_netns();
	if (etc_reason)
		skip();
}

static void test_known(void **state)
{
	static char *made[TABLES_MAX][PRESETS];

	(void)state;
	need_world();
	tables_read();
	seed = 20261130;
	make_host(false);
	for (size_t at = 0; at < tables_count; at++)
		for (size_t preset = 0; preset < PRESETS; preset++) {
			carry_out(preset, tables_known[at].text);
			check_profile(preset, tables_known[at].text);
			check_answer(preset, tables_known[at].text, "global addresses");
			made[at][preset] = strdup(conf);
		}
	make_host(true);
	for (size_t at = 0; at < tables_count; at++)
		for (size_t preset = 0; preset < PRESETS; preset++) {
			assert_non_null(made[at][preset]);
			snprintf(conf, sizeof(conf), "%s", made[at][preset]);
			assert_true(write_file("/etc/gai.conf", conf));
			check_answer(preset, tables_known[at].text, "a ULA alone");
			free(made[at][preset]);
		}
	/* It would prove little if the rule that is promised never had a say. */
	for (size_t i = 0; i < PRESETS; i++) {
		fprintf(stderr,
			"presets: %s: %ld pairs by rule 6, %ld by an earlier one "
			"against it, %ld ULA sources\n",
			presets[i].name, seen[i].by_rule_6, seen[i].excused,
			seen[i].likes);
		if (presets[i].ahead[0] != OTHER)
			assert_true(seen[i].by_rule_6 > 100);
		else if (!presets[i].profile)
			assert_true(seen[i].likes > 100);
	}
}

static void test_random(void **state)
{
	char text[TABLE_TEXT];
	size_t preset;

	(void)state;
	need_world();
	seed = 20261130;
	for (long at = 0; at < sized(200, 5000); at++) {
		tables_random(&seed, text);
		if (at % 10 == 0)
			make_world();
		preset = dice(PRESETS);
		carry_out(preset, text);
		check_profile(preset, text);
		check_answer(preset, text, "a random host");
	}
}

/* ula-vpn by what it is for: with a ULA alone, IPv6 comes first where precedence says so.
 */
static void test_vpn(void **state)
{
	static const char *const texts[] = {"", "label fd00::/8 9\nlabel ::/0 5\n",
					    "label fd00:1::/32 6\n",
					    "label 2002::/16 1\nlabel ::/0 2\n"};
	struct gp_addr answer[MAX_NODES];
	struct query query = {.count = 2, .hints = {.ai_socktype = SOCK_STREAM}};
	size_t vpn = PRESETS - 1;

	(void)state;
	need_world();
	make_host(true);
	assert_true(write_file("/etc/hosts", "192.0.2.9 x.test\n2a00::9 x.test\n"));
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_true(write_file("/etc/gai.conf", texts[i]));
		assert_int_equal(ask(&query, answer), 2);
		if (i < 3)
			assert_int_equal(answer[0].family, AF_INET);
		carry_out(vpn, texts[i]);
		assert_int_equal(ask(&query, answer), 2);
		assert_int_equal(answer[0].family, AF_INET6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_known),
					   cmocka_unit_test(test_random),
					   cmocka_unit_test(test_vpn)};
	int failed;

	unsetenv("RES_OPTIONS");
	unsetenv("LOCALDOMAIN");
	netns_enter();
	make_etc();
	if (!netns_reason && !etc_reason) {
		make_devices();
		sh("mkdir -p " ROOT "/etc " ROOT V6GUARD_CONFDIR
		   "/presets && cp -r " TEST_DATA
		   "/../../etc/presets/gai " ROOT V6GUARD_CONFDIR "/presets/gai");
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	netns_leave();
	return failed;
}
