/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a snapshot, as they are and with a CRC that fits. What is accepted must be
 * a policy within its bounds, and must come out of gp_snapshot_build as the same policy.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/crc32.h"
#include "guard/snapshot.h"

#define SIZE_AT 16 /* of the header's size and crc fields */
#define CRC_AT 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_accepted(const struct gp_snapshot *snapshot)
{
	uint8_t bytes[4096];
	struct gp_snapshot again;
	size_t length;

	if (snapshot->guard.mode >= GP_MODE_COUNT ||
	    snapshot->chain.count > GP_CHAIN_MAX ||
	    snapshot->preload.order >= GP_ORDER_COUNT)
		abort();
	if (gp_snapshot_build(snapshot, bytes, sizeof(bytes), &length) ||
	    gp_snapshot_parse(bytes, length, &again))
		abort();
	if (again.generation != snapshot->generation ||
	    again.off_until != snapshot->off_until ||
	    memcmp(&again.guard, &snapshot->guard, sizeof(again.guard)) ||
	    memcmp(&again.probe, &snapshot->probe,
		   offsetof(struct gp_probe_policy, reserved)) ||
	    again.preload.order != snapshot->preload.order ||
	    again.chain.count != snapshot->chain.count)
		abort();
	for (uint32_t i = 0; i < again.chain.count; i++)
		if (strcmp(again.chain.service[i].name, snapshot->chain.service[i].name))
			abort();
}

static void seal(uint8_t *bytes, uint64_t size)
{
	uint32_t crc = 0;

	memcpy(bytes + SIZE_AT, &size, sizeof(size));
	memcpy(bytes + CRC_AT, &crc, sizeof(crc));
	crc = gp_crc32(0, bytes, size);
	memcpy(bytes + CRC_AT, &crc, sizeof(crc));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gp_snapshot snapshot;
	uint8_t *copy;

	if (gp_snapshot_parse(data, size, &snapshot) == GP_OK)
		check_accepted(&snapshot);
	if (size < SIZE_AT + sizeof(uint64_t))
		return 0;
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data, size);
	seal(copy, size);
	if (gp_snapshot_parse(copy, size, &snapshot) == GP_OK)
		check_accepted(&snapshot);
	free(copy);
	return 0;
}
