/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_index.c - the hash of patterns' names. Patterns are put in the order of their
 * buckets first, by counting; what is of one name is side by side then, and records end
 * up near those of the same bucket.
 */
#include <stdlib.h>

#include "guard/rules_build_private.h"

/* Patterns a bucket, so that few buckets are too small for what belongs there. */
#define PATTERNS_A_BUCKET 5

static struct pattern *patterns_of(const struct build *build)
{
	return (struct pattern *)(void *)build->patterns.at;
}

static const char *name_of(const struct build *build, const struct pattern *pattern)
{
	return (const char *)build->names.at + pattern->text;
}

static int compare_names(const struct build *build, const struct pattern *a,
			 const struct pattern *b)
{
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return memcmp(name_of(build, a), name_of(build, b), a->length);
}

/* By name, then rank, then as they were read. */
static int compare(const void *left, const void *right, void *ctx)
{
	const struct build *build = ctx;
	const uint32_t *a = left, *b = right;
	const struct pattern *all = patterns_of(build);
	const int order = compare_names(build, &all[*a], &all[*b]);

	if (order)
		return order;
	if (all[*a].rank != all[*b].rank)
		return all[*a].rank < all[*b].rank ? -1 : 1;
	return (*a > *b) - (*a < *b);
}

/* Numbers of patterns by bucket. START, COUNT + 1 of them, is where each begins. */
static uint32_t *order_by_bucket(const struct build *build, uint32_t *start)
{
	const struct pattern *all = patterns_of(build);
	const uint32_t count = (uint32_t)(build->patterns.size / sizeof(*all));
	uint32_t *order = malloc(count * sizeof(*order));

	if (!order)
		return NULL;
	for (uint32_t i = 0; i < count; i++)
		start[rules_bucket(all[i].hash, build->bucket_count) + 1]++;
	for (uint32_t i = 0; i < build->bucket_count; i++)
		start[i + 1] += start[i];
	/* `start` is where the next goes, meanwhile: one bucket too far at the end. */
	for (uint32_t i = 0; i < count; i++)
		order[start[rules_bucket(all[i].hash, build->bucket_count)]++] = i;
	for (uint32_t i = build->bucket_count; i > 0; i--)
		start[i] = start[i - 1];
	start[0] = 0;
	return order;
}

/* The postings of the COUNT patterns at ORDER, which are of one name, into a record. */
static enum gp_status write_postings(struct build *build, const uint32_t *order,
				     uint32_t count, uint16_t *written)
{
	const struct pattern *all = patterns_of(build);
	struct rules_posting *posting = NULL;

	*written = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct pattern *pattern = &all[order[i]];

		if (posting && posting->rank == pattern->rank) {
			if (!pattern->is_other &&
			    (posting->kind | pattern->kind) == posting->kind)
				build->draft[pattern->rank].report.duplicates++;
			posting->kind |= pattern->kind;
			continue;
		}
		posting = grow(&build->records, sizeof(*posting));
		if (!posting)
			return build_no_memory(build);
		*posting = (struct rules_posting){pattern->rank, pattern->kind};
		++*written;
	}
	return GP_OK;
}

static enum gp_status write_record(struct build *build, const uint32_t *order,
				   uint32_t count)
{
	const struct pattern *pattern = &patterns_of(build)[order[0]];
	const size_t padded =
		(pattern->length + RULES_WORD - 1) / RULES_WORD * RULES_WORD;
	const size_t at = build->records.size;
	struct rules_record head = {.length = pattern->length};
	enum gp_status status;
	char *text;

	if (!grow(&build->records, sizeof(head)))
		return build_no_memory(build);
	status = write_postings(build, order, count, &head.count);
	if (status != GP_OK)
		return status;
	memcpy(build->records.at + at, &head, sizeof(head));
	text = grow(&build->records, padded);
	if (!text)
		return build_no_memory(build);
	memset(text, 0, padded);
	memcpy(text, name_of(build, pattern), pattern->length);
	return GP_OK;
}

/* The first free slot from BUCKET on; NULL: too far away. */
static struct rules_slot *free_slot(const struct build *build, uint32_t bucket)
{
	for (unsigned reach = 0; reach < RULES_REACH; reach++) {
		struct rules_slot *slot =
			(struct rules_slot *)(void *)(build->buckets +
						      (size_t)bucket * RULES_BUCKET);

		for (unsigned i = 0; i < RULES_SLOTS; i++)
			if (!slot[i].record)
				return &slot[i];
		bucket = bucket + 1 == build->bucket_count ? 0 : bucket + 1;
	}
	return NULL;
}

/* GP_BUSY: more buckets are needed. */
static enum gp_status add_name(struct build *build, const uint32_t *order, uint32_t count)
{
	const struct pattern *pattern = &patterns_of(build)[order[0]];
	const size_t at = build->records.size / RULES_WORD;
	struct rules_slot *slot =
		free_slot(build, rules_bucket(pattern->hash, build->bucket_count));

	if (!slot)
		return GP_BUSY;
	if (at >= UINT32_MAX)
		return build_too_much(build, "patterns");
	*slot = (struct rules_slot){(uint32_t)pattern->hash, (uint32_t)at + 1};
	return write_record(build, order, count);
}

/* All names of one bucket, whose patterns are at ORDER. */
static enum gp_status add_bucket(struct build *build, uint32_t *order, uint32_t count)
{
	const struct pattern *all = patterns_of(build);
	enum gp_status status = GP_OK;
	uint32_t begin = 0;

	qsort_r(order, count, sizeof(*order), compare, build);
	for (uint32_t i = 1; status == GP_OK && i <= count; i++) {
		if (i < count &&
		    !compare_names(build, &all[order[begin]], &all[order[i]]))
			continue;
		status = add_name(build, order + begin, i - begin);
		begin = i;
	}
	return status;
}

static void forget(struct build *build)
{
	free(build->buckets);
	build->buckets = NULL;
	build->records.size = 0;
	for (size_t i = 0; i < build->count; i++)
		build->draft[i].report.duplicates = 0;
}

static enum gp_status try_index(struct build *build)
{
	uint32_t *start = calloc((size_t)build->bucket_count + 1, sizeof(*start));
	uint32_t *order = start ? order_by_bucket(build, start) : NULL;
	enum gp_status status = GP_OK;

	build->buckets = aligned_alloc(RULES_BUCKET, build->bucket_count * RULES_BUCKET);
	if (!order || !build->buckets)
		status = build_no_memory(build);
	else
		memset(build->buckets, 0, build->bucket_count * RULES_BUCKET);
	for (uint32_t i = 0; status == GP_OK && i < build->bucket_count; i++)
		if (start[i] < start[i + 1])
			status = add_bucket(build, order + start[i],
					    start[i + 1] - start[i]);
	free(order);
	free(start);
	return status;
}

enum gp_status build_index(struct build *build)
{
	const size_t count = build->patterns.size / sizeof(struct pattern);
	enum gp_status status;

	if (!count)
		return GP_OK;
	if (count > UINT32_MAX / 2)
		return build_too_much(build, "patterns");
	build->bucket_count = (uint32_t)(count / PATTERNS_A_BUCKET + 1);
	while ((status = try_index(build)) == GP_BUSY) {
		forget(build);
		build->bucket_count += build->bucket_count / 4 + 1;
	}
	return status;
}
