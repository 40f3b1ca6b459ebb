/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hold.c - see hold.h. */
#include <sched.h>

#include "guard/self.h"
#include "hold.h"

#define TRIES 100 /* whoever has it has it for a microsecond */

enum hold_result hold_take(struct hold *hold)
{
	const unsigned self = gp_self();

	for (int i = 0; i < TRIES; i++) {
		unsigned found = 0;

		if (atomic_compare_exchange_strong(&hold->owner, &found, self))
			return HOLD_GOOD;
		if (found != self &&
		    atomic_compare_exchange_strong(&hold->owner, &found, self))
			return HOLD_TAKEN;
		sched_yield();
	}
	return HOLD_BUSY;
}

void hold_release(struct hold *hold)
{
	atomic_store(&hold->owner, 0);
}
