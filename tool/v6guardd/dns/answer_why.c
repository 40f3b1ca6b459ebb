/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_why.c - why an answer is as it is, for people who ask that (GP_OPTION_WHY): by
 * what decided. */
#include "answer_private.h"

_Static_assert(ANSWER_WHY_TEXT < 256 - 29 - ANSWER_TEXT, "an OPT that fits anywhere");

const char *answer_why_text(enum answer_why why)
{
	switch (why) {
	case ANSWER_WHY_NOTHING:
		break;
	case ANSWER_WHY_NATIVE:
		return "native AAAA exist";
	case ANSWER_WHY_OFF:
		return "DNS64 is off: [nat64] mode = off";
	case ANSWER_WHY_HAS_IPV4:
		return "DNS64 is off on this host: it has IPv4, and [nat64] mode = auto";
	case ANSWER_WHY_NO_IPV6:
		return "DNS64 is off on this host: it has no IPv6 default route";
	case ANSWER_WHY_SWITCHED_OFF:
		return "DNS64 is off: v6guard off";
	case ANSWER_WHY_CLIENT:
		return "DNS64 is not for this client, see clients =";
	case ANSWER_WHY_NO_PREFIX:
		return "no prefix";
	case ANSWER_WHY_VALIDATES:
		return "the client validates by itself (DO and CD): RFC 6147 5.5";
	case ANSWER_WHY_EXCLUDED_NAME:
		return "the name is excluded, see exclude-domains =";
	case ANSWER_WHY_NO_NAME:
		return "there is no such name, of any type";
	case ANSWER_WHY_NO_A:
		return "there is no A to make an AAAA of";
	case ANSWER_WHY_A_FAILED:
		return "no good answer for A came, to make an AAAA of";
	case ANSWER_WHY_SIGNED_A:
		return "the A is signed, and that there is no AAAA is not known: RFC "
		       "6147 5.5";
	case ANSWER_WHY_EXCLUDED_A:
		return "the IPv4 address is excluded, see exclude-a =";
	case ANSWER_WHY_NOT_GLOBAL:
		return "the IPv4 address is not global: RFC 6052 3.1, see non-global =";
	case ANSWER_WHY_NEVER:
		return "no translator reaches the IPv4 address (loopback, link-local, "
		       "multicast, reserved)";
	case ANSWER_WHY_RANGE:
		return "no prefix is for the IPv4 address, see prefix =";
	case ANSWER_WHY_SIGNED:
		return "signed, and the client asked for DNSSEC (DO): nothing is left "
		       "out, see filter-signed =";
	case ANSWER_WHY_BOGUS:
		return "bogus: its signatures do not hold";
	case ANSWER_WHY_REBIND:
		return "private addresses of a public name are left out, see rebind =";
	case ANSWER_WHY_PTR:
		return "in a NAT64 prefix: the name of the IPv4 address (RFC 6147 5.3.1)";
	case ANSWER_WHY_NO_ROUTE:
		return "this host has no IPv6 that leads there (no-route)";
	case ANSWER_WHY_MAPPED:
		return "all AAAA are IPv4-mapped (::ffff:0:0/96), which count as none";
	case ANSWER_WHY_REFUTED:
		return "the servers say NXDOMAIN for AAAA, and have an A of this name";
	}
	return "";
}

/* Nothing was made, though it was to be: by what A says. */
static enum answer_why by_a(const struct question *question,
			    const struct answer_context *context,
			    const struct answer_reply *a, bool is_made)
{
	enum answer_why why;
	struct reply reply;

	if (!reply_open(a, &reply) || reply_rcode(&reply) != WIRE_NOERROR)
		return ANSWER_WHY_A_FAILED;
	if (!reply_has(&reply, WIRE_A))
		return ANSWER_WHY_NO_A;
	why = dns64_leaves_out(&reply, context);
	if (why || is_made || dns64_may_stand_in(question, context, a))
		return why;
	return ANSWER_WHY_SIGNED_A;
}

static enum answer_why of_aaaa(const struct question *question,
			       const struct answer_context *context,
			       const struct answer_reply *other, const struct answer *out)
{
	const struct answer_reply as_reply = {.packet = out->bytes, .size = out->size};
	const enum answer_why why = dns64_refuses(question, context);

	if (!out->is_synthesized && answer_has_records(question, &as_reply))
		return ANSWER_WHY_NATIVE;
	/* These say so by themselves; what keeps DNS64 off is the client's own. */
	if (out->decision.is_whole || out->decision.outcome.acts || out->is_late ||
	    out->ede == ANSWER_EDE_UNREACHABLE || !context->synthesizes)
		return ANSWER_WHY_NOTHING;
	if (why)
		return why;
	if ((out->flags & 0xf) == WIRE_NXDOMAIN)
		return ANSWER_WHY_NO_NAME;
	return by_a(question, context, other, out->is_synthesized);
}

static bool is_rebound(const struct answer_reply *reply)
{
	return reply && reply->rebound.family;
}

static bool has_no_route(const struct answer *out)
{
	for (size_t i = 0; i < out->decision.count; i++)
		if (gp_is_stripped(&out->decision.candidates[i]) &&
		    out->decision.candidates[i].reason == GP_WHY_NO_ROUTE)
			return true;
	return false;
}

/* No policy has left anything out, and nothing of what was there is left. */
static bool is_mapped(const struct answer_reply *main, const struct answer *out)
{
	struct reply_walk walk = {.has_begun = false};
	struct reply reply;

	if (out->ede != ANSWER_EDE_FILTERED || out->decision.by[0] ||
	    !reply_open(main, &reply))
		return false;
	while (reply_next(&reply, &walk) && walk.section == ANSWER_ANSWER)
		if (pass_is_mapped(&walk.rr))
			return true;
	return false;
}

enum answer_why answer_why_of(const struct question *question,
			      const struct answer_context *context,
			      const struct answer_reply *main,
			      const struct answer_reply *other, const struct answer *out)
{
	struct reply reply;

	if (out->ede == ANSWER_EDE_BOGUS)
		return ANSWER_WHY_BOGUS;
	if (is_rebound(main) || (is_rebound(other) && dns64_may_make(question, context)))
		return ANSWER_WHY_REBIND;
	if (question->type == WIRE_PTR && out->is_synthesized)
		return ANSWER_WHY_PTR;
	if (has_no_route(out))
		return ANSWER_WHY_NO_ROUTE;
	if (reply_open(main, &reply) && reply_rcode(&reply) == WIRE_NXDOMAIN &&
	    out->ede == ANSWER_EDE_OTHER)
		return ANSWER_WHY_REFUTED;
	if (is_mapped(main, out))
		return ANSWER_WHY_MAPPED;
	if (reply_open(main, &reply) && filter_is_spared(question, context, &reply))
		return ANSWER_WHY_SIGNED;
	return question->type == WIRE_AAAA && question->class == WIRE_CLASS_IN
		       ? of_aaaa(question, context, other, out)
		       : ANSWER_WHY_NOTHING;
}
