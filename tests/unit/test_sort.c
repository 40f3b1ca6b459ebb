/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The order of destinations (RFC 6724 6), glibc's departures, and sources (RFC 6724 5).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "rfc6724/select.h"
#include "rfc6724/sort.h"
#include "sizes.h"
#include "tsv.h"

#define MAX_ROWS 16
#define MAX_ITEMS 16

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	if (gp_addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

/* ---- the tables of the vectors -------------------------------------------------------
 */

static struct gp_row rows[GP_TABLE_KINDS][MAX_ROWS];
static size_t row_count[GP_TABLE_KINDS];
static const char *wanted; /* id of a table */

static void add_row(enum gp_table_kind kind, const char *prefix, int value)
{
	struct gp_prefix parsed;

	if (gp_prefix_parse(prefix, &parsed))
		fail_msg("%s is no prefix", prefix);
	assert_true(row_count[kind] < MAX_ROWS);
	rows[kind][row_count[kind]++] = gp_row_make(kind, &parsed, value);
}

static void visit_policy(char *column[TSV_COLUMNS])
{
	if (strcmp(column[0], wanted) != 0)
		return;
	add_row(GP_TABLE_PRECEDENCE, column[1], atoi(column[2]));
	add_row(GP_TABLE_LABEL, column[1], atoi(column[3]));
}

static void visit_scope(char *column[TSV_COLUMNS])
{
	if (!strcmp(column[0], wanted) && !strcmp(column[1], "4"))
		add_row(GP_TABLE_SCOPEV4, column[2], atoi(column[3]));
}

static struct gp_tables load_tables(const char *id, const char *scopes)
{
	struct gp_tables tables;

	memset(row_count, 0, sizeof(row_count));
	wanted = id;
	tsv_each("policies.tsv", 5, visit_policy);
	wanted = scopes;
	tsv_each("scopes.tsv", 5, visit_scope);
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++) {
		if (!row_count[kind])
			fail_msg("no table %s", id);
		gp_rows_order(rows[kind], row_count[kind]);
		tables.kind[kind] = (struct gp_table){rows[kind], row_count[kind], false};
	}
	return tables;
}

/* ---- rfc6724-dest.tsv ----------------------------------------------------------------
 */

static size_t split(char *text, char *words[MAX_ITEMS])
{
	size_t count = 0;
	char *word;

	while ((word = strsep(&text, ","))) {
		assert_true(count < MAX_ITEMS);
		words[count++] = word;
	}
	return count;
}

static unsigned facts_of(const char *letters)
{
	unsigned facts = 0;

	for (; *letters; letters++)
		switch (*letters) {
		case 'D':
			facts |= GP_FACT_DEPRECATED;
			break;
		case 'H':
			facts |= GP_FACT_HOME;
			break;
		case 'C':
			facts |= GP_FACT_CARE_OF;
			break;
		case 'B':
			facts |= GP_FACT_HOME | GP_FACT_CARE_OF;
			break;
		case 'E':
			facts |= GP_FACT_TUNNEL;
			break;
		case 'U':
			facts |= GP_FACT_UNREACHABLE;
			break;
		case 'T':
			facts |= GP_FACT_TEMPORARY;
			break;
		case 'O':
		case 'P':
		case '-':
			break;
		default:
			fail_msg("flag %c", *letters);
		}
	return facts;
}

/* Columns 5 to 8. */
static size_t read_items(char *column[TSV_COLUMNS], struct gp_destination *items)
{
	char copy[4][1024], *words[4][MAX_ITEMS];
	const size_t count = (size_t)atoi(column[3]);

	for (size_t i = 0; i < 4; i++) {
		snprintf(copy[i], sizeof(copy[i]), "%s", column[4 + i]);
		assert_int_equal(split(copy[i], words[i]), count);
	}
	for (size_t i = 0; i < count; i++) {
		const bool has_source = strcmp(words[1][i], "-") != 0;
		const unsigned facts = facts_of(words[3][i]);

		/* Whatever was there before must not matter. */
		memset(&items[i], 0xaa, sizeof(items[i]));
		items[i].addr = address(words[0][i]);
		items[i].source = has_source ? address(words[1][i]) : (struct gp_addr){0};
		items[i].source_length = has_source ? (uint8_t)atoi(words[2][i]) : 0;
		items[i].facts = (uint8_t)facts;
		items[i].interface = facts & GP_FACT_TUNNEL ? 2 : 1;
	}
	return count;
}

