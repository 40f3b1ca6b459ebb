/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whom the resolver asks: what [resolver] and [forward] come to, what of it is refused,
 * and what libunbound is told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "config_text.h"
#include "tool/v6guardd/dns/upstream_config.h"

#define ON "[resolver]\nenable = yes\n"
#define HEAD                                                                             \
	"server:\n  unblock-lan-zones: yes\n  insecure-lan-zones: yes\n"                 \
	"  local-zone: \"home.arpa.\" nodefault\n  local-zone: \"test.\" nodefault\n"
#define CORP "[forward corp]\nzones = corp.example\n"
#define CORP_LOCAL "  local-zone: \"corp.example.\" transparent\n"
#define CORP_INSECURE CORP_LOCAL "  domain-insecure: \"corp.example.\"\n"
#define CORP_ZONE "forward-zone:\n  name: \"corp.example.\"\n"
#define ROOT_ZONE "forward-zone:\n  name: \".\"\n"

static struct dns_config made;
static struct gp_pool pool;
static char why[DNS_WHY];

static bool read_config(const char *text, struct gp_config **config)
{
	*config = config_good(text);
	gp_pool_free(&pool);
	return dns_config_from(*config, &pool, &made, why);
}

/* ---- what libunbound is told ---- */

enum { V4 = 1, V6 = 2, NAT64 = 4, KNOWS_NAT64 = 8, SECOND = 16 };

static const struct {
	const char *what, *config;
	unsigned host;
	const char *expected;
} texts[] = {
	{"of several servers the first", ON "upstream = 192.0.2.1 2001:db8::1@5353\n",
	 V4 | V6, HEAD ROOT_ZONE "  forward-addr: 192.0.2.1@53\n"},
	{"or the one that is chosen for these names",
	 ON "upstream = 192.0.2.1 2001:db8::1@5353\n" CORP
	    "upstream = 192.0.2.9 192.0.2.10\n",
	 V4 | V6 | SECOND,
	 HEAD CORP_INSECURE ROOT_ZONE "  forward-addr: 2001:db8::1@5353\n" CORP_ZONE
				      "  forward-addr: 192.0.2.9@53\n"},
	{"an IPv4 server through the prefix (RFC 6052 2.2)",
	 ON "upstream = 192.0.2.1\n[nat64]\nprefix = 2001:db8:64::/96\n", V6 | NAT64,
	 HEAD ROOT_ZONE "  forward-addr: 2001:db8:64::c000:201@53\n"},
	{"TLS (RFC 7858 3.1, RFC 8310 8.1)",
	 ON "upstream = tls://192.0.2.1#dns.example "
	    "tls://2001:db8::1@8853#other.example\n",
	 V4 | V6 | SECOND,
	 HEAD "  tls-system-cert: yes\n" ROOT_ZONE "  forward-tls-upstream: yes\n"
	      "  forward-addr: 2001:db8::1@8853#other.example\n"},
	{"TLS through the prefix keeps its name",
	 ON "upstream = tls://192.0.2.1#dns.example\n[nat64]\nprefix = "
	    "2001:db8:64::/96\n",
	 V6 | NAT64,
	 HEAD "  tls-system-cert: yes\n" ROOT_ZONE "  forward-tls-upstream: yes\n"
	      "  forward-addr: 2001:db8:64::c000:201@853#dns.example\n"},
	{"TLS for a zone alone",
	 ON "upstream = 192.0.2.1\n" CORP "upstream = tls://192.0.2.9#ns.corp.example\n",
	 V4,
	 HEAD "  tls-system-cert: yes\n" CORP_INSECURE ROOT_ZONE
	      "  forward-addr: 192.0.2.1@53\n" CORP_ZONE "  forward-tls-upstream: yes\n"
	      "  forward-addr: 192.0.2.9@853#ns.corp.example\n"},
	{"recursive: nobody to forward to", ON "upstream = recursive\n", V4 | V6, HEAD},
	{"recursive without IPv6", ON "upstream = recursive\n", V4,
	 HEAD "  do-ip6: no\n"},
	{"recursive, but a zone's server has IPv6",
	 ON "upstream = recursive\n" CORP "upstream = 2001:db8::9\n", V4,
	 HEAD CORP_INSECURE CORP_ZONE "  forward-addr: 2001:db8::9@53\n"},
	{"recursive without IPv4, by NAT64", ON "upstream = recursive\n",
	 V6 | NAT64 | KNOWS_NAT64,
	 HEAD "  do-ip4: no\n  do-nat64: yes\n  nat64-prefix: 64:ff9b::/96\n"},
	{"by a prefix that is for all",
	 ON "upstream = recursive\n[nat64]\nprefix = 2001:db8:64::/96=10.0.0.0/8 "
	    "2001:db8:65::/64\n",
	 V6 | NAT64 | KNOWS_NAT64,
	 HEAD "  do-ip4: no\n  do-nat64: yes\n  nat64-prefix: 2001:db8:65::/64\n"},
	{"the same, and a zone's server through the prefix",
	 ON "upstream = recursive\n" CORP "upstream = 192.0.2.9\n"
	    "[nat64]\nprefix = 2001:db8:64::/96\n",
	 V6 | NAT64 | KNOWS_NAT64,
	 HEAD "  do-ip4: no\n  do-nat64: yes\n  nat64-prefix: "
	      "2001:db8:64::/96\n" CORP_INSECURE CORP_ZONE
	      "  forward-addr: 2001:db8:64::c000:209@53\n"},
	{"a zone's server on this host is no reason to be without IPv4",
	 ON "upstream = recursive\n" CORP "upstream = 127.0.0.1@5353\n",
	 V6 | NAT64 | KNOWS_NAT64,
	 HEAD "  do-nat64: yes\n  nat64-prefix: 64:ff9b::/96\n" CORP_INSECURE CORP_ZONE
	      "  forward-addr: 127.0.0.1@5353\n"},
	{"recursive without any network: both are tried", ON "upstream = recursive\n", 0,
	 HEAD},
	{"a zone that is validated",
	 ON "upstream = 192.0.2.1\n" CORP "upstream = 192.0.2.9\ndnssec = validate\n", V4,
	 HEAD CORP_LOCAL ROOT_ZONE "  forward-addr: 192.0.2.1@53\n" CORP_ZONE
				   "  forward-addr: 192.0.2.9@53\n"},
	{"process is not",
	 ON "upstream = 192.0.2.1\n" CORP "upstream = 192.0.2.9\ndnssec = process\n", V4,
	 HEAD CORP_INSECURE ROOT_ZONE "  forward-addr: 192.0.2.1@53\n" CORP_ZONE
				      "  forward-addr: 192.0.2.9@53\n"},
};

