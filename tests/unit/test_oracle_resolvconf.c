/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What we make of a resolv.conf, and what glibc makes of it: each text stands in /etc of
 * a mount namespace, and a child that never looked before asks res_ninit() for its
 * servers. Where glibc's own list is not what it can ask, the difference is put right
 * here: it keeps 0.0.0.0 and :: (the host), doubles, mapped addresses, link-local ones
 * without a zone (connect() refuses them), and has 127.0.0.1 where a file names nobody.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <resolv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <cmocka.h>

#include "guard/resolvconf.h"
#include "netns.h"
#include "tool/v6guardd/dns/resolvconf.h"

#define FILE_PATH "/etc/resolv.conf"
#define A "nameserver 192.0.2.1\n"
#define B "nameserver 192.0.2.2\n"
#define C "nameserver 192.0.2.3\n"
#define D "nameserver 192.0.2.4\n"

/* With its length, for the NUL bytes. */
#define TEXT(text)                                                                       \
	{                                                                                \
		text, sizeof(text) - 1                                                   \
	}

static const struct {
	const char *text;
	size_t size;
} texts[] = {
	TEXT(""),
	TEXT("\n\n"),
	TEXT("# nameserver 192.0.2.1\n; nameserver 192.0.2.2\n"),
	TEXT(A),
	TEXT("nameserver 192.0.2.1"),
	TEXT(A B),
	TEXT(A B C),
	TEXT(A B C D),
	TEXT(A A A B),
	TEXT(A A B),
	TEXT("nameserver nonsense\n" A B C D),
	TEXT("nameserver fe80::1\n" A B C),
	TEXT("nameserver\t192.0.2.1\n"),
	TEXT("nameserver \t  192.0.2.1\t \n"),
	TEXT(" nameserver 192.0.2.1\n" B),
	TEXT("\tnameserver 192.0.2.1\n" B),
	TEXT("NAMESERVER 192.0.2.1\n" B),
	TEXT("nameserver=192.0.2.1\n" B),
	TEXT("nameserver:192.0.2.1\n" B),
	TEXT("nameserver192.0.2.1\n" B),
	TEXT("nameservers 192.0.2.1\n" B),
	TEXT("nameserver\n" B),
	TEXT("nameserver \n" B),
	TEXT("nameserver\t\t\n" B),
	TEXT("nameserver 192.0.2.1 192.0.2.2\n"),
	TEXT("nameserver 192.0.2.1,192.0.2.2\n" B),
	TEXT("nameserver 192.0.2.1 # the first\n" B),
	TEXT("nameserver 192.0.2.1# the first\n" B),
	TEXT("nameserver 192.0.2.1;\n" B),
	TEXT("nameserver 192.0.2.1#53\n" B),
	TEXT("nameserver 192.0.2.1:53\n" B),
	TEXT("nameserver [2001:db8::1]\n" B),
	TEXT("nameserver [2001:db8::1]:53\n" B),
	TEXT("nameserver \"192.0.2.1\"\n" B),
	TEXT("nameserver 192.0.2.1\r\n" B),
	TEXT("nameserver 192.0.2.1 \r\n" B),
	TEXT("nameserver 2001:db8::1\r\n" B),
	TEXT("nameserver 192.0.2.1\rnameserver 192.0.2.3\n" B),
	TEXT("\xef\xbb\xbfnameserver 192.0.2.1\n" B),
	TEXT("nameserver\xc2\xa0"
	     "192.0.2.1\n" B),
	TEXT("nameserver\v192.0.2.1\n" B),
	TEXT("nameserver 192.0.2.1\v\n" B),
	TEXT("nameserver 192.0.2.1\f\n" B),
	TEXT("nameserver \f192.0.2.1\n" B),
	TEXT("nameserver 192.0.2.1\0nonsense\n" B),
	TEXT("nameserver\0 192.0.2.1\n" B),
	TEXT("\0nameserver 192.0.2.1\n" B),
	TEXT("search a.example\0\n" B),
	TEXT("nameserver 127.1\n"),
	TEXT("nameserver 10.1.2\n"),
	TEXT("nameserver 1\n"),
	TEXT("nameserver 0\n"),
	TEXT("nameserver 0177.0.0.1\n"),
	TEXT("nameserver 0x7f.0.0.1\n"),
	TEXT("nameserver 0X7F000001\n"),
	TEXT("nameserver 2130706433\n"),
	TEXT("nameserver 017700000001\n"),
	TEXT("nameserver 0xC0000201\n"),
	TEXT("nameserver 192.0.2.010\n"),
	TEXT("nameserver 192.0.2.08\n" B),
	TEXT("nameserver 192.0.2.256\n" B),
	TEXT("nameserver 192.0.65536\n" B),
	TEXT("nameserver 192.0.65535\n" B),
	TEXT("nameserver 4294967295\n" B),
	TEXT("nameserver 4294967296\n" B),
	TEXT("nameserver 0x\n" B),
	TEXT("nameserver 0x.0.0.1\n" B),
	TEXT("nameserver 00000000000000000000000000000300.0.2.1\n" B),
	TEXT("nameserver 1.2.3.4.5\n" B),
	TEXT("nameserver 192.0.2.1.\n" B),
	TEXT("nameserver .192.0.2.1\n" B),
	TEXT("nameserver 192..2.1\n" B),
	TEXT("nameserver +192.0.2.1\n" B),
	TEXT("nameserver -1\n" B),
	TEXT("nameserver 192.0.2.1a\n" B),
	TEXT("nameserver a.b.c.d\n" B),
	TEXT("nameserver 0.0.0.0\n" B),
	TEXT("nameserver ::\n" B),
	TEXT("nameserver ::1\n" B),
	TEXT("nameserver ::ffff:192.0.2.1\n" B),
	TEXT("nameserver ::ffff:0.0.0.0\n" B),
	TEXT("nameserver ::ffff:c000:201\nnameserver 192.0.2.1\n"),
	TEXT("nameserver ::192.0.2.1\n" B),
	TEXT("nameserver 2001:DB8::1\n"),
	TEXT("nameserver 2001:db8::1/64\n" B),
	TEXT("nameserver 2001:db8:::1\n" B),
	TEXT("nameserver 2001:db8::00001\n" B),
	TEXT("nameserver fe80::1%lo\n" B),
	TEXT("nameserver fe80::1%1\n" B),
	TEXT("nameserver fe80::1%2\n" B),
	TEXT("nameserver fe80::1%nothere\n" B),
	TEXT("nameserver fe80::1%\n" B),
	TEXT("nameserver fe80::1%lo%lo\n" B),
	TEXT("nameserver 2001:db8::1%lo\n" B),
	TEXT("nameserver 2001:db8::1%nothere\n" B),
	TEXT("nameserver 2001:db8::1%\r\n" B),
	TEXT("nameserver 192.0.2.1%lo\n" B),
	TEXT("nameserver 255.255.255.255\nnameserver 224.0.0.1\nnameserver ff02::fb\n"),
	TEXT("nameserver 2001:db8::1\nnameserver 192.0.2.1\nnameserver 2001:db8::2\n" D),
	TEXT(A "options rotate\n"),
	TEXT(A "options rotate"),
	TEXT(A "options\trotate\tno-aaaa\n"),
	TEXT(A "options timeout:1 attempts:1 rotate\n"),
	TEXT(A "options rotate:1 no-aaaaa\n"),
	TEXT(A "options xrotate x-no-aaaa\n"),
	TEXT(A "options  \t no-aaaa\r\n"),
	TEXT(A "options rotate\r\n"),
	TEXT(A "options rotate#no-aaaa\n"),
	TEXT(A "options # rotate\n"),
	TEXT(A "options timeout:1\noptions rotate\noptions no-aaaa\n"),
	TEXT(A "Options rotate\n"),
	TEXT(A " options rotate\n"),
	TEXT(A "option rotate\n"),
	TEXT(A "optionsrotate\n"),
	TEXT(A "options\n"),
	TEXT(A "options \n"),
	TEXT(A "options Rotate NO-AAAA\n"),
	TEXT(A "options timeout:1\0rotate\n"),
	TEXT(A "options timeout:1\vrotate\n"),
	TEXT(A "# options rotate\n; options no-aaaa\n"),
	TEXT("options rotate no-aaaa\n"),
};

