/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* verdict_pace.c - how many probes there are: in all, and by the word of one user. */
#include <string.h>

#include "verdict_private.h"

/* ---- in all ---- */

/* Slots of the last minute; the one of now is the first. */
static void shift_slots(struct verdicts *v, long long now)
{
	const long long passed = (now - v->slot_ms) / SLOT;

	if (passed <= 0)
		return;
	if (passed >= SLOTS) {
		memset(v->sent, 0, sizeof(v->sent));
		v->slot_ms = now;
		return;
	}
	memmove(&v->sent[passed], &v->sent[0],
		((size_t)SLOTS - (size_t)passed) * sizeof(v->sent[0]));
	memset(v->sent, 0, (size_t)passed * sizeof(v->sent[0]));
	v->slot_ms += passed * SLOT;
}

void note_sent(struct verdicts *v, long long now)
{
	shift_slots(v, now);
	v->sent[0]++;
}

bool is_within(struct verdicts *v, unsigned limit, long long now)
{
	unsigned sent = 0;

	/* The administrator asked for more. */
	if (v->rules.distrust || v->rules.probe_all)
		return true;
	shift_slots(v, now);
	for (unsigned i = 0; i < SLOTS; i++)
		sent += v->sent[i];
	return sent < limit;
}

/* ---- by a user's word ---- */

/* A bucket of tokens: some at once for who was quiet. */
static bool take_token(struct verdicts *v, uint8_t share, long long now)
{
	long long *const tokens = &v->shares[share].tokens;
	long long *const at = &v->shares[share].at_ms;

	if (now - *at > HINT_PROBES * 1000LL)
		*tokens = HINT_PROBES * 1000LL;
	else
		*tokens += (now - *at) * HINT_PROBES_RATE;
	if (*tokens > HINT_PROBES * 1000LL)
		*tokens = HINT_PROBES * 1000LL;
	*at = now;
	if (*tokens < 1000)
		return false;
	*tokens -= 1000;
	return true;
}

/* So many in the window of LENGTH that began at BEGAN; a new one begins when it is over.
 */
static unsigned *in_window(unsigned *count, long long *began, long long length,
			   long long now)
{
	if (now - *began >= length) {
		*began = now;
		*count = 0;
	}
	return count;
}

static bool take_login_probe(struct verdicts *v, uint8_t share, long long now)
{
	unsigned *second = in_window(&v->shares[share].in_second,
				     &v->shares[share].second_ms, SECOND, now);
	unsigned *minute = in_window(&v->shares[share].in_minute,
				     &v->shares[share].minute_ms, 60 * SECOND, now);

	/* Together as well: one person may have thousands of uids (/etc/subuid). */
	unsigned *all =
		in_window(&v->login_probes, &v->login_minute_ms, 60 * SECOND, now);

	v->shares[share].at_ms = now;
	if (*second >= LOGIN_PROBES_SECOND || *minute >= LOGIN_PROBES_MINUTE ||
	    *all >= (*minute < LOGIN_PROBES_FEW ? 4 : 2) * LOGIN_PROBES_MINUTE)
		return false;
	++*second;
	++*minute;
	++*all;
	return true;
}

bool may_cause_probe(struct verdicts *v, uint32_t uid, long long now)
{
	const uint8_t share = share_of(v, uid);

	if (share == SHARE_NONE)
		return true;
	return is_system_user(v, uid) ? take_token(v, share, now)
				      : take_login_probe(v, share, now);
}

static long long *turn_of(struct verdicts *v, uint32_t uid)
{
	const uint8_t share = share_of(v, uid);

	return &v->shares[share == SHARE_NONE ? SHARE_SYSTEM : share].turn_ms;
}

long long turn_at(struct verdicts *v, uint32_t uid, long long now)
{
	const bool is_slow = v->cover.in_vain >= COVER_IN_VAIN &&
			     now - *turn_of(v, uid) < COVER_PATIENCE;

	return v->cover.last_ms + (is_slow ? COVER_SLOW : SECOND / COVER_RATE);
}

void take_turn(struct verdicts *v, uint32_t uid, long long at)
{
	*turn_of(v, uid) = v->cover.last_ms = at;
}