static void check_order(const char *id, unsigned departures,
			const struct gp_tables *tables, struct gp_destination *items,
			size_t count, const char *expected)
{
	char got[128] = "";
	uint32_t order[MAX_ITEMS];

	gp_sort(tables, departures, items, count, order);
	for (size_t i = 0; i < count; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%u",
			 i ? "," : "", order[i]);
	if (strcmp(got, expected) != 0)
		fail_msg("%s: %s order %s, expected %s", id,
			 departures ? "glibc's" : "RFC 6724", got, expected);
}

/* The rule between neighbours of the RFC's order; A stood before B in the list or not. */
static void check_rules(const char *id, struct gp_destination *items, size_t count,
			char *order_text, char *rules)
{
	char *order[MAX_ITEMS], *rule[MAX_ITEMS];
	char copy[128];

	snprintf(copy, sizeof(copy), "%s", order_text);
	assert_int_equal(split(copy, order), count);
	assert_int_equal(split(rules, rule), count > 1 ? count - 1 : 1);
	for (size_t i = 0; i + 1 < count; i++) {
		const int a = atoi(order[i]), b = atoi(order[i + 1]);
		enum gp_rule is;
		const int result =
			gp_sort_compare(GP_DEPART_NONE, &items[a], &items[b], &is);

		if (result > 0 || (int)is != atoi(rule[i]) || (!result && a > b))
			fail_msg("%s: rule %d between %d and %d, expected %s", id, is, a,
				 b, rule[i]);
		assert_int_equal(
			gp_sort_compare(GP_DEPART_NONE, &items[b], &items[a], NULL),
			-result);
	}
}

static void visit_destinations(char *column[TSV_COLUMNS])
{
	const bool is_old = !strcmp(column[2], "rfc3484");
	struct gp_destination items[MAX_ITEMS];
	struct gp_tables tables = load_tables(column[2], is_old ? "rfc3484" : "rfc6724");
	const size_t count = read_items(column, items);

	check_order(column[0], GP_DEPART_NONE, &tables, items, count, column[8]);
	check_rules(column[0], items, count, column[8], column[9]);
	tables = load_tables(column[2], "glibc");
	check_order(column[0], GP_DEPART_GLIBC, &tables, items, count,
		    strcmp(column[10], "=") ? column[10] : column[8]);
}

static void test_vectors(void **state)
{
	(void)state;
	assert_true(tsv_each("rfc6724-dest.tsv", 13, visit_destinations) >= 140);
}

/* ---- what the vectors leave out ------------------------------------------------------
 */

static const struct gp_tables *rfc6724(void)
{
	static struct gp_tables tables;

	tables = gp_profile_tables(GP_PROFILE_RFC6724);
	return &tables;
}

static struct gp_destination destination(const char *to, const char *from, int length)
{
	return (struct gp_destination){.addr = address(to),
				       .source = address(from),
				       .source_length = (uint8_t)length,
				       .interface = 1};
}

/* One table row for all, IPv4 among two of IPv6: rule 9 for the IPv6 pair, else rule 10.
 */
static void test_cycle(void **state)
{
	static const struct {
		const char *name;
		const char *addrs[5]; /* s: few bits, l: many bits, 4: IPv4 */
		const char *expected;
	} cases[] = {
		/* Cut 1 + 2: the last two are merged first. */
		{"short, v4, long", {"s", "4", "l"}, "0,1,2"},
		{"long, v4, short", {"l", "4", "s"}, "0,1,2"},
		{"v4, short, long", {"4", "s", "l"}, "0,2,1"},
		{"short, long, v4", {"s", "l", "4"}, "1,0,2"},
		/* Cut 2 + 2. */
		{"short, v4, v4, long", {"s", "4", "4", "l"}, "0,1,2,3"},
		{"short, v4, long, v4", {"s", "4", "l", "4"}, "2,0,1,3"},
	};
	struct gp_row row = gp_row_make(GP_TABLE_LABEL, &(struct gp_prefix){0}, 1);
	const struct gp_tables flat = {
		{{&row, 1, false}, {&row, 1, false}, {NULL, 0, false}}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_destination items[5];
		size_t count = 0;

		for (; count < 5 && cases[i].addrs[count]; count++)
			items[count] =
				*cases[i].addrs[count] == '4'
					? destination("198.51.100.1", "192.0.2.1", 24)
				: *cases[i].addrs[count] == 's'
					? destination("2001:db8:8000::1", "2001:db8:1::1",
						      64)
					: destination("2001:db8:1:1::1", "2001:db8:1::1",
						      64);
		check_order(cases[i].name, GP_DEPART_NONE, &flat, items, count,
			    cases[i].expected);
		check_order(cases[i].name, GP_DEPART_GLIBC, &flat, items, count,
			    cases[i].expected);
	}
}

