/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pool.h - memory that is taken in pieces and given back as a whole: lists and texts of
 * what is made once and then only read. */
#ifndef LIBGAIPOLICY_GUARD_POOL_H
#define LIBGAIPOLICY_GUARD_POOL_H

#include <stddef.h>
#include <stdint.h>

/** All zero: nothing was taken yet. */
struct gp_pool {
	struct gp_pool_block *newest;
	size_t used; /* bytes of the newest one */
};

/** SIZE bytes, all zero and aligned for anything, until gp_pool_free. NULL: no memory. */
void *gp_pool_get(struct gp_pool *pool, size_t size);

/** A copy of SIZE bytes FROM with one zero byte after it. NULL: no memory. */
void *gp_pool_copy(struct gp_pool *pool, const void *from, size_t size);

/**
 * One more item of SIZE bytes, all zero, at the end of the list of *COUNT items that the
 * pointer at LIST leads to. The list may move. NULL: no memory, and all is as it was.
 */
void *gp_pool_add(struct gp_pool *pool, void *list, uint32_t *count, size_t size);

/** Give everything back; the pool is empty and can be used again. */
void gp_pool_free(struct gp_pool *pool);

#endif