static size_t choose(const void *ctx, uint32_t key)
{
	const unsigned *host = ctx;

	return key == SERVERS_ALL && *host & SECOND;
}

static void told(void **state)
{
	static char got[4096];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const unsigned host = texts[i].host;
		struct servers servers = {
			.config = &made,
			.network = {host & NAT64, host & V4, host & V6},
		};
		struct gp_config *config;
		FILE *to;
		memset(got, 0, sizeof(got));
		print_message("%s\n", texts[i].what);
		assert_true(read_config(texts[i].config, &config));
		assert_true(dns_config_is_valid(&made));
		servers_look(&servers);
		to = fmemopen(got, sizeof(got), "w");
		upstream_config_write(to, &servers, host & KNOWS_NAT64, choose, &host);
		fclose(to);
		assert_string_equal(got, texts[i].expected);
		gp_config_free(config);
	}
}

/* ---- what is refused, as it stands ---- */

#define ANYBODY                                                                          \
	"anybody on the way there could say that an answer was validated (RFC 4035 "     \
	"3.2.3); validate"

static const struct {
	const char *config, *why; /* NULL: nothing is */
} refusals[] = {
	{ON "upstream = 192.0.2.1 tls://192.0.2.2#dns.example\n",
	 "test.conf:3: [resolver] upstream: tls://192.0.2.2#dns.example: tls:// and "
	 "plain "
	 "servers cannot stand together, as each question may go to any of them"},
	{ON CORP "upstream = tls://192.0.2.2#dns.example 192.0.2.1\n",
	 "test.conf:5: [forward corp] upstream: 192.0.2.1: tls:// and plain servers "
	 "cannot stand together, as each question may go to any of them"},
	{ON "upstream = tls://192.0.2.2#a_b.example\n",
	 "test.conf:3: [resolver] upstream: #a_b.example: the name in a certificate has "
	 "letters, digits, '-' and '.' alone"},
	{ON CORP "upstream = 192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5\n", NULL},
	{ON "upstream = fe80::1%nothere\n",
	 "test.conf:3: [resolver] upstream: 'fe80::1%nothere': there is no such "
	 "interface"},
	{ON "listen = 127.0.0.1:53 0.0.0.0:53\nallow = 192.0.2.0/24\n",
	 "test.conf:3: [resolver] listen: 0.0.0.0:53: part of what is listened on "
	 "already"},
	{ON "upstream = tls://192.0.2.1#a.example tls://192.0.2.2#a.example\n", NULL},
	{ON CORP "upstream = 192.0.2.1\n[forward b]\nzones = b.example CORP.example.\n"
		 "upstream = 192.0.2.2\n",
	 "test.conf:7: [forward b] zones: 'CORP.example.' is said twice"},
	{ON "upstream = 192.0.2.1 127.0.0.64\n",
	 "test.conf:3: [resolver] upstream: 127.0.0.64: there the resolver listens, and "
	 "would ask itself"},
	{ON CORP "upstream = ::1@53\n",
	 "test.conf:5: [forward corp] upstream: ::1@53: there the resolver listens, and "
	 "would ask itself"},
	{ON CORP "upstream = ::1@5353\n", NULL},
	{ON "listen = 127.0.0.1:5300\nupstream = 127.0.0.1\n", NULL},
	/* Whose word may be taken for it that an answer was validated (RFC 4035 3.2.3).
	 */
	{ON "upstream = 127.0.0.53 ::1@5353\ndnssec = trust\n", NULL},
	{ON "upstream = resolv.conf\ndnssec = trust\n", NULL},
	{ON "upstream = 127.0.0.53 192.0.2.1\ndnssec = trust\n",
	 "test.conf:4: [resolver] dnssec: trust: 192.0.2.1 is not on loopback, "
	 "and " ANYBODY},
	{ON "dnssec = trust\nupstream = 2001:db8::1\n",
	 "test.conf:3: [resolver] dnssec: trust: 2001:db8::1 is not on loopback, "
	 "and " ANYBODY},
	{ON "upstream = tls://127.0.0.1#dns.example\ndnssec = trust\n",
	 "test.conf:4: [resolver] dnssec: trust: 127.0.0.1 is asked by TLS, where "
	 "libunbound "
	 "drops what the server says of its validation (AD); validate, or a server on "
	 "loopback"},
	{ON "upstream = recursive\ndnssec = trust\n",
	 "test.conf:4: [resolver] dnssec: trust: upstream = recursive has nobody to "
	 "trust; "
	 "validate"},
	{ON CORP "upstream = 127.0.0.53\ndnssec = trust\n", NULL},
	{ON CORP "upstream = 192.0.2.9\ndnssec = trust\n",
	 "test.conf:6: [forward corp] dnssec: trust: 192.0.2.9 is not on loopback, "
	 "and " ANYBODY},
	/* Nobody asks for it. */
	{"[resolver]\nupstream = 192.0.2.1\ndnssec = trust\n", NULL},
	{"[resolver]\nupstream = 192.0.2.1 tls://192.0.2.2#dns.example\n", NULL},
};

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct gp_config *config;
		print_message("%s", refusals[i].config);
		assert_int_equal(read_config(refusals[i].config, &config),
				 !refusals[i].why);
		if (refusals[i].why)
			assert_string_equal(why, refusals[i].why);
		gp_config_free(config);
	}
}

