/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nearest.h - which word was probably meant. */
#ifndef LIBGAIPOLICY_NEAREST_H
#define LIBGAIPOLICY_NEAREST_H

#include <stddef.h>

/** Of COUNT words the one that WORD was probably meant to be, or NULL. Pure. */
const char *gp_nearest(const char *word, const char *const *words, size_t count);

#endif
