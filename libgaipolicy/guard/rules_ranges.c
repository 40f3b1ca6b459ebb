/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rules_ranges.c - prefixes as ranges that are apart from each other, by their beginning.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "guard/rules_build_private.h"

/* Of either family; IPv4 in the lower half. */
struct range {
	uint64_t first[2], last[2];
};

static int compare_halves(const uint64_t a[2], const uint64_t b[2])
{
	if (a[0] != b[0])
		return a[0] < b[0] ? -1 : 1;
	return (a[1] > b[1]) - (a[1] < b[1]);
}

static int by_beginning(const void *a, const void *b)
{
	const struct range *left = a, *right = b;
	const int order = compare_halves(left->first, right->first);

	return order ? order : compare_halves(left->last, right->last);
}

static struct range range_of(const struct gp_prefix *prefix)
{
	const bool is_ipv4 = prefix->addr.family == AF_INET;
	const unsigned bits = is_ipv4 ? 32 : 128;
	struct range range = {{0, 0}, {0, 0}};

	for (unsigned bit = 0; bit < bits; bit++) {
		const unsigned place = 128 - bits + bit;
		const uint64_t mask = UINT64_C(1) << (63 - place % 64);
		const bool is_set = prefix->addr.bytes[bit / 8] & 0x80U >> bit % 8;

		if (bit >= prefix->length || is_set)
			range.last[place / 64] |= mask;
		if (bit < prefix->length && is_set)
			range.first[place / 64] |= mask;
	}
	return range;
}

/* B begins inside A, or where it ends. */
static bool is_joined(const struct range *a, const struct range *b)
{
	uint64_t next[2] = {a->last[0], a->last[1] + 1};

	next[0] += next[1] == 0;
	return compare_halves(b->first, a->last) <= 0 ||
	       (compare_halves(next, a->last) > 0 && !compare_halves(b->first, next));
}

/* Sort, join what touches; returns how many are left. */
static size_t join(struct range *range, size_t count)
{
	size_t last = 0;

	if (!count)
		return 0;
	qsort(range, count, sizeof(range[0]), by_beginning);
	for (size_t i = 1; i < count; i++) {
		if (!is_joined(&range[last], &range[i]))
			range[++last] = range[i];
		else if (compare_halves(range[i].last, range[last].last) > 0)
			memcpy(range[last].last, range[i].last, sizeof(range[i].last));
	}
	return last + 1;
}

/* What of RANGE the file has: all of it, or its beginning. */
static bool put(struct build *build, const struct range *range, bool is_ipv4, bool is_all)
{
	const struct rules_range4 narrow = {(uint32_t)range->first[1],
					    (uint32_t)range->last[1]};
	const struct rules_range6 wide = {{range->first[0], range->first[1]},
					  {range->last[0], range->last[1]}};
	size_t size = is_ipv4 ? sizeof(narrow.first) : sizeof(wide.first);
	void *at;

	if (is_all)
		size = is_ipv4 ? sizeof(narrow) : sizeof(wide);
	at = grow(&build->ranges, size);
	if (at)
		memcpy(at, is_ipv4 ? (const void *)&narrow : (const void *)&wide, size);
	return at != NULL;
}

static enum gp_status store(struct build *build, const struct growing *list, bool is_ipv4,
			    struct rules_span *out)
{
	struct range *range = (struct range *)(void *)list->at;
	const size_t count = join(range, list->size / sizeof(*range));
	bool is_good = true;

	if (!count)
		return GP_OK;
	if (build->ranges.size / 8 >= UINT32_MAX || count > UINT32_MAX)
		return build_too_much(build, "prefixes");
	*out = (struct rules_span){(uint32_t)(build->ranges.size / 8), (uint32_t)count};
	for (size_t i = 0; is_good && i < count; i++)
		is_good = put(build, &range[i], is_ipv4, true);
	for (size_t i = 0; is_good && i < count; i += RULES_SAMPLE)
		is_good = put(build, &range[i], is_ipv4, false);
	if (is_good && build->ranges.size % 8) /* where the next span begins */
		is_good = put(build, &range[0], true, false);
	return is_good ? GP_OK : build_no_memory(build);
}

static bool read_prefix(const char *word, size_t length, struct gp_prefix *out)
{
	char text[GP_CONFIG_LINE_MAX + 1];

	if (length >= sizeof(text))
		return false;
	memcpy(text, word, length);
	text[length] = '\0';
	return gp_prefix_parse(text, out) == GP_OK;
}

enum gp_status build_ranges(struct build *build, const struct draft *draft,
			    const char *key, struct rules_span *ipv4,
			    struct rules_span *ipv6, size_t *count)
{
	const char *list = gp_config_text(draft->section, key), *word;
	struct growing narrow = {NULL, 0, 0}, wide = {NULL, 0, 0};
	enum gp_status status = GP_OK;
	struct gp_prefix prefix;
	size_t pos = 0, length;

	*count = 0;
	while (status == GP_OK && (length = gp_config_next_word(list, &pos, &word)) > 0) {
		if (!read_prefix(word, length, &prefix))
			continue; /* gp_config_load has refused it */
		const bool is_ipv4 = prefix.addr.family == AF_INET;
		struct range *range = grow(is_ipv4 ? &narrow : &wide, sizeof(*range));
		if (range)
			*range = range_of(&prefix);
		else
			status = build_no_memory(build);
		++*count;
	}
	if (status == GP_OK)
		status = store(build, &narrow, true, ipv4);
	if (status == GP_OK)
		status = store(build, &wide, false, ipv6);
	free(narrow.at);
	free(wide.at);
	return status;
}
