/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The resolver's cache: what was put in comes out until its time is over, or newer ones
 * took its place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "resident.h"
#include "dns_text.h"
#include "tool/v6guardd/dns/cache.h"

#define START 1000000

static struct answer answer;
static uint8_t answer_bytes[WIRE_MAX];

static struct cache_key key_of(const char *text, uint16_t type)
{
	const uint8_t *name = dns_name(text);

	return (struct cache_key){.name = name,
				  .hash = wire_name_hash(name),
				  .name_length = (uint16_t)wire_name_length(name),
				  .type = type};
}

/* An answer with COUNT addresses, the last octet of each LAST, for TTL seconds. */
static void make(const char *text, unsigned count, uint8_t last, uint32_t ttl)
{
	struct question question = {.type = WIRE_A, .class = WIRE_CLASS_IN};
	const uint8_t address[4] = {192, 0, 2, last};
	struct builder builder;

	wire_name_parse(text, question.name);
	answer.bytes = answer_bytes;
	builder_begin(&builder, &question, &answer);
	for (unsigned i = 0; i < count; i++)
		builder_put(&builder, ANSWER_ANSWER, question.name, WIRE_A, ttl, address,
			    4);
	builder_end(&builder, WIRE_NOERROR, 1000000);
}

static bool is_there(struct cache *cache, const char *text, uint8_t last, long long now)
{
	const struct cache_key key = key_of(text, WIRE_A);
	struct cache_hit hit;

	if (!cache_get(cache, &key, now, 0, &hit))
		return false;
	assert_int_equal(hit.image.bytes[hit.image.size - 1], last);
	assert_memory_equal(hit.image.bytes + WIRE_HEADER, key.name, key.name_length);
	for (size_t i = 0; i < hit.image.ttl_count; i++)
		assert_true(hit.image.ttl_at[i] + 4U <= hit.image.size);
	return true;
}

static void put(struct cache *cache, const char *text, unsigned count, uint8_t last,
		uint32_t ttl, long long now)
{
	const struct cache_key key = key_of(text, WIRE_A);

	make(text, count, last, ttl);
	cache_put(cache, &key, &answer, now);
}

static void times(void **state)
{
	struct cache *cache = cache_new(65536, START);
	struct cache_key key = key_of("a.example.", WIRE_A);
	struct cache_hit hit;

	(void)state;
	assert_non_null(cache);
	assert_false(is_there(cache, "a.example.", 1, START));
	put(cache, "a.example.", 2, 1, 60, START);
	assert_true(is_there(cache, "a.example.", 1, START));
	assert_true(is_there(cache, "a.example.", 1, START + 59000));
	assert_false(is_there(cache, "a.example.", 1, START + 60000));
	assert_true(cache_get(cache, &key, START + 6500, 0, &hit));
	assert_int_equal(hit.age, 7);
	assert_false(hit.is_stale);
	/* RFC 8767: for a while after its end. */
	assert_true(cache_get(cache, &key, START + 100000, 86400000, &hit));
	assert_true(hit.is_stale && hit.image.is_stale);
	assert_false(hit.is_known_to_fail);
	cache_set_failed(cache, &key, START + 100000, 30000);
	assert_true(cache_get(cache, &key, START + 129000, 86400000, &hit));
	assert_true(hit.is_known_to_fail);
	assert_true(cache_get(cache, &key, START + 130000, 86400000, &hit));
	assert_false(hit.is_known_to_fail);
	assert_false(cache_get(cache, &key, START + 60000 + 86400000LL, 86400000, &hit));
	/* A newer one takes its place. */
	put(cache, "a.example.", 1, 2, 60, START + 130000);
	assert_int_equal(cache_entries(cache), 1);
	assert_true(is_there(cache, "a.example.", 2, START + 130000));
	/* A failure is kept for a moment (RFC 9520), and is never better than none. */
	make("a.example.", 0, 0, 0);
	answer.flags |= WIRE_SERVFAIL;
	answer.lifetime = 5;
	cache_put(cache, &key, &answer, START + 140000);
	assert_true(cache_get(cache, &key, START + 144000, 86400000, &hit));
	assert_false(cache_get(cache, &key, START + 145000, 86400000, &hit));
	/* After an outage it may be otherwise, but not within the same second. */
	answer.lifetime = 5;
	cache_put(cache, &key, &answer, START + 146000);
	cache_recovered(cache, START + 146500);
	assert_true(cache_get(cache, &key, START + 146900, 86400000, &hit));
	assert_false(cache_get(cache, &key, START + 149000, 86400000, &hit));
	cache_put(cache, &key, &answer, START + 149000);
	assert_true(cache_get(cache, &key, START + 153000, 86400000, &hit));
	put(cache, "a.example.", 1, 2, 60, START + 150000);
	cache_set_failed(cache, &key, START + 220000, 30000);
	assert_true(cache_get(cache, &key, START + 225000, 86400000, &hit));
	assert_true(hit.is_known_to_fail);
	cache_recovered(cache, START + 225000);
	assert_true(cache_get(cache, &key, START + 225000, 86400000, &hit));
	assert_false(hit.is_known_to_fail);
	cache_set_failed(cache, &key, START + 226000, 30000);
	assert_true(cache_get(cache, &key, START + 255000, 86400000, &hit));
	assert_true(hit.is_known_to_fail);
	/* What is worth nothing is not kept. */
	put(cache, "b.example.", 1, 2, 0, START);
	assert_int_equal(cache_entries(cache), 1);
	cache_free(cache);
}

