/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memo.c - see memo.h. */
#include <string.h>

#include "hold.h"
#include "memo.h"

#define ENTRIES 64

struct entry {
	struct gp_addr addr;
	uint16_t port;
	uint8_t what; /* enum memo; MEMO_NOTHING: free */
	uint32_t ttl_ms;
	long long expires_ms;
};

static struct hold table;
static struct entry entries[ENTRIES];
static long long second_began_ms;
static uint32_t second_used;

static bool hold(void)
{
	const enum hold_result result = hold_take(&table);

	if (result == HOLD_TAKEN)
		memset(entries, 0, sizeof(entries)); /* one may be half written */
	return result != HOLD_BUSY;
}

static void let_go(void)
{
	hold_release(&table);
}

static struct entry *find(const struct gp_addr *addr, uint16_t port)
{
	for (size_t i = 0; i < ENTRIES; i++)
		if (entries[i].what != MEMO_NOTHING && entries[i].port == port &&
		    gp_addr_equal(&entries[i].addr, addr))
			return &entries[i];
	return NULL;
}

enum memo memo_get(const struct gp_addr *addr, uint16_t port, long long now_ms)
{
	enum memo what = MEMO_NOTHING;
	const struct entry *entry;

	if (!hold())
		return MEMO_NOTHING;
	entry = find(addr, port);
	if (entry && now_ms < entry->expires_ms)
		what = (enum memo)entry->what;
	let_go();
	return what;
}

static struct entry *oldest(void)
{
	struct entry *best = &entries[0];

	for (size_t i = 0; i < ENTRIES; i++) {
		if (entries[i].what == MEMO_NOTHING)
			return &entries[i];
		if (entries[i].expires_ms < best->expires_ms)
			best = &entries[i];
	}
	return best;
}

static bool is_bad(enum memo what)
{
	return what == MEMO_NO_ANSWER || what == MEMO_OUTDONE || what == MEMO_SLOW;
}

/* OLD: what was known before, NULL: nothing was. */
static uint32_t ttl_of(const struct entry *old, enum memo what,
		       const struct gp_probe_policy *probe)
{
	const uint32_t most = probe->broken_ttl_max_ms;

	if (what == MEMO_ANSWERED)
		return probe->ok_ttl_ms;
	if (!is_bad(what) || !old || !is_bad((enum memo)old->what))
		return probe->broken_ttl_ms;
	return old->ttl_ms < most / 2 ? old->ttl_ms * 2 : most;
}

void memo_put(const struct gp_addr *addr, uint16_t port, enum memo what,
	      const struct gp_probe_policy *probe, long long now_ms)
{
	struct entry *entry;
	uint32_t ttl_ms;

	if (!hold())
		return;
	entry = find(addr, port);
	ttl_ms = ttl_of(entry, what, probe);
	if (!entry)
		entry = oldest();
	*entry = (struct entry){.addr = *addr,
				.port = port,
				.what = (uint8_t)what,
				.ttl_ms = ttl_ms,
				.expires_ms = now_ms + ttl_ms};
	let_go();
}

bool memo_take(unsigned attempts, uint32_t max_rate, long long now_ms)
{
	bool may;

	if (!hold())
		return false;
	if (now_ms - second_began_ms >= 1000) {
		second_began_ms = now_ms;
		second_used = 0;
	}
	may = second_used + attempts <= max_rate;
	if (may)
		second_used += attempts;
	let_go();
	return may;
}

void memo_give_back(unsigned attempts)
{
	if (!hold())
		return;
	second_used -= attempts < second_used ? attempts : second_used;
	let_go();
}