/* ---- what is not possible here ---- */

enum { LIBRARY = 1, TLS = 2, LIB_NAT64 = 4, NET = 8, IPV4 = 16, NO_ANCHOR = 32 };
#define NO_IPV4                                                                          \
	"test.conf:3: [resolver] upstream: recursive needs IPv4, as many name servers "  \
	"have nothing else, and this host has none"
#define ELSE ": name servers to forward to, or resolv.conf"
#define ANCHOR                                                                           \
	"No such file or directory; `dnssec = validate` begins there (Debian: the "      \
	"package dns-root-data)"
#define NO_TLS                                                                           \
	"upstream: tls:// needs a libunbound that was built with TLS, and the one "      \
	"here was not: plain servers"

static const struct {
	const char *config;
	unsigned here;
	const char *why; /* NULL: it is */
} possible[] = {
	{ON "upstream = recursive\n", LIBRARY | NET | IPV4, NULL},
	{ON "upstream = recursive\n", LIBRARY | NET,
	 NO_IPV4 " (this libunbound cannot use NAT64)" ELSE},
	{ON "upstream = recursive\n", LIBRARY | NET | LIB_NAT64, NULL},
	{ON "upstream = recursive\n[nat64]\nmode = off\n", LIBRARY | NET | LIB_NAT64,
	 NO_IPV4 " and no NAT64" ELSE},
	/* At the start IPv4 may be on its way, and without libunbound nothing works. */
	{ON "upstream = recursive\n", LIBRARY, NULL},
	{ON "upstream = recursive\n", NET, NULL},
	{ON "upstream = resolv.conf\n", LIBRARY | NET, NULL},
	{ON "upstream = tls://192.0.2.1#a.example\n", LIBRARY | NET,
	 "test.conf:3: [resolver] " NO_TLS},
	{ON "upstream = tls://192.0.2.1#a.example\n", LIBRARY | NET | TLS, NULL},
	{ON "upstream = tls://192.0.2.1#a.example\n", NET, NULL},
	{ON CORP "upstream = tls://192.0.2.1#a.example\n", LIBRARY,
	 "test.conf:5: [forward corp] " NO_TLS},
	{ON CORP "upstream = tls://192.0.2.1#a.example\n", LIBRARY | TLS, NULL},
	{"[resolver]\nupstream = tls://192.0.2.1#a.example\n", LIBRARY, NULL},
	{ON "trust-anchor = /a/key\ndnssec = validate\n", LIBRARY, NULL},
	{ON "trust-anchor = /a/key\ndnssec = validate\n", NO_ANCHOR,
	 "test.conf:3: [resolver] trust-anchor: /a/key: " ANCHOR},
	{ON "dnssec = validate\n", LIBRARY | NO_ANCHOR,
	 "[resolver] trust-anchor: /usr/share/dns/root.key: " ANCHOR},
	{ON CORP "upstream = 192.0.2.9\ndnssec = validate\n", NO_ANCHOR,
	 "[resolver] trust-anchor: /usr/share/dns/root.key: " ANCHOR},
	{ON CORP "upstream = 192.0.2.9\n", NO_ANCHOR, NULL},
	{"[resolver]\ndnssec = validate\n", NO_ANCHOR, NULL},
};

