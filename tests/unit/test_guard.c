/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decision of DESIGN 4: each case is a name, its addresses, and what must become of
 * them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gaipolicy.h"

#define A "198.51.100.1"
#define A2 "198.51.100.2"
#define AAAA "2001:db8::1"
#define AAAA2 "2001:db8::2"
#define OWN "2001:db8::ff"
#define OWN4 "198.51.100.255"

/* What the pretended host can reach. */
enum host { DUAL, NO_IPV4_ROUTE, NO_IPV6_ROUTE, NO_SECOND_IPV4 };

struct world {
	enum host host;
	unsigned asked;
	/* The reach map: what is known of each address of `in`. */
	const char *const *in;
	const char *known; /* a letter each; NULL: no live map */
};

static bool is_usable(void *ctx, const struct gp_addr *addr)
{
	struct world *world = ctx;

	world->asked++;
	if (world->host == NO_SECOND_IPV4)
		return addr->family == AF_INET6 || addr->bytes[3] != 2;
	return world->host == DUAL ||
	       world->host == (addr->family == AF_INET ? NO_IPV6_ROUTE : NO_IPV4_ROUTE);
}

static bool is_own(void *ctx, const struct gp_addr *addr)
{
	char text[GP_ADDR_TEXT];

	(void)ctx;
	gp_addr_format(addr, text);
	return !strcmp(text, OWN) || !strcmp(text, OWN4);
}

/* 'b' broken, 's' slow, 'o' ok, 'l' unknown but on-link, 'm' made by DNS64, else unknown.
 */
static char letter_of(const struct world *world, const struct gp_addr *addr)
{
	char text[GP_ADDR_TEXT];

	gp_addr_format(addr, text);
	for (size_t i = 0; world->known[i]; i++)
		if (!strcmp(world->in[i], text))
			return world->known[i];
	return '?';
}

static enum gp_verdict verdict(void *ctx, const struct gp_addr *addr)
{
	switch (letter_of(ctx, addr)) {
	case 'b':
		return GP_VERDICT_BROKEN;
	case 's':
		return GP_VERDICT_SLOW;
	case 'o':
		return GP_VERDICT_OK;
	}
	return GP_VERDICT_UNKNOWN;
}

static bool is_made(void *ctx, const struct gp_addr *addr)
{
	return letter_of(ctx, addr) == 'm';
}

static bool is_onlink(void *ctx, const struct gp_addr *addr)
{
	return letter_of(ctx, addr) == 'l';
}

struct result {
	enum gp_disposition disposition;
	enum gp_reason reason;
};

#define KEPT                                                                             \
	{                                                                                \
		GP_KEPT, GP_WHY_NOTHING                                                  \
	}
#define GONE                                                                             \
	{                                                                                \
		GP_STRIPPED, GP_WHY_MODE                                                 \
	}
#define LATER                                                                            \
	{                                                                                \
		GP_DEMOTED, GP_WHY_MODE                                                  \
	}
#define GONE_AS(why)                                                                     \
	{                                                                                \
		GP_STRIPPED, GP_WHY_##why                                                \
	}
#define LATER_AS(why)                                                                    \
	{                                                                                \
		GP_DEMOTED, GP_WHY_##why                                                 \
	}
#define STAYS(why)                                                                       \
	{                                                                                \
		GP_KEPT, GP_WHY_##why                                                    \
	}

struct guard_case {
	const char *what;
	enum gp_mode mode;
	enum gp_door door;
	const char *name; /* NULL here: the usual one */
	int family;
	enum host host;
	bool no_keep_last, aaaa_only, no_enforce, no_node, distrust, lacks_ipv6;
	const char *known; /* letters of letter_of(); NULL: no live map */
	const char *in[6];
	const char *order; /* "201": indexes of `in` in the order that comes out; NULL: as
			      it was */
	struct result out[6]; /* in the order of `in` */
	bool differs;
};

#define NSS .door = GP_DOOR_NSS
#define PRELOAD .door = GP_DOOR_PRELOAD
#define DNS .door = GP_DOOR_DNS

