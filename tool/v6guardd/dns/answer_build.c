/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_build.c - the outer shape of answers: writing, reading upstream's, finishing. */
#include <string.h>

#include "answer_private.h"
#include "guard/qtype.h"

#define EDE_OPTION 15
#define KEEPALIVE_OPTION 11
#define RCODE_MASK 0x000f
/* RFC 8767 5.2. */
#define STALE_S 30
#define DO_BIT 0x8000
#define OPT_TTL(rcode, has_do) ((uint32_t)(rcode) >> 4 << 24 | ((has_do) ? DO_BIT : 0U))

/* ---- writing ---- */

void builder_begin(struct builder *builder, const struct question *question,
		   struct answer *out)
{
	memset(builder, 0, sizeof(*builder));
	builder->answer = out;
	builder->least = UINT32_MAX;
	builder->counts[0] = 1;
	out->ttl_count = 0;
	out->is_secure = out->is_synthesized = out->is_late = false;
	out->is_rebound = false;
	out->why = ANSWER_WHY_NOTHING;
	out->ede = ANSWER_EDE_NONE;
	out->decision = (struct answer_decision){.count = 0};
	out->flags = WIRE_QR | WIRE_RA;
	wire_write(&builder->out, out->bytes, WIRE_MAX);
	memset(out->bytes, 0, WIRE_HEADER);
	builder->out.at = WIRE_HEADER;
	wire_put_name(&builder->out, question->name);
	wire_put_u16(&builder->out, question->type);
	wire_put_u16(&builder->out, question->class);
	builder->end = builder->out.at;
	builder->targets = builder->out.target_count;
}

/* The record that was just written, or that did not fit, is not there. */
static void take_back(struct builder *builder)
{
	builder->is_full = true;
	builder->out.failed = false;
	builder->out.at = builder->end;
	builder->out.target_count = builder->targets;
}

void builder_count(struct builder *builder, enum answer_section section, size_t ttl_at)
{
	struct answer *answer = builder->answer;
	const bool may_go = section != ANSWER_ANSWER || builder->is_divisible;
	uint32_t ttl;

	if (answer->ttl_count == ANSWER_RECORDS)
		builder->out.failed = true;
	if (may_go && !builder->is_lost &&
	    (builder->out.failed || builder->is_full ||
	     builder->out.at > WIRE_MAX - ANSWER_OPT)) {
		take_back(builder);
		return;
	}
	builder->is_lost |= builder->out.failed;
	if (builder->is_lost)
		return;
	builder->end = builder->out.at;
	builder->targets = builder->out.target_count;
	ttl = wire_peek_u32(answer->bytes + ttl_at);
	if (ttl < builder->least)
		builder->least = ttl;
	answer->ttl_at[answer->ttl_count++] = (uint16_t)ttl_at;
	builder->counts[section]++;
}

void builder_put(struct builder *builder, enum answer_section section,
		 const uint8_t *owner, uint16_t type, uint32_t ttl, const void *rdata,
		 size_t size)
{
	const size_t ttl_at = wire_begin_rr(&builder->out, owner, type, ttl);

	wire_put_bytes(&builder->out, rdata, size);
	wire_end_rr(&builder->out, ttl_at);
	builder_count(builder, section, ttl_at);
}

void builder_put_name(struct builder *builder, enum answer_section section,
		      const uint8_t *owner, uint16_t type, uint32_t ttl,
		      const uint8_t *name)
{
	const size_t ttl_at = wire_begin_rr(&builder->out, owner, type, ttl);

	wire_put_name(&builder->out, name);
	wire_end_rr(&builder->out, ttl_at);
	builder_count(builder, section, ttl_at);
}

void builder_put_soa(struct builder *builder, const uint8_t *owner, uint32_t ttl)
{
	static const uint8_t nobody[] = "\6nobody\7invalid";
	const size_t ttl_at = wire_begin_rr(&builder->out, owner, WIRE_SOA, ttl);

	wire_put_name(&builder->out, (const uint8_t *)"");
	wire_put_name(&builder->out, nobody);
	wire_put_u32(&builder->out, 1);
	wire_put_u32(&builder->out, 3600);
	wire_put_u32(&builder->out, 1200);
	wire_put_u32(&builder->out, 604800);
	wire_put_u32(&builder->out, ttl);
	wire_end_rr(&builder->out, ttl_at);
	builder_count(builder, ANSWER_AUTHORITY, ttl_at);
}

