/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* name_tree.h - domain names as a tree of labels from the root on: which of many names a
 * name is, or is below, found in a step a label, however many there are. */
#ifndef TOOL_V6GUARDD_DNS_NAME_TREE_H
#define TOOL_V6GUARDD_DNS_NAME_TREE_H

#include "guard/pool.h"
#include "wire.h"

struct name_tree;

/** A tree whose memory is POOL's. NULL: no memory. */
struct name_tree *name_tree_new(struct gp_pool *pool);

/** The value of NAME, which has to stay where it is; 0 until it is set. Good until the
 * next one is added. NULL: no memory. */
uint32_t *name_tree_add(struct name_tree *tree, const uint8_t *name);

/** From the root down to a name, along what the tree has of it. */
struct name_walk {
	const struct name_tree *tree;
	uint32_t node, value; /* where it is, and the value there */
	unsigned left;        /* labels that are not gone down yet */
	bool has_begun;
	const uint8_t *labels[WIRE_NAME / 2 + 1]; /* from the left */
};

/** Begin with NAME, in whatever case. */
void name_walk_begin(struct name_walk *walk, const struct name_tree *tree,
		     const uint8_t *name);

/** The next node, the root first. False: the tree has nothing below. */
bool name_walk_next(struct name_walk *walk);

#endif
