/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answers.c - see answers.h. */
#include <arpa/nameser.h>
#include <string.h>

#include "answers.h"

#define TEXT_ADDRESSES 4

static void add(struct answers *to, const struct gp_addr *addr)
{
	for (size_t i = 0; i < to->count; i++)
		if (gp_addr_equal(&to->list[i], addr))
			return;
	if (to->count < ANSWERS_MOST)
		to->list[to->count++] = *addr;
}

/* glibc's own test of a referral: nothing in it, by nobody who knows or would ask. */
static bool is_lame(const ns_msg *message)
{
	return ns_msg_getflag(*message, ns_f_rcode) == ns_r_noerror &&
	       !ns_msg_count(*message, ns_s_an) && !ns_msg_getflag(*message, ns_f_aa) &&
	       !ns_msg_getflag(*message, ns_f_ra);
}

void answers_read(const struct dnsask *asked, unsigned type, struct answers *out)
{
	const int family = type == ns_t_a ? AF_INET : AF_INET6;
	const unsigned size = family == AF_INET ? 4 : 16;
	struct gp_addr addr;
	ns_msg message;
	ns_rr rr;

	*out = (struct answers){.is_there = true,
				.is_cut = asked->is_cut,
				.rcode = asked->rcode,
				.ede = asked->ede};
	if (ns_initparse(asked->bytes, (int)asked->size, &message) < 0)
		return;
	out->is_lame = is_lame(&message);
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++) {
		if (ns_parserr(&message, ns_s_an, i, &rr) < 0)
			return;
		if (ns_rr_type(rr) != type || ns_rr_rdlen(rr) != size)
			continue;
		addr = gp_addr_make(family, ns_rr_rdata(rr), 0);
		add(out, &addr);
	}
}

bool answers_are_usable(const struct answers *answers)
{
	return answers->is_there && !answers->is_lame &&
	       (answers->rcode == ns_r_noerror || answers->rcode == ns_r_nxdomain);
}

void answers_join(struct answers *all, const struct answers *more)
{
	all->is_cut |= more->is_cut;
	for (size_t i = 0; i < more->count; i++)
		add(all, &more->list[i]);
}

/* ---- comparison ---- */

/* Its reason says that a rule, a verdict or DNS64 has acted. */
static bool is_by_policy(const struct answers *ours)
{
	return ours->ede == 15 || ours->ede == 17 || ours->ede == 29 ||
	       (ours->ede == 22 && ours->rcode == ns_r_noerror);
}

static size_t count_common(const struct answers *a, const struct answers *b)
{
	size_t count = 0;

	for (size_t i = 0; i < a->count; i++)
		for (size_t j = 0; j < b->count; j++)
			count += gp_addr_equal(&a->list[i], &b->list[j]);
	return count;
}

static bool is_same_set(const struct answers *a, const struct answers *b, bool is_varying)
{
	const size_t common = count_common(a, b);

	if (!a->count || !b->count)
		return a->count == b->count || a->is_cut || b->is_cut;
	if (is_varying || common == a->count || common == b->count)
		return true;
	return common && (a->count > ANSWERS_SMALL || b->count > ANSWERS_SMALL);
}

bool answers_agree(struct answers_pair pair, unsigned type, const struct answers *a,
		   bool is_varying)
{
	const struct answers *direct = pair.direct, *ours = pair.ours;

	if (!ours->is_there)
		return false;
	if (is_by_policy(ours))
		return true;
	if (type == ns_t_aaaa && direct->rcode == ns_r_nxdomain &&
	    ours->rcode == ns_r_noerror && !ours->count)
		return a->is_there && a->rcode == ns_r_noerror;
	return direct->rcode == ours->rcode && is_same_set(direct, ours, is_varying);
}

char *answers_text(const struct answers *answers, char out[ANSWERS_TEXT])
{
	char text[GP_ADDR_TEXT];
	size_t used = 0;

	if (!answers->is_there)
		snprintf(out, ANSWERS_TEXT, "nothing");
	else if (answers->is_lame)
		snprintf(out, ANSWERS_TEXT, "that it does not know the zone");
	else if (answers->rcode != ns_r_noerror || !answers->count)
		snprintf(out, ANSWERS_TEXT, "%s",
			 answers->rcode == ns_r_noerror ? "no address"
							: dnsask_rcode(answers->rcode));
	else
		for (size_t i = 0; i < answers->count && i <= TEXT_ADDRESSES; i++)
			used += (size_t)snprintf(
				out + used, ANSWERS_TEXT - used, "%s%s", i ? " " : "",
				i < TEXT_ADDRESSES
					? gp_addr_format(&answers->list[i], text)
					: "...");
	return out;
}
