/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cache.c - a ring of entries, and buckets that lead to them. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cache.h"

/* Entries begin at multiples of UNIT, which makes 32 bits enough for 64 GiB. */
#define UNIT 16U
/* A second's: a TTL is never short by more than a second. */
#define TICKS 16U
/* Longer is no use, and more ticks than there may be. */
#define LIFETIME_MOST (7 * 24 * 3600U)
/* Of the ring's bytes a bucket each: about two entries. */
#define BYTES_A_BUCKET 256U
#define BUCKETS_LEAST 64U
/* One that fills more than a part of the ring costs too many others. */
#define SHARE 8U

enum { KEY_DO = 1, KEY_CD = 2, KEY_SYNTHESIZES = 4, KEY_DEAD = 8, KEY_LACKS_IPV6 = 16 };
/* And who said it, in the rest of the byte. */
enum { IS_SECURE = 1, IS_SYNTHESIZED = 2, IS_BY_VERDICT = 4, IS_LATE = 8, SERVER = 16 };
_Static_assert((ANSWER_SERVERS + 1) * SERVER == 256, "the byte is full");

/* TTL offsets come behind it, then the message, then the text of EDE. */
struct entry {
	uint32_t next; /* of its bucket: place + 1, 0: none */
	uint32_t hash;
	uint32_t made, expires, retry; /* ticks since the cache was made */
	uint32_t variant;
	uint16_t units, type, size, ttl_count, flags;
	int8_t ede;
	uint8_t text_size, key, is, why;
};

_Static_assert((sizeof(struct entry) + 2 * ANSWER_RECORDS + WIRE_MAX + UINT8_MAX) / UNIT <
		       UINT16_MAX,
	       "the units of the largest entry");

struct cache {
	uint8_t *ring;
	uint64_t units;      /* of the ring */
	uint64_t head, tail; /* where the next goes, and the oldest is */
	uint64_t end;        /* what is behind is free: the last one did not fit there */
	bool is_wrapped;     /* HEAD is before TAIL */
	uint32_t *buckets;
	uint32_t mask;
	size_t ring_bytes, entries;
	uint32_t recovered, retry_after; /* of cache_recovered; of cache_set_failed */
	long long started_ms;
};

static struct entry *entry_at(const struct cache *cache, uint64_t place)
{
	return (struct entry *)(void *)(cache->ring + place * UNIT);
}

static uint16_t *ttls_of(struct entry *entry)
{
	return (uint16_t *)(void *)(entry + 1);
}

static uint8_t *bytes_of(struct entry *entry)
{
	return (uint8_t *)(ttls_of(entry) + entry->ttl_count);
}

static uint32_t hash_of(const struct cache_key *key)
{
	const uint32_t hash = (key->hash ^ key->type) * WIRE_PRIME;

	return hash ^ hash >> 15;
}

static uint8_t key_bits(const struct cache_key *key)
{
	return (uint8_t)((key->dnssec_ok ? KEY_DO : 0) | (key->cd ? KEY_CD : 0) |
			 (key->synthesizes ? KEY_SYNTHESIZES : 0) |
			 (key->lacks_ipv6 ? KEY_LACKS_IPV6 : 0));
}

static uint32_t ticks(const struct cache *cache, long long now_ms)
{
	return (uint32_t)((now_ms - cache->started_ms) * TICKS / 1000);
}

/* A tick, or a second, that has begun counts: no TTL is ever above what another server
 * says. */
static uint32_t ticks_begun(const struct cache *cache, long long now_ms)
{
	return (uint32_t)(((now_ms - cache->started_ms) * TICKS + 999) / 1000);
}

/* ---- the ring ---- */

static void unlink_entry(struct cache *cache, uint64_t place)
{
	struct entry *entry = entry_at(cache, place);
	uint32_t *at = &cache->buckets[entry->hash & cache->mask];

	if (entry->key & KEY_DEAD)
		return;
	while (*at && *at != place + 1)
		at = &entry_at(cache, *at - 1)->next;
	if (*at)
		*at = entry->next;
	entry->key |= KEY_DEAD;
	cache->entries--;
}

/* The oldest goes. */
static void drop_tail(struct cache *cache)
{
	unlink_entry(cache, cache->tail);
	cache->tail += entry_at(cache, cache->tail)->units;
	if (cache->tail == cache->end) {
		cache->tail = 0;
		cache->is_wrapped = false;
	}
}

