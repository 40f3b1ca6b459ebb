/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* reach_private.h - the map's layout, for reach*.c alone. */
#ifndef LIBGAIPOLICY_GUARD_REACH_PRIVATE_H
#define LIBGAIPOLICY_GUARD_REACH_PRIVATE_H

#include "guard/reach.h"

#endif
