/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a snapshot, as they are and with a CRC that fits. What is accepted must be
 * a policy within its bounds, and must come out of gp_snapshot_build as the same policy.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/snapshot.h"
#include "tests/unit/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Rules that are no rules say nothing, but they say it within their bytes. */
static void walk(const struct gp_rules *rules)
{
	const struct gp_query query = {.name = "a.host.example",
				       .family = AF_UNSPEC,
				       .canonical = "b.example",
				       .now = 1};
	const struct gp_addr addr = gp_addr_make(AF_INET6, &in6addr_loopback, 0);
	struct gp_rules_walk walk;
	struct gp_guard_rule rule;
	unsigned rank, last = 0, count = 0;

	gp_rules_begin(&walk, rules, &query);
	while (gp_rules_next(&walk, &rank)) {
		if (count++ && rank <= last)
			abort();
		last = rank;
		gp_rules_get(rules, rank, &rule);
		gp_rules_has_address(rules, rank, &addr);
		gp_rules_has_qtype(rules, rank, 28);
	}
}

static void check_accepted(const struct gp_snapshot *snapshot)
{
	struct gp_snapshot_parts parts;
	struct gp_snapshot again;
	uint8_t *bytes;
	size_t length;

	if (snapshot->guard.mode >= GP_MODE_COUNT ||
	    snapshot->chain.count > GP_CHAIN_MAX ||
	    snapshot->preload.order >= GP_ORDER_COUNT)
		abort();
	if (gp_snapshot_lay_out(snapshot, &parts))
		abort();
	bytes = malloc(parts.size);
	if (!bytes)
		return;
	if (gp_snapshot_build(snapshot, bytes, parts.size, &length) ||
	    length != parts.size || gp_snapshot_parse(bytes, length, &again))
		abort();
	if (again.generation != snapshot->generation ||
	    again.off_until != snapshot->off_until ||
	    memcmp(&again.guard, &snapshot->guard, sizeof(again.guard)) ||
	    memcmp(&again.probe, &snapshot->probe,
		   offsetof(struct gp_probe_policy, reserved)) ||
	    again.preload.order != snapshot->preload.order ||
	    again.chain.count != snapshot->chain.count ||
	    again.rules.count != snapshot->rules.count)
		abort();
	for (uint32_t i = 0; i < again.chain.count; i++)
		if (strcmp(again.chain.service[i].name, snapshot->chain.service[i].name))
			abort();
	walk(&again.rules);
	free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gp_snapshot snapshot;
	uint8_t *copy;

	if (gp_snapshot_parse(data, size, &snapshot) == GP_OK)
		check_accepted(&snapshot);
	copy = malloc(size + !size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	seal(copy, size);
	if (gp_snapshot_parse(copy, size, &snapshot) == GP_OK)
		check_accepted(&snapshot);
	free(copy);
	return 0;
}