/* Each of glibc's departures alone, where it decides. */
static void test_departures(void **state)
{
	static const struct {
		const char *name;
		unsigned departure;
		struct {
			const char *to, *from;
			int length, interface;
			unsigned facts;
		} item[2];
		enum gp_rule rule;
	} cases[] = {
		{"home address against neither",
		 GP_DEPART_HOME,
		 {{"2001:db8::1", "2001:db8:1::1", 64, 1, 0},
		  {"2001:db8::2", "2001:db8:1::1", 64, 1, GP_FACT_HOME}},
		 GP_RULE_HOME},
		{"interface not known",
		 GP_DEPART_UNKNOWN,
		 {{"2001:db8::1", "2001:db8:1::1", 64, 0, 0},
		  {"2001:db8::2", "2001:db8:1::1", 64, 1, 0}},
		 GP_RULE_NATIVE},
		{"bits behind the prefix",
		 GP_DEPART_WHOLE,
		 {{"2001:db8::ff", "2001:db8::1", 64, 1, 0},
		  {"2001:db8::2", "2001:db8::1", 64, 1, 0}},
		 GP_RULE_PREFIX},
		{"IPv4 of another subnet, the RFC's way",
		 GP_DEPART_NONE,
		 {{"198.51.100.1", "192.0.2.1", 24, 1, 0},
		  {"192.0.3.1", "192.0.2.1", 24, 1, 0}},
		 GP_RULE_PREFIX},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_destination items[2];
		enum gp_rule rule;

		for (size_t at = 0; at < 2; at++) {
			items[at] =
				destination(cases[i].item[at].to, cases[i].item[at].from,
					    cases[i].item[at].length);
			items[at].interface = (uint32_t)cases[i].item[at].interface;
			items[at].facts = (uint8_t)cases[i].item[at].facts;
		}
		check_order(cases[i].name, cases[i].departure, rfc6724(), items, 2,
			    "1,0");
		gp_sort_compare(cases[i].departure, &items[0], &items[1], &rule);
		assert_int_equal(rule, cases[i].rule);
		check_order(cases[i].name, cases[i].departure ^ GP_DEPART_GLIBC,
			    rfc6724(), items, 2, "0,1");
	}
}

