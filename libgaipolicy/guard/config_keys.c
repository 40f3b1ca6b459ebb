/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_keys.c - v6guard.conf(5) as a table: each section, key, default and valid value.
 */
#include <string.h>

#include "guard/config_private.h"

#define SECOND UINT64_C(1000)
#define DAY (24 * 3600 * SECOND)
#define KIB UINT64_C(1024)
#define GIB (KIB * KIB * KIB)

#define MODES "off auto prefer-ipv4 prefer-ipv6 strip-aaaa strip-a"
#define LIST GP_KEY_LIST
#define APPENDS (GP_KEY_LIST | GP_KEY_APPENDS)
#define FILLED GP_KEY_FILLED
#define REQUIRED GP_KEY_REQUIRED

/* clang-format off: one key a line. Name, default, words, lone words, type, flags, range. */
static const struct gp_config_key guard_keys[] = {
	{"mode", "auto", MODES, NULL, GP_TYPE_WORD, 0, 0, 0},
	{"unknown", "trust", "trust distrust", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"enforce", "yes", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"backends", "auto", NULL, "auto", GP_TYPE_CHAIN, 0, 0, 0},
	{"keep-last", "yes", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"aaaa-only", "keep", "keep strip", NULL, GP_TYPE_WORD, 0, 0, 0},
};

/* An empty condition would make a rule match everything: FILLED. */
static const struct gp_config_key rule_keys[] = {
	{"priority", "", NULL, NULL, GP_TYPE_NUMBER, REQUIRED, 1, 65535},
	{"domains", "", NULL, NULL, GP_TYPE_PATTERN, APPENDS | FILLED, 0, 0},
	{"domains-file", "", NULL, NULL, GP_TYPE_LIST_FILE, APPENDS | FILLED, 0, 0},
	{"match-cname", "no", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"prefixes", "", NULL, NULL, GP_TYPE_PREFIX, APPENDS | FILLED, 0, 0},
	{"programs", "", NULL, NULL, GP_TYPE_PROGRAM, APPENDS | FILLED, 0, 0},
	{"clients", "", NULL, NULL, GP_TYPE_PREFIX, APPENDS | FILLED, 0, 0},
	{"until", "", NULL, NULL, GP_TYPE_DATE, 0, 0, 0},
	{"action", "", "allow auto prefer-ipv4 prefer-ipv6 strip-aaaa strip-a block",
	 NULL, GP_TYPE_WORD, REQUIRED, 0, 0},
	{"keep-last", "yes", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"enforce", "yes", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"response", "nodata", "nodata nxdomain override", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"qtypes", "AAAA",
	 "A AAAA ANY CAA CNAME DNSKEY DS HTTPS MX NAPTR NS PTR SOA SRV "
	 "SSHFP SVCB TLSA TXT",
	 NULL, GP_TYPE_QTYPE, LIST | FILLED, 0, 0},
	{"override", "", NULL, NULL, GP_TYPE_TARGET, 0, 0, 0},
	{"override-ttl", "60s", NULL, NULL, GP_TYPE_TIME, 0, 0, 7 * DAY},
};

/* attempt-delay: RFC 8305 section 5. */
static const struct gp_config_key probe_keys[] = {
	{"mode", "suspects", "off suspects all", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"inline", "no", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"inline-budget", "300ms", NULL, NULL, GP_TYPE_TIME, 0, 1, 10 * SECOND},
	{"attempt-delay", "250ms", NULL, NULL, GP_TYPE_TIME, 0, 10, 2 * SECOND},
	{"slow-threshold", "0", NULL, NULL, GP_TYPE_TIME, 0, 0, 10 * SECOND},
	{"ports", "443 80", NULL, NULL, GP_TYPE_NUMBER, LIST | FILLED, 1, 65535},
	{"anchors", "", NULL, NULL, GP_TYPE_ANCHOR, LIST, 0, 0},
	{"ok-ttl", "10m", NULL, NULL, GP_TYPE_TIME, 0, SECOND, DAY},
	{"broken-ttl", "30s", NULL, NULL, GP_TYPE_TIME, 0, SECOND, DAY},
	{"broken-ttl-max", "10m", NULL, NULL, GP_TYPE_TIME, 0, SECOND, DAY},
	{"max-rate", "20", NULL, NULL, GP_TYPE_NUMBER, 0, 1, 1000},
};

static const struct gp_config_key preload_keys[] = {
	{"order", "libc", "libc rfc6724", NULL, GP_TYPE_WORD, 0, 0, 0},
};

static const struct gp_config_key rescue_keys[] = {
	{"mode", "off", "off on", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"exclude-programs", "", NULL, NULL, GP_TYPE_PROGRAM, APPENDS, 0, 0},
};