static bool is_name(const void *ctx, const struct cache_seen *seen)
{
	return wire_name_equal(ctx, seen->name);
}

/* Whatever changes an answer is part of its key. */
static void keys(void **state)
{
	struct cache *cache = cache_new(65536, START);
	struct cache_key key = key_of("a.example.", WIRE_A);
	struct cache_hit hit;

	(void)state;
	put(cache, "a.example.", 1, 1, 60, START);
	for (unsigned bits = 1; bits < 8; bits++) {
		key.dnssec_ok = bits & 1;
		key.cd = bits & 2;
		key.synthesizes = bits & 4;
		assert_false(cache_get(cache, &key, START, 0, &hit));
	}
	key = key_of("a.example.", WIRE_AAAA);
	assert_false(cache_get(cache, &key, START, 0, &hit));
	put(cache, "b.example.", 1, 1, 60, START);
	assert_int_equal(cache_flush_if(cache, is_name, dns_name("a.example.")), 1);
	assert_false(is_there(cache, "a.example.", 1, START));
	assert_true(is_there(cache, "b.example.", 1, START));
	assert_int_equal(cache_flush(cache), 1);
	assert_false(is_there(cache, "b.example.", 1, START));
	cache_free(cache);
}

/* The ring goes round many times, with entries of all sizes. */
static void rounds(void **state)
{
	enum { NAMES = 500, STEPS = 60000 };
	struct cache *cache = cache_new(65536, START);
	static uint8_t last[NAMES];
	static unsigned put_at[NAMES];
	uint32_t seed = 1;
	size_t found = 0;
	char text[32];

	(void)state;
	memset(put_at, 0, sizeof(put_at));
	for (unsigned step = 1; step <= STEPS; step++) {
		seed = seed * 1103515245U + 12345U;
		const unsigned i = (seed >> 8) % NAMES;
		const unsigned count = 1 + (seed >> 20) % ((seed >> 17) % 8 ? 4 : 300);
		snprintf(text, sizeof(text), "n%u.example.", i);
		last[i] = (uint8_t)(step + step / 256);
		put_at[i] = step;
		put(cache, text, count, last[i], 600, START);
		/* What was put last is there, and nothing comes out that was replaced. */
		assert_true(count > 200 || is_there(cache, text, last[i], START));
		const unsigned other = (seed >> 4) % NAMES;
		snprintf(text, sizeof(text), "n%u.example.", other);
		if (put_at[other] && is_there(cache, text, last[other], START)) {
			found++;
			assert_true(step - put_at[other] < 1000);
		}
	}
	/* About as many as fit are found. */
	assert_true(found > STEPS / 10);
	assert_true(cache_entries(cache) > 100 && cache_entries(cache) <= NAMES);
	cache_free(cache);
}

