/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that do not fit into a message: RFC 2181 9 says what goes first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns_text.h"

static struct answer answer;
static uint8_t answer_bytes[WIRE_MAX], reply_bytes[WIRE_MAX];
static uint8_t sent[WIRE_MAX + ANSWER_OPT];

struct got {
	uint16_t flags, counts[4];
	size_t size;
	int ede;
};

static struct question question_of(uint16_t type, bool has_opt)
{
	struct question out = {.type = type,
			       .class = WIRE_CLASS_IN,
			       .flags = WIRE_RD,
			       .has_question = true,
			       .has_opt = has_opt,
			       .wants_keepalive = has_opt,
			       .size = 512};
	const uint8_t *name = dns_name("a.example.");

	out.name_length = (uint16_t)wire_name_length(name);
	memcpy(out.name, name, out.name_length);
	memcpy(out.asked, name, out.name_length);
	return out;
}

static void begin(struct wire_out *out, uint16_t type)
{
	wire_write(out, reply_bytes, sizeof(reply_bytes));
	memset(reply_bytes, 0, WIRE_HEADER);
	wire_set_u16(reply_bytes + 2, WIRE_QR | WIRE_RA);
	wire_set_u16(reply_bytes + 4, 1);
	out->at = WIRE_HEADER;
	wire_put_name(out, dns_name("a.example."));
	wire_put_u16(out, type);
	wire_put_u16(out, WIRE_CLASS_IN);
}

/* COUNT records of SIZE bytes, all different. */
static void put_many(struct wire_out *out, unsigned section, uint16_t type,
		     unsigned count, size_t size)
{
	uint8_t rdata[256] = {45};

	for (unsigned i = 0; i < count; i++) {
		const size_t ttl_at =
			wire_begin_rr(out, dns_name("a.example."), type, 60);
		wire_set_u16(rdata + 2, (uint16_t)i);
		wire_put_bytes(out, rdata, size);
		wire_end_rr(out, ttl_at);
	}
	assert_false(out->failed);
	wire_set_u16(reply_bytes + 4 + 2 * section, (uint16_t)count);
}

/* What a client gets by TCP. */
static struct got ask(const struct wire_out *a, uint16_t type, size_t prefixes,
		      bool has_opt)
{
	static const struct gp_prefix ranges[2];
	static struct gp_prefix list[2];
	static struct dns_config config;
	const struct question question = question_of(type, has_opt);
	const struct answer_context context = {.config = &config,
					       .synthesizes = prefixes != 0};
	const struct answer_reply there = {.packet = reply_bytes, .size = a->at};
	const struct answer_reply nothing = {.packet = NULL};
	struct answer_image image;
	struct got got = {.ede = -1};

	config = (struct dns_config){
		.non_global = DNS_ALLOW,
		.prefixes = list,
		.ranges = ranges,
		.prefix_count = (uint32_t)prefixes,
		.range_count = (uint32_t)prefixes,
	};
	assert_int_equal(gp_prefix_parse("64:ff9b::/96", &list[0]), GP_OK);
	assert_int_equal(gp_prefix_parse("2001:db8::/96", &list[1]), GP_OK);
	answer.bytes = answer_bytes;
	answer_make(&question, &context, prefixes ? &nothing : &there,
		    prefixes ? &there : NULL, &answer);
	image = answer_image(&answer);
	got.size = answer_finish(&image, &question, 0, WIRE_MAX, 1232, sent);
	assert_true(got.size <= WIRE_MAX);
	got.flags = wire_peek_u16(sent + 2);
	for (size_t i = 0; i < 4; i++)
		got.counts[i] = wire_peek_u16(sent + 4 + 2 * i);
	got.ede = answer.ede;
	/* Each record is whole, and where a TTL is said to stand there is one. */
	struct wire_in in = wire_read(sent, got.size);
	uint8_t name[WIRE_NAME];
	struct wire_rr rr;
	in.at = WIRE_HEADER;
	wire_name(&in, name);
	wire_u32(&in);
	for (unsigned i = 0; i < (unsigned)got.counts[1] + got.counts[2] + got.counts[3];
	     i++) {
		assert_true(wire_get_rr(&in, &rr));
		if (rr.type != WIRE_OPT)
			assert_int_equal(answer.ttl_at[i], rr.rdata_at - 6);
	}
	assert_int_equal(in.at, got.size);
	return got;
}

