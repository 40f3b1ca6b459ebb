/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * outage.h - has anybody answered lately? What failed while nobody did is tried again
 * when somebody does, and while old answers (RFC 8767) are given somebody is asked now
 * and then. Pure; times are gp_boot_ms.
 */
#ifndef TOOL_V6GUARDD_DNS_OUTAGE_H
#define TOOL_V6GUARDD_DNS_OUTAGE_H

#include <stdbool.h>

/** While there is no answer to be had one name is looked up so often for that. */
#define OUTAGE_TRY_MS 3000

/** All zero: nothing has happened yet. */
struct outage {
	bool is_there;
	long long answered_ms, tried_ms;
};

/** A server answered. True: it is the first one that did after an outage. */
bool outage_answered(struct outage *outage, long long now_ms);

/** What was asked at ASKED_MS has got no answer. That may be its own fault, unless others
 * have got none since then either. */
void outage_silence(struct outage *outage, long long asked_ms, long long now_ms);

/** Is it time to try whether the outage is over? Whoever gets a yes does. */
bool outage_may_try(struct outage *outage, long long now_ms);

#endif
