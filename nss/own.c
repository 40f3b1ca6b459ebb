/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * own.c - see own.h. One dump by netlink, as getaddrinfo() makes for each lookup, instead
 * of a socket and a connect() for each address of each lookup.
 */
#include <string.h>

#include "guard/clock.h"
#include "hold.h"
#include "own.h"
#include "rfc6724/source.h"

#define ADDRESSES 64

/* How long what was heard counts, and how long nobody is asked after a failure. */
#define FRESH_MS 1000
#define FAILED_MS 60000

struct list {
	struct gp_key keys[ADDRESSES];
	size_t count;
	bool is_known;
	long long expires_ms;
};

static struct hold hold;
static struct list latest; /* by whom has HOLD */

static void ask(struct list *list, long long now_ms)
{
	struct gp_source_sockets sockets;
	const struct gp_source_ops ops = gp_source_kernel(&sockets, 0);

	list->is_known = gp_source_own(&ops, list->keys, ADDRESSES, &list->count) &&
			 list->count <= ADDRESSES;
	list->expires_ms = now_ms + (list->is_known ? FRESH_MS : FAILED_MS);
	gp_source_close(&sockets);
}

static enum own find(const struct list *list, const struct gp_addr *addr)
{
	const struct gp_key key = gp_key_make(addr);

	if (!list->is_known)
		return OWN_UNKNOWN;
	for (size_t i = 0; i < list->count; i++)
		if (list->keys[i].word[0] == key.word[0] &&
		    list->keys[i].word[1] == key.word[1])
			return OWN_YES;
	return OWN_NO;
}

/* False: there is nothing fresh. */
static bool find_latest(const struct gp_addr *addr, long long now_ms, enum own *answer)
{
	const enum hold_result result = hold_take(&hold);
	bool is_fresh;

	*answer = OWN_UNKNOWN;
	if (result == HOLD_BUSY)
		return true; /* do not ask for all of them meanwhile */
	if (result == HOLD_TAKEN)
		latest.expires_ms = 0; /* it may be half written */
	is_fresh = now_ms < latest.expires_ms;
	if (is_fresh)
		*answer = find(&latest, addr);
	hold_release(&hold);
	return is_fresh;
}

static void keep(const struct list *list)
{
	if (hold_take(&hold) == HOLD_BUSY)
		return;
	latest = *list;
	hold_release(&hold);
}

enum own own_find(const struct gp_addr *addr)
{
	const long long now_ms = gp_now_ms();
	struct list list;
	enum own answer;

	if (find_latest(addr, now_ms, &answer))
		return answer;
	ask(&list, now_ms);
	keep(&list);
	return find(&list, addr);
}
