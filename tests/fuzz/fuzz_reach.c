/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A map with any bytes behind its header: readers must stay inside it and say something
 * that is a verdict; then a writer goes to work on what stands there, as after a daemon
 * that died, and must be understood.
 *
 * Input: records of 8 bytes { offset 4, word 4 }, laid over a fresh map.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/reach_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1000000LL

static void damage(struct gp_reach *map, const uint8_t *data, size_t size)
{
	const size_t first = offsetof(struct gp_reach, host_sequence);
	uint8_t *bytes = (uint8_t *)map;
	uint32_t at;

	for (; size >= 8; data += 8, size -= 8) {
		memcpy(&at, data, sizeof(at));
		memcpy(bytes + first + at % (sizeof(*map) - first - 3), data + 4, 4);
	}
}

static void read_all(const struct gp_reach *map, const uint8_t *data, size_t size)
{
	struct gp_reach_host host;
	uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8};

	gp_reach_is_live(map, NOW);
	gp_reach_ipv4_usable(map, NOW);
	if (gp_reach_get_host(map, &host) &&
	    (host.nat64_count > GP_REACH_NAT64 || host.onlink_count > GP_REACH_ONLINK))
		abort();
	for (size_t i = 0; i < 4; i++) {
		const struct gp_addr addr = gp_addr_make(AF_INET6, bytes, 0);

		gp_reach_is_onlink(map, &addr);
		if (gp_reach_verdict(map, &addr, NOW) >= GP_VERDICT_COUNT)
			abort();
		memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
		bytes[0] ^= (uint8_t)(i << 5);
	}
}

static void write_over(struct gp_reach *map)
{
	const struct gp_reach_host host = {.expires_ms = NOW + 1, .ipv4_usable = true};
	struct gp_prefix prefix;

	if (gp_prefix_parse("2001:db8:1::1/128", &prefix))
		abort();
	gp_reach_set_host(map, &host);
	if (!gp_reach_is_live(map, NOW) || !gp_reach_ipv4_usable(map, NOW))
		abort();
	if (gp_reach_set(map, &prefix, GP_VERDICT_OK, NOW + 1) ||
	    gp_reach_verdict(map, &prefix.addr, NOW) != GP_VERDICT_OK)
		abort();
	gp_reach_clear(map);
	if (gp_reach_verdict(map, &prefix.addr, NOW) != GP_VERDICT_UNKNOWN)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In a block of just its size: whoever reads behind it is caught. */
	struct gp_reach *map = malloc(gp_reach_size());

	if (!map)
		return 0;
	gp_reach_format(map);
	damage(map, data, size);
	if (!gp_reach_check(map, gp_reach_size()))
		abort();
	read_all(map, data, size);
	write_over(map);
	free(map);
	return 0;
}