/* What somebody makes of a file, as text to be compared. */
struct made {
	char servers[512];
	bool rotate, no_aaaa;
};

static void add(struct made *to, const struct gp_addr *addr)
{
	char text[GP_ADDR_TEXT + 2] = " ";

	gp_addr_format(addr, text + 1);
	strcat(text, ";");
	if (!strstr(to->servers, text))
		strcat(to->servers, text);
}

static struct made ours(const char *text, size_t size)
{
	const struct dns_config config = {.listen_count = 0};
	const struct gp_resolv_options options = gp_resolv_options(text, size);
	struct dns_endpoint servers[8];
	struct made out = {.rotate = options.rotate, .no_aaaa = options.no_aaaa};
	struct resolvconf_seen seen;
	const size_t count = resolvconf_read(text, size, &config, GP_RESOLV_SERVERS,
					     servers, 8, &seen);
	const struct gp_addr none = gp_addr_make(AF_INET, "\x7f\0\0\1", 0);

	assert_int_equal(seen.rotate, options.rotate);
	assert_false(seen.has_own);
	for (size_t i = 0; i < count; i++)
		add(&out, &servers[i].addr);
	if (!count && !strstr(text, "fe80::1"))
		add(&out, &none);
	return out;
}

/* ---- glibc ---- */

