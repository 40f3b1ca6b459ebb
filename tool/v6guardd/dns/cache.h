/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cache.h - answers that were given, as whole messages: a hit is copied and patched by
 * answer_finish. All entries lie in one ring of bytes; a new one takes the place of the
 * oldest, so that memory is what was asked for and no more. Times are gp_boot_ms.
 */
#ifndef TOOL_V6GUARDD_DNS_CACHE_H
#define TOOL_V6GUARDD_DNS_CACHE_H

#include "answer.h"

struct cache;

/** NULL: no memory. Memory is used as it is filled. */
struct cache *cache_new(size_t bytes, long long now_ms);
void cache_free(struct cache *cache);

/** What an answer depends on; part of CD, DO and the rest. */
struct cache_key {
	const uint8_t *name; /* lower case */
	uint32_t hash;       /* wire_name_hash of it */
	uint16_t name_length, type;
	uint32_t variant; /* answer_variant */
	bool dnssec_ok, cd, synthesizes, lacks_ipv6;
};

/** An answer that was found; valid until the next cache_put. */
struct cache_hit {
	struct answer_image image;
	uint32_t age;          /* seconds since it was made */
	bool is_stale;         /* its time is over */
	bool is_known_to_fail; /* a new one was tried to be had a moment ago */
	uint8_t server;        /* answer_server of struct answer's */
};

/**
 * Find the answer for KEY that is no more than STALE_MS over its time; a failure (RFC
 * 9520), or one without the AAAA that was late, is never given after it. Class IN alone
 * is kept.
 */
bool cache_get(struct cache *cache, const struct cache_key *key, long long now_ms,
	       uint64_t stale_ms, struct cache_hit *out);

/** Keep ANSWER for its lifetime, in place of what was there; not at all if that is 0, or
 * if it is too large for the ring. */
void cache_put(struct cache *cache, const struct cache_key *key,
	       const struct answer *answer, long long now_ms);

/** There is no newer answer for KEY to be had: say so for MS, which is always the same.
 */
void cache_set_failed(struct cache *cache, const struct cache_key *key, long long now_ms,
		      uint64_t ms);

/** Answers can be had again: what failed before is asked for again, if that is at least a
 * second ago. */
void cache_recovered(struct cache *cache, long long now_ms);

/** Forget all; the memory stays. Returns how many there were. */
size_t cache_flush(struct cache *cache);
/** An answer that is kept, for whoever says whether it is to be forgotten. */
struct cache_seen {
	const uint8_t *name, *bytes; /* the first in lower case */
	size_t size;
	uint32_t variant;
	uint16_t type;
	int ede;
	bool is_by_verdict;
};
/** Forget what MATCHES; returns how many there were. */
size_t cache_flush_if(struct cache *cache,
		      bool (*matches)(const void *ctx, const struct cache_seen *seen),
		      const void *ctx);

size_t cache_entries(const struct cache *cache);

#endif
