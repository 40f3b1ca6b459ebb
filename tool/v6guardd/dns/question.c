/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* question.c - see question.h. */
#include <string.h>

#include "question.h"

#define OPCODE 0x7800
#define SIZE_LEAST 512
/* Of OPT's TTL: version and DO. */
#define VERSION(ttl) ((ttl) >> 16 & 0xff)
#define DO_BIT 0x8000

static enum question_fate refuse(struct question *out, enum wire_rcode rcode)
{
	out->rcode = (uint16_t)rcode;
	return QUESTION_REFUSE;
}

/* The only name that may stand here is whole: there is nothing before it to point to. */
static bool read_question(struct wire_in *in, struct question *out)
{
	const size_t before = in->at;
	const size_t length = wire_name(in, out->asked);

	if (!length || in->at - before != length)
		return false;
	out->type = wire_u16(in);
	out->class = wire_u16(in);
	if (in->failed)
		return false;
	memcpy(out->name, out->asked, length);
	wire_name_lower(out->name);
	out->name_length = (uint16_t)length;
	out->has_question = true;
	return true;
}

static bool read_options(const struct wire_rr *opt)
{
	struct wire_in in = wire_read(opt->rdata, opt->rdlength);

	while (in.at < in.size && !in.failed) {
		wire_u16(&in);
		wire_bytes(&in, wire_u16(&in));
	}
	return !in.failed;
}

/* OPT's own TTL is read again, as wire_get_rr makes 0 of what is too large for one. */
static bool read_opt(const struct wire_in *in, const struct wire_rr *rr,
		     struct question *out, unsigned *version)
{
	const uint32_t ttl = wire_peek_u32(in->start + rr->rdata_at - 6);

	if (out->has_opt || rr->owner[0] || !read_options(rr))
		return false;
	out->has_opt = true;
	out->size = rr->class > SIZE_LEAST ? rr->class : SIZE_LEAST;
	out->dnssec_ok = ttl & DO_BIT;
	*version = VERSION(ttl);
	return true;
}

static bool read_additional(struct wire_in *in, unsigned count, struct question *out,
			    unsigned *version)
{
	struct wire_rr rr;

	for (unsigned i = 0; i < count; i++)
		if (!wire_get_rr(in, &rr) ||
		    (rr.type == WIRE_OPT && !read_opt(in, &rr, out, version)))
			return false;
	return in->at == in->size;
}

enum question_fate question_read(const uint8_t *bytes, size_t size, struct question *out)
{
	struct wire_in in = wire_read(bytes, size);
	unsigned questions, answers, authorities, additionals, version = 0;

	memset(out, 0, sizeof(*out));
	out->size = SIZE_LEAST;
	out->id = wire_u16(&in);
	out->flags = wire_u16(&in);
	questions = wire_u16(&in);
	answers = wire_u16(&in);
	authorities = wire_u16(&in);
	additionals = wire_u16(&in);
	if (in.failed || out->flags & WIRE_QR)
		return QUESTION_DROP;
	if (out->flags & OPCODE)
		return refuse(out, WIRE_NOTIMP);
	if (questions != 1 || answers || authorities || !read_question(&in, out) ||
	    !read_additional(&in, additionals, out, &version))
		return refuse(out, WIRE_FORMERR);
	if (version)
		return refuse(out, WIRE_BADVERS);
	if (out->type == WIRE_AXFR || out->type == WIRE_IXFR)
		return refuse(out, WIRE_NOTIMP);
	return QUESTION_GOOD;
}
