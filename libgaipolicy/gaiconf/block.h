/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * block.h - the known-local block of a gai.conf(5): rows that v6guardd keeps between two
 * marks (document.h). Its first comment has a digest of the rows, so that a change by
 * hand is seen, after a restart and on another host too. All else in the file is not
 * touched, but for built-in tables, which are written out where the file has none
 * (edit.h).
 */
#ifndef LIBGAIPOLICY_GAICONF_BLOCK_H
#define LIBGAIPOLICY_GAICONF_BLOCK_H

#include "gaiconf/document.h"

/** Of known-local prefixes (draft-ietf-6man-rfc6724-update 5.3). */
#define GP_BLOCK_PRECEDENCE 45
#define GP_BLOCK_LABEL 14

enum gp_block_state {
	GP_BLOCK_NONE,   /**< there is none */
	GP_BLOCK_OURS,   /**< as gp_block_set wrote it */
	GP_BLOCK_EDITED, /**< changed since, or there are several */
};

/**
 * What there is. Of one that is ours PREFIXES gets those of its label rows, CAPACITY at
 * most, and *COUNT how many; else *COUNT is 0.
 */
enum gp_block_state gp_block_look(const struct gp_doc *doc, struct gp_prefix *prefixes,
				  size_t capacity, size_t *count);

/**
 * The block has a precedence and a label row for each of COUNT prefixes; none: there is
 * no block. It stays where it is; a new one stands at the end. For what gp_block_look did
 * not find EDITED. True: a built-in table was written out, which stays when the block
 * goes.
 */
bool gp_block_set(struct gp_doc *doc, const struct gp_prefix *prefixes, size_t count);

#endif
