/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The resolver in any order of things: clients, replies that are late, wrong, cut or
 * never come, verdicts, `off`, other configurations. Whatever happens, each question gets
 * one answer, in time, and no address in it that neither upstream said nor DNS64 may
 * make; AAAA that did not come are denied for a moment, and to nobody who needs them or
 * could tell. V6GUARD_SEED repeats a run; V6GUARD_LONG makes it long.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "dns_record.h"
#include "dns_world.h"
#include "guard/config_private.h"
#include "sizes.h"

enum { NAMES = 4, STEPS = 120, TTL = 300 };

static uint32_t seed, state;

static uint32_t roll(uint32_t sides)
{
	state = state * 1664525U + 1013904223U;
	return (state >> 8) % sides;
}

/* ---- the host ---- */

/* When `rebind = refuse` held. */
static struct {
	long long from_ms, until_ms;
} refusals[STEPS + 1];
static size_t refusal_count;

static void note_refusal(bool refuses)
{
	if (refusal_count && refusals[refusal_count - 1].until_ms == LLONG_MAX)
		refusals[refusal_count - 1].until_ms = world.now_ms;
	if (refuses) {
		refusals[refusal_count].from_ms = world.now_ms;
		refusals[refusal_count++].until_ms = LLONG_MAX;
	}
}

static void configure(void)
{
	static const char *const modes[] = {"off", "auto", "strip-aaaa", "prefer-ipv4"};
	static const char *const nat64[] = {"off", "auto", "on"};
	static const char *const dnssec[] = {"off", "process", "validate", "trust"};
	const bool refuses = roll(2);
	static struct gp_config_errors errors;
	struct gp_config *config;
	char text[1024], why[DNS_WHY];

	snprintf(text, sizeof(text),
		 "[guard]\nmode = %s\nkeep-last = %s\n[resolver]\nallow = 0.0.0.0/0\n"
		 "dnssec = %s\nserve-stale = %s\nrebind = %s\n[nat64]\nmode = %s\nprefix "
		 "= "
		 "2001:db8:64::/96\n"
		 "clients = 10.0.0.0/8\nexclude-domains = n3.example\n%s",
		 modes[roll(4)], roll(2) ? "yes" : "no", dnssec[roll(4)],
		 roll(2) ? "0" : "1h", refuses ? "refuse" : "allow", nat64[roll(3)],
		 roll(3) ? ""
			 : "[rule r]\npriority = 1\ndomains = n1.example\n"
			   "clients = 10.0.0.0/9\naction = strip-aaaa\n");
	assert_int_equal(gp_config_parse_text("", text, strlen(text), &config, &errors),
			 GP_OK);
	assert_true(world_configure(config, why));
	note_refusal(refuses);
	gp_config_free(config);
}

static void change_verdict(void)
{
	world.verdict_count = 1;
	gp_prefix_parse("2001:db8:bad::/48", &world.verdicts[0].prefix);
	world.verdicts[0].verdict = (enum gp_verdict)roll(3);
	serve_new_verdict(world.serve, &world.verdicts[0].prefix);
}

/* ---- upstream ---- */

static void name_of(unsigned index, uint8_t out[WIRE_NAME])
{
	char text[32];

	snprintf(text, sizeof(text), "n%u.example.", index);
	assert_int_not_equal(wire_name_parse(text, out), 0);
}

/* What there is of TYPE at the name of INDEX: the last byte but one of an address says of
 * which name it is. */
static uint16_t put_records(struct wire_out *out, unsigned index, uint16_t type)
{
	static const char *const ipv4[] = {"45.1", "127.0", "10.1", "224.0"};
	const unsigned count = roll(3);
	char text[RECORD_TEXT], address[64];

	for (unsigned i = 0; i < count; i++) {
		if (type == WIRE_A)
			snprintf(address, sizeof(address), "%s.%u.1",
				 i ? ipv4[roll(4)] : ipv4[0], index);
		else
			snprintf(address, sizeof(address), "2001:db8:%s::%u00",
				 roll(2) ? "bad" : "600d", index);
		snprintf(text, sizeof(text), "n%u.example. %u %s %s", index, roll(TTL),
			 type == WIRE_A ? "A" : "AAAA", address);
		assert_null(record_put(out, text));
	}
	if (count && roll(2)) {
		snprintf(text, sizeof(text), "n%u.example. %u RRSIG %s", index, TTL,
			 type == WIRE_A ? "A" : "AAAA");
		assert_null(record_put(out, text));
		return (uint16_t)(count + 1);
	}
	return (uint16_t)count;
}

