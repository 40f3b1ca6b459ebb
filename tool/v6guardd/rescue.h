/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rescue.h - the steward's part in freeing stuck programs: it decides anew what the
 * worker may have been talked into. */
#ifndef TOOL_V6GUARDD_RESCUE_H
#define TOOL_V6GUARDD_RESCUE_H

#include "message.h"

/** Rescues a second, and at once. */
#define RESCUE_TOKENS_RATE 10
#define RESCUE_TOKENS_MAX 20

struct rescue {
	int fd;           /* gp_sockdiag_open */
	long long tokens; /* thousandths */
	long long seen_ms;
};

void rescue_init(struct rescue *rescue, int fd);

/**
 * Carry REQUEST out if it is plausible and SETTINGS allow it: OUT says what became of
 * it (GP_PERM: rescue is off, or nothing enforced, GP_RANGE: not plausible, GP_CONFLICT:
 * an excluded program, GP_BUSY: too many, else as gp_sockdiag_destroy).
 */
void rescue_do(struct rescue *rescue, const struct settings *settings,
	       const struct message_rescue *request, struct message_rescued *out);

#endif
