/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* route.c - see route.h. */
#include <string.h>

#include "guard/clock.h"
#include "hold.h"
#include "route.h"

#define ENTRIES 8
#define FRESH_MS 250

struct entry {
	struct gp_addr addr;
	long long expires_ms; /* 0: free */
};

static struct hold hold;
static struct entry entries[ENTRIES]; /* by whom has HOLD */
static unsigned next;

static bool take(void)
{
	const enum hold_result result = hold_take(&hold);

	if (result == HOLD_TAKEN)
		memset(entries, 0, sizeof(entries)); /* one may be half written */
	return result != HOLD_BUSY;
}

static struct entry *find(const struct gp_addr *addr)
{
	for (unsigned i = 0; i < ENTRIES; i++)
		if (entries[i].expires_ms && gp_addr_equal(&entries[i].addr, addr))
			return &entries[i];
	return NULL;
}

bool route_is_fresh(const struct gp_addr *addr)
{
	const struct entry *entry;
	bool is_fresh;

	if (!take())
		return false;
	entry = find(addr);
	is_fresh = entry && gp_now_ms() < entry->expires_ms;
	hold_release(&hold);
	return is_fresh;
}

void route_note(const struct gp_addr *addr)
{
	struct entry *entry;

	if (!take())
		return;
	entry = find(addr);
	if (!entry)
		entry = &entries[next++ % ENTRIES];
	*entry = (struct entry){.addr = *addr, .expires_ms = gp_now_ms() + FRESH_MS};
	hold_release(&hold);
}
