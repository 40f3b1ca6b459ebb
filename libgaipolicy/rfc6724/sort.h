/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sort.h - the order of destination addresses (RFC 6724 6), and which rule made it. Pure:
 * facts in, order and reasons out; no memory is taken.
 *
 * The rules are no total order: addresses of equal precedence, two of IPv6 and one of
 * IPv4 between them, can form a cycle of rules 9 and 10 (rule 9 compares within a family
 * only), as can rule 4 and any later one. The RFC has no answer there. This is ours, and
 * glibc's as well: the list is cut in two, the first part being the shorter if they
 * differ, both are sorted in the same way, and merged, where the head of the first part
 * is taken unless the head of the second is preferred. The same input always gives the
 * same order; it is stable; and of any two neighbours in the result the first is never
 * the one that the rules would put behind, in cycles too.
 */
#ifndef LIBGAIPOLICY_RFC6724_SORT_H
#define LIBGAIPOLICY_RFC6724_SORT_H

#include "rfc6724/table.h"

/** What is known of an address of the host, and of the way to a destination. */
enum gp_fact {
	/** Deprecated (RFC 4862 5.5.4), or still optimistic (RFC 4429 3.1). */
	GP_FACT_DEPRECATED = 0x01,
	GP_FACT_TEMPORARY = 0x02, /**< RFC 8981; of interest to source selection alone */
	GP_FACT_HOME = 0x04,      /**< a home address (RFC 6275) */
	GP_FACT_CARE_OF = 0x08,   /**< a care-of address; both: at home */
	GP_FACT_TUNNEL = 0x10,    /**< through an encapsulating transition mechanism */
	/** Known not to be reachable, though there is a source (RFC 6724 6, rule 1). */
	GP_FACT_UNREACHABLE = 0x20,
};

/** A destination. What stands first is the caller's; the rest is set by gp_sort. */
struct gp_destination {
	struct gp_addr addr;
	struct gp_addr source; /**< that would be used; family 0: none, no route */
	uint32_t interface;    /**< that has the source address; 0: not known */
	uint8_t source_length; /**< of the source's prefix, in bits of its family */
	uint8_t facts;         /**< enum gp_fact */
	bool is_usable;        /**< out: there is a source, and nothing speaks against */
	bool is_native;        /**< out: rule 7 */
	uint8_t common;        /**< out: bits that count for rule 9 */
	int32_t scope;         /**< out */
	int32_t source_scope;  /**< out, if usable */
	int32_t label;         /**< out, if usable */
	int32_t source_label;  /**< out, if usable */
	int32_t precedence;    /**< out */
	uint32_t next;         /**< used while sorting */
	uint32_t before, same; /**< used while facts are gathered */
};

/** Where glibc departs from RFC 6724 (2.36 to 2.43; its tables are a profile). */
enum gp_departure {
	/** Rule 4: a home address beats all others, care-of or not. */
	GP_DEPART_HOME = 0x01,
	/** Rule 7: an interface that is not known is none that is native. */
	GP_DEPART_UNKNOWN = 0x02,
	/** Rule 9: all bits count, those behind the source's prefix too (RFC 6724 2.2).
	 */
	GP_DEPART_WHOLE = 0x04,
	/**
	 * Rule 9, IPv4: bits count only if source and destination are in one subnet; a
	 * source of unknown prefix (length 0) is a subnet of its own.
	 */
	GP_DEPART_SUBNET = 0x08,

	GP_DEPART_NONE = 0, /**< RFC 6724 */
	GP_DEPART_GLIBC =
		GP_DEPART_HOME | GP_DEPART_UNKNOWN | GP_DEPART_WHOLE | GP_DEPART_SUBNET,
};

/** The rules of RFC 6724 6; their values are their numbers. */
enum gp_rule {
	GP_RULE_USABLE = 1,
	GP_RULE_SCOPE = 2,
	GP_RULE_DEPRECATED = 3,
	GP_RULE_HOME = 4,
	GP_RULE_LABEL = 5,
	GP_RULE_PRECEDENCE = 6,
	GP_RULE_NATIVE = 7,
	GP_RULE_SMALLER_SCOPE = 8,
	GP_RULE_PREFIX = 9,
	GP_RULE_ORDER = 10,
};

/** The RFC's own heading ("Avoid unusable destinations"), without its full stop; NULL for
 * no rule. */
const char *gp_rule_text(enum gp_rule rule);

/**
 * Sort. ORDER gets COUNT indices into DESTINATIONS, which stay where they are; DEPARTURES
 * is of enum gp_departure. COUNT is below 2^32 - 1.
 *
 * glibc sorts each address once for each socket type that was asked for: to predict it
 * where there are cycles, give it the same list.
 */
void gp_sort(const struct gp_tables *tables, unsigned departures,
	     struct gp_destination *destinations, size_t count, uint32_t *order);

/**
 * Compare two that gp_sort has seen with the same DEPARTURES, A standing before B in the
 * caller's list: negative: A first; positive: B first; 0: no rule but the last decides,
 * A first. *RULE (may be NULL) says which one decided.
 */
int gp_sort_compare(unsigned departures, const struct gp_destination *a,
		    const struct gp_destination *b, enum gp_rule *rule);

#endif