/* glibc's IPv4 subnets, also where the prefix is not known. */
static void test_subnets(void **state)
{
	static const struct {
		const char *to;
		int length, common;
	} cases[] = {
		{"192.0.2.9", 24, 28}, {"192.0.2.1", 24, 32}, {"192.0.3.1", 24, 0},
		{"192.0.3.1", 16, 23}, {"192.0.2.9", 0, 0},   {"192.0.2.1", 0, 32},
		{"192.0.2.1", 32, 32}, {"192.0.2.0", 32, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_destination item =
			destination(cases[i].to, "192.0.2.1", cases[i].length);
		uint32_t order;

		gp_sort(rfc6724(), GP_DEPART_GLIBC, &item, 1, &order);
		if (item.common != cases[i].common)
			fail_msg("%s/%d: %u", cases[i].to, cases[i].length, item.common);
	}
}

/* Whatever the facts: a permutation, stable among equals, and no neighbours that the
 * rules would swap. */
static void test_random(void **state)
{
	static const char *const pool[] = {"2001:db8:1::1",
					   "2001:db8:1::ffff",
					   "2001:db8:8000::1",
					   "fd00::1",
					   "fe80::1",
					   "192.0.2.1",
					   "198.51.100.1",
					   "10.0.0.1",
					   "2002::1",
					   "2001::1",
					   "::1",
					   "ff05::1"};
	const long rounds = sized(20000, 1000000);
	unsigned seed = 1;

	(void)state;
	for (long round = 0; round < rounds; round++) {
		const unsigned departures = rand_r(&seed) % 2 ? GP_DEPART_GLIBC : 0;
		struct gp_destination items[12];
		size_t count = (size_t)(rand_r(&seed) % 12 + 1);
		uint32_t order[12];
		unsigned seen = 0;

		for (size_t i = 0; i < count; i++) {
			const char *to = pool[rand_r(&seed) % 12];
			const char *from = pool[rand_r(&seed) % 12];
			const bool is_same = !strchr(to, ':') == !strchr(from, ':');

			items[i] = destination(to, from, rand_r(&seed) % 33);
			items[i].facts = rand_r(&seed) % 4 ? 0 : rand_r(&seed) & 0x3f;
			items[i].interface = (uint32_t)(rand_r(&seed) % 3);
			if (!is_same)
				items[i].source.family = 0;
		}
		gp_sort(rfc6724(), departures, items, count, order);
		for (size_t i = 0; i < count; i++) {
			assert_true(order[i] < count);
			seen |= 1U << order[i];
			if (!i)
				continue;
			const int result = gp_sort_compare(
				departures, &items[order[i - 1]], &items[order[i]], NULL);
			assert_true(result <= 0);
			assert_true(result || order[i - 1] < order[i]);
		}
		assert_int_equal(seen, (1U << count) - 1);
	}
}

static void test_texts(void **state)
{
	(void)state;
	for (int rule = GP_RULE_USABLE; rule <= GP_RULE_ORDER; rule++)
		assert_non_null(gp_rule_text((enum gp_rule)rule));
	assert_null(gp_rule_text((enum gp_rule)0));
	assert_null(gp_rule_text((enum gp_rule)11));
	assert_string_equal(gp_rule_text(GP_RULE_NATIVE), "Prefer native transport");
}

static void test_none(void **state)
{
	(void)state;
	gp_sort(rfc6724(), GP_DEPART_NONE, NULL, 0, NULL);
}

/* ---- rfc6724-source.tsv --------------------------------------------------------------
 */

static void visit_source(char *column[TSV_COLUMNS])
{
	const struct gp_tables tables = load_tables(column[2], "rfc6724");
	const struct gp_addr to = address(column[3]);
	struct gp_source sources[MAX_ITEMS];
	enum gp_source_rule rule;
	char *words[MAX_ITEMS];
	const size_t count = split(column[4], words);
	size_t chosen;

	for (size_t i = 0; i < count; i++) {
		const char *flags = strchr(words[i], '|');

		assert_non_null(flags);
		words[i][flags - words[i]] = 0;
		sources[i] = (struct gp_source){
			.addr = address(words[i]),
			.length = 64,
			.facts = (uint8_t)facts_of(flags + 1),
			.is_elsewhere = strchr(flags + 1, 'O') != NULL,
		};
	}
	chosen = gp_source_select(&tables, &to, sources, count, &rule);
	if (chosen != (size_t)atoi(column[5]) ||
	    strcmp(gp_source_rule_number(rule), column[6]) != 0)
		fail_msg("%s: %zu by rule %s", column[0], chosen,
			 gp_source_rule_number(rule));
}

static void test_sources(void **state)
{
	(void)state;
	assert_true(tsv_each("rfc6724-source.tsv", 8, visit_source) >= 21);
}

/* RFC 6724 5: rule 5.5, rule 2 between two that are too small, and no rule at all. */
static void test_sources_more(void **state)
{
	struct gp_source sources[2] = {
		{.addr = address("2001:db8:8::1"), .length = 64},
		{.addr = address("2001:db8:9::1"), .length = 64, .is_advertised = true}};
	const struct gp_addr far = address("2001:db8:8000::1");
	enum gp_source_rule rule;

	(void)state;
	assert_int_equal(gp_source_select(rfc6724(), &far, sources, 2, &rule), 1);
	assert_string_equal(gp_source_rule_number(rule), "5.5");
	sources[1].is_advertised = false;
	assert_int_equal(gp_source_select(rfc6724(), &far, sources, 2, &rule), 0);
	assert_string_equal(gp_source_rule_number(rule), "-");
	sources[0].addr = address("fe80::1");
	sources[1].addr = address("fec0::1");
	assert_int_equal(gp_source_select(rfc6724(), &far, sources, 2, &rule), 1);
	assert_string_equal(gp_source_rule_number(rule), "2");
	assert_int_equal(gp_source_select(rfc6724(), &far, sources, 1, &rule), 0);
	assert_int_equal(rule, GP_SOURCE_NONE);
	assert_null(gp_source_rule_number((enum gp_source_rule)10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),      cmocka_unit_test(test_cycle),
		cmocka_unit_test(test_departures),   cmocka_unit_test(test_subnets),
		cmocka_unit_test(test_random),       cmocka_unit_test(test_texts),
		cmocka_unit_test(test_none),         cmocka_unit_test(test_sources),
		cmocka_unit_test(test_sources_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