static void say(struct world_says *says, unsigned index)
{
	static const enum wire_rcode rcodes[] = {WIRE_NOERROR,  WIRE_NOERROR,
						 WIRE_NOERROR,  WIRE_NXDOMAIN,
						 WIRE_SERVFAIL, WIRE_REFUSED};
	static uint8_t bytes[4096];
	const enum wire_rcode rcode = rcodes[roll(6)];
	uint16_t answers = 0, authorities = 0;
	struct wire_out out;

	wire_write(&out, bytes, sizeof(bytes));
	memset(bytes, 0, WIRE_HEADER);
	out.at = WIRE_HEADER;
	wire_put_name(&out, says->name);
	wire_put_u16(&out, says->type);
	wire_put_u16(&out, WIRE_CLASS_IN);
	if (rcode == WIRE_NOERROR)
		answers = put_records(&out, index, says->type);
	if (!answers && roll(2)) {
		assert_null(record_put(&out, "example. 200 SOA 100"));
		authorities = 1;
	}
	wire_set_u16(bytes + 2, (uint16_t)(WIRE_QR | WIRE_RA | rcode));
	wire_set_u16(bytes + 4, 1);
	wire_set_u16(bytes + 6, answers);
	wire_set_u16(bytes + 8, authorities);
	free(says->packet);
	says->size =
		roll(10) ? out.at : WIRE_HEADER + roll((uint32_t)out.at - WIRE_HEADER);
	says->packet = malloc(out.at);
	assert_non_null(says->packet);
	memcpy(says->packet, bytes, out.at);
}

/* Anew, for one question. */
static void change_upstream(void)
{
	struct world_says *says = &world.says[roll(2 * NAMES)];
	const unsigned index = (unsigned)(says - world.says) / 2;

	if (says->is_out)
		return;
	says->fate = roll(8) ? WORLD_REPLY : (enum world_fate)roll(4);
	says->after_ms = roll(3) ? roll(100) : roll(7000);
	says->is_at_once = !roll(5);
	says->is_secure = roll(2);
	says->is_bogus = !says->is_secure && !roll(4);
	say(says, index);
}

static void begin_upstream(void)
{
	world.says_count = 2 * NAMES;
	for (unsigned i = 0; i < 2 * NAMES; i++) {
		struct world_says *says = &world.says[i];
		name_of(i / 2, says->name);
		says->type = i % 2 ? WIRE_AAAA : WIRE_A;
		says->for_cd = says->for_checked = true;
		say(says, i / 2);
	}
}

/* ---- clients ---- */

static void ask(void)
{
	uint8_t bytes[128], ipv4[4] = {roll(2) ? 10 : 198, (uint8_t)roll(256), 0, 1};
	const struct gp_addr from = gp_addr_make(AF_INET, ipv4, 0);
	uint8_t name[WIRE_NAME];
	struct wire_out out;

	name_of(roll(NAMES), name);
	wire_write(&out, bytes, sizeof(bytes));
	wire_put_u16(&out, (uint16_t)roll(65536));
	wire_put_u16(&out, (uint16_t)(WIRE_RD | (roll(3) ? 0 : WIRE_CD) |
				      (roll(3) ? 0 : WIRE_AD)));
	wire_put_u16(&out, 1);
	wire_put_u32(&out, 0);
	wire_put_u16(&out, 1);
	wire_put_name(&out, name);
	wire_put_u16(&out, roll(3) ? WIRE_AAAA : WIRE_A);
	wire_put_u16(&out, WIRE_CLASS_IN);
	wire_put_bytes(&out, "\0\0\51\4\320\0\0", 7);
	wire_put_u16(&out, roll(3) ? 0 : 0x8000);
	wire_put_u16(&out, 0);
	world_ask(&from, roll(5) == 0, bytes, out.at);
}

static void wrong(size_t client, const char *what)
{
	fail_msg("V6GUARD_SEED=%u, question %zu: %s", seed, client, what);
}

static void check_made(size_t index, const struct world_client *client,
		       const struct wire_rr *rr, unsigned of, uint16_t flags, bool has_do)
{
	const uint8_t *ipv4 = rr->rdata + 12;

	if (client->client.addr.bytes[0] != 10 || of == 3)
		wrong(index, "an address was made that must not be");
	if (has_do && flags & WIRE_CD)
		wrong(index, "an address was made for who validates alone");
	if ((ipv4[0] != 45 && ipv4[0] != 10) || ipv4[2] != of)
		wrong(index, "an address was made of what must not be");
}

/* Asked and answered while they were taken out. */
static bool was_refused(const struct world_client *client)
{
	for (size_t i = 0; i < refusal_count; i++)
		if (client->asked_ms > refusals[i].from_ms &&
		    client->answered_ms < refusals[i].until_ms)
			return true;
	return false;
}

static void check_public(size_t index, const struct world_client *client,
			 const struct wire_rr *rr)
{
	const uint8_t *ipv4 = rr->type == WIRE_A ? rr->rdata : rr->rdata + 12;
	const bool has_ipv4 =
		rr->type == WIRE_A ||
		(rr->type == WIRE_AAAA && !memcmp(rr->rdata + 4, "\0\x64\0", 3));

	if (has_ipv4 && (ipv4[0] == 10 || ipv4[0] == 127) && was_refused(client))
		wrong(index, "a private address of a public name");
}