static const struct guard_case cases[] = {
	/* The table of modes and doors. */
	{"off", GP_MODE_OFF, NSS, .in = {AAAA, A}, .out = {KEPT, KEPT}},
	{"auto without evidence", GP_MODE_AUTO, NSS, .in = {AAAA, A},
	 .out = {KEPT, KEPT}},
	{"auto, preload", GP_MODE_AUTO, PRELOAD, .in = {AAAA, A}, .out = {KEPT, KEPT}},
	{"prefer-ipv4 strips", GP_MODE_PREFER_IPV4, NSS, .in = {AAAA, A, AAAA2, A2},
	 .out = {GONE, KEPT, GONE, KEPT}, .differs = true},
	{"prefer-ipv4 strips, dns", GP_MODE_PREFER_IPV4, DNS, .family = AF_INET6,
	 .in = {AAAA, A}, .out = {GONE, KEPT}, .differs = true},
	{"prefer-ipv4 orders", GP_MODE_PREFER_IPV4, PRELOAD, .in = {AAAA, A, AAAA2, A2},
	 .order = "1302", .out = {LATER, KEPT, LATER, KEPT}, .differs = true},
	{"prefer-ipv4, in order already", GP_MODE_PREFER_IPV4, PRELOAD,
	 .in = {A, A2, AAAA}, .out = {KEPT, KEPT, KEPT}},
	{"prefer-ipv6 cannot act at nss", GP_MODE_PREFER_IPV6, NSS, .in = {A, AAAA},
	 .out = {KEPT, KEPT}},
	{"prefer-ipv6 cannot act at dns", GP_MODE_PREFER_IPV6, DNS, .in = {A, AAAA},
	 .out = {KEPT, KEPT}},
	{"prefer-ipv6 orders", GP_MODE_PREFER_IPV6, PRELOAD, .in = {A, AAAA, A2},
	 .order = "102", .out = {LATER, KEPT, LATER}, .differs = true},
	{"strip-aaaa", GP_MODE_STRIP_AAAA, NSS, .in = {AAAA, A}, .out = {GONE, KEPT},
	 .differs = true},
	{"strip-aaaa, preload", GP_MODE_STRIP_AAAA, PRELOAD, .in = {AAAA, A},
	 .out = {GONE, KEPT}, .differs = true},
	{"strip-a", GP_MODE_STRIP_A, NSS, .in = {AAAA, A}, .out = {KEPT, GONE},
	 .differs = true},

/* `auto`: what a verdict speaks against, address by address. */
#define AUTO GP_MODE_AUTO
	{"no map, distrust", AUTO, NSS, .distrust = true, .in = {AAAA, A},
	 .out = {KEPT, KEPT}},
	{"nothing known", AUTO, NSS, .known = "??", .in = {AAAA, A}, .out = {KEPT, KEPT}},
	{"one is broken", AUTO, NSS, .known = "b?o?", .in = {AAAA, A, AAAA2, A2},
	 .out = {GONE_AS(BROKEN), KEPT, KEPT, KEPT}, .differs = true},
	{"all are broken", AUTO, NSS, .known = "bb", .in = {AAAA, AAAA2, A},
	 .out = {GONE_AS(BROKEN), GONE_AS(BROKEN), KEPT}, .differs = true},
	{"broken, dns", AUTO, DNS, .known = "b", .family = AF_INET6, .in = {AAAA, A},
	 .out = {GONE_AS(BROKEN), KEPT}, .differs = true},
	{"slow stays at nss", AUTO, NSS, .known = "s?", .in = {AAAA, A},
	 .out = {KEPT, KEPT}},
	{"slow stays at dns, distrusted too", AUTO, DNS, .known = "s?", .distrust = true,
	 .in = {AAAA, A}, .out = {KEPT, KEPT}},
	{"ok", AUTO, NSS, .known = "o?", .distrust = true, .in = {AAAA, A},
	 .out = {KEPT, KEPT}},
	{"distrust", AUTO, NSS, .known = "?bo", .distrust = true,
	 .in = {AAAA, AAAA2, "2001:db8::3", A},
	 .out = {GONE_AS(UNTESTED), GONE_AS(BROKEN), KEPT, KEPT}, .differs = true},
	{"distrust spares the link", AUTO, NSS, .known = "l?", .distrust = true,
	 .in = {AAAA, AAAA2, A}, .out = {KEPT, GONE_AS(UNTESTED), KEPT}, .differs = true},
	{"distrust spares its own", AUTO, NSS, .known = "??", .distrust = true,
	 .in = {OWN, AAAA, A}, .out = {STAYS(OWN_ADDRESS), GONE_AS(UNTESTED), KEPT},
	 .differs = true},
	{"never its own", AUTO, NSS, .known = "b", .in = {OWN, A},
	 .out = {STAYS(OWN_ADDRESS), KEPT}},
	{"never a special one", AUTO, NSS, .known = "bbb",
	 .in = {"::1", "fe80::1%1", AAAA, A},
	 .out = {STAYS(EXEMPT_ADDRESS), STAYS(EXEMPT_ADDRESS), GONE_AS(BROKEN), KEPT},
	 .differs = true},
	{"never localhost", AUTO, NSS, "localhost", .known = "b", .in = {AAAA, A},
	 .out = {STAYS(EXEMPT_NAME), STAYS(EXEMPT_NAME)}},
	{"broken, AAAA only", AUTO, NSS, .known = "bo", .in = {AAAA, AAAA2},
	 .out = {STAYS(LAST_ADDRESS), KEPT}},
	{"broken, AAAA only, keep-last is not its key", AUTO, NSS, .no_keep_last = true,
	 .known = "b", .in = {AAAA}, .out = {STAYS(LAST_ADDRESS)}},
	{"broken, and no route for IPv4", AUTO, NSS, .known = "b?", .host = NO_IPV4_ROUTE,
	 .in = {AAAA, AAAA2, A}, .out = {STAYS(NO_USABLE_IPV4), KEPT, KEPT}},
	{"broken, and a blocked A", AUTO, NSS, .known = "b", .in = {AAAA, "0.0.0.0"},
	 .out = {STAYS(LAST_ADDRESS), KEPT}},
	{"IPv4 is never broken", AUTO, NSS, .known = "?b", .in = {AAAA, A},
	 .out = {KEPT, KEPT}},
	{"broken, enforce = no", AUTO, NSS, .no_enforce = true, .known = "b",
	 .in = {AAAA, A}, .out = {GONE_AS(BROKEN), KEPT}, .differs = true},
	{"broken, AAAA alone", AUTO, NSS, .known = "b", .family = AF_INET6,
	 .in = {AAAA, A}, .out = {STAYS(AAAA_ONLY), STAYS(AAAA_ONLY)}},
	{"broken, aaaa-only = strip", AUTO, NSS, .known = "b", .family = AF_INET6,
	 .aaaa_only = true, .in = {AAAA, A}, .out = {GONE_AS(BROKEN), KEPT},
	 .differs = true},
	{"A alone", AUTO, NSS, .known = "b", .family = AF_INET, .in = {A}, .out = {KEPT}},
	{"libc's order, slow, broken", AUTO, PRELOAD, .known = "bs?o",
	 .in = {AAAA, AAAA2, A, "2001:db8::3", A2}, .order = "23410",
	 .out = {LATER_AS(BROKEN), LATER_AS(SLOW), KEPT, KEPT, KEPT}, .differs = true},
	{"order among equals is libc's", AUTO, PRELOAD, .known = "sbsb?",
	 .in = {AAAA, AAAA2, "2001:db8::3", "2001:db8::4", A}, .order = "40213",
	 .out = {LATER_AS(SLOW), LATER_AS(BROKEN), LATER_AS(SLOW), LATER_AS(BROKEN),
		 KEPT},
	 .differs = true},
	{"ordered like that already", AUTO, PRELOAD, .known = "?sb",
	 .in = {A, AAAA, AAAA2}, .out = {KEPT, KEPT, KEPT}},
	{"all broken: nothing to put first", AUTO, PRELOAD, .known = "bb",
	 .in = {AAAA, AAAA2}, .out = {KEPT, KEPT}},
	{"distrust orders as broken", AUTO, PRELOAD, .known = "?s?", .distrust = true,
	 .in = {AAAA, AAAA2, A}, .order = "210",
	 .out = {LATER_AS(UNTESTED), LATER_AS(SLOW), KEPT}, .differs = true},

	/* RFC 6724 5, rule 1, before any preference. */
	{"broken, and no way to IPv4", AUTO, PRELOAD, .known = "b", .host = NO_IPV4_ROUTE,
	 .in = {AAAA, A}, .out = {STAYS(NO_USABLE_IPV4), KEPT}},
	{"slow, and no way to IPv4", AUTO, PRELOAD, .known = "s", .host = NO_IPV4_ROUTE,
	 .in = {AAAA, A}, .out = {STAYS(NO_USABLE_IPV4), KEPT}},
	{"distrust, and no way to IPv4", AUTO, PRELOAD, .known = "?", .distrust = true,
	 .host = NO_IPV4_ROUTE, .in = {AAAA, A}, .out = {STAYS(NO_USABLE_IPV4), KEPT}},
	{"one is broken, no way to IPv4", AUTO, PRELOAD, .known = "b?",
	 .host = NO_IPV4_ROUTE, .in = {AAAA, AAAA2, A},
	 .out = {STAYS(NO_USABLE_IPV4), KEPT, KEPT}},
	{"one is broken, the other answers", AUTO, PRELOAD, .known = "bo",
	 .host = NO_IPV4_ROUTE, .in = {AAAA, AAAA2, A}, .order = "102",
	 .out = {LATER_AS(BROKEN), KEPT, KEPT}, .differs = true},
	{"one is broken, IPv6 alone", AUTO, PRELOAD, .known = "b?", .in = {AAAA, AAAA2},
	 .out = {KEPT, KEPT}},
	{"one is broken, IPv6 alone, the other answers", AUTO, PRELOAD, .known = "bo",
	 .in = {AAAA, AAAA2}, .order = "10", .out = {LATER_AS(BROKEN), KEPT},
	 .differs = true},
	{"prefer-ipv4, and no way to IPv4", GP_MODE_PREFER_IPV4, PRELOAD,
	 .host = NO_IPV4_ROUTE, .in = {AAAA, A}, .out = {STAYS(NO_USABLE_IPV4), KEPT}},
	{"prefer-ipv6, and no way to IPv6", GP_MODE_PREFER_IPV6, PRELOAD,
	 .host = NO_IPV6_ROUTE, .in = {A, AAAA}, .out = {STAYS(NO_USABLE_IPV6), KEPT}},
	{"prefer-ipv4, no way to one of them", GP_MODE_PREFER_IPV4, PRELOAD,
	 .host = NO_SECOND_IPV4, .in = {AAAA, A, A2}, .order = "102",
	 .out = {LATER, KEPT, KEPT}, .differs = true},
	{"prefer-ipv4, nothing but 127.0.0.1", GP_MODE_PREFER_IPV4, PRELOAD,
	 .in = {AAAA, "127.0.0.1"}, .out = {KEPT, KEPT}},
	{"enforce = no, no way to IPv4", GP_MODE_PREFER_IPV4, PRELOAD, .no_enforce = true,
	 .host = NO_IPV4_ROUTE, .in = {AAAA, A}, .out = {STAYS(NO_USABLE_IPV4), KEPT}},
	{"enforce = no, no way to one of them", GP_MODE_PREFER_IPV4, PRELOAD,
	 .no_enforce = true, .host = NO_SECOND_IPV4, .in = {AAAA, A, A2, AAAA2},
	 .out = {LATER, KEPT, KEPT, LATER}, .differs = true},
	{"strip-aaaa, no way to one of them", GP_MODE_STRIP_AAAA, PRELOAD,
	 .host = NO_SECOND_IPV4, .in = {A, AAAA, A2, "::1"},
	 .out = {KEPT, GONE, KEPT, STAYS(EXEMPT_ADDRESS)}, .differs = true},

	/* Nobody's last usable address. */
	{"prefer-ipv4, AAAA only", GP_MODE_PREFER_IPV4, NSS, .in = {AAAA, AAAA2},
	 .out = {STAYS(LAST_ADDRESS), STAYS(LAST_ADDRESS)}},
	{"strip-aaaa, AAAA only", GP_MODE_STRIP_AAAA, NSS, .in = {AAAA},
	 .out = {STAYS(LAST_ADDRESS)}},
	{"strip-aaaa, AAAA only, as told", GP_MODE_STRIP_AAAA, NSS, .no_keep_last = true,
	 .in = {AAAA}, .out = {GONE}, .differs = true},
	{"strip-a, A only", GP_MODE_STRIP_A, NSS, .in = {A},
	 .out = {STAYS(LAST_ADDRESS)}},
	{"strip-a, A only, as told", GP_MODE_STRIP_A, NSS, .no_keep_last = true,
	 .in = {A}, .out = {GONE}, .differs = true},
	{"prefer-ipv4 on an IPv6-only host", GP_MODE_PREFER_IPV4, NSS,
	 .host = NO_IPV4_ROUTE, .in = {AAAA, A}, .out = {STAYS(NO_USABLE_IPV4), KEPT}},
	{"prefer-ipv4, keep-last is not its key", GP_MODE_PREFER_IPV4, NSS,
	 .host = NO_IPV4_ROUTE, .no_keep_last = true, .in = {AAAA, A},
	 .out = {STAYS(NO_USABLE_IPV4), KEPT}},
	{"strip-aaaa on an IPv6-only host", GP_MODE_STRIP_AAAA, NSS,
	 .host = NO_IPV4_ROUTE, .in = {AAAA, A}, .out = {STAYS(NO_USABLE_IPV4), KEPT}},
	{"strip-aaaa on an IPv6-only host, as told", GP_MODE_STRIP_AAAA, NSS,
	 .host = NO_IPV4_ROUTE, .no_keep_last = true, .in = {AAAA, A},
	 .out = {GONE, KEPT}, .differs = true},
	{"strip-a on an IPv4-only host", GP_MODE_STRIP_A, NSS, .host = NO_IPV6_ROUTE,
	 .in = {AAAA, A}, .out = {KEPT, STAYS(NO_USABLE_IPV6)}},
	/* What DNS blockers answer for A is no place to send a program to. */
	{"0.0.0.0 is no partner", GP_MODE_PREFER_IPV4, NSS, .in = {AAAA, "0.0.0.0"},
	 .out = {STAYS(LAST_ADDRESS), KEPT}},
	{"127.0.0.1 is no partner", GP_MODE_STRIP_AAAA, NSS, .in = {AAAA, "127.0.0.1"},
	 .out = {STAYS(LAST_ADDRESS), KEPT}},

	/* Never touched. */
	{"no node", GP_MODE_STRIP_AAAA, PRELOAD, .no_node = true, .in = {AAAA, A},
	 .out = {STAYS(EXEMPT_NAME), STAYS(EXEMPT_NAME)}},
	{"localhost", GP_MODE_STRIP_AAAA, NSS, "localhost", .in = {AAAA, A},
	 .out = {STAYS(EXEMPT_NAME), STAYS(EXEMPT_NAME)}},
	{"localhost.", GP_MODE_STRIP_AAAA, NSS, "LocalHost.", .in = {AAAA, A},
	 .out = {STAYS(EXEMPT_NAME), STAYS(EXEMPT_NAME)}},
	{"below localhost", GP_MODE_STRIP_AAAA, NSS, "app.localhost", .in = {AAAA, A},
	 .out = {STAYS(EXEMPT_NAME), STAYS(EXEMPT_NAME)}},
	{"notlocalhost", GP_MODE_STRIP_AAAA, NSS, "notlocalhost", .in = {AAAA, A},
	 .out = {GONE, KEPT}, .differs = true},
	{"localhost.example", GP_MODE_STRIP_AAAA, NSS, "localhost.example",
	 .in = {AAAA, A}, .out = {GONE, KEPT}, .differs = true},
	{"IPv6 literal", GP_MODE_STRIP_AAAA, PRELOAD, "2001:db8::1", .no_keep_last = true,
	 .in = {AAAA}, .out = {STAYS(EXEMPT_NAME)}},
	{"zoned literal", GP_MODE_STRIP_AAAA, PRELOAD, "fe80::1%lo", .no_keep_last = true,
	 .in = {AAAA}, .out = {STAYS(EXEMPT_NAME)}},
	{"IPv4 literal", GP_MODE_STRIP_A, PRELOAD, "198.51.100.1", .no_keep_last = true,
	 .in = {A}, .out = {STAYS(EXEMPT_NAME)}},
	{"old IPv4 literal", GP_MODE_STRIP_A, PRELOAD, "0x7f.1", .no_keep_last = true,
	 .in = {A}, .out = {STAYS(EXEMPT_NAME)}},
	{"a name that begins with a digit", GP_MODE_STRIP_AAAA, NSS, "1st.example",
	 .in = {AAAA, A}, .out = {GONE, KEPT}, .differs = true},
	{"special addresses", GP_MODE_STRIP_AAAA, NSS,
	 .in = {"::1", "fe80::1%1", "ff0e::1", "::", AAAA, A},
	 .out = {STAYS(EXEMPT_ADDRESS), STAYS(EXEMPT_ADDRESS), STAYS(EXEMPT_ADDRESS),
		 STAYS(EXEMPT_ADDRESS), GONE, KEPT},
	 .differs = true},
	{"only special addresses", GP_MODE_STRIP_AAAA, NSS, .in = {"::1", A},
	 .out = {STAYS(EXEMPT_ADDRESS), KEPT}},
	{"own address", GP_MODE_PREFER_IPV4, NSS, .in = {OWN, AAAA, A},
	 .out = {STAYS(OWN_ADDRESS), GONE, KEPT}, .differs = true},
	{"own address, as told", GP_MODE_STRIP_A, NSS, .no_keep_last = true,
	 .in = {OWN4, A}, .out = {STAYS(OWN_ADDRESS), GONE}, .differs = true},
	{"own address is not demoted", GP_MODE_PREFER_IPV4, PRELOAD, .in = {AAAA, OWN, A},
	 .order = "120", .out = {LATER, STAYS(OWN_ADDRESS), KEPT}, .differs = true},

	/* Lookups of one family. */
	{"AAAA alone is left alone", GP_MODE_STRIP_AAAA, NSS, .family = AF_INET6,
	 .in = {AAAA, A}, .out = {STAYS(AAAA_ONLY), STAYS(AAAA_ONLY)}},
	{"AAAA alone, aaaa-only = strip", GP_MODE_STRIP_AAAA, NSS, .family = AF_INET6,
	 .aaaa_only = true, .in = {AAAA, A}, .out = {GONE, KEPT}, .differs = true},
	{"AAAA alone, aaaa-only = strip, no A", GP_MODE_PREFER_IPV4, NSS,
	 .family = AF_INET6, .aaaa_only = true, .in = {AAAA},
	 .out = {STAYS(LAST_ADDRESS)}},
	{"A alone", GP_MODE_STRIP_AAAA, NSS, .family = AF_INET, .in = {A}, .out = {KEPT}},

	/* A host without IPv6: at the dns door alone, as libc's rule 1 does the same. */
	{"no route, dns", GP_MODE_AUTO, DNS, .host = NO_IPV6_ROUTE, .lacks_ipv6 = true,
	 .in = {AAAA, A, AAAA2}, .out = {GONE_AS(NO_ROUTE), KEPT, GONE_AS(NO_ROUTE)},
	 .differs = true},
	{"no route, and a verdict", GP_MODE_AUTO, DNS, .host = NO_IPV6_ROUTE,
	 .lacks_ipv6 = true, .known = "b..o", .in = {AAAA, A, AAAA2},
	 .out = {GONE_AS(BROKEN), KEPT, GONE_AS(NO_ROUTE)}, .differs = true},
	{"no route, nss", GP_MODE_AUTO, NSS, .host = NO_IPV6_ROUTE, .lacks_ipv6 = true,
	 .known = "..", .in = {AAAA, A}, .out = {KEPT, KEPT}},
	{"no route, preload", GP_MODE_AUTO, PRELOAD, .host = NO_IPV6_ROUTE,
	 .lacks_ipv6 = true, .known = "..", .in = {AAAA, A}, .out = {KEPT, KEPT}},
	{"no route, and no A", GP_MODE_AUTO, DNS, .host = NO_IPV6_ROUTE,
	 .lacks_ipv6 = true, .in = {AAAA}, .out = {STAYS(LAST_ADDRESS)}},
	{"a default route", GP_MODE_AUTO, DNS, .host = NO_IPV6_ROUTE, .in = {AAAA, A},
	 .out = {KEPT, KEPT}},
	{"a route without a default one", GP_MODE_AUTO, DNS, .lacks_ipv6 = true,
	 .in = {AAAA, A}, .out = {KEPT, KEPT}},
	{"no route to IPv4 either", GP_MODE_AUTO, DNS, .host = NO_IPV4_ROUTE,
	 .lacks_ipv6 = true, .in = {AAAA, A}, .out = {KEPT, KEPT}},
	{"no route, own and special addresses", GP_MODE_AUTO, DNS, .host = NO_IPV6_ROUTE,
	 .lacks_ipv6 = true, .in = {OWN, "::1", AAAA, A},
	 .out = {STAYS(OWN_ADDRESS), STAYS(EXEMPT_ADDRESS), GONE_AS(NO_ROUTE), KEPT},
	 .differs = true},
	{"no route, enforce = no", GP_MODE_AUTO, DNS, .host = NO_IPV6_ROUTE,
	 .lacks_ipv6 = true, .no_enforce = true, .in = {AAAA, A},
	 .out = {GONE_AS(NO_ROUTE), KEPT}, .differs = true},
	{"no route, mode off", GP_MODE_OFF, DNS, .host = NO_IPV6_ROUTE,
	 .lacks_ipv6 = true, .in = {AAAA, A}, .out = {KEPT, KEPT}},
	{"no route, prefer-ipv6", GP_MODE_PREFER_IPV6, DNS, .host = NO_IPV6_ROUTE,
	 .lacks_ipv6 = true, .in = {AAAA, A}, .out = {KEPT, KEPT}},
	{"no route, strip-aaaa", GP_MODE_STRIP_AAAA, DNS, .host = NO_IPV6_ROUTE,
	 .lacks_ipv6 = true, .in = {AAAA, A}, .out = {GONE, KEPT}, .differs = true},
	/* Dry run: all is decided, nothing is done. */
	{"enforce = no", GP_MODE_STRIP_AAAA, NSS, .no_enforce = true, .in = {AAAA, A},
	 .out = {GONE, KEPT}, .differs = true},
	{"no candidates", GP_MODE_STRIP_AAAA, NSS, .in = {NULL}},

	/* What the dns door made of A is no AAAA for strip-aaaa, at any door. */
	{"strip-aaaa, as told, and a made one", GP_MODE_STRIP_AAAA, NSS,
	 .host = NO_IPV4_ROUTE, .no_keep_last = true, .known = "m-", .in = {AAAA, A},
	 .out = {STAYS(EXEMPT_ADDRESS), KEPT}},
	{"strip-aaaa, as told, a made one and another", GP_MODE_STRIP_AAAA, PRELOAD,
	 .host = NO_IPV4_ROUTE, .no_keep_last = true, .known = "m-", .in = {AAAA, AAAA2},
	 .out = {STAYS(EXEMPT_ADDRESS), GONE}, .differs = true},
	{"strip-aaaa, a made one beside IPv4", GP_MODE_STRIP_AAAA, NSS, .known = "m-",
	 .in = {AAAA, A}, .out = {STAYS(EXEMPT_ADDRESS), KEPT}},
	{"prefer-ipv4, a made one beside IPv4", GP_MODE_PREFER_IPV4, NSS, .known = "m-",
	 .in = {AAAA, A}, .out = {GONE, KEPT}, .differs = true},
	{"distrust, a made one", GP_MODE_AUTO, NSS, .distrust = true, .known = "m--",
	 .in = {AAAA, AAAA2, A}, .out = {KEPT, GONE_AS(UNTESTED), KEPT}, .differs = true},
	{"auto, a made one", GP_MODE_AUTO, NSS, .known = "m-", .in = {AAAA, A},
	 .out = {KEPT, KEPT}},
};

