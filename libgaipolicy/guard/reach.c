/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reach.c - reading the map. Nothing that is read is used as an index or a length before
 * it was looked at, so that any bytes may stand there.
 */
#include <arpa/inet.h>
#include <string.h>

#include "guard/reach_private.h"

static uint32_t load(const reach_word *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

/* The number of an undisturbed block, or false while it is being written. */
static bool begin(const reach_word *sequence, uint32_t *number)
{
	*number = load(sequence);
	return !(*number & 1);
}

/* What was read since begin() belongs together. */
static bool is_whole(const reach_word *sequence, uint32_t number)
{
	return load(sequence) == number;
}

size_t gp_reach_size(void)
{
	return sizeof(struct gp_reach);
}

const struct gp_reach *gp_reach_check(const void *memory, size_t size)
{
	const struct gp_reach *map = memory;

	if (size < sizeof(*map) || (uintptr_t)memory % _Alignof(struct gp_reach))
		return NULL;
	if (memcmp(map->magic, REACH_MAGIC, sizeof(map->magic)) ||
	    map->version != REACH_VERSION || map->size != sizeof(*map))
		return NULL;
	return map;
}

/* ---- the host record ---- */

/* COUNT words from FROM on; false: it was being written each time. */
static bool read_host(const struct gp_reach *map, unsigned from, unsigned count,
		      uint32_t *words)
{
	uint32_t number;

	for (unsigned try = 0; try < REACH_TRIES; try++) {
		if (!begin(&map->host_sequence, &number))
			continue;
		for (unsigned i = 0; i < count; i++)
			words[i] = load(&map->host[from + i]);
		if (is_whole(&map->host_sequence, number))
			return true;
	}
	return false;
}

static long long read_ms(const uint32_t words[2])
{
	return (long long)((uint64_t)words[0] << 32 | words[1]);
}

bool gp_reach_is_live(const struct gp_reach *map, long long now_ms)
{
	uint32_t words[2];

	return read_host(map, HOST_EXPIRES_HIGH, 2, words) && now_ms < read_ms(words);
}

bool gp_reach_ipv4_usable(const struct gp_reach *map, long long now_ms)
{
	uint32_t words[HOST_FLAGS + 1];

	return read_host(map, 0, HOST_FLAGS + 1, words) &&
	       now_ms < read_ms(words + HOST_EXPIRES_HIGH) &&
	       words[HOST_FLAGS] & HOST_FLAG_IPV4;
}

static uint32_t at_most(uint32_t count, uint32_t limit)
{
	return count < limit ? count : limit;
}

/* Five words; false: a length that none of these has. All zero is no ::/0. */
static bool read_prefix(const uint32_t *words, struct gp_prefix *out)
{
	if (!words[4] || words[4] > 128)
		return false;
	*out = (struct gp_prefix){gp_addr_make(AF_INET6, words, 0), (uint8_t)words[4]};
	return true;
}

bool gp_reach_get_host(const struct gp_reach *map, struct gp_reach_host *out)
{
	uint32_t words[HOST_WORDS];
	uint32_t count;

	if (!read_host(map, 0, HOST_WORDS, words))
		return false;
	*out = (struct gp_reach_host){
		.expires_ms = read_ms(words + HOST_EXPIRES_HIGH),
		.epoch = words[HOST_EPOCH],
		.ipv4_usable = words[HOST_FLAGS] & HOST_FLAG_IPV4,
		.nat64_active = words[HOST_FLAGS] & HOST_FLAG_NAT64,
	};
	count = at_most(words[HOST_NAT64_COUNT], GP_REACH_NAT64);
	for (uint32_t i = 0; i < count; i++) {
		const uint32_t *at = words + HOST_NAT64 + i * NAT64_WORDS;

		if (!read_prefix(at, &out->nat64[out->nat64_count].prefix))
			continue;
		out->nat64[out->nat64_count++].expires_ms = read_ms(at + 5);
	}
	count = at_most(words[HOST_ONLINK_COUNT], GP_REACH_ONLINK);
	for (uint32_t i = 0; i < count; i++)
		if (read_prefix(words + HOST_ONLINK + i * ONLINK_WORDS,
				&out->onlink[out->onlink_count]))
			out->onlink_count++;
	return true;
}

/* The first bits of WORD that a prefix of LENGTH covers, in network byte order. */
static uint32_t mask_of(uint32_t length, unsigned word)
{
	const uint32_t bits = length > 32 * word ? length - 32 * word : 0;

	if (bits >= 32)
		return UINT32_MAX;
	return bits ? htonl(UINT32_MAX << (32 - bits)) : 0;
}

/* All zero is no ::/0. */
static bool is_inside(const reach_word *prefix, const uint32_t addr[4])
{
	const uint32_t length = load(&prefix[4]);

	if (!length || length > 128)
		return false;
	for (unsigned i = 0; i < 4; i++)
		if ((load(&prefix[i]) ^ addr[i]) & mask_of(length, i))
			return false;
	return true;
}

static bool is_in_any(const struct gp_reach *map, const uint32_t addr[4], bool around)
{
	const uint32_t count =
		at_most(load(&map->host[HOST_ONLINK_COUNT]), GP_REACH_ONLINK);

	for (uint32_t i = 0; i < count; i++) {
		const reach_word *prefix = &map->host[HOST_ONLINK + i * ONLINK_WORDS];
		/* The first word is the /32. */
		if (is_inside(prefix, addr) || (around && load(&prefix[0]) == addr[0]))
			return true;
	}
	return false;
}

static bool is_in_nat64(const struct gp_reach *map, const uint32_t addr[4])
{
	const uint32_t count =
		at_most(load(&map->host[HOST_NAT64_COUNT]), GP_REACH_NAT64);

	for (uint32_t i = 0; i < count; i++)
		if (is_inside(&map->host[HOST_NAT64 + i * NAT64_WORDS], addr))
			return load(&map->host[HOST_FLAGS]) & HOST_FLAG_NAT64;
	return false;
}

/* Where an address lies: on a link, in the /32 around one, in a NAT64 prefix. */
enum near { ON_LINK, AROUND_LINK, IN_NAT64 };

static bool is_near(const struct gp_reach *map, const struct gp_addr *addr,
		    enum near near)
{
	uint32_t number, words[4];

	if (addr->family != AF_INET6)
		return false;
	memcpy(words, addr->bytes, sizeof(words));
	for (unsigned try = 0; try < REACH_TRIES; try++) {
		bool found;

		if (!begin(&map->host_sequence, &number))
			continue;
		found = near == IN_NAT64 ? is_in_nat64(map, words)
					 : is_in_any(map, words, near == AROUND_LINK);
		if (is_whole(&map->host_sequence, number))
			return found;
	}
	return true;
}

bool gp_reach_is_onlink(const struct gp_reach *map, const struct gp_addr *addr)
{
	return is_near(map, addr, ON_LINK);
}

bool gp_reach_is_made(const struct gp_reach *map, const struct gp_addr *addr)
{
	return is_near(map, addr, IN_NAT64);
}

bool gp_reach_has_nat64(const struct gp_reach *map)
{
	return load(&map->host[HOST_FLAGS]) & HOST_FLAG_NAT64;
}

/* ---- verdicts ---- */

void gp_reach_words(const struct gp_addr *addr, unsigned length, uint32_t words[4])
{
	memset(words, 0, 4 * sizeof(*words));
	memcpy(words, addr->bytes, length / 8);
}

/* What one bucket says of a prefix. */
enum finding { FOUND, NOT_FOUND, DISTURBED };

static bool is_entry_of(const reach_word *entry, const uint32_t words[4], unsigned length,
			uint32_t *kind)
{
	*kind = load(&entry[ENTRY_KIND]);
	return (*kind & 0xff) && (*kind >> 8 & 0xff) == length &&
	       load(&entry[ENTRY_PREFIX + 3]) == words[3] &&
	       load(&entry[ENTRY_PREFIX + 2]) == words[2] &&
	       load(&entry[ENTRY_PREFIX + 1]) == words[1] &&
	       load(&entry[ENTRY_PREFIX]) == words[0];
}

static enum finding look_once(const struct reach_bucket *bucket, const uint32_t words[4],
			      unsigned length, uint32_t *kind, uint32_t *seconds)
{
	enum finding finding = NOT_FOUND;
	uint32_t number;

	if (!begin(&bucket->sequence, &number))
		return DISTURBED;
	for (unsigned i = 0; i < REACH_WAYS && finding == NOT_FOUND; i++) {
		if (!is_entry_of(bucket->entries[i], words, length, kind))
			continue;
		*seconds = load(&bucket->entries[i][ENTRY_SECONDS]);
		finding = FOUND;
	}
	return is_whole(&bucket->sequence, number) ? finding : DISTURBED;
}

/* UNKNOWN also for one that has expired. */
static enum finding look(const struct gp_reach *map, const struct gp_addr *addr,
			 unsigned length, long long now_ms, enum gp_verdict *verdict)
{
	enum finding finding = DISTURBED;
	uint32_t words[4], kind = 0, seconds = 0;
	const struct reach_bucket *bucket;

	gp_reach_words(addr, length, words);
	bucket = &map->buckets[reach_bucket_of(words, length)];
	for (unsigned try = 0; try < REACH_TRIES && finding == DISTURBED; try++)
		finding = look_once(bucket, words, length, &kind, &seconds);
	if (finding != FOUND)
		return finding;
	if (now_ms >= seconds * 1000LL + (kind >> 16) ||
	    (kind & 0xff) >= GP_VERDICT_COUNT)
		return NOT_FOUND;
	*verdict = (enum gp_verdict)(kind & 0xff);
	return FOUND;
}

/* 2000::/3, which is what a default route leads to. */
static bool is_global(const struct gp_addr *addr)
{
	return (addr->bytes[0] & 0xe0) == 0x20;
}

enum gp_verdict gp_reach_verdict(const struct gp_reach *map, const struct gp_addr *addr,
				 long long now_ms)
{
	static const uint8_t lengths[] = {128, 48, 0};
	enum gp_verdict verdict;

	if (addr->family != AF_INET6)
		return GP_VERDICT_UNKNOWN;
	for (unsigned i = 0; i < sizeof(lengths); i++) {
		if (!lengths[i] && !is_global(addr))
			break;
		switch (look(map, addr, lengths[i], now_ms, &verdict)) {
		case NOT_FOUND:
			break;
		case DISTURBED: /* an ok may stand there */
			return GP_VERDICT_UNKNOWN;
		case FOUND:
			/* A neighbour is not reached by the way that a prefix stands for,
			 * and who is in the provider's own network might not be. */
			if (lengths[i] < 128 &&
			    (is_near(map, addr, lengths[i] ? ON_LINK : AROUND_LINK) ||
			     is_near(map, addr, IN_NAT64)))
				return GP_VERDICT_UNKNOWN;
			return verdict;
		}
	}
	return GP_VERDICT_UNKNOWN;
}
