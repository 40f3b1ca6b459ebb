/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steward's part in a rescue: what it refuses, whoever asks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "guard/clock.h"
#include "guard/owner.h"
#include "tool/v6guardd/rescue.h"

/* ---- the kernel's part, as a case wants it ---- */

static long long now_ms;
static enum gp_status found, destroyed;
static struct gp_owner owner;
static unsigned destroys;

long long __wrap_gp_boot_ms(void);
long long __wrap_gp_boot_ms(void)
{
	return now_ms;
}

enum gp_status __wrap_gp_sockdiag_find(int fd, const struct gp_socket *socket,
				       struct gp_socket *out);
enum gp_status __wrap_gp_sockdiag_find(int fd, const struct gp_socket *socket,
				       struct gp_socket *out)
{
	assert_int_equal(fd, 99);
	*out = *socket;
	out->inode = 1234;
	return found;
}

size_t __wrap_gp_owner_find(const uint32_t *inodes, struct gp_owner *owners,
			    size_t count);
size_t __wrap_gp_owner_find(const uint32_t *inodes, struct gp_owner *owners, size_t count)
{
	assert_int_equal(count, 1);
	/* The kernel's word, not the worker's. */
	assert_int_equal(inodes[0], 1234);
	*owners = owner;
	return owner.pid != 0;
}

enum gp_status __wrap_gp_sockdiag_destroy(int fd, const struct gp_socket *socket);
enum gp_status __wrap_gp_sockdiag_destroy(int fd, const struct gp_socket *socket)
{
	assert_int_equal(fd, 99);
	assert_int_equal(socket->cookie[0], 7);
	destroys++;
	return destroyed;
}

/* ---- */

static struct rescue rescue;
static struct settings settings;
static struct message_rescue request;
static struct message_rescued out;

static int setup(void **state)
{
	(void)state;
	now_ms = 1000000;
	found = destroyed = GP_OK;
	destroys = 0;
	owner = (struct gp_owner){
		.pid = 42, .program = "wget", .path = "/usr/bin/wget", .unit = "x.scope"};
	rescue_init(&rescue, 99);
	settings_free(&settings);
	settings_init(&settings);
	settings.rescue = 1;
	memset(&request, 0, sizeof(request));
	gp_addr_parse("2001:db8::2", &request.socket.local);
	gp_addr_parse("2001:db8:1::1", &request.socket.remote);
	gp_addr_parse("192.0.2.1", &request.partner);
	request.socket.cookie[0] = 7;
	request.socket.inode = 666;
	request.socket.state = 2;
	request.why = RESCUE_RETRANSMITS;
	return 0;
}

static enum gp_status ask(void)
{
	memset(&out, 0xff, sizeof(out));
	rescue_do(&rescue, &settings, &request, &out);
	return (enum gp_status)out.status;
}

static void frees(void **state)
{
	(void)state;
	assert_int_equal(ask(), GP_OK);
	assert_int_equal(destroys, 1);
	assert_int_equal(out.pid, 42);
	assert_string_equal(out.program, "wget");
	assert_string_equal(out.unit, "x.scope");
	assert_int_equal(out.why, RESCUE_RETRANSMITS);
	assert_memory_equal(&out.socket, &request.socket, sizeof(out.socket));
	assert_memory_equal(&out.partner, &request.partner, sizeof(out.partner));
	destroyed = GP_PERM;
	assert_int_equal(ask(), GP_PERM);
}

static void says_what_the_kernel_said(void **state)
{
	(void)state;
	found = GP_NOTFOUND;
	assert_int_equal(ask(), GP_NOTFOUND);
	assert_int_equal(destroys, 0);
	assert_int_equal(out.pid, 0);
	assert_string_equal(out.program, "");
}

static void goes_by_its_own_settings(void **state)
{
	(void)state;
	settings.rescue = 0;
	assert_int_equal(ask(), GP_PERM);
	settings.rescue = 1;
	settings.guard.enforce = 0;
	assert_int_equal(ask(), GP_PERM);
	assert_int_equal(destroys, 0);
}