static size_t read_candidates(const struct guard_case *one, struct gp_candidate *out)
{
	size_t count = 0;

	for (; count < 6 && one->in[count]; count++) {
		memset(&out[count], 0xa5,
		       sizeof(out[count])); /* what is left there must not matter */
		if (gp_addr_parse(one->in[count], &out[count].addr))
			fail_msg("%s: %s is no address", one->what, one->in[count]);
	}
	return count;
}

static void check_case(const struct guard_case *one)
{
	struct world world = {.host = one->host, .in = one->in, .known = one->known};
	const struct gp_facts facts = {.ctx = &world,
				       .is_usable = is_usable,
				       .is_own = is_own,
				       .verdict = one->known ? verdict : NULL,
				       .is_onlink = one->known ? is_onlink : NULL,
				       .is_made = one->known ? is_made : NULL};
	const char *name = one->name ? one->name : "host.example";
	const struct gp_query query = {.name = one->no_node ? NULL : name,
				       .family = one->family,
				       .door = one->door,
				       .lacks_ipv6 = one->lacks_ipv6};
	struct gp_candidate before[6], after[6];
	struct gp_guard_policy policy;
	struct gp_outcome outcome;
	size_t count = read_candidates(one, before);

	gp_guard_policy_init(&policy);
	policy.mode = (uint8_t)one->mode;
	policy.keep_last = !one->no_keep_last;
	policy.aaaa_only = one->aaaa_only;
	policy.enforce = !one->no_enforce;
	policy.distrust = one->distrust;
	memcpy(after, before, sizeof(after));
	outcome = gp_guard(&policy, NULL, &query, &facts, after, count);

	if (outcome.differs != one->differs ||
	    outcome.acts != (one->differs && !one->no_enforce))
		fail_msg("%s: differs %d, acts %d", one->what, outcome.differs,
			 outcome.acts);
	for (size_t i = 0; i < count; i++) {
		const size_t from = one->order ? (size_t)(one->order[i] - '0') : i;
		const struct result *want = &one->out[from];

		if (!gp_addr_equal(&after[i].addr, &before[from].addr))
			fail_msg("%s: place %zu", one->what, i);
		if (after[i].disposition != want->disposition ||
		    after[i].reason != want->reason)
			fail_msg("%s: %s is %s (%s), expected %s (%s)", one->what,
				 one->in[from], gp_disposition_name(after[i].disposition),
				 gp_reason_name(after[i].reason),
				 gp_disposition_name(want->disposition),
				 gp_reason_name(want->reason));
	}
	/* The short way must never hide a change. */
	if (outcome.differs && !gp_guard_may_act(&policy, NULL, &query, true))
		fail_msg("%s: gp_guard_may_act says no", one->what);
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_case(&cases[i]);
}

