/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* question.c - see question.h. */
#include <string.h>

#include "guard/qtype.h"
#include "question.h"

#define OPCODE 0x7800
#define SIZE_LEAST 512
#define LABEL 63
#define KEEPALIVE 11
/* Without options. */
#define OPT_SIZE 11
/* Of OPT's TTL: version and DO. */
#define VERSION(ttl) ((ttl) >> 16 & 0xff)
#define DO_BIT 0x8000

static enum question_fate refuse(struct question *out, enum wire_rcode rcode)
{
	out->rcode = (uint16_t)rcode;
	return QUESTION_REFUSE;
}

/* The length of a whole name; 0: it is none. No pointer may stand here, as there is
 * nothing before it to point to. */
static size_t name_length(const uint8_t *from, size_t room)
{
	size_t at = 0;

	if (room > WIRE_NAME)
		room = WIRE_NAME;
	while (at < room) {
		const uint8_t left = from[at++];
		if (!left)
			return at;
		if (left > LABEL)
			return 0;
		at += left;
	}
	return 0;
}

static bool read_question(struct wire_in *in, struct question *out)
{
	const size_t length = name_length(in->start + in->at, in->size - in->at);

	if (!length || in->size - in->at - length < 4)
		return false;
	memcpy(out->asked, in->start + in->at, length);
	memset(out->asked + length, 0, 8);
	out->hash = wire_name_fold(out->asked, length, out->name);
	in->at += length;
	out->type = wire_peek_u16(in->start + in->at);
	out->class = wire_peek_u16(in->start + in->at + 2);
	in->at += 4;
	out->name_length = (uint16_t)length;
	out->has_question = true;
	return true;
}

static bool read_options(const struct wire_rr *opt, struct question *out)
{
	struct wire_in in = wire_read(opt->rdata, opt->rdlength);

	while (in.at < in.size && !in.failed) {
		const uint16_t code = wire_u16(&in);
		out->wants_keepalive |= code == KEEPALIVE;
		out->wants_why |= code == GP_OPTION_WHY;
		wire_bytes(&in, wire_u16(&in));
	}
	return !in.failed;
}

/* OPT's own TTL is read again, as wire_get_rr makes 0 of what is too large for one. */
static void take_opt(const uint8_t *from, struct question *out, unsigned *version)
{
	const uint16_t size = wire_peek_u16(from + 3);
	const uint32_t ttl = wire_peek_u32(from + 5);

	out->has_opt = true;
	out->size = size > SIZE_LEAST ? size : SIZE_LEAST;
	out->dnssec_ok = ttl & DO_BIT;
	*version = VERSION(ttl);
}

static bool read_opt(const struct wire_in *in, const struct wire_rr *rr,
		     struct question *out, unsigned *version)
{
	if (out->has_opt || rr->owner[0])
		return false;
	take_opt(in->start + rr->rdata_at - OPT_SIZE, out, version);
	return read_options(rr, out);
}

/* What is refused before its records are read gets an OPT as well if it has one (RFC
 * 6891 6.1.1). */
static void find_opt(const uint8_t *bytes, size_t size, struct question *out)
{
	struct wire_in in = wire_read(bytes, size);
	unsigned before = wire_peek_u16(bytes + 6) + wire_peek_u16(bytes + 8), version;
	uint8_t name[WIRE_NAME];
	struct wire_rr rr;

	in.at = WIRE_HEADER;
	for (unsigned i = wire_peek_u16(bytes + 4); i && !in.failed; i--) {
		wire_name(&in, name);
		wire_u32(&in);
	}
	for (unsigned i = wire_peek_u16(bytes + 10) + before; i && !out->has_opt; i--) {
		if (!wire_get_rr(&in, &rr))
			return;
		if (before)
			before--;
		else if (rr.type == WIRE_OPT)
			read_opt(&in, &rr, out, &version);
	}
}

static enum question_fate refuse_unread(const uint8_t *bytes, size_t size,
					struct question *out, enum wire_rcode rcode)
{
	if (!out->has_opt)
		find_opt(bytes, size, out);
	return refuse(out, rcode);
}

/* As most have it: without an option, and nothing behind. */
static bool is_plain_opt(const struct wire_in *in, unsigned count)
{
	const uint8_t *at = in->start + in->at;

	return count == 1 && in->size - in->at == OPT_SIZE && !at[0] &&
	       wire_peek_u16(at + 1) == WIRE_OPT && !wire_peek_u16(at + 9);
}

static bool read_additional(struct wire_in *in, unsigned count, struct question *out,
			    unsigned *version)
{
	struct wire_rr rr;

	if (is_plain_opt(in, count)) {
		take_opt(in->start + in->at, out, version);
		return true;
	}
	for (unsigned i = 0; i < count; i++)
		if (!wire_get_rr(in, &rr) ||
		    (rr.type == WIRE_OPT && !read_opt(in, &rr, out, version)))
			return false;
	return in->at == in->size;
}

/* Types that no data has (RFC 6895 3.1); ANY is answered. */
static bool is_meta(uint16_t type)
{
	return (type >= WIRE_META && type < WIRE_ANY) || type == WIRE_OPT;
}

/* Some of them are questions, which are not for a resolver (RFC 1035 3.2.3, 2930, 5936).
 */
static enum wire_rcode rcode_of_meta(uint16_t type)
{
	return type == WIRE_TKEY || type >= WIRE_IXFR ? WIRE_NOTIMP : WIRE_FORMERR;
}

enum question_fate question_read(const uint8_t *bytes, size_t size, struct question *out)
{
	struct wire_in in = wire_read(bytes, size);
	unsigned questions, answers, authorities, additionals, version = 0;

	/* Not the whole of it: this is done for each packet. */
	out->has_question = out->has_opt = out->dnssec_ok = false;
	out->wants_keepalive = out->wants_why = false;
	out->name[0] = out->asked[0] = 0;
	out->name_length = out->type = out->class = out->rcode = 0;
	out->size = SIZE_LEAST;
	if (size < WIRE_HEADER)
		return QUESTION_DROP;
	out->id = wire_peek_u16(bytes);
	out->flags = wire_peek_u16(bytes + 2);
	if (out->flags & WIRE_QR)
		return QUESTION_DROP;
	questions = wire_peek_u16(bytes + 4);
	answers = wire_peek_u16(bytes + 6);
	authorities = wire_peek_u16(bytes + 8);
	additionals = wire_peek_u16(bytes + 10);
	in.at = WIRE_HEADER;
	if (out->flags & OPCODE)
		return refuse_unread(bytes, size, out, WIRE_NOTIMP);
	if (questions != 1 || answers || authorities || !read_question(&in, out) ||
	    !read_additional(&in, additionals, out, &version))
		return refuse_unread(bytes, size, out, WIRE_FORMERR);
	if (version)
		return refuse(out, WIRE_BADVERS);
	return is_meta(out->type) ? refuse(out, rcode_of_meta(out->type)) : QUESTION_GOOD;
}