void builder_end(struct builder *builder, enum wire_rcode rcode, uint32_t lifetime)
{
	struct answer *answer = builder->answer;

	if (builder->is_lost || builder->out.failed) {
		/* Of the message only the question is left. */
		answer->ttl_count = 0;
		memset(builder->counts + 1, 0, 3 * sizeof(builder->counts[0]));
		builder->out.at =
			WIRE_HEADER + wire_name_length(answer->bytes + WIRE_HEADER) + 4;
		builder->least = UINT32_MAX;
		rcode = WIRE_SERVFAIL;
		lifetime = ANSWER_FAILED_S;
		answer->is_secure = answer->is_synthesized = answer->is_late = false;
		answer->ede = ANSWER_EDE_NONE;
	}
	answer->flags = (uint16_t)((answer->flags & ~RCODE_MASK) | rcode);
	answer->size = builder->out.at;
	answer->lifetime = builder->least < lifetime ? builder->least : lifetime;
	wire_set_u16(answer->bytes + 2, answer->flags);
	for (size_t i = 0; i < 4; i++)
		wire_set_u16(answer->bytes + 4 + 2 * i, builder->counts[i]);
}

void answer_cap(struct answer *answer, uint32_t cap)
{
	for (size_t i = 0; i < answer->ttl_count; i++) {
		uint8_t *at = answer->bytes + answer->ttl_at[i];
		if (wire_peek_u32(at) > cap)
			wire_set_u32(at, cap);
	}
	if (answer->lifetime > cap)
		answer->lifetime = cap;
}

void answer_fail(const struct question *question, enum wire_rcode rcode, int ede,
		 struct answer *out)
{
	struct builder builder;

	builder_begin(&builder, question, out);
	out->ede = ede;
	builder_end(&builder, rcode, ANSWER_FAILED_S);
}

void answer_fail_unheard(const struct question *question,
			 const struct answer_reply *reply, struct answer *out)
{
	static const char said[] = "CNAMEs lead to no answer";
	const bool is_round = reply && reply->is_round;

	answer_fail(question, WIRE_SERVFAIL,
		    is_round ? ANSWER_EDE_OTHER : ANSWER_EDE_UNREACHABLE, out);
	if (is_round)
		memcpy(out->decision.by, said, sizeof(said));
}

/* ---- reading ---- */

enum wire_rcode reply_rcode(const struct reply *reply)
{
	return (enum wire_rcode)(reply->flags & RCODE_MASK);
}

bool reply_open(const struct answer_reply *from, struct reply *out)
{
	uint8_t name[WIRE_NAME];

	memset(out, 0, sizeof(*out));
	if (!from || !from->packet)
		return false;
	out->in = wire_read(from->packet, from->size);
	wire_u16(&out->in);
	out->flags = wire_u16(&out->in);
	for (size_t i = 0; i < 4; i++)
		out->counts[i] = wire_u16(&out->in);
	for (unsigned i = 0; i < out->counts[0] && !out->in.failed; i++) {
		wire_name(&out->in, name);
		wire_u32(&out->in);
	}
	out->records_at = out->in.at;
	return !out->in.failed && out->flags & WIRE_QR;
}

bool reply_next(const struct reply *reply, struct reply_walk *walk)
{
	if (!walk->has_begun) {
		walk->has_begun = true;
		walk->section = ANSWER_ANSWER;
		walk->in = reply->in;
		walk->in.at = reply->records_at;
	}
	while (walk->index == reply->counts[walk->section]) {
		if (walk->section == ANSWER_ADDITIONAL)
			return false;
		walk->section++;
		walk->index = 0;
	}
	walk->index++;
	return wire_get_rr(&walk->in, &walk->rr);
}

bool rr_is_address(const struct wire_rr *rr, struct gp_addr *out)
{
	if (rr->class != WIRE_CLASS_IN)
		return false;
	if (rr->type == WIRE_A && rr->rdlength == 4)
		*out = gp_addr_make(AF_INET, rr->rdata, 0);
	else if (rr->type == WIRE_AAAA && rr->rdlength == 16)
		*out = gp_addr_make(AF_INET6, rr->rdata, 0);
	else
		return false;
	return true;
}