static void not_plausible(void **state)
{
	static const struct {
		const char *remote, *partner;
		uint8_t tcp_state;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1", 2},     {"2001:db8::1", "2001:db8::2", 2},
		{"::1", "192.0.2.1", 2},           {"fe80::1", "192.0.2.1", 2},
		{"ff02::1", "192.0.2.1", 2},       {"::", "192.0.2.1", 2},
		{"2001:db8::1", "127.0.0.1", 2},   {"2001:db8::1", "0.0.0.0", 2},
		{"2001:db8::1", "192.0.2.1", 1},   {"2001:db8::1", "192.0.2.1", 0},
		{"2001:db8::1", "192.0.2.1", 255},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		gp_addr_parse(cases[i].remote, &request.socket.remote);
		gp_addr_parse(cases[i].partner, &request.partner);
		request.socket.state = cases[i].tcp_state;
		if (ask() != GP_RANGE)
			fail_msg("%s %s in state %u: %s", cases[i].remote,
				 cases[i].partner, cases[i].tcp_state,
				 gp_status_text((enum gp_status)out.status));
	}
	assert_int_equal(destroys, 0);
}

static void excluded_programs(void **state)
{
	static const char *const excluded[] = {"java", "/usr/bin/legacy"};

	(void)state;
	settings.excluded_count = 2;
	settings.excluded = excluded;
	assert_int_equal(ask(), GP_OK);
	strcpy(owner.program, "java");
	assert_int_equal(ask(), GP_CONFLICT);
	strcpy(owner.program, "wget");
	strcpy(owner.path, "/usr/bin/legacy");
	assert_int_equal(ask(), GP_CONFLICT);
	/* It may be one of them. */
	owner = (struct gp_owner){.pid = 0};
	assert_int_equal(ask(), GP_CONFLICT);
	assert_int_equal(destroys, 1);
	settings.excluded_count = 0;
	assert_int_equal(ask(), GP_OK);
}

static unsigned granted(unsigned tries)
{
	unsigned count = 0;

	for (unsigned i = 0; i < tries; i++)
		count += ask() == GP_OK;
	return count;
}

static void no_more_than_its_rate(void **state)
{
	(void)state;
	assert_int_equal(granted(100), RESCUE_TOKENS_MAX);
	assert_int_equal(out.status, GP_BUSY);
	now_ms += 99;
	assert_int_equal(granted(10), 0);
	now_ms += 1;
	assert_int_equal(granted(10), 1);
	now_ms += 1000;
	assert_int_equal(granted(100), RESCUE_TOKENS_RATE);
	/* A long silence saves up no more than the burst. */
	now_ms += 100LL * 365 * 24 * 3600 * 1000;
	assert_int_equal(granted(100), RESCUE_TOKENS_MAX);
	/* What is refused for other reasons costs nothing. */
	now_ms += 10000;
	settings.rescue = 0;
	granted(100);
	settings.rescue = 1;
	assert_int_equal(granted(100), RESCUE_TOKENS_MAX);
}

/* Into JSON, onto terminals. */
static void names_of_programs(void **state)
{
	static const char hostile[] = "\033[2J\xff\n\"x\xc3\xa4";

	(void)state;
	memcpy(owner.program, hostile, sizeof(hostile));
	memset(owner.unit, 'u', sizeof(owner.unit) - 1);
	assert_int_equal(ask(), GP_OK);
	assert_string_equal(out.program, "?[2J??\"x??");
	assert_int_equal(strlen(out.unit), sizeof(out.unit) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(frees, setup),
		cmocka_unit_test_setup(says_what_the_kernel_said, setup),
		cmocka_unit_test_setup(goes_by_its_own_settings, setup),
		cmocka_unit_test_setup(not_plausible, setup),
		cmocka_unit_test_setup(excluded_programs, setup),
		cmocka_unit_test_setup(no_more_than_its_rate, setup),
		cmocka_unit_test_setup(names_of_programs, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
