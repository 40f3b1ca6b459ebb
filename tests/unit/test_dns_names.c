/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names in messages: compressed, as text, folded to lower case, and hashed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns_text.h"

#define HEAD "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
#define AAAA_IN "\0\x1c\0\1"

static void compression(void **state)
{
	uint8_t bytes[512], name[WIRE_NAME];
	struct wire_out out;
	struct wire_in in;
	char text[WIRE_NAME_TEXT];

	(void)state;
	wire_write(&out, bytes, sizeof(bytes));
	wire_put_u16(&out, 0);
	wire_put_name(&out, dns_name("www.example.org."));
	wire_put_name(&out, dns_name("WWW.Example.ORG."));
	wire_put_name(&out, dns_name("ns.example.org."));
	wire_put_name(&out, dns_name("."));
	wire_put_name(&out, dns_name("org."));
	assert_int_equal(out.at, 2 + 17 + 2 + 5 + 1 + 2);
	in = wire_read(bytes, out.at);
	wire_u16(&in);
	for (unsigned i = 0; i < 5; i++) {
		static const char *const names[] = {"www.example.org.",
						    "www.example.org.", "ns.example.org.",
						    ".", "org."};
		assert_int_not_equal(wire_name(&in, name), 0);
		assert_string_equal(wire_name_text(name, text), names[i]);
	}
	assert_int_equal(in.at, in.size);
	/* What does not fit leaves nothing to point to. */
	wire_write(&out, bytes, 8);
	wire_put_name(&out, dns_name("www.example.org."));
	assert_true(out.failed);
	assert_int_equal(out.target_count, 0);
}

static void names(void **state)
{
	uint8_t name[WIRE_NAME];
	char text[WIRE_NAME_TEXT], longest[260];

	(void)state;
	assert_true(wire_name_within(dns_name("a.b.example."), dns_name("example.")));
	assert_true(wire_name_within(dns_name("example."), dns_name("EXAMPLE.")));
	assert_true(wire_name_within(dns_name("example."), dns_name(".")));
	assert_false(wire_name_within(dns_name("anexample."), dns_name("example.")));
	assert_false(wire_name_within(dns_name("."), dns_name("example.")));
	assert_string_equal(wire_name_text((const uint8_t *)"\5a.b\\\1\0", text),
			    "a\\046b\\092\\001.");
	/* RFC 1035 2.3.4: 255 bytes in all. */
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 49; i < 250; i += 50)
		longest[i] = '.';
	longest[253] = '\0';
	assert_int_equal(wire_name_parse(longest, name), 255);
	longest[253] = 'a';
	longest[254] = '\0';
	assert_int_equal(wire_name_parse(longest, name), 0);
	assert_int_equal(wire_name_parse("a..b", name), 0);
}

/* A name of LENGTH bytes with all values in its labels, from SEED on. */
static void fill_name(uint8_t *name, size_t length, unsigned seed)
{
	for (size_t left = length - 1; left;) {
		const size_t most = left == 65 ? 62 : 63;
		const size_t label = left - 1 < most ? left - 1 : most;
		*name++ = (uint8_t)label;
		for (size_t i = 0; i < label; i++)
			*name++ = (uint8_t)(seed++ * 7);
		left -= label + 1;
	}
	*name = 0;
}

/* RFC 4343: letters of ASCII alone have a case; names of all lengths, read in words. */
static void folding(void **state)
{
	uint8_t message[WIRE_HEADER + WIRE_NAME + 4], lower[WIRE_NAME];
	struct question question;

	(void)state;
	for (size_t length = 3; length <= WIRE_NAME; length++) {
		memcpy(message, HEAD, WIRE_HEADER);
		fill_name(message + WIRE_HEADER, length, (unsigned)length * 11);
		memcpy(message + WIRE_HEADER + length, AAAA_IN, 4);
		/* What was there before must not count. */
		memset(&question, 0xa5, sizeof(question));
		assert_int_equal(
			question_read(message, WIRE_HEADER + length + 4, &question),
			QUESTION_GOOD);
		assert_int_equal(question.name_length, length);
		assert_memory_equal(question.asked, message + WIRE_HEADER, length);
		for (size_t i = 0; i < length; i++) {
			const uint8_t c = message[WIRE_HEADER + i];
			lower[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
		}
		assert_memory_equal(question.name, lower, length);
		assert_int_equal(question.hash, wire_name_hash(lower));
	}
}

/* Names that are alike come to hashes that are not. */
static void hashes(void **state)
{
	enum { NAMES = 100000, BUCKETS = 32768 };
	static uint16_t buckets[BUCKETS];
	unsigned fullest = 0;
	char text[32];

	(void)state;
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(text, sizeof(text), "x%u.w.example.", i);
		const unsigned bucket = wire_name_hash(dns_name(text)) % BUCKETS;
		if (++buckets[bucket] > fullest)
			fullest = buckets[bucket];
	}
	/* About 3 in each; by chance 16 in one in 10^4 such tables. */
	assert_true(fullest < 18);
}

/* Names that came to one hash, whatever it began with, while a word was multiplied with
 * 64 bits as the result: what differs in the highest bit of a word, and of the next one
 * in that and in bit 34, is gone after both. Bit i of N: the i-th pair of words. */
static void put_alike(uint8_t name[WIRE_NAME], unsigned n)
{
	enum { LABEL = 64, PAIRS = 3 };

	memset(name, 'x', 3 * LABEL);
	name[0] = name[LABEL] = name[2 * LABEL] = LABEL - 1;
	name[3 * LABEL] = 0;
	for (unsigned i = 0; i < 3 * PAIRS; i++) {
		uint8_t *words = name + i / PAIRS * LABEL + 8 + i % PAIRS * 16;
		if (!(n >> i & 1))
			continue;
		words[7] ^= 0x80;
		words[15] ^= 0x80;
		words[12] ^= 4;
	}
}

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Nobody can choose many names of one bucket: the key is drawn at each start. */
static void chosen_names(void **state)
{
	enum { NAMES = 512 };
	static const uint64_t keys[][2] = {{0x9e3779b97f4a7c15, 0xd1b54a32d192ed03},
					   {0x9e3779b97f4a7c16, 0xd1b54a32d192ed03},
					   {0x243f6a8885a308d3, 0x13198a2e03707344},
					   {0, 0xa4093822299f31d0}};
	uint32_t hashes[NAMES], first[4];
	uint8_t name[WIRE_NAME];

	(void)state;
	for (size_t k = 0; k < 4; k++) {
		unsigned different = 1;
		wire_hash_by(keys[k]);
		for (unsigned i = 0; i < NAMES; i++) {
			put_alike(name, i);
			hashes[i] = wire_name_hash(name);
		}
		first[k] = hashes[0];
		for (size_t i = 0; i < k; i++)
			assert_int_not_equal(first[i], first[k]);
		qsort(hashes, NAMES, sizeof(hashes[0]), by_value);
		for (unsigned i = 1; i < NAMES; i++)
			different += hashes[i] != hashes[i - 1];
		assert_true(different >= NAMES - 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compression),  cmocka_unit_test(names),
		cmocka_unit_test(folding),      cmocka_unit_test(hashes),
		cmocka_unit_test(chosen_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