static void check_record(size_t index, const struct world_client *client,
			 const struct wire_rr *rr, uint16_t flags, bool has_do)
{
	static const uint8_t made[12] = {0x20, 1, 0x0d, 0xb8, 0, 0x64};
	const unsigned of = client->question[WIRE_HEADER + 2] - '0';

	if (rr->ttl > 600)
		wrong(index, "a TTL is longer than upstream's");
	check_public(index, client, rr);
	if (rr->type == WIRE_A && rr->rdata[2] != of)
		wrong(index, "an address of another name");
	if (rr->type != WIRE_AAAA)
		return;
	if (!memcmp(rr->rdata, made, sizeof(made)))
		check_made(index, client, rr, of, flags, has_do);
	else if (rr->rdata[14] != of)
		wrong(index, "an address of another name");
}

static unsigned late; /* answers */

/* OPT has error 22 beside NOERROR. */
static bool is_late(const struct wire_rr *opt, const struct reply *reply)
{
	return opt->type == WIRE_OPT && opt->rdlength > 6 &&
	       wire_peek_u16(opt->rdata) == 15 &&
	       wire_peek_u16(opt->rdata + 4) == ANSWER_EDE_UNREACHABLE &&
	       reply_rcode(reply) == WIRE_NOERROR;
}

static void check_late(size_t index, const struct world_client *client,
		       const struct reply *reply, uint16_t flags, bool has_do)
{
	const uint8_t *type = client->question + client->question_size - 11 - 4;
	struct reply_walk walk = {.has_begun = false};

	late++;
	if (wire_peek_u16(type) != WIRE_AAAA)
		wrong(index, "something else than AAAA was denied");
	/* Where addresses are made, A that none can be made of is an answer (RFC 6147
	 * 5.1.6). */
	if (!client->had_nat64 && (has_do || flags & WIRE_CD))
		wrong(index, "AAAA were denied to who could tell");
	if ((!client->had_ipv4 && !client->had_nat64) || client->was_off)
		wrong(index, "AAAA were denied to who needs them, or while off");
	if (reply->counts[ANSWER_ANSWER])
		wrong(index, "AAAA were denied and given");
	while (reply_next(reply, &walk))
		if (walk.rr.type != WIRE_OPT && walk.rr.ttl > 5)
			wrong(index, "AAAA were denied for longer than 5 s");
}

static void check(size_t index)
{
	const struct world_client *client = &world.clients[index];
	const struct answer_reply as_reply = {.packet = client->answer,
					      .size = client->answer_size};
	const uint16_t flags = wire_peek_u16(client->question + 2);
	const bool has_do = client->question[client->question_size - 4] & 0x80;
	struct reply_walk walk = {.has_begun = false};
	struct reply reply;

	if (client->answers != 1)
		wrong(index, "not one answer");
	if (client->answered_ms - client->asked_ms > 5000)
		wrong(index, "it came too late");
	if (!reply_open(&as_reply, &reply) || reply.flags & WIRE_TC ||
	    memcmp(client->answer, client->question, 2) != 0)
		wrong(index, "it is no answer to this question");
	if (reply.flags & WIRE_AD && (flags & WIRE_CD || (!has_do && !(flags & WIRE_AD))))
		wrong(index, "AD was not asked for");
	while (reply_next(&reply, &walk))
		if (walk.rr.type != WIRE_OPT)
			check_record(index, client, &walk.rr, flags, has_do);
		else if (is_late(&walk.rr, &reply))
			check_late(index, client, &reply, flags, has_do);
	if (walk.in.failed || walk.in.at != client->answer_size)
		wrong(index, "it is not whole");
}

/* ---- a life ---- */

static void step(void)
{
	const uint32_t what = roll(100);

	if (what < 50)
		ask();
	else if (what < 70)
		change_upstream();
	else if (what < 90)
		world_run(world.now_ms + roll(roll(4) ? 500 : 100000), SIZE_MAX);
	else if (what < 92)
		change_verdict();
	else if (what < 95)
		world.is_off = !world.is_off;
	else if (what < 97)
		configure();
	else if (what < 98)
		serve_flush(world.serve, NULL);
	else {
		world.has_ipv4 = roll(2);
		world_set_network();
	}
}

static void live(void)
{
	world_begin();
	refusal_count = 0;
	begin_upstream();
	configure();
	for (unsigned i = 0; i < STEPS; i++)
		step();
	world_run(world.now_ms + 6000, SIZE_MAX);
	for (size_t i = 0; i < world.client_count; i++)
		check(i);
	if (serve_lookups(world.serve))
		wrong(world.client_count, "somebody is waited for for ever");
	world_end();
}

static void lives(void **unused)
{
	const char *given = getenv("V6GUARD_SEED");
	const long count = given ? 1 : sized(300, 20000);

	(void)unused;
	seed = given ? (uint32_t)strtoul(given, NULL, 10) : 1;
	for (long i = 0; i < count; i++, seed++) {
		state = seed * 2654435761U;
		live();
	}
	/* That is nothing that never happens. */
	assert_true(given || late > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lives)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