static const struct gp_config_key connect_keys[] = {
	{"mode", "off", "off on", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"cgroup", "/", NULL, NULL, GP_TYPE_ABSOLUTE, 0, 0, 0},
	{"exclude-cgroups", "", NULL, NULL, GP_TYPE_ABSOLUTE, APPENDS, 0, 0},
	{"containers", "no", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
};

static const struct gp_config_key nat64_keys[] = {
	{"mode", "auto", "off auto on", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"prefix", "auto", "auto", NULL, GP_TYPE_NAT64, LIST | FILLED, 0, 0},
	{"non-global", "auto", "refuse allow auto", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"exclude-a", "", NULL, NULL, GP_TYPE_PREFIX4, APPENDS, 0, 0},
	{"exclude-aaaa", "::ffff:0:0/96", NULL, NULL, GP_TYPE_PREFIX6, APPENDS, 0, 0},
	{"exclude-domains", "", NULL, NULL, GP_TYPE_PATTERN, APPENDS, 0, 0},
	{"exclude-domains-file", "", NULL, NULL, GP_TYPE_LIST_FILE, APPENDS, 0, 0},
	{"ptr-name", "", NULL, NULL, GP_TYPE_NAME, 0, 0, 0},
	{"clients", "", NULL, NULL, GP_TYPE_PREFIX, APPENDS, 0, 0},
	{"literals", "yes", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
};

/* edns-size: RFC 6891 6.2.3, less than 512 means 512. serve-stale: RFC 8767. */
static const struct gp_config_key resolver_keys[] = {
	{"enable", "no", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"listen", "127.0.0.64:53 [::1]:53", NULL, NULL, GP_TYPE_LISTEN, LIST | FILLED, 0,
	 0},
	{"upstream", "resolv.conf", NULL, "resolv.conf recursive", GP_TYPE_UPSTREAM,
	 LIST | FILLED, 0, 0},
	{"order", "listed", "listed fastest", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"dnssec", "process", "off process validate trust", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"trust-anchor", "/usr/share/dns/root.key", NULL, NULL, GP_TYPE_PATH, 0, 0, 0},
	{"filter-signed", "no", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"rebind", "allow", "allow refuse", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"rebind-allow", "", NULL, NULL, GP_TYPE_PATTERN, APPENDS, 0, 0},
	{"cache-size", "16m", NULL, NULL, GP_TYPE_SIZE, 0, 64 * KIB, 64 * GIB},
	{"edns-size", "1232", NULL, NULL, GP_TYPE_NUMBER, 0, 512, 4096},
	{"serve-stale", "1d", NULL, NULL, GP_TYPE_TIME, 0, 0, 30 * DAY},
	{"aaaa-timeout", "1500ms", NULL, NULL, GP_TYPE_TIME, 0, 50, 10 * SECOND},
	{"allow", "127.0.0.0/8 ::1/128", NULL, NULL, GP_TYPE_PREFIX, LIST, 0, 0},
};

static const struct gp_config_key forward_keys[] = {
	{"zones", "", "rfc1918 ula cgnat link-local", NULL, GP_TYPE_ZONE,
	 APPENDS | FILLED, 0, 0},
	{"zones-file", "", NULL, NULL, GP_TYPE_NAME_FILE, APPENDS | FILLED, 0, 0},
	{"upstream", "", NULL, NULL, GP_TYPE_UPSTREAM, LIST | FILLED | REQUIRED, 0, 0},
	{"order", "listed", "listed fastest", NULL, GP_TYPE_WORD, 0, 0, 0},
	{"dnssec", "off", "off process validate trust", NULL, GP_TYPE_WORD, 0, 0, 0},
};

static const struct gp_config_key gai_keys[] = {
	{"known-local-ula", "no", "yes no", NULL, GP_TYPE_WORD, 0, 0, 0},
};

static const struct gp_config_key metrics_keys[] = {
	{"listen", "", NULL, NULL, GP_TYPE_LISTEN, LIST, 0, 0},
	{"textfile", "", NULL, NULL, GP_TYPE_PATH, 0, 0, 0},
};

static const struct gp_config_key log_keys[] = {
	{"events", "changes",
	 "changes verdict epoch nat64 reload door rescue upstream synthesized stripped "
	 "blocked stale bogus late rebind",
	 "none", GP_TYPE_WORD, LIST | FILLED, 0, 0},
	{"to", "journal", "journal stdout", NULL, GP_TYPE_ABSOLUTE, 0, 0, 0},
};

#define KEYS(list) (list), sizeof(list) / sizeof((list)[0])

const struct gp_config_spec gp_config_specs[GP_CONFIG_SPECS] = {
	{"guard", KEYS(guard_keys), false},     {"rule", KEYS(rule_keys), true},
	{"probe", KEYS(probe_keys), false},     {"preload", KEYS(preload_keys), false},
	{"rescue", KEYS(rescue_keys), false},   {"connect", KEYS(connect_keys), false},
	{"nat64", KEYS(nat64_keys), false},     {"resolver", KEYS(resolver_keys), false},
	{"forward", KEYS(forward_keys), true},  {"gai", KEYS(gai_keys), false},
	{"metrics", KEYS(metrics_keys), false}, {"log", KEYS(log_keys), false},
};
/* clang-format on */

const struct gp_config_spec *gp_config_spec_find(const char *name)
{
	const char *blank = strchr(name, ' ');
	size_t length = blank ? (size_t)(blank - name) : strlen(name);

	for (size_t i = 0; i < GP_CONFIG_SPECS; i++) {
		const struct gp_config_spec *spec = &gp_config_specs[i];
		if (strlen(spec->name) == length && !memcmp(spec->name, name, length))
			return spec->is_named == (blank != NULL) ? spec : NULL;
	}
	return NULL;
}

size_t gp_config_key_find(const struct gp_config_spec *spec, const char *key)
{
	size_t i = 0;
	while (i < spec->count && strcmp(spec->keys[i].name, key))
		i++;
	return i;
}

bool gp_config_continues(const struct gp_config_key *key)
{
	return key->flags & GP_KEY_LIST || key->type == GP_TYPE_CHAIN;
}
