/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_sort - what it costs to order 10 destinations whose facts are given. One JSON
 * line: nanoseconds a sort (medians over rounds in which all variants take turns), and
 * the ratio of each to DESIGN's target. Each sort is of another of 64 lists, in an order
 * drawn at random, so that no branch is learned by heart. Nothing fails by time. Options:
 * --long for more rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gaiconf/read.h"
#include "rfc6724/sort.h"

#define COUNT 10
#define LISTS 64    /* a power of two */
#define SORTS 10000 /* a round */
#define MAX_ROUNDS 201
#define TARGET_NS 1000.0
#define ROWS 50 /* of a long gai.conf */

static struct variant {
	const char *key;
	struct gp_tables tables;
	unsigned departures;
	bool is_mixed; /* sources of all kinds, some unusable; else two of IPv6, the rest
			  IPv4, all global */
	double ns;
} variants[] = {
	{.key = "rfc6724", .departures = GP_DEPART_NONE},
	{.key = "rfc6724_mixed", .departures = GP_DEPART_NONE, .is_mixed = true},
	{.key = "glibc", .departures = GP_DEPART_GLIBC},
	{.key = "glibc_mixed", .departures = GP_DEPART_GLIBC, .is_mixed = true},
	{.key = "glibc_50_rows", .departures = GP_DEPART_GLIBC},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static struct gp_destination lists[2][LISTS][COUNT];
static unsigned seed = 1;

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct gp_addr random_address(int family, const uint8_t *start, size_t size)
{
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i < size ? start[i] : (uint8_t)(rand_r(&seed) >> 8);
	return gp_addr_make(family, bytes, 0);
}

static struct gp_destination random_destination(bool is_mixed)
{
	static const uint8_t kinds[][2] = {{0x20, 0x01}, {0x2a, 0x00}, {0x20, 0x02},
					   {0xfd, 0x00}, {0xfe, 0x80}, {0xfe, 0xc0}};
	static const uint8_t own[] = {0x20, 0x01, 0x0d, 0xb8, 0, 1};
	static const uint8_t private_net[] = {10};
	const unsigned kind = is_mixed ? (unsigned)rand_r(&seed) % 6 : 1;
	const bool is_ipv4 = rand_r(&seed) % 5 < (is_mixed ? 2 : 4);
	struct gp_destination one = {.source_length = 64, .interface = 2};

	if (is_ipv4) {
		one.addr = random_address(AF_INET, kinds[1], 1);
		one.source = random_address(AF_INET, private_net, 1);
		one.source_length = 24;
	} else {
		one.addr = random_address(AF_INET6, kinds[kind], 2);
		one.source = random_address(AF_INET6, own, sizeof(own));
	}
	if (is_mixed && rand_r(&seed) % 4 == 0)
		one.facts = (uint8_t)(rand_r(&seed) % 16);
	if (is_mixed && rand_r(&seed) % 6 == 0)
		one.source.family = 0;
	return one;
}

static void make_lists(void)
{
	for (size_t mixed = 0; mixed < 2; mixed++)
		for (size_t i = 0; i < LISTS; i++)
			for (size_t at = 0; at < COUNT; at++)
				lists[mixed][i][at] = random_destination(mixed);
}

/* A gai.conf with the built-in rows and many of a site's own. */
static struct gp_tables long_tables(void)
{
	static struct gp_row rows[2 * ROWS + 20];
	static char text[2 * ROWS * 64];
	static const char usual[] = "precedence ::1/128 50\nprecedence ::/0 40\n"
				    "precedence ::ffff:0:0/96 10\nlabel ::1/128 0\n"
				    "label ::ffff:0:0/96 4\nlabel ::/0 1\n";
	struct gp_gai gai;
	size_t at = (size_t)snprintf(text, sizeof(text), "%s", usual);

	for (int i = 0; i < ROWS; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "precedence fd00:%x::/32 %d\nlabel fd00:%x::/32 "
				       "%d\n",
				       i, i, i, i + 20);
	if (gp_gai_read(text, at, GP_GAI_SINCE_2_41, rows, sizeof(rows) / sizeof(rows[0]),
			&gai, NULL))
		exit(1);
	return gai.tables;
}

static double measure(const struct variant *variant)
{
	struct gp_destination(*from)[COUNT] = lists[variant->is_mixed];
	unsigned at = seed, sum = 0;
	uint32_t order[COUNT];
	double start = now_ns();

	for (unsigned i = 0; i < SORTS; i++) {
		at = at * 1664525 + 1013904223;
		gp_sort(&variant->tables, variant->departures,
			from[at >> 16 & (LISTS - 1)], COUNT, order);
		sum += order[0] + order[COUNT - 1];
	}
	start = (now_ns() - start) / SORTS;
	/* Lists whose order is right as they are would be too easy. */
	if (sum == 0 || sum == SORTS * (COUNT - 1)) {
		fprintf(stderr, "bench_sort: %s: nothing was sorted\n", variant->key);
		exit(1);
	}
	return start;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void run_rounds(size_t rounds)
{
	static double ns[VARIANTS][MAX_ROUNDS];

	for (size_t round = 0; round < rounds; round++)
		for (size_t v = 0; v < VARIANTS; v++)
			ns[v][round] = measure(&variants[v]);
	for (size_t v = 0; v < VARIANTS; v++) {
		qsort(ns[v], rounds, sizeof(ns[v][0]), compare);
		variants[v].ns = ns[v][rounds / 2];
	}
}

int main(int argc, char **argv)
{
	const size_t rounds = argc > 1 && !strcmp(argv[1], "--long") ? MAX_ROUNDS : 31;

	make_lists();
	for (size_t v = 0; v < VARIANTS; v++)
		variants[v].tables = gp_profile_tables(
			variants[v].departures ? GP_PROFILE_GLIBC : GP_PROFILE_RFC6724);
	variants[VARIANTS - 1].tables = long_tables();
	run_rounds(rounds);
	printf("{\"bench\": \"sort\", \"rounds\": %zu, \"destinations\": %d", rounds,
	       COUNT);
	for (size_t v = 0; v < VARIANTS; v++)
		printf(", \"%s\": {\"ns\": %.0f, \"over_target\": %.2f}", variants[v].key,
		       variants[v].ns, variants[v].ns / TARGET_NS);
	printf("}\n");
	return 0;
}
