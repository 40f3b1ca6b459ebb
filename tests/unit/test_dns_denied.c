/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a denial is believed costs no question upstream: counted for 1000 names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config_text.h"
#include "dns_text.h"
#include "dns_world.h"

#define NAMES 1000

static void put_says(struct world_says *says, const uint8_t *name, uint16_t type,
		     unsigned rcode)
{
	static uint8_t packets[2][512];
	uint8_t *packet = packets[says - world.says];
	struct wire_out out;

	wire_write(&out, packet, sizeof(packets[0]));
	memset(packet, 0, WIRE_HEADER);
	out.at = WIRE_HEADER;
	wire_set_u16(packet + 2, (uint16_t)(WIRE_QR | WIRE_RD | WIRE_RA | rcode));
	wire_set_u16(packet + 4, 1);
	wire_put_name(&out, name);
	wire_put_u16(&out, type);
	wire_put_u16(&out, WIRE_CLASS_IN);
	free(says->packet);
	*says = (struct world_says){.type = type,
				    .for_cd = true,
				    .for_checked = true,
				    .after_ms = type == WIRE_A ? 20 : 10,
				    .size = out.at};
	memcpy(says->name, name, wire_name_length(name));
	says->packet = malloc(out.at);
	assert_non_null(says->packet);
	memcpy(says->packet, packet, out.at);
}

static size_t ask(const uint8_t *name, uint16_t type)
{
	static const uint8_t loopback[4] = {127, 0, 0, 1};
	const struct gp_addr from = gp_addr_make(AF_INET, loopback, 0);
	uint8_t bytes[512] = {0};
	struct wire_out out;

	wire_write(&out, bytes, sizeof(bytes));
	out.at = WIRE_HEADER;
	wire_set_u16(bytes + 2, WIRE_RD);
	wire_set_u16(bytes + 4, 1);
	wire_put_name(&out, name);
	wire_put_u16(&out, type);
	wire_put_u16(&out, WIRE_CLASS_IN);
	return world_ask(&from, false, bytes, out.at);
}

/* Each name is asked for as TYPES say; how often upstream was. */
static size_t asked_for(unsigned rcode, const uint16_t *types, size_t type_count)
{
	size_t asked = 0, client = 0;
	char text[64];

	world.says_count = 2;
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(text, sizeof(text), "n%u-%u.example", i, rcode);
		const uint8_t *name = dns_name(text);
		put_says(&world.says[0], name, WIRE_AAAA, rcode);
		put_says(&world.says[1], name, WIRE_A, WIRE_NXDOMAIN);
		for (size_t j = 0; j < type_count; j++) {
			client = ask(name, types[j]);
			/* Some ask for one after the other. */
			if (i % 2)
				world_run(world.now_ms + 100, client);
		}
		world_run(world.now_ms + 2000, SIZE_MAX);
		for (size_t j = 0; j < type_count; j++) {
			const struct world_client *got = &world.clients[client - j];
			const uint16_t type = types[type_count - 1 - j];
			assert_int_equal(got->answers, 1);
			assert_int_equal(got->answer[3] & 0xf,
					 type == WIRE_A ? WIRE_NXDOMAIN : rcode);
		}
		asked += world.asked_count;
		world.asked_count = 0;
	}
	return asked;
}

static void unknown_names(void **state)
{
	static const uint16_t six[] = {WIRE_AAAA}, six_four[] = {WIRE_AAAA, WIRE_A},
			      four_six[] = {WIRE_A, WIRE_AAAA};
	struct gp_config *config =
		config_good("[guard]\nmode = auto\n[resolver]\nupstream = 192.0.2.53\n");
	char why[DNS_WHY];

	(void)state;
	for (unsigned rcode = WIRE_SERVFAIL; rcode <= WIRE_NXDOMAIN; rcode++) {
		world_begin();
		assert_true(world_configure(config, why));
		assert_int_equal(asked_for(rcode, six, 1), NAMES);
		world_end();
		world_begin();
		assert_true(world_configure(config, why));
		assert_int_equal(asked_for(rcode, six_four, 2), 2 * NAMES);
		world_end();
		world_begin();
		assert_true(world_configure(config, why));
		assert_int_equal(asked_for(rcode, four_six, 2), 2 * NAMES);
		world_end();
	}
	gp_config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
