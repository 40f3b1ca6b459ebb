/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_report.c - what earlier rules leave of a rule. Only rules that hold for whatever
 * comes, as far as their names go, can be counted on to take something away.
 */
#include <stdlib.h>

#include "guard/rules_build_private.h"

static bool is_unconditional(const struct draft *draft)
{
	return !(draft->row.flags & GP_RULE_CONDITIONS) && draft->row.until == INT64_MAX;
}

/* The names that EARLIER takes are taken from RULE at every door. */
static bool takes_from(const struct draft *earlier, const struct draft *rule)
{
	return is_unconditional(earlier) && (earlier->row.flags & GP_RULE_MATCH_CNAME ||
					     !(rule->row.flags & GP_RULE_MATCH_CNAME));
}

/* What of KIND a posting of an earlier rule takes. */
static unsigned taken_by(const struct gp_name_hit *hit, unsigned kind)
{
	if (hit->is_whole)
		return kind;
	return kind & RULES_BELOW ? RULES_ITSELF | RULES_BELOW : 0;
}

/* The first rule before RANK that is needed to take all of PATTERN; -1: some of it is
 * left. */
static int taker_of(const struct build *build, const struct pattern *pattern)
{
	struct gp_rules_walk walk = {.rules = &build->rules};
	const struct draft *rule = &build->draft[pattern->rank];
	struct rules_posting posting;
	struct rules_name name;
	unsigned taken = 0;
	int first = -1;

	if (!rules_name_fold((const char *)build->names.at + pattern->text, &name))
		return -1;
	rules_find(&walk, &name, false);
	for (unsigned i = 0; i < walk.count; i++) {
		struct gp_name_hit *hit = &walk.hit[i];

		for (; hit->left; hit->left--, hit->at++) {
			memcpy(&posting, build->records.at + (size_t)hit->at * RULES_WORD,
			       sizeof(posting));
			if (posting.rank >= pattern->rank)
				break;
			const unsigned more = taken_by(hit, posting.kind);
			if (!(more & pattern->kind) ||
			    !takes_from(&build->draft[posting.rank], rule))
				continue;
			taken |= more;
			if (first < 0 || posting.rank < first)
				first = posting.rank;
		}
	}
	return (taken & pattern->kind) == pattern->kind ? first : -1;
}

static void look_at_patterns(const struct build *build, struct draft *draft)
{
	const struct pattern *pattern =
		(const struct pattern *)(const void *)build->patterns.at +
		draft->first_pattern;

	size_t left = 0;

	for (size_t i = 0; i < draft->pattern_count; i++) {
		const int taker = taker_of(build, &pattern[i]);

		left += taker < 0;
		if (taker < 0)
			continue;
		draft->report.shadowed += !pattern[i].is_other;
		if (draft->report.shadowed_by < 0)
			draft->report.shadowed_by = taker;
	}
	draft->report.never_matches |= left == 0;
}

void build_report(struct build *build)
{
	bool has_takers = false; /* some earlier rule takes names */
	int general = -1;        /* an earlier one takes all */

	for (size_t i = 0; i < build->count; i++) {
		struct draft *draft = &build->draft[i];
		const bool has_domains = draft->row.flags & GP_RULE_DOMAINS;

		draft->report.shadowed_by = general;
		if (general >= 0) {
			draft->report.shadowed = draft->report.patterns;
			draft->report.never_matches = true;
		} else if (has_takers && has_domains) {
			look_at_patterns(build, draft);
		}
		draft->report.never_matches |= has_domains && !draft->pattern_count;
		/* One is asked of the doors in programs, the other of the resolver. */
		if (draft->row.flags & GP_RULE_PROGRAMS &&
		    draft->row.flags & GP_RULE_CLIENTS)
			draft->report.never_matches = true;
		has_takers |= has_domains && is_unconditional(draft);
		if (general < 0 && !has_domains && is_unconditional(draft))
			general = (int)i;
	}
}
