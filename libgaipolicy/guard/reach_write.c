/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reach_write.c - writing the map: one thread of v6guardd's worker, and nobody else. */
#include <errno.h>
#include <string.h>

#include "guard/reach_private.h"

static void store(reach_word *word, uint32_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

static uint32_t load(const reach_word *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* Odd from here on; also where a writer that died has left it odd. */
static uint32_t begin(reach_word *sequence)
{
	const uint32_t number = load(sequence) | 1;

	store(sequence, number + 2);
	return number + 2;
}

static void end(reach_word *sequence, uint32_t number)
{
	store(sequence, number + 1);
}

struct gp_reach *gp_reach_format(void *memory)
{
	const int saved_errno = errno;
	struct gp_reach *map = memory;

	memset(map, 0, sizeof(*map));
	map->version = REACH_VERSION;
	map->size = sizeof(*map);
	reach_network_of(map->network);
	memcpy(map->magic, REACH_MAGIC, sizeof(map->magic));
	errno = saved_errno;
	return map;
}

/* Block by block, as any change: somebody may be reading. */
struct gp_reach *gp_reach_start_over(struct gp_reach *map)
{
	const struct gp_reach_host nobody = {0};
	const int saved_errno = errno;

	gp_reach_set_host(map, &nobody);
	gp_reach_clear(map);
	reach_network_of(map->network);
	errno = saved_errno;
	return map;
}

/* ---- the host record ---- */

static void write_ms(uint32_t words[2], long long ms)
{
	const uint64_t value = ms > 0 ? (uint64_t)ms : 0;

	words[0] = (uint32_t)(value >> 32);
	words[1] = (uint32_t)value;
}

/* False: not a prefix of IPv6, or all of it. */
static bool write_prefix(uint32_t *words, const struct gp_prefix *prefix)
{
	if (prefix->addr.family != AF_INET6 || !prefix->length || prefix->length > 128)
		return false;
	memcpy(words, prefix->addr.bytes, sizeof(prefix->addr.bytes));
	words[4] = prefix->length;
	return true;
}

void gp_reach_set_host(struct gp_reach *map, const struct gp_reach_host *host)
{
	uint32_t words[HOST_WORDS] = {0};
	uint32_t nat64 = 0, onlink = 0, number;

	write_ms(words + HOST_EXPIRES_HIGH, host->expires_ms);
	words[HOST_EPOCH] = host->epoch;
	words[HOST_FLAGS] = (host->ipv4_usable ? HOST_FLAG_IPV4 : 0) |
			    (host->nat64_active ? HOST_FLAG_NAT64 : 0);
	for (uint32_t i = 0; i < host->nat64_count && i < GP_REACH_NAT64; i++) {
		uint32_t *at = words + HOST_NAT64 + nat64 * NAT64_WORDS;

		if (!write_prefix(at, &host->nat64[i].prefix))
			continue;
		write_ms(at + 5, host->nat64[i].expires_ms);
		nat64++;
	}
	for (uint32_t i = 0; i < host->onlink_count && i < GP_REACH_ONLINK; i++)
		onlink += write_prefix(words + HOST_ONLINK + onlink * ONLINK_WORDS,
				       &host->onlink[i]);
	words[HOST_NAT64_COUNT] = nat64;
	words[HOST_ONLINK_COUNT] = onlink;

	number = begin(&map->host_sequence);
	for (unsigned i = 0; i < HOST_WORDS; i++)
		store(&map->host[i], words[i]);
	end(&map->host_sequence, number);
}

/* ---- verdicts ---- */

static long long expiry_of(const reach_word *entry)
{
	if (!load(&entry[ENTRY_KIND]))
		return -1;
	return load(&entry[ENTRY_SECONDS]) * 1000LL + (load(&entry[ENTRY_KIND]) >> 16);
}

static bool is_entry_of(const reach_word *entry, const uint32_t words[4], unsigned length)
{
	const uint32_t kind = load(&entry[ENTRY_KIND]);

	if (!kind || (kind >> 8 & 0xff) != length)
		return false;
	for (unsigned i = 0; i < 4; i++)
		if (load(&entry[ENTRY_PREFIX + i]) != words[i])
			return false;
	return true;
}

/*
 * Whether A is to be lost before B: an empty one, then an ok, then the one that expires
 * first. A busy host has thousands of destinations that work, each for minutes; what is
 * broken is rare, expires soon, and is what doors look for.
 */
static bool goes_before(const reach_word *a, const reach_word *b)
{
	const bool is_a_ok = (load(&a[ENTRY_KIND]) & 0xff) <= GP_VERDICT_OK;
	const bool is_b_ok = (load(&b[ENTRY_KIND]) & 0xff) <= GP_VERDICT_OK;

	return is_a_ok == is_b_ok ? expiry_of(a) < expiry_of(b) : is_a_ok;
}

/* The prefix's own place, else the one that is empty or will be first. */
static reach_word *place_for(struct reach_bucket *bucket, const uint32_t words[4],
			     unsigned length, bool *is_own)
{
	reach_word *place = bucket->entries[0];

	for (unsigned i = 0; i < REACH_WAYS; i++) {
		reach_word *entry = bucket->entries[i];

		*is_own = is_entry_of(entry, words, length);
		if (*is_own)
			return entry;
		if (goes_before(entry, place))
			place = entry;
	}
	return place;
}

static void write_entry(struct reach_bucket *bucket, reach_word *entry,
			const uint32_t words[ENTRY_WORDS])
{
	const uint32_t number = begin(&bucket->sequence);

	for (unsigned i = 0; i < ENTRY_WORDS; i++)
		store(&entry[i], words[i]);
	end(&bucket->sequence, number);
}

enum gp_status gp_reach_set(struct gp_reach *map, const struct gp_prefix *prefix,
			    enum gp_verdict verdict, long long expires_ms)
{
	const unsigned length = prefix->length;
	uint32_t words[ENTRY_WORDS] = {0};
	struct reach_bucket *bucket;
	reach_word *entry;
	bool is_own;

	if (prefix->addr.family != AF_INET6 ||
	    (length != 0 && length != 48 && length != 128) || verdict >= GP_VERDICT_COUNT)
		return GP_RANGE;
	gp_reach_words(&prefix->addr, length, words);
	bucket = &map->buckets[reach_bucket_of(words, length)];
	entry = place_for(bucket, words, length, &is_own);
	if (verdict == GP_VERDICT_UNKNOWN || expires_ms <= 0) {
		if (is_own)
			write_entry(bucket, entry, (const uint32_t[ENTRY_WORDS]){0});
		return GP_OK;
	}
	if (expires_ms > UINT32_MAX * 1000LL)
		expires_ms = UINT32_MAX * 1000LL;
	words[ENTRY_SECONDS] = (uint32_t)(expires_ms / 1000);
	words[ENTRY_KIND] = reach_kind(verdict, length, (unsigned)(expires_ms % 1000));
	write_entry(bucket, entry, words);
	return GP_OK;
}

static bool is_empty(const struct reach_bucket *bucket)
{
	for (unsigned i = 0; i < REACH_WAYS; i++)
		if (load(&bucket->entries[i][ENTRY_KIND]))
			return false;
	return !(load(&bucket->sequence) & 1);
}

void gp_reach_clear(struct gp_reach *map)
{
	for (unsigned i = 0; i <= REACH_BUCKETS; i++) {
		struct reach_bucket *bucket = &map->buckets[i];
		uint32_t number;

		if (is_empty(bucket))
			continue;
		number = begin(&bucket->sequence);
		for (unsigned way = 0; way < REACH_WAYS; way++)
			store(&bucket->entries[way][ENTRY_KIND], 0);
		end(&bucket->sequence, number);
	}
}
