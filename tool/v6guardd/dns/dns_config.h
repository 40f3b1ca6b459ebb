/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config.h - [resolver], [nat64] and [forward] of v6guard.conf(5) as plain data. */
#ifndef TOOL_V6GUARDD_DNS_DNS_CONFIG_H
#define TOOL_V6GUARDD_DNS_DNS_CONFIG_H

#include "guard/config.h"
#include "guard/records.h"
#include "name_tree.h"

/* Each of them is far above what a host needs, and bounds what one configuration takes of
 * memory and time: see v6guard.conf(5), LIMITS. */
#define DNS_LISTEN 1000
#define DNS_UPSTREAMS 1000
#define DNS_PREFIXES 1000  /* of [nat64] */
#define DNS_LIST 1000      /* prefixes in allow, clients, exclude-a, exclude-aaaa */
#define DNS_PATTERNS 10000 /* exclude-domains, with those of files; rebind-allow */
#define DNS_ZONES 1000     /* of all [forward] sections */
#define DNS_ZONE_UPSTREAMS 1000
#define DNS_ZONE_SERVERS 10000 /* of all zones, those of one section counted for each */
#define DNS_TLS_NAMES 1000     /* different ones */

struct dns_endpoint {
	struct gp_addr addr;
	uint16_t port;
	uint16_t tls; /* DNS over TLS: its name is tls_names[tls - 1]; 0: plain */
};

struct dns_list {
	uint32_t count;
	const struct gp_prefix *list;
};

enum dns_pattern_kind { DNS_PATTERN_WITHIN, DNS_PATTERN_EXACT, DNS_PATTERN_BELOW };

struct dns_pattern {
	uint32_t kind; /* enum dns_pattern_kind */
	const uint8_t *name;
};

/** A [forward] section. */
struct dns_forward {
	uint32_t dnssec; /* enum dns_dnssec */
	uint32_t order;  /* enum dns_order */
	uint32_t upstream_count;
	const struct dns_endpoint *upstream;
};

/** One of its zones, and what the section says. */
struct dns_zone {
	const uint8_t *name;
	uint32_t forward; /* index of the section */
	uint32_t dnssec, order, upstream_count;
	const struct dns_endpoint *upstream;
};

enum dns_switch { DNS_OFF, DNS_AUTO, DNS_ON };
enum dns_nonglobal { DNS_REFUSE, DNS_ALLOW, DNS_NONGLOBAL_AUTO };
/** Which of several servers is asked; not said: as listed, unless resolv.conf(5) says
 * `rotate`. */
enum dns_order { DNS_UNORDERED, DNS_LISTED, DNS_FASTEST };
enum dns_rebind { DNS_REBIND_ALLOW, DNS_REBIND_REFUSE };
enum dns_dnssec {
	DNS_DNSSEC_OFF,
	DNS_DNSSEC_PROCESS,
	DNS_DNSSEC_VALIDATE,
	DNS_DNSSEC_TRUST
};

/**
 * Names are in wire form and lower case; times in milliseconds. What pointers lead to is
 * of the pool that it was made with, and is never changed: a copy of the struct is good
 * for as long as that pool.
 */
struct dns_config {
	uint32_t enable;
	uint32_t listen_count;
	const struct dns_endpoint *listen;
	uint32_t from_resolv_conf; /* upstream = resolv.conf */
	uint32_t is_recursive;     /* upstream = recursive */
	uint32_t order;            /* enum dns_order */
	uint32_t upstream_count;
	const struct dns_endpoint *upstream;
	/* Letters, digits, '-' and '.' alone. */
	uint32_t tls_count;
	const char *const *tls_names;
	uint32_t dnssec; /* enum dns_dnssec */
	const char *trust_anchor;
	uint32_t edns_size, aaaa_timeout_ms;
	uint64_t cache_size, serve_stale_ms;
	uint32_t filter_signed;
	uint32_t rebind; /* enum dns_rebind */
	uint32_t rebind_allow_count;
	const struct dns_pattern *rebind_allow;
	struct dns_list allow;
	/* [nat64] */
	uint32_t nat64;                     /* enum dns_switch */
	uint32_t prefix_count, range_count; /* as many of either */
	const struct gp_prefix *prefixes;
	const struct gp_prefix *ranges; /* IPv4 it is for; of length 0: all */
	uint8_t ptr_name[WIRE_NAME];    /* the root: none */
	uint32_t non_global;            /* enum dns_nonglobal */
	struct dns_list exclude_a, exclude_aaaa, clients;
	uint32_t pattern_count;
	const struct dns_pattern *exclude_domains;
	/* [forward]: one entry a section, and one a zone */
	uint32_t forward_count, zone_count;
	const struct dns_forward *forwards;
	struct dns_zone *zones;
	/* By dns_config_index: where zones, exclude_domains and rebind_allow are found.
	 */
	const struct name_tree *zone_tree, *pattern_tree, *rebind_tree;
};