/* What is kept takes what was asked for, and no more, whatever comes. */
static void bounded(void **state)
{
	enum { SIZE = 16 << 20, NAMES = 400000 };
	struct cache *cache = cache_new(SIZE, START);
	const size_t before = resident();
	char text[32];
	size_t grown;

	(void)state;
	assert_non_null(cache);
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(text, sizeof(text), "n%u.example.", i);
		put(cache, text, 1 + i % 3, 1, 600, START);
	}
	grown = resident() - before;
	assert_true(cache_entries(cache) > SIZE / 256 && cache_entries(cache) < NAMES);
	assert_true(grown > SIZE / 10 * 9);
	assert_true(grown < SIZE / 10 * 13);
	cache_free(cache);
}

/* One that is too large is not kept, and pushes nobody out. */
static void too_large(void **state)
{
	struct cache *cache = cache_new(65536, START);

	(void)state;
	put(cache, "a.example.", 1, 1, 60, START);
	put(cache, "b.example.", 1000, 1, 60, START);
	assert_false(is_there(cache, "b.example.", 1, START));
	assert_true(is_there(cache, "a.example.", 1, START));
	cache_free(cache);
}

static bool is_odd(const void *ctx, const struct cache_seen *seen)
{
	(void)ctx;
	/* "nNUMBER.example." */
	return seen->name[seen->name[0]] & 1;
}

/* What is forgotten is found wherever it lies: the ring has come round, once and again,
 * and has names twice. What is left is whole. */
static void forgetting(void **state)
{
	struct cache *cache = cache_new(65536, START);
	char text[32];

	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		size_t odd = 0, even = 0;
		for (unsigned i = 0; i < 37U + 17 * round; i++) {
			snprintf(text, sizeof(text), "n%u.example.", i % 700);
			put(cache, text, 1 + i % 5, (uint8_t)(i % 700), 600, START);
		}
		for (unsigned i = 0; i < 700; i++) {
			snprintf(text, sizeof(text), "n%u.example.", i);
			if (is_there(cache, text, (uint8_t)i, START))
				(*(i & 1 ? &odd : &even))++;
		}
		assert_int_equal(cache_entries(cache), odd + even);
		assert_int_equal(cache_flush_if(cache, is_odd, NULL), odd);
		assert_int_equal(cache_flush_if(cache, is_odd, NULL), 0);
		assert_int_equal(cache_entries(cache), even);
	}
	cache_free(cache);
}

/* The text of an Extended DNS Error is kept with its answer. */
static void texts(void **state)
{
	struct cache *cache = cache_new(65536, START);
	const struct cache_key key = key_of("a.example.", WIRE_A);
	struct cache_hit hit;

	(void)state;
	make("a.example.", 1, 1, 60);
	answer.ede = ANSWER_EDE_FILTERED;
	strcpy(answer.decision.by, "no-partner-v6");
	cache_put(cache, &key, &answer, START);
	put(cache, "b.example.", 1, 2, 60, START);
	assert_true(cache_get(cache, &key, START, 0, &hit));
	assert_int_equal(hit.image.ede, ANSWER_EDE_FILTERED);
	assert_int_equal(hit.image.text_size, 13);
	assert_memory_equal(hit.image.text, "no-partner-v6", 13);
	cache_free(cache);
}

