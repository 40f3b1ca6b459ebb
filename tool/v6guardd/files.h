/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* files.h */
#ifndef TOOL_V6GUARDD_FILES_H
#define TOOL_V6GUARDD_FILES_H

#include "gaipolicy.h"

#endif
