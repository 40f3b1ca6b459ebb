/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_reach - what one verdict from a full map costs. One JSON line: nanoseconds by
 * which of the three lengths answers (medians over rounds in which all variants take
 * turns), and the ratio of each to DESIGN's target. Addresses are drawn at random from
 * 1024, so that the buckets are not all in the first cache. Nothing fails by time.
 * Options: --long for more rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "guard/reach.h"

#define ADDRESSES 1024 /* a power of two */
#define LOOKUPS 100000 /* a round */
#define MAX_ROUNDS 201
#define TARGET_NS 100.0
#define NOW 1000000LL

/* Which of an address's prefixes the map knows. */
static struct variant {
	const char *key;
	int length;  /* 128, 48, 0; -1: none */
	bool onlink; /* the host has 8 prefixes on its links: what is found is compared */
	struct gp_reach *map;
	double ns;
} variants[] = {
	{"hit_128", 128, false, NULL, 0}, {"hit_48", 48, false, NULL, 0},
	{"hit_0", 0, false, NULL, 0},     {"hit_0_onlink_8", 0, true, NULL, 0},
	{"miss", -1, false, NULL, 0},
};
#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static struct gp_addr addrs[ADDRESSES];
static unsigned seed = 1;

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static struct gp_addr random_address(uint8_t second)
{
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(rand_r(&seed) >> 8);
	bytes[0] = 0x20;
	bytes[1] = second;
	return gp_addr_make(AF_INET6, bytes, 0);
}

/* As full as it is meant to be: 4096 verdicts, those of the addresses among them. */
static void fill(struct variant *variant)
{
	struct gp_reach_host host = {.expires_ms = NOW + 1};
	const int length = variant->length;
	size_t count = length > 0 ? ADDRESSES : 0;

	variant->map =
		gp_reach_format(aligned_alloc(64, (gp_reach_size() + 63) / 64 * 64));
	for (; count < GP_REACH_VERDICTS; count++) {
		const struct gp_prefix other = {random_address(2), count % 2 ? 48 : 128};

		gp_reach_set(variant->map, &other, GP_VERDICT_OK, NOW + 1);
	}
	for (size_t i = 0; i < ADDRESSES && length >= 0; i++) {
		const struct gp_prefix prefix = {addrs[i], (uint8_t)length};

		gp_reach_set(variant->map, &prefix, GP_VERDICT_BROKEN, NOW + 2);
	}
	for (; variant->onlink && host.onlink_count < 8; host.onlink_count++)
		host.onlink[host.onlink_count] =
			(struct gp_prefix){random_address(3), 64};
	gp_reach_set_host(variant->map, &host);
}

static double measure(const struct variant *variant)
{
	unsigned at = seed, sum = 0;
	double start = now_ns();

	for (unsigned i = 0; i < LOOKUPS; i++) {
		at = at * 1664525 + 1013904223;
		sum += gp_reach_verdict(variant->map, &addrs[at >> 16 & (ADDRESSES - 1)],
					NOW);
	}
	start = (now_ns() - start) / LOOKUPS;
	/* A few are lost to full buckets; else it measured something else. */
	if (sum / GP_VERDICT_BROKEN < (variant->length < 0 ? 0 : LOOKUPS / 10 * 9)) {
		fprintf(stderr, "bench_reach: %s: not what it should find\n",
			variant->key);
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

	for (size_t i = 0; i < ADDRESSES; i++)
		addrs[i] = random_address(1);
	for (size_t v = 0; v < VARIANTS; v++)
		fill(&variants[v]);
	run_rounds(rounds);
	printf("{\"bench\": \"reach\", \"rounds\": %zu, \"bytes\": %zu", rounds,
	       gp_reach_size());
	for (size_t v = 0; v < VARIANTS; v++) {
		printf(", \"%s\": {\"ns\": %.1f, \"over_target\": %.2f}", variants[v].key,
		       variants[v].ns, variants[v].ns / TARGET_NS);
		free(variants[v].map);
	}
	printf("}\n");
	return 0;
}