/* From the cache to a client: age, staleness, truncation (RFC 2181 9, RFC 8767 5.2). */
static void finishing(void **state)
{
	struct question question = {.type = WIRE_A, .class = WIRE_CLASS_IN, .id = 9};
	static uint8_t to[WIRE_MAX + ANSWER_OPT];
	struct cache *cache = cache_new(65536, START);
	struct cache_key key = key_of("a.example.", WIRE_A);
	struct cache_hit hit;
	size_t size;

	(void)state;
	question.name_length = (uint16_t)wire_name_parse("a.example.", question.name);
	wire_name_parse("A.eXample.", question.asked);
	question.has_opt = true;
	put(cache, "a.example.", 20, 1, 60, START);
	assert_true(cache_get(cache, &key, START + 10000, 0, &hit));
	size = answer_finish(&hit.image, &question, hit.age, 4096, 1232, to);
	assert_int_equal(size, hit.image.size + 11);
	assert_int_equal(wire_peek_u16(to), 9);
	assert_int_equal(to[WIRE_HEADER + 1], 'A');
	for (size_t i = 0; i < hit.image.ttl_count; i++)
		assert_int_equal(wire_peek_u32(to + hit.image.ttl_at[i]), 50);
	size = answer_finish(&hit.image, &question, hit.age, 200, 1232, to);
	assert_int_equal(size, WIRE_HEADER + question.name_length + 4 + 11);
	assert_true(to[2] & WIRE_TC >> 8);
	assert_memory_equal(to + 6, "\0\0\0\0\0\1", 6);
	/* RFC 7828: how long the connection is kept. */
	question.wants_keepalive = true;
	size = answer_finish(&hit.image, &question, hit.age, 4096, 1232, to);
	assert_int_equal(size, hit.image.size + 17);
	assert_memory_equal(to + size - 8, "\0\6\0\x0b\0\2\0\x64", 8);
	question.wants_keepalive = false;
	assert_true(cache_get(cache, &key, START + 90000, 100000, &hit));
	size = answer_finish(&hit.image, &question, hit.age, 4096, 1232, to);
	assert_int_equal(wire_peek_u32(to + hit.image.ttl_at[0]), 30);
	assert_memory_equal(to + size - 6, "\0\x0f\0\2\0\3", 6);
	cache_free(cache);
}

/* A failure's message is short, and a name may be long: of two with one hash, the one
 * that is kept at the end of all memory. */
static void last_of_all(void **state)
{
	enum { RING = 65536, EACH = 64, PAGE = 4096 };
	const uint8_t *guard =
		mmap(NULL, RING + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t longer[WIRE_NAME];
	struct cache_key key = {.hash = 0};
	struct cache_hit hit;
	struct cache *cache;
	char text[16];

	(void)state;
	/* The next one of that size goes there, with the page behind left out of reach.
	 */
	assert_true((const void *)guard != MAP_FAILED);
	assert_int_equal(munmap((void *)(uintptr_t)guard, RING), 0);
	cache = cache_new(RING, START);
	assert_non_null(cache);
	for (unsigned i = 0; i < RING / EACH; i++) {
		snprintf(text, sizeof(text), "x%04u.", i);
		make(text, 0, 0, 0);
		answer.lifetime = 5;
		key = key_of(text, WIRE_A);
		cache_put(cache, &key, &answer, START);
	}
	assert_int_equal(cache_entries(cache), RING / EACH);
	assert_true(cache_get(cache, &key, START, 0, &hit));
	assert_true(hit.image.bytes + hit.image.size <= guard + RING);
	assert_true(hit.image.bytes + EACH > guard + RING);
	memset(longer, 5, sizeof(longer));
	longer[WIRE_NAME - 1] = 0;
	for (key.name_length = WIRE_HEADER; key.name_length < WIRE_NAME;
	     key.name_length++) {
		key.name = longer;
		assert_false(cache_get(cache, &key, START, 0, &hit));
	}
	cache_free(cache);
	munmap((void *)(uintptr_t)(guard + RING), PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times),      cmocka_unit_test(keys),
		cmocka_unit_test(rounds),     cmocka_unit_test(too_large),
		cmocka_unit_test(finishing),  cmocka_unit_test(bounded),
		cmocka_unit_test(forgetting), cmocka_unit_test(last_of_all),
		cmocka_unit_test(texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
