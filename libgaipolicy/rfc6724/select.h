/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * select.h - which source address RFC 6724 5 picks. Only to explain, and for hosts that
 * are not this one: the kernel does its own choosing, and source.h asks it. Pure.
 */
#ifndef LIBGAIPOLICY_RFC6724_SELECT_H
#define LIBGAIPOLICY_RFC6724_SELECT_H

#include "rfc6724/sort.h"

/** An address of the host that may be a source (RFC 6724 4). */
struct gp_source {
	struct gp_addr addr;
	uint8_t length;     /**< of its prefix */
	uint8_t facts;      /**< enum gp_fact: DEPRECATED, TEMPORARY, HOME, CARE_OF */
	bool is_elsewhere;  /**< on another interface than packets leave by (rule 5) */
	bool is_advertised; /**< in a prefix that the next hop advertised (rule 5.5) */
};

/** The rules of RFC 6724 5. */
enum gp_source_rule {
	GP_SOURCE_NONE, /**< none: a single candidate, or equal ones, the first of which
			   is taken */
	GP_SOURCE_SAME,
	GP_SOURCE_SCOPE,
	GP_SOURCE_DEPRECATED,
	GP_SOURCE_HOME,
	GP_SOURCE_INTERFACE,
	GP_SOURCE_NEXT_HOP, /**< 5.5 */
	GP_SOURCE_LABEL,
	GP_SOURCE_TEMPORARY,
	GP_SOURCE_PREFIX,
};

/** The rule's number in the RFC: "1" to "8", "5.5"; "-" for none, NULL for no rule. */
const char *gp_source_rule_number(enum gp_source_rule rule);

/**
 * The index of the source for DESTINATION among COUNT (at least 1) candidates: the best
 * so far is compared with each next one. *RULE (may be NULL) says which rule left it
 * alone.
 */
size_t gp_source_select(const struct gp_tables *tables, const struct gp_addr *destination,
			const struct gp_source *sources, size_t count,
			enum gp_source_rule *rule);

#endif