/* gp_guard_may_act spares work; whatever it says no to must come out untouched. */
static void test_may_act(void **state)
{
	static const char *const names[] = {"host.example", "localhost", "192.0.2.1",
					    NULL};
	static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6};
	unsigned refused = 0, allowed = 0;

	(void)state;
	for (unsigned bits = 0; bits < 6 * 3 * 3 * 4 * 4; bits++) {
		const struct gp_query query = {.name = names[bits / 54 % 4],
					       .family = families[bits / 18 % 3],
					       .door = (enum gp_door)(bits / 6 % 3)};
		static const char *const in[] = {AAAA};
		struct world world = {.host = DUAL, .in = in, .known = "b"};
		const struct gp_facts facts = {.ctx = &world,
					       .is_usable = is_usable,
					       .is_own = is_own,
					       .verdict = verdict,
					       .is_onlink = is_onlink};
		struct gp_candidate candidates[2];
		struct gp_guard_policy policy;
		size_t first = query.family == AF_INET ? 1 : 0;
		size_t count = query.family == AF_UNSPEC ? 2 : 1;

		gp_guard_policy_init(&policy);
		policy.mode = (uint8_t)(bits % 6);
		policy.keep_last = bits / 216 & 1;
		policy.aaaa_only = bits / 432 & 1;
		assert_int_equal(gp_addr_parse(AAAA, &candidates[0].addr), GP_OK);
		assert_int_equal(gp_addr_parse(A, &candidates[1].addr), GP_OK);
		if (query.family == AF_INET6 && policy.aaaa_only)
			count = 2;
		if (gp_guard_may_act(&policy, NULL, &query, true)) {
			allowed++;
			continue;
		}
		refused++;
		assert_false(
			gp_guard(&policy, NULL, &query, &facts, candidates + first, count)
				.differs);
	}
	assert_true(refused > 100 && allowed > 10);
}