static void needs(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(possible) / sizeof(possible[0]); i++) {
		const unsigned here = possible[i].here;
		const struct dns_ability ability = {
			here & LIBRARY,   here & TLS,
			here & LIB_NAT64, here & NET,
			here & IPV4,      here & NO_ANCHOR ? strerror(ENOENT) : NULL};
		struct gp_config *config;
		print_message("%s", possible[i].config);
		assert_true(read_config(possible[i].config, &config));
		assert_int_equal(dns_config_is_possible(config, &made, &ability, why),
				 !possible[i].why);
		if (possible[i].why)
			assert_string_equal(why, possible[i].why);
		if (possible[i].why)
			assert_true(dns_config_needs_ability(&made));
		gp_config_free(config);
	}
}

/* ---- zones ---- */

static void zones(void **state)
{
	static const struct {
		const char *name;
		enum dns_dnssec dnssec, of_ds;
	} names[] = {
		{".", DNS_DNSSEC_VALIDATE, DNS_DNSSEC_VALIDATE},
		{"example", DNS_DNSSEC_VALIDATE, DNS_DNSSEC_VALIDATE},
		/* RFC 4035 2.4: a DS is the parent's. */
		{"corp.example", DNS_DNSSEC_OFF, DNS_DNSSEC_VALIDATE},
		{"a.corp.example", DNS_DNSSEC_OFF, DNS_DNSSEC_OFF},
		{"lab.corp.example", DNS_DNSSEC_PROCESS, DNS_DNSSEC_OFF},
		{"a.lab.corp.example", DNS_DNSSEC_PROCESS, DNS_DNSSEC_PROCESS},
		{"10.in-addr.arpa", DNS_DNSSEC_OFF, DNS_DNSSEC_VALIDATE},
		{"acorp.example", DNS_DNSSEC_VALIDATE, DNS_DNSSEC_VALIDATE},
	};
	struct gp_config *config;
	uint8_t name[WIRE_NAME];

	(void)state;
	assert_true(read_config(ON "dnssec = validate\n[forward corp]\n"
				   "zones = corp.example 10.in-addr.arpa\n"
				   "upstream = 192.0.2.9 192.0.2.10\n[forward lab]\n"
				   "zones = lab.corp.example\nupstream = 192.0.2.11\n"
				   "dnssec = process\n",
				&config));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		print_message("%s\n", names[i].name);
		assert_true(wire_name_parse(names[i].name, name));
		assert_int_equal(dns_dnssec_of(&made, name, WIRE_AAAA), names[i].dnssec);
		assert_int_equal(dns_dnssec_of(&made, name, WIRE_DS), names[i].of_ds);
	}
	assert_int_equal(made.zones[1].upstream_count, 2);
	assert_int_equal(made.zones[0].upstream[1].port, 53);
	gp_config_free(config);
}

