/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pool.c - see pool.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "guard/pool.h"

#define BLOCK 4000
#define ALIGNED _Alignof(max_align_t)

struct gp_pool_block {
	struct gp_pool_block *older;
	size_t size;
	_Alignas(max_align_t) uint8_t bytes[];
};

void *gp_pool_get(struct gp_pool *pool, size_t size)
{
	struct gp_pool_block *block = pool->newest;
	uint8_t *out;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = (size + ALIGNED - 1) / ALIGNED * ALIGNED;
	if (!block || block->size - pool->used < size) {
		const size_t room = size > BLOCK ? size : BLOCK;
		block = calloc(1, sizeof(*block) + room);
		if (!block)
			return NULL;
		block->older = pool->newest;
		block->size = room;
		pool->newest = block;
		pool->used = 0;
	}
	out = block->bytes + pool->used;
	pool->used += size;
	return out;
}

void *gp_pool_copy(struct gp_pool *pool, const void *from, size_t size)
{
	void *out = gp_pool_get(pool, size + 1);

	if (out && size)
		memcpy(out, from, size);
	return out;
}

/* Room doubles: it is full when the count is a power of two. */
void *gp_pool_add(struct gp_pool *pool, void *list, uint32_t *count, size_t size)
{
	const size_t used = *count;
	uint8_t *items;

	memcpy(&items, list, sizeof(items));
	if (!(used & (used - 1))) {
		uint8_t *grown = gp_pool_get(pool, (used ? 2 * used : 1) * size);
		if (!grown)
			return NULL;
		if (used)
			memcpy(grown, items, used * size);
		items = grown;
		memcpy(list, &items, sizeof(items));
	}
	(*count)++;
	return items + used * size;
}

void gp_pool_free(struct gp_pool *pool)
{
	while (pool->newest) {
		struct gp_pool_block *block = pool->newest;
		pool->newest = block->older;
		free(block);
	}
	pool->used = 0;
}