static void add_ipv4(struct made *to, const void *bytes)
{
	static const uint8_t here[4] = {127, 0, 0, 1}, zero[4];
	const struct gp_addr addr =
		gp_addr_make(AF_INET, memcmp(bytes, zero, 4) != 0 ? bytes : here, 0);

	add(to, &addr);
}

static void add_ipv6(struct made *to, const struct sockaddr_in6 *name)
{
	const struct in6_addr here = IN6ADDR_LOOPBACK_INIT;
	struct gp_addr addr =
		gp_addr_make(AF_INET6, &name->sin6_addr, name->sin6_scope_id);

	if (IN6_IS_ADDR_V4MAPPED(&name->sin6_addr)) {
		add_ipv4(to, &name->sin6_addr.s6_addr[12]);
		return;
	}
	if (IN6_IS_ADDR_UNSPECIFIED(&name->sin6_addr))
		addr = gp_addr_make(AF_INET6, &here, 0);
	if (!IN6_IS_ADDR_LINKLOCAL(&name->sin6_addr) || name->sin6_scope_id)
		add(to, &addr);
}

static struct made glibcs(void)
{
	struct __res_state state = {.options = 0};
	struct made out = {.servers = ""};

	if (res_ninit(&state) < 0)
		return out;
	out.rotate = state.options & RES_ROTATE;
#ifdef RES_NOAAAA
	out.no_aaaa = state.options & RES_NOAAAA;
#endif
	for (int i = 0; i < state.nscount; i++)
		if (state.nsaddr_list[i].sin_family == AF_INET)
			add_ipv4(&out, &state.nsaddr_list[i].sin_addr);
		else if (state._u._ext.nsaddrs[i])
			add_ipv6(&out, state._u._ext.nsaddrs[i]);
	res_nclose(&state);
	return out;
}

/* By a process that has not read one before. */
static struct made ask_glibc(void)
{
	struct made out = {.servers = "nothing came"};
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	if (child == 0) {
		out = glibcs();
		_exit(write(ends[1], &out, sizeof(out)) != sizeof(out));
	}
	close(ends[1]);
	if (read(ends[0], &out, sizeof(out)) != sizeof(out))
		strcpy(out.servers, "nothing came");
	close(ends[0]);
	waitpid(child, NULL, 0);
	return out;
}

/* ---- */

static void put(const char *text, size_t size)
{
	FILE *file = fopen(FILE_PATH, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void as_glibc(void **state)
{
	(void)state;
	if (netns_reason) {
		print_message("%s\n", netns_reason);
		skip();
	}
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("oracle", "/etc", "tmpfs", 0, NULL)) {
		print_message("no mounts: %s\n", strerror(errno));
		skip();
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct made own, theirs;
		put(texts[i].text, texts[i].size);
		own = ours(texts[i].text, texts[i].size);
		theirs = ask_glibc();
#ifndef RES_NOAAAA
		own.no_aaaa = false;
#endif
		if (strcmp(own.servers, theirs.servers) != 0 ||
		    own.rotate != theirs.rotate || own.no_aaaa != theirs.no_aaaa)
			fail_msg("text %zu:\n%s\nours:  %s rotate %d no-aaaa %d\n"
				 "glibc: %s rotate %d no-aaaa %d",
				 i, texts[i].text, own.servers, own.rotate, own.no_aaaa,
				 theirs.servers, theirs.rotate, theirs.no_aaaa);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(as_glibc)};
	int status;

	unsetenv("RES_OPTIONS");
	netns_enter();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	netns_leave();
	return status;
}