#define DNS_WHY 512

/**
 * From a checked configuration. With `enable = yes`, false and WHY when something in it
 * cannot be done here (keys that do not act yet, more of a list than fits): the whole
 * configuration is refused then, as half a resolver is worse than the one before. WHY
 * begins with "FILE:LINE: ", or with "[section]" where nothing was set in a file. What is
 * in OUT is of POOL.
 */
bool dns_config_from(const struct gp_config *config, struct gp_pool *pool,
		     struct dns_config *out, char why[DNS_WHY]);

/** Fill in what follows from the rest: the servers of zones, and where names are found.
 * False: no memory. */
bool dns_config_index(struct dns_config *config, struct gp_pool *pool);

/** As bytes, and back: of what is read dns_config_is_valid and dns_config_index are yet
 * to be asked. */
extern const struct gp_record_table dns_config_records;
extern const struct gp_record_type dns_endpoint_type;

/** A and B say the same. */
bool dns_config_equal(const struct dns_config *a, const struct dns_config *b);

/** What is here to resolve with. */
struct dns_ability {
	bool has_library, has_tls, has_nat64; /* libunbound, and what it can do */
	bool is_network_known, ipv4_usable;
	const char *anchor_error; /* why `trust-anchor` is no beginning; NULL: it is */
};

/** Somebody's answers are validated, from `trust-anchor` on. */
bool dns_config_validates(const struct dns_config *config);

/**
 * OUT, which dns_config_from made of CONFIG, needs more than what was built in: TLS,
 * IPv4, or a trust anchor.
 */
bool dns_config_needs_ability(const struct dns_config *config);

/**
 * False, and WHY: with ABILITY it cannot be done. What is not known (no library, the
 * network at the start) is no reason.
 */
bool dns_config_is_possible(const struct gp_config *config, const struct dns_config *made,
			    const struct dns_ability *ability, char why[DNS_WHY]);

/** Counts, enums and lengths are in range, names and texts end. */
bool dns_config_is_valid(const struct dns_config *config);

/** 127.0.0.0/8, ::1. */
bool dns_is_loopback(const struct gp_addr *addr);
/** With `dnssec = trust` SERVER's word is taken for it that an answer was validated: it
 * is on loopback, and what it says can be seen. */
bool dns_is_trusted(const struct dns_endpoint *server);
/** Somebody's word is. */
bool dns_config_trusts(const struct dns_config *config);

/** 0.0.0.0 and [::]: all addresses of the host. */
bool dns_is_any(const struct gp_addr *addr);

/** The same address and port. */
bool dns_endpoint_equal(const struct dns_endpoint *a, const struct dns_endpoint *b);

/** The name that SERVER, asked by TLS, has to show; "" for one of another configuration
 * that has more of them. */
const char *dns_tls_name(const struct dns_config *config,
			 const struct dns_endpoint *server);

/** ENDPOINT is one of `listen`, as it stands there. */
bool dns_listens_on(const struct dns_config *config, const struct dns_endpoint *endpoint);

/** ADDR is in one of LIST's prefixes. */
bool dns_list_has(const struct dns_list *list, const struct gp_addr *addr);

/** IPV4 goes into the prefix of that INDEX: no other one's range is nearer to it (RFC
 * 6147 5.2). */
bool dns_prefix_is_for(const struct dns_config *config, size_t index,
		       const struct gp_addr *ipv4);

/** NAME (lower case) matches one of exclude-domains. */
bool dns_is_excluded(const struct dns_config *config, const uint8_t *name);

/** NAME (lower case) matches one of rebind-allow. */
bool dns_rebind_is_allowed(const struct dns_config *config, const uint8_t *name);

/** How many servers all zones have, each counted for every zone that it is asked for. */
size_t dns_zone_servers(const struct dns_config *config);

/** The zone of [forward] that NAME is in, the longest; NULL: none. */
const struct dns_zone *dns_zone_of(const struct dns_config *config, const uint8_t *name);

/** What is done with signatures of TYPE at NAME (lower case): its zone's `dnssec`, or the
 * general one. A DS is the parent's (RFC 4035 2.4), so that it says what that one knows.
 */
enum dns_dnssec dns_dnssec_of(const struct dns_config *config, const uint8_t *name,
			      uint16_t type);

#endif
