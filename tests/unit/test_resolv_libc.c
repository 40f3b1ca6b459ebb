/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The name servers of a resolv.conf beside those that libc itself reads in the same text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <resolv.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tool/v6guardd/dns/resolvconf.h"

#define PATH "/etc/resolv.conf"
#define TEXTS 20000

static char place[] = "/tmp/v6guard-resolv.XXXXXX";
static const char *reason; /* why libc cannot be given a file; NULL: it can */

static bool write_text(const char *text, size_t size)
{
	const int fd = open(PATH, O_WRONLY | O_TRUNC | O_CLOEXEC);
	const bool good = fd >= 0 && write(fd, text, size) == (ssize_t)size;

	if (fd >= 0)
		close(fd);
	return good;
}

/* A file of our own in the place of libc's, for this process alone. */
static int own_file(void **state)
{
	const int fd = mkstemp(place);

	(void)state;
	if (fd < 0)
		return -1;
	close(fd);
	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		reason = "no mount namespace";
	else if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		 mount(place, PATH, NULL, MS_BIND, NULL))
		reason = "no " PATH " to mount another one over";
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(place);
}

static size_t add(char lists[][INET6_ADDRSTRLEN], size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(lists[i], text))
			return count;
	snprintf(lists[count], INET6_ADDRSTRLEN, "%s", text);
	return count + 1;
}

/* What libc would ask, each once; *IS_FULL: it knows no more than these places. */
static size_t libc_reads(char out[][INET6_ADDRSTRLEN], bool *is_full)
{
	struct __res_state res;
	size_t count = 0;

	memset(&res, 0, sizeof(res));
	assert_int_equal(res_ninit(&res), 0);
	for (int i = 0; i < res.nscount; i++) {
		char text[INET6_ADDRSTRLEN];
		if (res.nsaddr_list[i].sin_family == AF_INET)
			inet_ntop(AF_INET, &res.nsaddr_list[i].sin_addr, text,
				  sizeof(text));
		else
			inet_ntop(AF_INET6, &res._u._ext.nsaddrs[i]->sin6_addr, text,
				  sizeof(text));
		/* Both are this host. */
		count = add(out, count, strcmp(text, "0.0.0.0") ? text : "127.0.0.1");
	}
	*is_full = res.nscount == MAXNS;
	res_nclose(&res);
	return count;
}

static size_t we_read(const char *text, size_t size, char out[][INET6_ADDRSTRLEN])
{
	static const struct dns_config config; /* no listener: none is our own */
	struct dns_endpoint servers[8];
	bool has_own;
	size_t count = 0;
	const size_t n = resolvconf_read(text, size, &config, servers, 8, &has_own);

	for (size_t i = 0; i < n; i++) {
		char one[INET6_ADDRSTRLEN];
		inet_ntop(servers[i].addr.family, servers[i].addr.bytes, one,
			  sizeof(one));
		count = add(out, count, one);
	}
	return count;
}

static void compare(const char *text, size_t size)
{
	char libc[MAXNS][INET6_ADDRSTRLEN], ours[8][INET6_ADDRSTRLEN];
	bool is_full, is_same;
	size_t expected, count;

	assert_true(write_text(text, size));
	expected = libc_reads(libc, &is_full);
	count = we_read(text, size, ours);
	/* Without a line libc asks this host; that is for resolv.conf's reader to do. */
	if (!count && expected == 1 && !strcmp(libc[0], "127.0.0.1"))
		return;
	is_same = is_full ? count >= expected : count == expected;
	for (size_t i = 0; is_same && i < expected; i++)
		is_same = !strcmp(libc[i], ours[i]);
	if (is_same)
		return;
	print_error("libc:");
	for (size_t i = 0; i < expected; i++)
		print_error(" %s", libc[i]);
	print_error("\nwe:");
	for (size_t i = 0; i < count; i++)
		print_error(" %s", ours[i]);
	print_error("\nof:\n%.*s\n", (int)size, text);
	fail();
}

static const char *const words[] = {
	"nameserver",
	"nameserver",
	"nameserver",
	"nameserver ",
	"nameserver\t",
	"Nameserver ",
	"nameservers ",
	" nameserver ",
	"search ",
	"options ",
	" ",
	"\t",
	"\n",
	"\n",
	"\n",
	"\r\n",
	"\r",
	"\v",
	"#",
	";",
	"192.0.2.1",
	"192.0.2.2",
	"192.0.2.300",
	"127.1",
	"127.0.0.1",
	"0.0.0.0",
	"0",
	"0x7f.1",
	"0xc0000201",
	"3221225985",
	"0300.0.02.5",
	"192.0.2",
	"192.0.2.1.",
	"192.0.2.1,192.0.2.2",
	"192.0.2.1#53",
	"2001:db8::1",
	"2001:DB8::2",
	"2001:db8::3%eth0",
	"fe80::1%lo",
	"fe80::1%",
	"fe80::1",
	"[2001:db8::1]",
	"::",
	"::1",
	"::ffff:192.0.2.1",
	"::ffff:7f00:1",
	"2001:db8:1:2:3:4:5:6:7",
	"example",
};

static const char *const files[] = {
	"nameserver 10.0.0.2\nnameserver 10.0.0.2\nnameserver 8.8.8.8\n",
	"nameserver 127.1\n",
	"nameserver 010.0.0.1\n",
	"nameserver 192.0.2.1\r\nnameserver 192.0.2.2\n",
	"nameserver 192.0.2.1 192.0.2.2\n",
	"nameserver 192.0.2.1;comment\n",
	"nameserver 192.0.2.1 ;comment",
	"nameserver\n192.0.2.1\n",
	"options ndots:5\nnameserver fd00::1\nnameserver 0.0.0.0\n",
	"\xEF\xBB\xBFnameserver 192.0.2.1\nnameserver 192.0.2.2\n",
	"nameserver 0x7f000001\nnameserver 2130706433\n",
	"nameserver fe80::1%lo\nnameserver fe80::1\n",
};

static void as_they_come(void **state)
{
	(void)state;
	if (reason)
		skip();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		compare(files[i], strlen(files[i]));
}

static void by_chance(void **state)
{
	unsigned int seed = 12;

	(void)state;
	if (reason)
		skip();
	for (int i = 0; i < TEXTS; i++) {
		char text[512];
		size_t size = 0;
		const int parts = 1 + rand_r(&seed) % 16;
		for (int part = 0; part < parts; part++) {
			const size_t n = (size_t)rand_r(&seed) %
					 (sizeof(words) / sizeof(words[0]));
			const size_t length = strlen(words[n]);
			memcpy(text + size, words[n], length);
			size += length;
			if (!strncmp(words[n], "nameserver", 10) && rand_r(&seed) % 4)
				text[size++] = ' ';
			else if (words[n][0] != '\n' && rand_r(&seed) % 2)
				text[size++] = '\n';
		}
		compare(text, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_they_come),
		cmocka_unit_test(by_chance),
	};

	return cmocka_run_group_tests(tests, own_file, remove_file);
}
