/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report.h */
#ifndef TOOL_V6GUARDD_REPORT_H
#define TOOL_V6GUARDD_REPORT_H

#include "gaipolicy.h"

#endif
