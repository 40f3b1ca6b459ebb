/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where a resolv.conf leads programs, and which names it speaks of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "tool/v6guard/resolv_read.h"

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	assert_int_equal(gp_addr_parse(text, &addr), GP_OK);
	return addr;
}

/* This host has 127/8, ::1 and 192.0.2.7. */
static bool is_own(const struct gp_addr *addr)
{
	const struct gp_addr one = address("192.0.2.7"), six = address("::1");

	return gp_addr_equal(addr, &one) || gp_addr_equal(addr, &six) ||
	       (addr->family == AF_INET && addr->bytes[0] == 127);
}

static const struct {
	const char *listen, *text;
	size_t place;
} cases[] = {
	{"127.0.0.64:53", "nameserver 127.0.0.64\n", 1},
	{"127.0.0.64:53", "nameserver 192.0.2.1\nnameserver 127.0.0.64\n", 2},
	{"127.0.0.64:53", "nameserver 192.0.2.1\n", 0},
	{"127.0.0.64:53", "#v6guard nameserver 127.0.0.64\n", 0},
	{"127.0.0.64:53", " nameserver 127.0.0.64\nnameserver 192.0.2.1", 0},
	{"127.0.0.64:53", "nameserver 127.64", 1},
	/* resolv.conf names no port. */
	{"127.0.0.64:5353", "nameserver 127.0.0.64\n", 0},
	{"[::1]:53", "nameserver ::1\n", 1},
	{"[::1]:53", "nameserver 127.0.0.1\n", 0},
	/* libc's fourth is nobody's. */
	{"127.0.0.64:53",
	 "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n"
	 "nameserver 127.0.0.64\n",
	 0},
	/* All addresses, of that family. */
	{"0.0.0.0:53", "nameserver 127.0.0.9\n", 1},
	{"0.0.0.0:53", "nameserver 192.0.2.7\n", 1},
	{"0.0.0.0:53", "nameserver 192.0.2.8\n", 0},
	{"0.0.0.0:53", "nameserver ::1\n", 0},
	{"[::]:53", "nameserver ::1\n", 1},
	/* No server is this host. */
	{"127.0.0.1:53", "search x\n", 1},
	{"127.0.0.1:53", "", 1},
	{"127.0.0.64:53", "", 0},
	{"127.0.0.1:53", "nameserver 0.0.0.0\n", 1},
};

static void places(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct resolv_listener listen;
		struct resolv_read read;
		assert_true(
			gp_config_listen(cases[i].listen, &listen.addr, &listen.port));
		resolv_read(cases[i].text, &read);
		if (resolv_place(&read, &listen, 1, is_own) != cases[i].place)
			fail_msg("case %zu: %s and '%s'", i, cases[i].listen,
				 cases[i].text);
	}
}

static void search(void **state)
{
	struct resolv_read read;

	(void)state;
	resolv_read("search a.test  b.test\t\nnameserver ::1\n", &read);
	assert_int_equal(read.search_count, 2);
	assert_string_equal(read.search[1], "b.test");
	/* The last line counts. */
	resolv_read("search a.test b.test\ndomain c.test d.test", &read);
	assert_int_equal(read.search_count, 1);
	assert_string_equal(read.search[0], "c.test");
	resolv_read("domain c.test\nsearch 1 2 3 4 5 6 7\n#search x\nsearching y\n",
		    &read);
	assert_int_equal(read.search_count, RESOLV_SEARCH);
	assert_false(read.options.no_aaaa || read.options.rotate);
	resolv_read("options edns0 no-aaaa\n options rotate\n", &read);
	assert_true(read.options.no_aaaa);
	assert_false(read.options.rotate);
}

static void stub(void **state)
{
	const struct gp_addr yes = address("127.0.0.53"), proxy = address("127.0.0.54"),
			     no = address("127.0.0.64"), far = address("127.0.1.53");

	(void)state;
	assert_true(resolv_is_stub(&yes) && resolv_is_stub(&proxy));
	assert_false(resolv_is_stub(&no) || resolv_is_stub(&far));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places),
		cmocka_unit_test(search),
		cmocka_unit_test(stub),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