/* 3000 A are 48 KB, and 84 KB as AAAA: as many as fit are the answer, also with OPT. */
static void made_set_is_cut(void **state)
{
	struct wire_out a;
	struct got got;

	(void)state;
	begin(&a, WIRE_A);
	put_many(&a, ANSWER_ANSWER, WIRE_A, 3000, 4);
	for (unsigned has_opt = 0; has_opt < 2; has_opt++) {
		got = ask(&a, WIRE_AAAA, 1, has_opt);
		assert_int_equal(got.flags, WIRE_QR | WIRE_RA | WIRE_RD);
		assert_int_equal(got.ede, ANSWER_EDE_SYNTHESIZED);
		assert_in_range(got.counts[1], 2330, 2340);
		assert_in_range(got.size, WIRE_MAX - 2 * ANSWER_OPT - 28, WIRE_MAX);
	}
	/* Two prefixes: of the first ones both. */
	got = ask(&a, WIRE_AAAA, 2, true);
	assert_int_equal(got.flags, WIRE_QR | WIRE_RA | WIRE_RD);
	assert_in_range(got.counts[1], 2330, 2340);
	/* What fits is whole. */
	begin(&a, WIRE_A);
	put_many(&a, ANSWER_ANSWER, WIRE_A, 2000, 4);
	got = ask(&a, WIRE_AAAA, 1, true);
	assert_int_equal(got.counts[1], 2000);
}

/* More TTLs than are kept the places of: the same. */
static void made_set_of_too_many(void **state)
{
	struct wire_out a;
	struct got got;

	(void)state;
	begin(&a, WIRE_A);
	put_many(&a, ANSWER_ANSWER, WIRE_A, 4090, 4);
	got = ask(&a, WIRE_AAAA, 1, true);
	assert_int_equal(got.flags, WIRE_QR | WIRE_RA | WIRE_RD);
	assert_in_range(got.counts[1], 2330, 2340);
	got = ask(&a, WIRE_A, 0, true);
	assert_int_equal(got.flags, WIRE_QR | WIRE_RA | WIRE_RD);
	assert_int_equal(got.counts[1], 4090);
}

/* RFC 2181 9: additional and authority records go, and TC is not set for that. */
static void sides_go_first(void **state)
{
	struct wire_out a;
	struct got got;

	(void)state;
	begin(&a, WIRE_A);
	put_many(&a, ANSWER_ANSWER, WIRE_A, 2000, 4);
	put_many(&a, ANSWER_AUTHORITY, 16, 100, 200);
	put_many(&a, ANSWER_ADDITIONAL, 16, 50, 200);
	got = ask(&a, WIRE_AAAA, 1, true);
	assert_int_equal(got.flags, WIRE_QR | WIRE_RA | WIRE_RD);
	assert_int_equal(got.counts[1], 2000);
	assert_in_range(got.counts[2], 40, 45);
	assert_int_equal(got.counts[3], 1);
	got = ask(&a, WIRE_A, 0, true);
	assert_int_equal(got.counts[1], 2000);
	assert_int_equal(got.counts[2], 100);
	assert_in_range(got.counts[3], 51, 51);
}

/* What was there is whole, or none of it is: part of a set is not the set (RFC 2181 5.2).
 */
static void whole_set_or_none(void **state)
{
	struct wire_out a;
	struct got got;

	(void)state;
	begin(&a, 16);
	put_many(&a, ANSWER_ANSWER, 16, 308, 200);
	put_many(&a, ANSWER_ADDITIONAL, 16, 1, 200);
	got = ask(&a, 16, 0, false);
	assert_int_equal(got.flags, WIRE_QR | WIRE_RA | WIRE_RD);
	assert_int_equal(got.counts[1], 308);
	assert_int_equal(got.ede, ANSWER_EDE_NONE);
	begin(&a, WIRE_A);
	put_many(&a, ANSWER_ANSWER, WIRE_A, 4, 4);
	/* A record that is cut: part of an answer may say what the whole does not. */
	a.at -= 2;
	got = ask(&a, WIRE_A, 0, true);
	assert_int_equal(got.flags, WIRE_QR | WIRE_RA | WIRE_RD | WIRE_SERVFAIL);
	assert_int_equal(got.counts[1], 0);
	assert_int_equal(got.ede, ANSWER_EDE_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_set_is_cut),
		cmocka_unit_test(made_set_of_too_many),
		cmocka_unit_test(sides_go_first),
		cmocka_unit_test(whole_set_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
