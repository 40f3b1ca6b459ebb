/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_source.c - any bytes as the kernel's answer about addresses and links, then
 * sorted; and about labels, then compared. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "rfc6724/label.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COUNT 4

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	if (gp_addr_parse(text, &addr))
		abort();
	return addr;
}

/* Sources that the corpus has. */
static bool source_of(void *ctx, const struct gp_addr *to, struct gp_addr *source)
{
	(void)ctx;
	*source = address(to->family == AF_INET ? "192.0.2.1" : "2001:db8:1::1");
	return true;
}

struct answer {
	const uint8_t *data;
	size_t size;
};

static bool dump(void *ctx, int type, gp_source_hear *hear, void *hearer)
{
	const struct answer *answer = ctx;

	(void)type;
	hear(hearer, answer->data, answer->size);
	return true;
}

static void check(struct answer *answer, enum gp_source_way way)
{
	static const char *const names[COUNT] = {"2001:db8::1", "192.0.2.9", "::1",
						 "198.51.100.1"};
	const struct gp_tables tables = gp_profile_tables(GP_PROFILE_GLIBC);
	const struct gp_source_ops ops = {answer, source_of, dump};
	struct gp_destination items[COUNT];
	uint32_t order[COUNT];
	unsigned seen = 0;

	for (size_t i = 0; i < COUNT; i++)
		items[i] = (struct gp_destination){.addr = address(names[i])};
	gp_source_facts(&ops, way, items, COUNT);
	gp_sort(&tables, GP_DEPART_GLIBC, items, COUNT, order);
	for (size_t i = 0; i < COUNT; i++)
		seen |= 1U << order[i];
	if (seen != (1U << COUNT) - 1)
		abort();
}

static void check_labels(struct answer *answer)
{
	static struct gp_labels labels;
	static struct gp_label_pair pairs[GP_LABELS_MAX + 16];
	const struct gp_tables tables = gp_profile_tables(GP_PROFILE_GLIBC);
	const struct gp_table *table = &tables.kind[GP_TABLE_LABEL];
	const struct gp_source_ops ops = {answer, source_of, dump};
	size_t count;

	if (gp_labels_read(&ops, &labels) != GP_OK)
		return;
	if (gp_labels_compare(table, &labels, pairs, sizeof(pairs) / sizeof(pairs[0]),
			      &count) != GP_OK ||
	    count < table->count || count > table->count + labels.count)
		abort();
	for (size_t i = 0; i < count; i++)
		if (!pairs[i].is_in_libc && !pairs[i].is_in_kernel)
			abort();
}

static void check_own(struct answer *answer)
{
	const struct gp_source_ops ops = {answer, source_of, dump};
	struct gp_key *keys = malloc(2 * sizeof(*keys)); /* for the sanitizer to watch */
	size_t few, all;

	if (!keys)
		return;
	if (gp_source_own(&ops, keys, 2, &few) != gp_source_own(&ops, NULL, 0, &all) ||
	    few != all)
		abort();
	free(keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct answer answer = {data, size};

	check(&answer, GP_SOURCE_PLAIN);
	check(&answer, GP_SOURCE_AS_GLIBC);
	check_labels(&answer);
	check_own(&answer);
	return 0;
}
