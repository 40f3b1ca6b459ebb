/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hold.c - see hold.h. */
#include <sched.h>
#include <stdbool.h>

#include "guard/clock.h"
#include "guard/self.h"
#include "hold.h"

#define TRIES 100 /* whoever has it has it for a microsecond */
#define LOST_AFTER_S 10

/* By a thread that fork() did not copy, or that was taken out of it by longjmp(). */
static bool is_lost(uint64_t owner, uint64_t ours)
{
	return owner >> 32 != ours >> 32 ||
	       (uint32_t)ours - (uint32_t)owner >= LOST_AFTER_S;
}

enum hold_result hold_take(struct hold *hold)
{
	const uint64_t ours = (uint64_t)gp_self() << 32 | (uint32_t)(gp_now_ms() / 1000);

	for (int i = 0; i < TRIES; i++) {
		uint64_t found = 0;

		if (atomic_compare_exchange_strong(&hold->owner, &found, ours))
			return HOLD_GOOD;
		if (is_lost(found, ours) &&
		    atomic_compare_exchange_strong(&hold->owner, &found, ours))
			return HOLD_TAKEN;
		sched_yield();
	}
	return HOLD_BUSY;
}

void hold_release(struct hold *hold)
{
	atomic_store(&hold->owner, 0);
}
