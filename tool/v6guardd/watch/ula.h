/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ula.h - which unique local prefixes are known to be local
 * (draft-ietf-6man-rfc6724-update 5.3): what routers and interfaces say, made into rows
 * of the policy table. Pure.
 */
#ifndef TOOL_V6GUARDD_WATCH_ULA_H
#define TOOL_V6GUARDD_WATCH_ULA_H

#include "gaipolicy.h"

/** Rows at most: a site has one or two. */
#define ULA_ROWS 32

/** Where a prefix is from; the first overrides the others. */
enum ula_source {
	ULA_ROUTE,   /**< a Route Information option (RFC 4191): a route by a router */
	ULA_ONLINK,  /**< a Prefix Information option: a prefix on the link */
	ULA_ADDRESS, /**< an address of an interface */
};

struct ula_fact {
	uint32_t source; /**< enum ula_source */
	struct gp_prefix prefix;
};

/** Sorted by address, then length; without doubles or host bits. */
struct ula_rows {
	uint32_t count;
	struct gp_prefix rows[ULA_ROWS];
};

/** PREFIX is inside fd00::/8. */
bool ula_is_inside(const struct gp_prefix *prefix);

/**
 * What a fact can add to the rows: a route of /40 and longer itself; of the others the
 * /48 that covers it. False: nothing. Facts that come to the same are the same.
 */
bool ula_fact_make(enum ula_source source, const struct gp_prefix *prefix,
		   struct ula_fact *out);

/** The rows of COUNT facts: each route; each /48 that none before it covers. The smallest
 * are kept of too many. */
void ula_rows_make(const struct ula_fact *facts, size_t count, struct ula_rows *out);

/** ROWS is what ula_rows_make can have made: for messages between processes. */
bool ula_rows_are_valid(const struct ula_rows *rows);

bool ula_rows_are_same(const struct ula_rows *a, const struct ula_rows *b);

#endif