bool reply_has(const struct reply *reply, uint16_t type)
{
	struct reply_walk walk = {.has_begun = false};

	while (reply_next(reply, &walk) && walk.section == ANSWER_ANSWER)
		if (walk.rr.type == type)
			return true;
	return false;
}

/* ---- for the client ---- */

/* A rule that only counts has no part in what is made. */
static bool has_text(const struct answer *answer)
{
	const struct answer_decision *decision = &answer->decision;
	const int ede = answer->ede;

	return ede == ANSWER_EDE_OTHER || ede == ANSWER_EDE_BLOCKED ||
	       ede == ANSWER_EDE_FILTERED || ede == ANSWER_EDE_UNREACHABLE ||
	       (ede == ANSWER_EDE_SYNTHESIZED &&
		(decision->outcome.acts || (decision->is_whole && decision->enforce)));
}

struct answer_image answer_image(const struct answer *answer)
{
	const char *text = answer->decision.by;

	return (struct answer_image){
		.bytes = answer->bytes,
		.size = answer->size,
		.flags = answer->flags,
		.is_secure = answer->is_secure,
		.is_synthesized = answer->is_synthesized,
		.is_late = answer->is_late,
		.ede = answer->ede,
		.text = text,
		.text_size = has_text(answer) ? (uint8_t)strlen(text) : 0,
		.why = answer->why,
		.ttl_at = answer->ttl_at,
		.ttl_count = answer->ttl_count,
	};
}

/* Extended DNS Errors for a client. */
struct ede {
	int stale, code;  /* each may be NONE */
	const char *text; /* of CODE */
	uint8_t size;
};

static struct ede ede_of(const struct answer_image *image)
{
	const bool is_denied = (image->flags & RCODE_MASK) == WIRE_NXDOMAIN;

	return (struct ede){!image->is_stale ? ANSWER_EDE_NONE
			    : is_denied      ? ANSWER_EDE_STALE_NXDOMAIN
					     : ANSWER_EDE_STALE,
			    image->ede, image->text, image->text_size};
}

/* Bytes of put_opt. */
static size_t opt_size(const struct question *question, const struct ede *ede)
{
	if (!question->has_opt)
		return 0;
	return 11U + (ede->stale != ANSWER_EDE_NONE ? 6U : 0) +
	       (ede->code != ANSWER_EDE_NONE ? 6U + ede->size : 0) +
	       (question->wants_keepalive ? 6 : 0);
}

static uint8_t *put_option(uint8_t *to, uint16_t code, uint16_t value, const char *text,
			   uint8_t size)
{
	wire_set_u16(to, code);
	wire_set_u16(to + 2, (uint16_t)(2U + size));
	wire_set_u16(to + 4, value);
	if (size)
		memcpy(to + 6, text, size);
	return to + 6 + size;
}

/* In SIZE bytes. */
static void put_opt(uint8_t *to, size_t size, const struct question *question,
		    unsigned rcode, const struct ede *ede, uint16_t edns_size)
{
	to[0] = 0;
	wire_set_u16(to + 1, WIRE_OPT);
	wire_set_u16(to + 3, edns_size);
	wire_set_u32(to + 5, OPT_TTL(rcode, question->dnssec_ok));
	wire_set_u16(to + 9, (uint16_t)(size - 11));
	to += 11;
	if (ede->stale != ANSWER_EDE_NONE)
		to = put_option(to, EDE_OPTION, (uint16_t)ede->stale, NULL, 0);
	if (ede->code != ANSWER_EDE_NONE)
		to = put_option(to, EDE_OPTION, (uint16_t)ede->code, ede->text,
				ede->size);
	if (question->wants_keepalive)
		put_option(to, KEEPALIVE_OPTION, ANSWER_KEEPALIVE, NULL, 0);
}

/* AD: RFC 6840 5.7 and 5.8; of what was made only for DO (RFC 6147 5.5). */
static uint16_t flags_of(const struct answer_image *image,
			 const struct question *question)
{
	const bool wants_ad = question->dnssec_ok ||
			      (question->flags & WIRE_AD && !image->is_synthesized);
	uint16_t flags =
		(uint16_t)(image->flags | (question->flags & (WIRE_RD | WIRE_CD)));

	if (image->is_secure && wants_ad && !(question->flags & WIRE_CD))
		flags |= WIRE_AD;
	return flags;
}

