/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reach_private.h - the map's layout, for reach*.c and their tests alone.
 *
 * Words of 32 bits throughout, so that programs of either word size read the same file.
 * Each word behind the header is atomic, a sequence number guards each block of them: odd
 * while it is written. The writer stores every word with release and the reader loads it
 * with acquire. Whoever sees a word of a later write thus sees that write's odd number as
 * well, without fences, which ThreadSanitizer does not follow; they cost nothing on x86.
 */
#ifndef LIBGAIPOLICY_GUARD_REACH_PRIVATE_H
#define LIBGAIPOLICY_GUARD_REACH_PRIVATE_H

#include <stdatomic.h>
#include <sys/stat.h>

#include "guard/reach.h"

#define REACH_MAGIC "V6GMAP\r\n"
#define REACH_VERSION 1

/** How often a reader looks at a block that is being written. */
#define REACH_TRIES 3

/** 8 places for each 4 verdicts on average: 2 % of the buckets of a full map lose one. */
#define REACH_BUCKETS 1024
#define REACH_WAYS 8
/** ::/0 has a bucket of its own, where nothing can push it out. */
#define REACH_BUCKET_ALL REACH_BUCKETS

_Static_assert(REACH_BUCKETS *REACH_WAYS >= GP_REACH_VERDICTS, "room for all verdicts");

typedef _Atomic uint32_t reach_word;

/** An entry: the prefix, zero behind its length; then when it expires. */
enum {
	ENTRY_PREFIX, /* four words, as they stand in memory */
	ENTRY_SECONDS = 4,
	ENTRY_KIND, /* verdict, length, milliseconds: see reach_kind */
	ENTRY_WORDS
};

/** 0 is an entry that is not there; LENGTH 0, 48 or 128; MS 0..999. */
static inline uint32_t reach_kind(enum gp_verdict verdict, unsigned length, unsigned ms)
{
	return (uint32_t)verdict | length << 8 | ms << 16;
}

struct reach_bucket {
	reach_word sequence;
	reach_word entries[REACH_WAYS][ENTRY_WORDS];
};

/** The host record. Prefixes: four words, then the length. */
enum {
	HOST_EXPIRES_HIGH,
	HOST_EXPIRES_LOW,
	HOST_EPOCH,
	HOST_FLAGS,
	HOST_NAT64_COUNT,
	HOST_ONLINK_COUNT,
	HOST_NAT64,
	NAT64_WORDS = 4 + 1 + 2, /* and when it expires */
	HOST_ONLINK = HOST_NAT64 + GP_REACH_NAT64 * NAT64_WORDS,
	ONLINK_WORDS = 4 + 1,
	HOST_WORDS = HOST_ONLINK + GP_REACH_ONLINK * ONLINK_WORDS
};
#define HOST_FLAG_IPV4 1U
#define HOST_FLAG_NAT64 2U

struct gp_reach {
	char magic[8];
	uint32_t version;
	uint32_t size;
	uint32_t network[4]; /* the writer's network namespace: reach_network_of */
	uint32_t reserved[8];
	reach_word host_sequence;
	reach_word host[HOST_WORDS];
	struct reach_bucket buckets[REACH_BUCKETS + 1];
};

_Static_assert(sizeof(reach_word) == 4, "the map is a file");
_Static_assert(offsetof(struct gp_reach, host_sequence) == 64, "the map is a file");
_Static_assert(sizeof(struct reach_bucket) == 4 * (1 + REACH_WAYS * ENTRY_WORDS),
	       "the map is a file");

/** The calling thread's network namespace; false, and zeros: it cannot be told (no
 * /proc).
 */
static inline bool reach_network_of(uint32_t out[4])
{
	struct stat stat_now;
	const bool known = !stat("/proc/thread-self/ns/net", &stat_now);
	const uint64_t dev = known ? (uint64_t)stat_now.st_dev : 0;
	const uint64_t ino = known ? (uint64_t)stat_now.st_ino : 0;

	out[0] = (uint32_t)(dev >> 32);
	out[1] = (uint32_t)dev;
	out[2] = (uint32_t)(ino >> 32);
	out[3] = (uint32_t)ino;
	return known;
}

/** Where a prefix of LENGTH belongs; WORDS is zero behind it. */
static inline unsigned reach_bucket_of(const uint32_t words[4], unsigned length)
{
	uint64_t sum = length;

	if (!length)
		return REACH_BUCKET_ALL;
	for (unsigned i = 0; i < 4; i++)
		sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15ULL;
	return (unsigned)(sum >> 40) % REACH_BUCKETS;
}

/** The first LENGTH (0, 48 or 128) bits of an IPv6 address as words, zero behind them. */
void gp_reach_words(const struct gp_addr *addr, unsigned length, uint32_t words[4]);

/**
 * Look for the map at PATH instead (NULL: GP_REACH_PATH), and believe a file of this user
 * as well. For tests; before the first gp_reach_live. PATH must stay.
 */
void gp_reach_use_path(const char *path);

#endif
