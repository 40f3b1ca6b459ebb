/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guard/reach_private.h"
