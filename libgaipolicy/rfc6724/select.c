/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* select.c - RFC 6724 5 as comparisons between the best so far and the next. */
#include "rfc6724/select.h"

const char *gp_source_rule_number(enum gp_source_rule rule)
{
	static const char *const numbers[] = {
		[GP_SOURCE_NONE] = "-",       [GP_SOURCE_SAME] = "1",
		[GP_SOURCE_SCOPE] = "2",      [GP_SOURCE_DEPRECATED] = "3",
		[GP_SOURCE_HOME] = "4",       [GP_SOURCE_INTERFACE] = "5",
		[GP_SOURCE_NEXT_HOP] = "5.5", [GP_SOURCE_LABEL] = "6",
		[GP_SOURCE_TEMPORARY] = "7",  [GP_SOURCE_PREFIX] = "8"};

	return (size_t)rule < sizeof(numbers) / sizeof(numbers[0]) ? numbers[rule] : NULL;
}

/* The smallest scope that is not smaller than the destination's, else the largest. */
static unsigned rank_scope(unsigned wanted, unsigned scope)
{
	return scope >= wanted ? scope - wanted : UINT16_MAX - scope;
}

/* A home and care-of address beats all, a home address alone a care-of address alone. */
static int compare_home(unsigned a, unsigned b)
{
	const unsigned both = GP_FACT_HOME | GP_FACT_CARE_OF;

	a &= both;
	b &= both;
	if ((a == both) != (b == both))
		return a == both ? -1 : 1;
	if (a == GP_FACT_HOME && b == GP_FACT_CARE_OF)
		return -1;
	return a == GP_FACT_CARE_OF && b == GP_FACT_HOME;
}

static bool has_label_of(const struct gp_tables *tables, const struct gp_addr *a,
			 const struct gp_addr *b)
{
	const struct gp_key a_key = gp_key_make(a), b_key = gp_key_make(b);

	return gp_tables_value(tables, GP_TABLE_LABEL, &a_key) ==
	       gp_tables_value(tables, GP_TABLE_LABEL, &b_key);
}

static unsigned common_bits(const struct gp_source *source, const struct gp_addr *to)
{
	const unsigned bits = gp_addr_common_prefix(&source->addr, to);

	return bits < source->length ? bits : source->length;
}

/* What RULE makes of A and B: negative for A. */
static int apply(enum gp_source_rule rule, const struct gp_tables *tables,
		 const struct gp_addr *to, const struct gp_source *a,
		 const struct gp_source *b)
{
	const unsigned scope = gp_tables_scope(tables, to);

	switch (rule) {
	case GP_SOURCE_NONE:
		break;
	case GP_SOURCE_SAME:
		return gp_addr_equal(&b->addr, to) - gp_addr_equal(&a->addr, to);
	case GP_SOURCE_SCOPE:
		return (int)rank_scope(scope, gp_tables_scope(tables, &a->addr)) -
		       (int)rank_scope(scope, gp_tables_scope(tables, &b->addr));
	case GP_SOURCE_DEPRECATED:
		return (a->facts & GP_FACT_DEPRECATED) - (b->facts & GP_FACT_DEPRECATED);
	case GP_SOURCE_HOME:
		return compare_home(a->facts, b->facts);
	case GP_SOURCE_INTERFACE:
		return a->is_elsewhere - b->is_elsewhere;
	case GP_SOURCE_NEXT_HOP:
		return b->is_advertised - a->is_advertised;
	case GP_SOURCE_LABEL:
		return has_label_of(tables, &b->addr, to) -
		       has_label_of(tables, &a->addr, to);
	case GP_SOURCE_TEMPORARY:
		return (b->facts & GP_FACT_TEMPORARY) - (a->facts & GP_FACT_TEMPORARY);
	case GP_SOURCE_PREFIX:
		return (int)common_bits(b, to) - (int)common_bits(a, to);
	}
	return 0;
}

static int compare(const struct gp_tables *tables, const struct gp_addr *to,
		   const struct gp_source *a, const struct gp_source *b,
		   enum gp_source_rule *rule)
{
	for (int number = GP_SOURCE_SAME; number <= GP_SOURCE_PREFIX; number++) {
		const int result = apply((enum gp_source_rule)number, tables, to, a, b);

		*rule = (enum gp_source_rule)number;
		if (result)
			return result;
	}
	*rule = GP_SOURCE_NONE;
	return 0;
}

size_t gp_source_select(const struct gp_tables *tables, const struct gp_addr *destination,
			const struct gp_source *sources, size_t count,
			enum gp_source_rule *rule)
{
	enum gp_source_rule one, last = GP_SOURCE_NONE;
	size_t best = 0;

	for (size_t i = 1; i < count; i++)
		if (compare(tables, destination, &sources[i], &sources[best], &one) < 0)
			best = i;
	for (size_t i = 0; i < count; i++) {
		compare(tables, destination, &sources[best], &sources[i], &one);
		if (i != best && one > last)
			last = one;
	}
	if (rule)
		*rule = last;
	return best;
}
