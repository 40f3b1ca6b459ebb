/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ask.c - see ask.h. */
#include <sys/socket.h>

#include "guard/ask.h"
#include "guard/rules.h"

/* Of so many rules it is looked at one by one whether they could decide after all. */
#define FEW_RULES 32

/* Of the documentation prefix (RFC 3849), which nobody is reached at. */
struct gp_candidate gp_unasked(void)
{
	static const uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, 'n', 'o', 't', ' ',
					  'a',  's',  'k',  'e',  'd', ' ', ' ', ' '};

	return (struct gp_candidate){.addr = gp_addr_make(AF_INET6, bytes, 0)};
}

bool gp_is_unasked(const struct gp_candidate *candidate)
{
	const struct gp_candidate unasked = gp_unasked();

	return gp_addr_equal(&candidate->addr, &unasked.addr);
}

static bool is_usable(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	(void)addr;
	return true;
}

static bool is_own(void *ctx, const struct gp_addr *addr)
{
	(void)ctx;
	(void)addr;
	return false;
}

/* The first of COUNT candidates is stripped when all goes well. */
static bool is_stripped(const struct gp_guard_policy *policy,
			const struct gp_query *query, struct gp_candidate *candidates,
			size_t count)
{
	const struct gp_facts facts = {.is_usable = is_usable, .is_own = is_own};

	gp_guard_decide(policy, query, &facts, candidates, count);
	return gp_is_stripped(&candidates[0]);
}

/*
 * *RANK: the rule that is about all addresses of QUERY's name; behind all of them when it
 * is [guard]. False: a rule comes before that is about some of the addresses.
 */
static bool find_decider(const struct gp_rules *rules, const struct gp_query *query,
			 unsigned *rank)
{
	struct gp_rules_walk walk;
	struct gp_guard_rule rule;

	gp_rules_begin(&walk, rules, query);
	if (gp_rules_next(&walk, rank))
		return gp_rules_get(rules, *rank, &rule) &&
		       !(rule.flags & GP_RULE_PREFIXES);
	*rank = rules->count;
	return true;
}

/* A rule before RANK may be about the name that is found, which is not known yet: an
 * alias leads there, or the search list. */
static bool may_be_overruled(const struct gp_rules *rules, unsigned rank, bool is_fixed)
{
	const uint32_t by_name =
		is_fixed ? GP_RULE_MATCH_CNAME : GP_RULE_MATCH_CNAME | GP_RULE_DOMAINS;
	struct gp_guard_rule rule;

	if (!(rules->flags & GP_RULES_DOMAINS))
		return false;
	if (rank > FEW_RULES)
		return true;
	for (unsigned i = 0; i < rank; i++)
		if (!gp_rules_get(rules, i, &rule) || rule.flags & by_name)
			return true;
	return false;
}

enum gp_ask gp_guard_ask(const struct gp_guard_policy *policy,
			 const struct gp_rules *rules, const struct gp_query *query,
			 bool is_fixed)
{
	static const uint8_t any[4] = {192, 0, 2, 1}; /* is_usable() says so */
	struct gp_candidate pair[] = {gp_unasked(),
				      {.addr = gp_addr_make(AF_INET, any, 0)}};
	unsigned rank = 0;

	if (rules && !find_decider(rules, query, &rank))
		return GP_ASK_ALL;
	gp_guard_assign(policy, rules, query, pair, 2);
	if (!is_stripped(policy, query, pair, 2))
		return GP_ASK_ALL;
	if (is_stripped(policy, query, pair, 1) &&
	    (!rules || !may_be_overruled(rules, rank, is_fixed)))
		return GP_ASK_A_ALONE;
	return is_fixed ? GP_ASK_A_FIRST : GP_ASK_ALL;
}
