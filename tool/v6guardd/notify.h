/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* notify.h */
#ifndef TOOL_V6GUARDD_NOTIFY_H
#define TOOL_V6GUARDD_NOTIFY_H

#include "gaipolicy.h"

#endif