static void orders(void **state)
{
	static const struct {
		const char *config;
		enum dns_order order, of_zone;
	} cases[] = {
		{ON CORP "upstream = 192.0.2.9\n", DNS_UNORDERED, DNS_UNORDERED},
		{ON "order = listed\n" CORP "upstream = 192.0.2.9\norder = fastest\n",
		 DNS_LISTED, DNS_FASTEST},
		{ON "order = fastest\n" CORP "upstream = 192.0.2.9\norder = listed\n",
		 DNS_FASTEST, DNS_LISTED},
	};
	static const uint8_t root[1];
	struct gp_config *config;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct servers servers = {.config = &made};
		assert_true(read_config(cases[i].config, &config));
		gp_config_free(config);
		assert_int_equal(made.order, cases[i].order);
		assert_int_equal(made.zones[0].order, cases[i].of_zone);
		assert_int_equal(servers_for(&servers, root).goes_by_speed,
				 cases[i].order == DNS_FASTEST);
		servers.is_rotated = true;
		assert_int_equal(servers_for(&servers, root).goes_by_speed,
				 cases[i].order != DNS_LISTED);
		assert_int_equal(servers_for(&servers, made.zones[0].name).goes_by_speed,
				 cases[i].of_zone == DNS_FASTEST);
		made.order = DNS_FASTEST + 1;
		assert_false(dns_config_is_valid(&made));
	}
}

/* What came as bytes goes into libunbound's configuration as text. */
static void bytes(void **state)
{
	struct gp_config *config;
	struct dns_endpoint servers[2], listen;
	const char *names[2];
	struct dns_forward forward;
	struct dns_config good;
	char text[WIRE_NAME + 1];

	(void)state;
	assert_true(read_config(ON "upstream = tls://192.0.2.1#a.example "
				   "tls://192.0.2.2#b.example\n" CORP
				   "upstream = 192.0.2.9\n",
				&config));
	gp_config_free(config);
	good = made;
	assert_true(dns_config_is_valid(&made));
	assert_string_equal(dns_tls_name(&made, &made.upstream[1]), "b.example");
	memcpy(servers, made.upstream, sizeof(servers));
	made.upstream = servers;
	assert_true(dns_config_is_valid(&made));
	servers[1].tls = 3;
	assert_false(dns_config_is_valid(&made));
	/* One of a configuration before, for which somebody still waits. */
	assert_string_equal(dns_tls_name(&made, &servers[1]), "");
	servers[1].tls = 0;
	assert_false(dns_config_is_valid(&made));
	made = good;
	memcpy(names, made.tls_names, sizeof(names));
	made.tls_names = names;
	assert_true(dns_config_is_valid(&made));
	names[1] = "b\nserver:";
	assert_false(dns_config_is_valid(&made));
	names[1] = "";
	assert_false(dns_config_is_valid(&made));
	memset(text, 'b', WIRE_NAME);
	text[WIRE_NAME] = '\0';
	names[1] = text;
	assert_false(dns_config_is_valid(&made));
	text[WIRE_NAME - 1] = '\0';
	assert_true(dns_config_is_valid(&made));
	made = good;
	made.tls_count = DNS_TLS_NAMES + 1;
	assert_false(dns_config_is_valid(&made));
	made = good;
	forward = made.forwards[0];
	made.forwards = &forward;
	assert_true(dns_config_is_valid(&made));
	forward.dnssec = DNS_DNSSEC_TRUST + 1;
	assert_false(dns_config_is_valid(&made));
	made = good;
	made.zones[0].forward = 1;
	assert_false(dns_config_is_valid(&made));
	made.zones[0].forward = 0;
	assert_true(dns_config_is_valid(&made));
	made.range_count++;
	assert_false(dns_config_is_valid(&made));
	made = good;
	made.is_recursive = 2;
	assert_false(dns_config_is_valid(&made));
	made = good;
	listen = made.listen[0];
	listen.tls = 1;
	made.listen = &listen;
	made.listen_count = 1;
	assert_false(dns_config_is_valid(&made));
	listen.tls = 0;
	assert_true(dns_config_is_valid(&made));
	gp_pool_free(&pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(told),  cmocka_unit_test(refused),
		cmocka_unit_test(needs), cmocka_unit_test(zones),
		cmocka_unit_test(bytes), cmocka_unit_test(orders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