/* Host facts cost system calls: only asked when something is to be stripped. */
static void test_facts_are_lazy(void **state)
{
	struct world world = {.host = DUAL};
	const struct gp_facts facts = {
		.ctx = &world, .is_usable = is_usable, .is_own = is_own};
	const struct gp_query query = {
		.name = "host.example", .family = AF_UNSPEC, .door = GP_DOOR_NSS};
	struct gp_candidate only_a[2];
	struct gp_guard_policy policy;

	(void)state;
	gp_guard_policy_init(&policy);
	policy.mode = GP_MODE_PREFER_IPV4;
	assert_int_equal(gp_addr_parse(A, &only_a[0].addr), GP_OK);
	assert_int_equal(gp_addr_parse(A2, &only_a[1].addr), GP_OK);
	gp_guard(&policy, NULL, &query, &facts, only_a, 2);
	assert_int_equal(world.asked, 0);
}

static void test_words(void **state)
{
	enum gp_mode mode;

	(void)state;
	for (int i = 0; i < GP_MODE_COUNT; i++) {
		assert_int_equal(gp_mode_parse(gp_mode_name((enum gp_mode)i), &mode),
				 GP_OK);
		assert_int_equal(mode, i);
	}
	assert_int_equal(gp_mode_parse("Auto", &mode), GP_NOTFOUND);
	assert_int_equal(gp_mode_parse("", &mode), GP_NOTFOUND);
	assert_null(gp_mode_name(GP_MODE_COUNT));
	for (int i = 0; i < GP_WHY_COUNT; i++)
		assert_non_null(gp_reason_name((enum gp_reason)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_may_act),
		cmocka_unit_test(test_facts_are_lazy),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
