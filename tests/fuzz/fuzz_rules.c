/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lookups in rules that an enemy made: sections of any bytes, each in memory of its own
 * size, for a sanitizer to watch its end. A head of the right sizes gets them by the
 * first check; ranks must ascend, whatever the bytes say. Input: lengths of six sections,
 * a name, and the sections.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/rules_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAME_ROOM 64

static struct gp_bytes cut(const uint8_t **data, size_t *size, size_t length)
{
	uint8_t *copy;

	if (length > *size)
		length = *size;
	copy = malloc(length + !length);
	if (!copy)
		abort();
	memcpy(copy, *data, length);
	*data += length;
	*size -= length;
	return (struct gp_bytes){copy, length};
}

static void look_up(const struct gp_rules *rules, const char *name, uint8_t door)
{
	static const struct gp_program program = {.path = "/bin/a", .comm = "a"};
	const struct gp_addr ipv6 = gp_addr_make(AF_INET6, &in6addr_loopback, 0);
	const struct gp_addr ipv4 = gp_addr_make(AF_INET, "\x7f\0\0\1", 0);
	const struct gp_query query = {.name = name,
				       .door = (enum gp_door)(door % 3),
				       .canonical = "a.b",
				       .client = &ipv4,
				       .program = &program,
				       .now = 1};
	struct gp_rules_walk walk;
	struct gp_guard_rule rule;
	unsigned rank, next = 0;

	gp_rules_begin(&walk, rules, &query);
	while (gp_rules_next(&walk, &rank)) {
		if (rank < next || rank >= rules->count)
			abort();
		next = rank + 1;
		gp_rules_get(rules, rank, &rule);
		gp_rules_has_address(rules, rank, &ipv6);
		gp_rules_has_address(rules, rank, &ipv4);
		gp_rules_has_qtype(rules, rank, 28);
	}
	gp_rules_match(rules, &query, &ipv6, &rule);
}

/* Sizes that fit each other: what is left over is cut off. */
static void trim(struct gp_bytes section[GP_RULES_SECTIONS], struct rules_head *head)
{
	const size_t rows = section[GP_RULES_TABLE].size / sizeof(struct rules_row);

	head->count = (uint32_t)rows;
	section[GP_RULES_TABLE].size = rows * sizeof(struct rules_row);
	section[GP_RULES_BUCKETS].size -= section[GP_RULES_BUCKETS].size % RULES_BUCKET;
	section[GP_RULES_GENERAL].size &= ~(size_t)1;
	if (section[GP_RULES_GENERAL].size > rows * sizeof(uint16_t))
		section[GP_RULES_GENERAL].size = rows * sizeof(uint16_t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gp_bytes section[GP_RULES_SECTIONS], whole[GP_RULES_SECTIONS];
	struct rules_head head = {.flags = GP_RULES_DOMAINS | GP_RULES_PROGRAMS,
				  .actions = ~0U,
				  .labels = {~UINT64_C(0), ~UINT64_C(0)}};
	char name[NAME_ROOM + 1] = "";
	struct gp_rules rules;
	uint8_t lengths[GP_RULES_SECTIONS];

	if (size < sizeof(lengths) + NAME_ROOM)
		return 0;
	memcpy(lengths, data, sizeof(lengths));
	memcpy(name, data + sizeof(lengths), NAME_ROOM);
	data += sizeof(lengths) + NAME_ROOM;
	size -= sizeof(lengths) + NAME_ROOM;
	head.seed = lengths[0] / 16;
	for (unsigned i = GP_RULES_TABLE; i < GP_RULES_SECTIONS; i++)
		section[i] = whole[i] = cut(&data, &size, (size_t)lengths[i] * 8);
	trim(section, &head);
	section[GP_RULES_HEAD] = (struct gp_bytes){(uint8_t *)&head, sizeof(head)};
	if (!gp_rules_open(section, &rules))
		abort();
	look_up(&rules, name, lengths[0]);
	for (unsigned i = GP_RULES_TABLE; i < GP_RULES_SECTIONS; i++)
		free((void *)(uintptr_t)whole[i].at);
	return 0;
}
