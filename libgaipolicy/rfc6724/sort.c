/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sort.c - RFC 6724 6: what the rules compare, the comparison, the merge. Runs in the
 * doors. */
#include "rfc6724/sort.h"

#define NONE UINT32_MAX

const char *gp_rule_text(enum gp_rule rule)
{
	switch (rule) {
	case GP_RULE_USABLE:
		return "Avoid unusable destinations";
	case GP_RULE_SCOPE:
		return "Prefer matching scope";
	case GP_RULE_DEPRECATED:
		return "Avoid deprecated addresses";
	case GP_RULE_HOME:
		return "Prefer home addresses";
	case GP_RULE_LABEL:
		return "Prefer matching label";
	case GP_RULE_PRECEDENCE:
		return "Prefer higher precedence";
	case GP_RULE_NATIVE:
		return "Prefer native transport";
	case GP_RULE_SMALLER_SCOPE:
		return "Prefer smaller scope";
	case GP_RULE_PREFIX:
		return "Use longest matching prefix";
	case GP_RULE_ORDER:
		return "Otherwise, leave the order unchanged";
	}
	return NULL;
}

/* ---- what is compared ---------------------------------------------------------------
 */

/* RFC 6724 2.2, or what glibc counts. */
static uint8_t common_bits(const struct gp_destination *one, unsigned departures)
{
	const unsigned bits = gp_addr_common_prefix(&one->addr, &one->source);
	unsigned length = one->source_length;

	if (one->addr.family == AF_INET && departures & GP_DEPART_SUBNET) {
		/* glibc makes its mask by shifting 32 - length bits: by 32 it is none. */
		if (!length)
			length = 32;
		if (bits < length)
			return 0;
	}
	if (departures & GP_DEPART_WHOLE)
		return (uint8_t)bits;
	return (uint8_t)(bits < length ? bits : length);
}

static void prepare(const struct gp_tables *tables, unsigned departures,
		    struct gp_destination *one)
{
	const struct gp_key key = gp_key_make(&one->addr);
	struct gp_key source;

	one->scope = (int32_t)gp_tables_scope(tables, &one->addr);
	one->precedence = gp_tables_value(tables, GP_TABLE_PRECEDENCE, &key);
	one->is_usable = one->source.family && !(one->facts & GP_FACT_UNREACHABLE);
	if (!one->is_usable)
		return;
	source = gp_key_make(&one->source);
	one->source_scope = (int32_t)gp_tables_scope(tables, &one->source);
	one->label = gp_tables_value(tables, GP_TABLE_LABEL, &key);
	one->source_label = gp_tables_value(tables, GP_TABLE_LABEL, &source);
	one->is_native = !(one->facts & GP_FACT_TUNNEL) &&
			 (one->interface || !(departures & GP_DEPART_UNKNOWN));
	one->common = common_bits(one, departures);
}

/* ---- comparison: negative for A ------------------------------------------------------
 */

static int prefer(bool a, bool b)
{
	return (int)b - (int)a;
}

static int compare_home(unsigned departures, unsigned a, unsigned b)
{
	const unsigned both = GP_FACT_HOME | GP_FACT_CARE_OF;

	if (departures & GP_DEPART_HOME)
		return prefer(a & GP_FACT_HOME, b & GP_FACT_HOME);
	a &= both;
	b &= both;
	if ((a == both) != (b == both))
		return prefer(a == both, b == both);
	if (a == GP_FACT_HOME && b == GP_FACT_CARE_OF)
		return -1;
	return a == GP_FACT_CARE_OF && b == GP_FACT_HOME;
}

/* Rules 2 to 5; both are usable. */
static int compare_sources(unsigned departures, const struct gp_destination *a,
			   const struct gp_destination *b, enum gp_rule *rule)
{
	int result;

	*rule = GP_RULE_SCOPE;
	result = prefer(a->scope == a->source_scope, b->scope == b->source_scope);
	if (result)
		return result;
	*rule = GP_RULE_DEPRECATED;
	result = prefer(!(a->facts & GP_FACT_DEPRECATED),
			!(b->facts & GP_FACT_DEPRECATED));
	if (result)
		return result;
	*rule = GP_RULE_HOME;
	result = compare_home(departures, a->facts, b->facts);
	if (result)
		return result;
	*rule = GP_RULE_LABEL;
	return prefer(a->label == a->source_label, b->label == b->source_label);
}

/*
 * Rules 2 to 5, 7 and 9 compare sources: between two unusable destinations they do not
 * apply. The RFC is silent there; glibc and musl do the same.
 */
static int compare(unsigned departures, const struct gp_destination *a,
		   const struct gp_destination *b, enum gp_rule *rule)
{
	int result;

	*rule = GP_RULE_USABLE;
	if (a->is_usable != b->is_usable)
		return a->is_usable ? -1 : 1;
	result = a->is_usable ? compare_sources(departures, a, b, rule) : 0;
	if (result)
		return result;
	*rule = GP_RULE_PRECEDENCE;
	if (a->precedence != b->precedence)
		return a->precedence > b->precedence ? -1 : 1;
	*rule = GP_RULE_NATIVE;
	if (a->is_usable && a->is_native != b->is_native)
		return a->is_native ? -1 : 1;
	*rule = GP_RULE_SMALLER_SCOPE;
	if (a->scope != b->scope)
		return a->scope < b->scope ? -1 : 1;
	*rule = GP_RULE_PREFIX;
	if (a->is_usable && a->addr.family == b->addr.family && a->common != b->common)
		return a->common > b->common ? -1 : 1;
	*rule = GP_RULE_ORDER;
	return 0;
}

int gp_sort_compare(unsigned departures, const struct gp_destination *a,
		    const struct gp_destination *b, enum gp_rule *rule)
{
	enum gp_rule unused;

	return compare(departures, a, b, rule ? rule : &unused);
}

/* ---- the merge -----------------------------------------------------------------------
 */

struct list {
	struct gp_destination *all;
	unsigned departures;
};

static uint32_t merge(const struct list *list, uint32_t first, uint32_t second)
{
	uint32_t head = NONE;
	uint32_t *tail = &head;
	enum gp_rule rule;

	while (first != NONE && second != NONE) {
		uint32_t *from = compare(list->departures, &list->all[first],
					 &list->all[second], &rule) <= 0
					 ? &first
					 : &second;

		*tail = *from;
		tail = &list->all[*from].next;
		*from = *tail;
	}
	*tail = first != NONE ? first : second;
	return head;
}

/* Depth: the binary logarithm of COUNT. Returns the first; `next` leads on. */
static uint32_t sort_part(const struct list *list, uint32_t first, uint32_t count)
{
	const uint32_t half = count / 2;

	if (count > 1)
		return merge(list, sort_part(list, first, half),
			     sort_part(list, first + half, count - half));
	list->all[first].next = NONE;
	return first;
}

void gp_sort(const struct gp_tables *tables, unsigned departures,
	     struct gp_destination *destinations, size_t count, uint32_t *order)
{
	const struct list list = {destinations, departures};
	uint32_t at;

	if (!count)
		return;
	for (size_t i = 0; i < count; i++)
		prepare(tables, departures, &destinations[i]);
	at = sort_part(&list, 0, (uint32_t)count);
	for (size_t i = 0; at != NONE; at = destinations[at].next)
		order[i++] = at;
}
