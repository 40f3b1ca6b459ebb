/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* name_tree.c - see name_tree.h. All nodes are in one table, found by the hash of their
 * parent and their label. */
#include <string.h>

#include "name_tree.h"

struct node {
	uint32_t parent, value;
	const uint8_t *label;
};

struct name_tree {
	struct gp_pool *pool;
	uint32_t count, mask;
	uint32_t *slots;    /* a node's index; 0: free, as the root is never looked for */
	struct node *nodes; /* the root first */
};

#define SLOTS 16 /* to begin with; half of them are taken at most */

static bool is_label(const uint8_t *a, const uint8_t *b)
{
	if (*a != *b)
		return false;
	for (unsigned i = 1; i <= *a; i++)
		if (wire_lower(a[i]) != wire_lower(b[i]))
			return false;
	return true;
}

/* Its slot, or the free one where it would be. */
static uint32_t *find(const struct name_tree *tree, uint32_t parent, const uint8_t *label)
{
	uint32_t hash = WIRE_HASH ^ parent * WIRE_PRIME;
	uint32_t at;

	for (unsigned i = 0; i <= *label; i++)
		hash = wire_hash(hash, wire_lower(label[i]));
	at = (hash ^ hash >> 15) & tree->mask;
	while (tree->slots[at]) {
		const struct node *node = &tree->nodes[tree->slots[at]];
		if (node->parent == parent && is_label(node->label, label))
			break;
		at = (at + 1) & tree->mask;
	}
	return &tree->slots[at];
}

static bool grow(struct name_tree *tree)
{
	const size_t slots = tree->slots ? 2 * ((size_t)tree->mask + 1) : SLOTS;

	tree->slots = gp_pool_get(tree->pool, slots * sizeof(tree->slots[0]));
	if (!tree->slots)
		return false;
	tree->mask = (uint32_t)(slots - 1);
	for (uint32_t i = 1; i < tree->count; i++)
		*find(tree, tree->nodes[i].parent, tree->nodes[i].label) = i;
	return true;
}

struct name_tree *name_tree_new(struct gp_pool *pool)
{
	struct name_tree *tree = gp_pool_get(pool, sizeof(*tree));

	if (!tree)
		return NULL;
	tree->pool = pool;
	return gp_pool_add(pool, &tree->nodes, &tree->count, sizeof(tree->nodes[0])) &&
			       grow(tree)
		       ? tree
		       : NULL;
}

/* The child of PARENT with LABEL; 0: no memory. */
static uint32_t add_label(struct name_tree *tree, uint32_t parent, const uint8_t *label)
{
	uint32_t *slot = find(tree, parent, label);
	struct node *node;

	if (*slot)
		return *slot;
	if (2 * tree->count > tree->mask) {
		if (!grow(tree))
			return 0;
		slot = find(tree, parent, label);
	}
	node = gp_pool_add(tree->pool, &tree->nodes, &tree->count, sizeof(*node));
	if (!node)
		return 0;
	*node = (struct node){.parent = parent, .label = label};
	return *slot = tree->count - 1;
}

uint32_t *name_tree_add(struct name_tree *tree, const uint8_t *name)
{
	struct name_walk walk;
	uint32_t node = 0;

	name_walk_begin(&walk, tree, name);
	while (walk.left) {
		node = add_label(tree, node, walk.labels[--walk.left]);
		if (!node)
			return NULL;
	}
	return &tree->nodes[node].value;
}

void name_walk_begin(struct name_walk *walk, const struct name_tree *tree,
		     const uint8_t *name)
{
	walk->tree = tree;
	walk->node = walk->left = 0;
	walk->has_begun = false;
	for (; *name; name += 1U + *name)
		walk->labels[walk->left++] = name;
}

bool name_walk_next(struct name_walk *walk)
{
	if (walk->has_begun) {
		if (!walk->left)
			return false;
		walk->node = *find(walk->tree, walk->node, walk->labels[walk->left - 1]);
		if (!walk->node)
			return false;
		walk->left--;
	}
	walk->has_begun = true;
	walk->value = walk->tree->nodes[walk->node].value;
	return true;
}