/* Room for UNITS in a row. */
static uint64_t make_room(struct cache *cache, uint64_t units)
{
	if (!cache->is_wrapped && cache->head + units > cache->units) {
		/* What is left at the end stays unused for this round. */
		cache->end = cache->head;
		cache->head = 0;
		cache->is_wrapped = true;
	}
	while (cache->is_wrapped && cache->tail - cache->head < units) {
		drop_tail(cache);
		if (!cache->is_wrapped && cache->head + units > cache->units)
			return make_room(cache, units);
	}
	return cache->head;
}

/* ---- finding ---- */

static bool is_it(const struct entry *entry, const struct cache_key *key, uint32_t hash,
		  uint8_t bits)
{
	const uint16_t *ttls = (const uint16_t *)(const void *)(entry + 1);
	const uint8_t *bytes = (const uint8_t *)(ttls + entry->ttl_count);

	/* A shorter message may be the last thing in memory. */
	return entry->hash == hash && entry->key == bits && entry->type == key->type &&
	       entry->variant == key->variant &&
	       entry->size >= WIRE_HEADER + key->name_length &&
	       !memcmp(bytes + WIRE_HEADER, key->name, key->name_length);
}

static uint64_t find(const struct cache *cache, const struct cache_key *key,
		     uint32_t hash)
{
	const uint8_t bits = key_bits(key);
	uint32_t place = cache->buckets[hash & cache->mask];

	while (place && !is_it(entry_at(cache, place - 1), key, hash, bits))
		place = entry_at(cache, place - 1)->next;
	return place;
}

/* What was asked for could not be had. */
static bool is_failure(const struct entry *entry)
{
	const uint16_t rcode = entry->flags & 0xf;

	return entry->is & IS_LATE || (rcode != WIRE_NOERROR && rcode != WIRE_NXDOMAIN);
}

/* What failed at FAILED is no news any more: all of it may be otherwise by now. Once a
 * second is often enough for a name (RFC 9520 3.2). */
static bool is_worth_another_try(const struct cache *cache, uint32_t failed, uint32_t now)
{
	return failed < cache->recovered && now > failed + TICKS;
}

bool cache_get(struct cache *cache, const struct cache_key *key, long long now_ms,
	       uint64_t stale_ms, struct cache_hit *out)
{
	const uint32_t hash = hash_of(key);
	const uint32_t now = ticks_begun(cache, now_ms);
	const uint64_t place = find(cache, key, hash);
	struct entry *entry = place ? entry_at(cache, place - 1) : NULL;

	/* Of what failed nothing is better than asking again. */
	if (entry && is_failure(entry))
		stale_ms = 0;
	if (!entry || now >= entry->expires + stale_ms * TICKS / 1000 ||
	    (is_failure(entry) && is_worth_another_try(cache, entry->made, now)))
		return false;
	*out = (struct cache_hit){
		.image = {.bytes = bytes_of(entry),
			  .size = entry->size,
			  .flags = entry->flags,
			  .is_secure = entry->is & IS_SECURE,
			  .is_synthesized = entry->is & IS_SYNTHESIZED,
			  .is_late = entry->is & IS_LATE,
			  .ede = entry->ede,
			  .text = (const char *)bytes_of(entry) + entry->size,
			  .text_size = entry->text_size,
			  .why = entry->why,
			  .ttl_at = ttls_of(entry),
			  .ttl_count = entry->ttl_count},
		.age = (now - entry->made + TICKS - 1) / TICKS,
		.server = entry->is / SERVER,
		.is_stale = now >= entry->expires,
		.is_known_to_fail =
			now < entry->retry &&
			!is_worth_another_try(cache, entry->retry - cache->retry_after,
					      now),
	};
	out->image.is_stale = out->is_stale;
	return true;
}

/* ---- keeping ---- */

