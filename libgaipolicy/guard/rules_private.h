/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_private.h - the layout of compiled rules, for rules*.c and their tests alone. All
 * numbers in the host's byte order; nothing is aligned for certain.
 *
 * Names of patterns are found by a hash of buckets: one cache line, eight slots, holds
 * what a suffix of a name may be, nearly always. A slot names a record: a head, its
 * postings by rank, the name, padding to a whole word. What does not fit its bucket is in
 * the next one that has room, so that a bucket with a free slot ends the search.
 */
#ifndef LIBGAIPOLICY_GUARD_RULES_PRIVATE_H
#define LIBGAIPOLICY_GUARD_RULES_PRIVATE_H

#include <string.h>

#include "guard/rules.h"

/** GP_RULES_HEAD */
struct rules_head {
	uint32_t count, flags, actions, reserved;
	uint64_t seed, labels[2];
};

/** A part of GP_RULES_TEXT: bytes, or of GP_RULES_RANGES: ranges, AT in 8 bytes. */
struct rules_span {
	uint32_t at, count;
};

/** A row of GP_RULES_TABLE. */
struct rules_row {
	int64_t until;
	uint32_t flags;
	uint16_t priority;
	uint8_t action, response;
	uint32_t override_ttl;
	uint8_t override_family, reserved[3];
	uint8_t override_bytes[16];
	struct rules_span name, programs, qtypes, override_name;
	struct rules_span prefixes4, prefixes6, clients4, clients6;
};

/** A slot of a bucket. */
struct rules_slot {
	uint32_t tag;    /* the lower half of the name's hash */
	uint32_t record; /* its record's place in words, and one; 0: the slot is free */
};

#define RULES_SLOTS 8
#define RULES_BUCKET (RULES_SLOTS * sizeof(struct rules_slot))
#define RULES_WORD 4U
/** Buckets that one search looks at, at most. */
#define RULES_REACH 16

/** Head of a record. */
struct rules_record {
	uint16_t count; /* postings */
	uint8_t length; /* of the name */
	uint8_t reserved;
};

/** What a pattern matches: NAME itself, names below it. */
#define RULES_ITSELF 1U
#define RULES_BELOW 2U

struct rules_posting {
	uint16_t rank;
	uint16_t kind; /* RULES_* */
};

/**
 * Ranges of addresses, by their beginning, apart from each other. Behind those of a span
 * stands the beginning of each RULES_SAMPLE-th of them.
 */
struct rules_range4 {
	uint32_t first, last;
};
struct rules_range6 {
	uint64_t first[2], last[2]; /* upper half, lower half */
};

#define RULES_SAMPLE 16U
static inline uint32_t rules_samples(uint32_t count)
{
	return count / RULES_SAMPLE + (count % RULES_SAMPLE != 0);
}

_Static_assert(sizeof(struct rules_head) == 40 && sizeof(struct rules_row) == 104 &&
		       sizeof(struct rules_slot) == 8 &&
		       sizeof(struct rules_record) == RULES_WORD &&
		       sizeof(struct rules_posting) == RULES_WORD &&
		       sizeof(struct rules_range4) == 8 &&
		       sizeof(struct rules_range6) == 32,
	       "part of the snapshot's format");

/** SIZE bytes at AT of SECTION into OUT; false: they are not all there. */
static inline bool rules_load(struct gp_bytes section, uint64_t at, void *out,
			      size_t size)
{
	if (at > section.size || size > section.size - at)
		return false;
	memcpy(out, section.at + at, size);
	return true;
}

/* The hash of a name goes from its last label to its first, so that one pass gives those
 * of all its suffixes; a label goes by words, the last of which has the rest's length. */
static inline uint64_t rules_hash_step(uint64_t state, uint64_t word)
{
	state = (state ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return state ^ state >> 32;
}

static inline uint64_t rules_hash_label(uint64_t state, const char *text, unsigned length)
{
	uint64_t word;

	for (; length >= sizeof(word); length -= sizeof(word), text += sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		state = rules_hash_step(state, word);
	}
	word = length;
	while (length--)
		word = word << 8 | (uint8_t)*text++;
	return rules_hash_step(state, word);
}

static inline uint64_t rules_hash_end(uint64_t state)
{
	state ^= state >> 32;
	state *= UINT64_C(0xd6e8feb86659fd93);
	return state ^ state >> 32;
}

/** The bucket of COUNT in which a name of that hash belongs. */
static inline uint32_t rules_bucket(uint64_t hash, uint32_t count)
{
	return (uint32_t)((hash >> 32) * count >> 32);
}

/** A name in lower case, without a dot at its end, and where its labels begin. */
struct rules_name {
	uint8_t length, labels;
	char text[GP_NAME_MAX + 1];
	uint8_t start[GP_NAME_LABELS];
};

/** False: it is no name (RFC 1035 2.3.4), or the root's. */
bool rules_name_fold(const char *name, struct rules_name *out);

/** Add to WALK what NAME's suffixes hit. */
void rules_find(struct gp_rules_walk *walk, const struct rules_name *name, bool is_cname);

#endif
