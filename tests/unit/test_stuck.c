/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tool/v6guard/daemon.h"
#include "tool/v6guard/known.h"
#include "tool/v6guard/stuck.h"

size_t daemon_partners(const struct gp_addr *addr, struct gp_addr *out, size_t max)
{
	(void)addr, (void)out, (void)max;
	return 0;
}

void known_text(char *buf, size_t size, const char *text)
{
	snprintf(buf, size, "%s", text);
}

/* When Linux sends a SYN again: seen in SYN_SENT dumps, linear = 4; RFC 6298 with 0. */
static void test_seconds(void **state)
{
	static const unsigned linear4[] = {0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67, 131, 251};
	static const unsigned linear0[] = {0, 1, 3, 7, 15, 31, 63, 127, 247, 367};

	(void)state;
	for (unsigned i = 0; i < sizeof(linear4) / sizeof(linear4[0]); i++)
		assert_int_equal(stuck_seconds(i, 4), linear4[i]);
	for (unsigned i = 0; i < sizeof(linear0) / sizeof(linear0[0]); i++)
		assert_int_equal(stuck_seconds(i, 0), linear0[i]);
}

/* How long connect() took: nc with that many retries, linear = 4, took 3.1, 7.1, 19.5 and
 * 133.6 s (timers are late by up to 2 %); 127 s is what older kernels are known for. */
static void test_limit(void **state)
{
	static const struct {
		unsigned retries, linear, seconds;
	} cases[] = {
		{1, 4, 3},   {2, 4, 7},   {3, 4, 19}, {6, 4, 131},
		{1, 0, 3},   {2, 0, 7},   {3, 0, 15}, {5, 0, 63},
		{6, 0, 127}, {7, 0, 247}, {0, 0, 1},  {255, 255, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned seconds = stuck_limit(cases[i].retries, cases[i].linear);
		if (cases[i].seconds && seconds != cases[i].seconds)
			fail_msg("%u retries, %u linear: %u", cases[i].retries,
				 cases[i].linear, seconds);
	}
}

static void test_story(void **state)
{
	struct stuck_socket item = {
		.socket = {.remote_port = 80, .uid = 33},
		.owner = {.pid = 123, .program = "wget"},
		.partner_count = 1,
	};
	char text[STUCK_TEXT];

	(void)state;
	assert_int_equal(gp_addr_parse("2001:db8::1", &item.socket.remote), GP_OK);
	assert_int_equal(gp_addr_parse("192.0.2.1", &item.partners[0]), GP_OK);
	item.fate = STUCK_FREED;
	assert_string_equal(stuck_story(&item, text),
			    "freed wget (pid 123) from 2001:db8::1 port 80");
	item.fate = STUCK_LEFT;
	assert_string_equal(stuck_story(&item, text),
			    "left wget (pid 123) at 2001:db8::1 port 80: 192.0.2.1 does "
			    "not answer there either");
	item.fate = STUCK_GONE;
	item.owner.pid = 0;
	assert_string_equal(
		stuck_story(&item, text),
		"a program of uid 33 went on by itself from 2001:db8::1 port 80");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seconds),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_story),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
