/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* outage.c - see outage.h. */
#include "outage.h"

bool outage_answered(struct outage *outage, long long now_ms)
{
	const bool was_there = outage->is_there;

	outage->is_there = false;
	outage->answered_ms = now_ms;
	return was_there;
}

void outage_silence(struct outage *outage, long long asked_ms, long long now_ms)
{
	if (outage->is_there || outage->answered_ms >= asked_ms)
		return;
	outage->is_there = true;
	outage->tried_ms = now_ms;
}

bool outage_may_try(struct outage *outage, long long now_ms)
{
	if (!outage->is_there || now_ms - outage->tried_ms < OUTAGE_TRY_MS)
		return false;
	outage->tried_ms = now_ms;
	return true;
}