void cache_put(struct cache *cache, const struct cache_key *key,
	       const struct answer *answer, long long now_ms)
{
	const uint32_t hash = hash_of(key);
	const struct answer_image image = answer_image(answer);
	const size_t bytes = sizeof(struct entry) + answer->ttl_count * sizeof(uint16_t) +
			     answer->size + image.text_size;
	const uint64_t units = (bytes + UNIT - 1) / UNIT, old = find(cache, key, hash);
	const uint32_t now = ticks(cache, now_ms);
	const uint32_t lifetime =
		answer->lifetime < LIFETIME_MOST ? answer->lifetime : LIFETIME_MOST;
	uint32_t *bucket = &cache->buckets[hash & cache->mask];
	struct entry *entry;
	uint64_t place;

	if (!answer->lifetime || answer->size > WIRE_MAX || units > cache->units / SHARE)
		return;
	if (old)
		unlink_entry(cache, old - 1);
	place = make_room(cache, units);
	entry = entry_at(cache, place);
	*entry = (struct entry){
		.next = *bucket,
		.hash = hash,
		.made = now,
		.expires = now + lifetime * TICKS,
		.units = (uint16_t)units,
		.variant = key->variant,
		.type = key->type,
		.size = (uint16_t)answer->size,
		.ttl_count = (uint16_t)answer->ttl_count,
		.flags = answer->flags,
		.ede = (int8_t)answer->ede,
		.text_size = image.text_size,
		.why = image.why,
		.key = key_bits(key),
		.is = (uint8_t)((answer->is_secure ? IS_SECURE : 0) |
				(answer->is_synthesized ? IS_SYNTHESIZED : 0) |
				(answer->is_late ? IS_LATE : 0) |
				(answer->decision.is_by_verdict ? IS_BY_VERDICT : 0) |
				answer_server(answer->server) * SERVER),
	};
	memcpy(ttls_of(entry), answer->ttl_at, answer->ttl_count * sizeof(uint16_t));
	memcpy(bytes_of(entry), answer->bytes, answer->size);
	if (image.text_size)
		memcpy(bytes_of(entry) + answer->size, image.text, image.text_size);
	*bucket = (uint32_t)place + 1;
	cache->head = place + units;
	cache->entries++;
}

void cache_set_failed(struct cache *cache, const struct cache_key *key, long long now_ms,
		      uint64_t ms)
{
	const uint64_t place = find(cache, key, hash_of(key));

	cache->retry_after = (uint32_t)(ms * TICKS / 1000);
	if (place)
		entry_at(cache, place - 1)->retry =
			ticks(cache, now_ms) + cache->retry_after;
}

void cache_recovered(struct cache *cache, long long now_ms)
{
	cache->recovered = ticks_begun(cache, now_ms);
}

/* ---- forgetting ---- */

size_t cache_flush(struct cache *cache)
{
	const size_t count = cache->entries;

	memset(cache->buckets, 0, (cache->mask + 1) * sizeof(cache->buckets[0]));
	cache->head = cache->tail = cache->end = cache->entries = 0;
	cache->is_wrapped = false;
	return count;
}

static struct cache_seen seen_of(struct entry *entry)
{
	const uint8_t *bytes = bytes_of(entry);

	return (struct cache_seen){.name = bytes + WIRE_HEADER,
				   .bytes = bytes,
				   .size = entry->size,
				   .variant = entry->variant,
				   .type = entry->type,
				   .ede = entry->ede,
				   .is_by_verdict = entry->is & IS_BY_VERDICT};
}

/* As they lie in memory, and not by buckets: of millions that is several times as fast.
 */
size_t cache_flush_if(struct cache *cache,
		      bool (*matches)(const void *ctx, const struct cache_seen *seen),
		      const void *ctx)
{
	bool is_wrapped = cache->is_wrapped;
	uint64_t place = cache->tail;
	size_t count = 0;

	while (is_wrapped || place != cache->head) {
		struct entry *entry;
		struct cache_seen seen;
		if (is_wrapped && place == cache->end) {
			place = 0;
			is_wrapped = false;
			continue;
		}
		entry = entry_at(cache, place);
		seen = seen_of(entry);
		if (!(entry->key & KEY_DEAD) && matches(ctx, &seen)) {
			unlink_entry(cache, place);
			count++;
		}
		place += entry->units;
	}
	return count;
}

size_t cache_entries(const struct cache *cache)
{
	return cache->entries;
}

/* ---- beginning and end ---- */

static void *reserve(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

struct cache *cache_new(size_t bytes, long long now_ms)
{
	struct cache *cache = calloc(1, sizeof(*cache));
	uint32_t buckets = BUCKETS_LEAST;

	if (!cache)
		return NULL;
	while (buckets < bytes / BYTES_A_BUCKET && buckets < 1U << 31)
		buckets *= 2;
	cache->mask = buckets - 1;
	cache->units = bytes / UNIT;
	cache->ring_bytes = bytes;
	cache->started_ms = now_ms;
	cache->ring = reserve(bytes);
	cache->buckets = reserve(buckets * sizeof(cache->buckets[0]));
	if (cache->ring && cache->buckets)
		return cache;
	cache_free(cache);
	return NULL;
}

void cache_free(struct cache *cache)
{
	if (!cache)
		return;
	if (cache->ring)
		munmap(cache->ring, cache->ring_bytes);
	if (cache->buckets)
		munmap(cache->buckets, (cache->mask + 1) * sizeof(cache->buckets[0]));
	free(cache);
}
