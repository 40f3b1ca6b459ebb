/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_name.c - which patterns' names a name ends in. All suffixes are hashed in one
 * pass and their buckets asked for before the first is looked at: a lookup waits for
 * memory twice, however many labels it has.
 */
#include "guard/rules_private.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

bool rules_name_fold(const char *name, struct rules_name *out)
{
	unsigned length = 0, label = 0, labels = 0;

	for (; name[length]; length++) {
		if (length == GP_NAME_MAX && (name[length] != '.' || name[length + 1]))
			return false;
		out->text[length] = (char)lower((uint8_t)name[length]);
		if (name[length] == '.') {
			if (!label)
				return false;
			label = 0;
			continue;
		}
		if (!label)
			out->start[labels++] = (uint8_t)length;
		if (++label > GP_NAME_LABEL)
			return false;
	}
	if (length && !label)
		length--; /* the dot at the end */
	out->length = (uint8_t)length;
	out->labels = (uint8_t)labels;
	return length > 0;
}

static bool has_labels(const struct gp_rules *rules, unsigned labels)
{
	return rules->labels[labels / 64] >> labels % 64 & 1;
}

/* The record at AT, in words, is NAME's: add its postings. */
static void take_record(struct gp_rules_walk *walk, uint32_t at, const char *name,
			size_t length, bool is_whole, bool is_cname)
{
	const struct gp_bytes records = walk->rules->section[GP_RULES_RECORDS];
	const uint64_t begin = (uint64_t)at * RULES_WORD;
	struct rules_record record;

	if (!rules_load(records, begin, &record, sizeof(record)) ||
	    record.length != length)
		return;
	const uint64_t text = begin + RULES_WORD + (uint64_t)record.count * RULES_WORD;
	if (text > records.size || length > records.size - text ||
	    memcmp(records.at + text, name, length) != 0)
		return;
	if (walk->count == GP_NAME_HITS)
		return;
	walk->hit[walk->count++] =
		(struct gp_name_hit){at + 1, record.count, is_whole, is_cname};
}

static void look_up(struct gp_rules_walk *walk, uint64_t hash, const char *name,
		    size_t length, bool is_whole, bool is_cname)
{
	const struct gp_bytes buckets = walk->rules->section[GP_RULES_BUCKETS];
	const uint32_t count = (uint32_t)(buckets.size / RULES_BUCKET);
	uint32_t bucket = rules_bucket(hash, count);
	struct rules_slot slot[RULES_SLOTS];

	for (unsigned reach = 0; reach < RULES_REACH; reach++) {
		memcpy(slot, buckets.at + (size_t)bucket * RULES_BUCKET, sizeof(slot));
		for (unsigned i = 0; i < RULES_SLOTS; i++) {
			if (!slot[i].record)
				return;
			if (slot[i].tag == (uint32_t)hash)
				take_record(walk, slot[i].record - 1, name, length,
					    is_whole, is_cname);
		}
		bucket = bucket + 1 == count ? 0 : bucket + 1;
	}
}

void rules_find(struct gp_rules_walk *walk, const struct rules_name *name, bool is_cname)
{
	const struct gp_rules *rules = walk->rules;
	const struct gp_bytes buckets = rules->section[GP_RULES_BUCKETS];
	const uint32_t count = (uint32_t)(buckets.size / RULES_BUCKET);
	uint64_t hash[GP_NAME_LABELS], state = rules->seed;
	unsigned end = name->length;

	if (!count)
		return;
	for (unsigned label = name->labels; label-- > 0;) {
		const unsigned start = name->start[label];

		state = rules_hash_label(state, name->text + start, end - start);
		hash[label] = rules_hash_end(state);
		end = start - 1;
		if (has_labels(rules, name->labels - label))
			__builtin_prefetch(buckets.at +
					   (size_t)rules_bucket(hash[label], count) *
						   RULES_BUCKET);
	}
	for (unsigned label = name->labels; label-- > 0;) {
		const unsigned start = name->start[label];

		if (has_labels(rules, name->labels - label))
			look_up(walk, hash[label], name->text + start,
				name->length - start, label == 0, is_cname);
	}
}