void answer_set_ttls(const struct answer_image *image, uint32_t age, uint8_t *to)
{
	for (size_t i = 0; (age || image->is_stale) && i < image->ttl_count; i++) {
		uint8_t *at = to + image->ttl_at[i];
		const uint32_t ttl = wire_peek_u32(at);
		wire_set_u32(at, image->is_stale ? STALE_S : ttl > age ? ttl - age : 0);
	}
}

size_t answer_finish(const struct answer_image *image, const struct question *question,
		     uint32_t age, size_t limit, uint16_t edns_size, uint8_t *to)
{
	const size_t question_end = WIRE_HEADER + question->name_length + 4U;
	struct ede ede = ede_of(image);
	uint16_t flags = flags_of(image, question);
	size_t size, opt = opt_size(question, &ede);
	bool is_cut;

	if (image->size + opt > limit) {
		opt -= question->has_opt ? ede.size : 0;
		ede.size = 0;
	}
	is_cut = image->size + opt > limit;
	size = is_cut ? question_end : image->size;
	memcpy(to, image->bytes, size);
	memcpy(to + WIRE_HEADER, question->asked, question->name_length);
	if (is_cut) {
		flags |= WIRE_TC;
		memset(to + 6, 0, 6);
	}
	if (!is_cut)
		answer_set_ttls(image, age, to);
	wire_set_u16(to, question->id);
	wire_set_u16(to + 2, flags);
	if (question->has_opt) {
		wire_set_u16(to + 10, (uint16_t)(wire_peek_u16(to + 10) + 1));
		put_opt(to + size, opt, question, 0, &ede, edns_size);
		size += opt;
	}
	return size;
}

/* Why no AAAA was made is a reason where there is none, and nothing else is said. */
static enum answer_why why_of(const struct answer_image *image,
			      const struct question *question)
{
	const struct answer_reply as_reply = {.packet = image->bytes,
					      .size = image->size};

	if (image->why || question->type != WIRE_AAAA || image->ede != ANSWER_EDE_NONE ||
	    (image->flags & RCODE_MASK) != WIRE_NOERROR ||
	    answer_has_records(question, &as_reply))
		return (enum answer_why)image->why;
	return (enum answer_why)question->why_off;
}

/* OPT is the last record, and RDLENGTH the last of what stands before its options. */
size_t answer_add_why(const struct answer_image *image, const struct question *question,
		      size_t limit, uint8_t *to, size_t size)
{
	const char *why = answer_why_text(why_of(image, question));
	const size_t length = strlen(why);
	const bool is_cut = wire_peek_u16(to + 2) & WIRE_TC;
	uint8_t *opt =
		to + (is_cut ? WIRE_HEADER + question->name_length + 4U : image->size);

	if (!question->has_opt || !length || size + 4 + length > limit)
		return size;
	wire_set_u16(opt + 9, (uint16_t)(wire_peek_u16(opt + 9) + 4 + length));
	wire_set_u16(to + size, GP_OPTION_WHY);
	wire_set_u16(to + size + 2, (uint16_t)length);
	memcpy(to + size + 4, why, length);
	return size + 4 + length;
}

size_t answer_refuse(const struct question *question, enum wire_rcode rcode, int ede,
		     uint16_t edns_size, uint8_t to[512])
{
	const uint16_t opcode = question->flags & 0x7800;
	const struct ede error = {ANSWER_EDE_NONE, ede, NULL, 0};
	const size_t opt = opt_size(question, &error);
	struct wire_out out;

	wire_write(&out, to, 512 - ANSWER_OPT);
	wire_put_u16(&out, question->id);
	wire_put_u16(&out, (uint16_t)(WIRE_QR | opcode |
				      (question->flags & (WIRE_RD | WIRE_CD)) | WIRE_RA |
				      (rcode & RCODE_MASK)));
	wire_put_u16(&out, question->has_question);
	wire_put_u32(&out, 0);
	wire_put_u16(&out, question->has_opt);
	if (question->has_question) {
		wire_put_bytes(&out, question->asked, question->name_length);
		wire_put_u16(&out, question->type);
		wire_put_u16(&out, question->class);
	}
	if (opt)
		put_opt(to + out.at, opt, question, (unsigned)rcode, &error, edns_size);
	return out.at + opt;
}
