/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gaipolicy.h - which addresses of a name a program should get, and why.
 *
 * The one public header of libgaipolicy. Rules for the whole library:
 *  - Threads: functions touch only what they are given; there is no hidden state.
 *  - errno is preserved, on success and on failure; a failed system call's errno
 *    is reported in struct gp_diag.
 *  - Results are written through out pointers only when GP_OK is returned.
 *  - Nothing is printed.
 */
#ifndef GAIPOLICY_H
#define GAIPOLICY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GP_EXPORT __attribute__((visibility("default")))

/* ---- errors ------------------------------------------------------------ */

/** Every way in which a call can fail. The list is closed. */
enum gp_status {
	GP_OK = 0,
	GP_NOMEM,       /**< no memory */
	GP_IO,          /**< a system call failed: see gp_diag.saved_errno */
	GP_PERM,        /**< not allowed */
	GP_SYNTAX,      /**< the text is not of the expected form */
	GP_RANGE,       /**< a number, length or count is outside its range */
	GP_NOTFOUND,    /**< there is no such thing */
	GP_CONFLICT,    /**< contradicts something that is already there */
	GP_UNSUPPORTED, /**< understood, but not possible here */
	GP_BUSY,        /**< held by somebody else, or changed meanwhile */
};

/** Where and why a call failed. Caller-owned; NULL is allowed wherever one is taken. */
struct gp_diag {
	enum gp_status status;
	int saved_errno; /**< errno of the failed system call, or 0 */
	unsigned line;   /**< 1-based, 0: no line applies */
	unsigned column; /**< 1-based, in bytes, 0: none applies */
	char path[256];  /**< file, or "" */
	char text[400];  /**< one sentence, no newline; names the valid words */
};

/** Short English name of a status ("no memory"); never NULL. */
GP_EXPORT const char *gp_status_text(enum gp_status status);

/* ---- addresses (libgaipolicy/address) ---------------------------------- */

/** An IPv4 or IPv6 address in network byte order. Plain data; compare with gp_addr_equal.
 */
struct gp_addr {
	uint8_t bytes[16]; /**< IPv4 uses the first four, the rest is zero */
	uint32_t scope_id; /**< IPv6 zone (interface index), 0: none */
	uint8_t family;    /**< AF_INET or AF_INET6 */
};

/** Longest text gp_addr_format writes, with its NUL: address, '%', zone number. */
#define GP_ADDR_TEXT 58

/** Make an address from 4 (AF_INET) or 16 (AF_INET6) bytes in network byte order. */
GP_EXPORT struct gp_addr gp_addr_make(int family, const void *bytes, uint32_t scope_id);

/**
 * Read an address literal: dotted quad (inet_pton's strict form) or IPv6, the latter with
 * an optional %ZONE, an interface name or number. GP_SYNTAX when it is not one.
 */
GP_EXPORT enum gp_status gp_addr_parse(const char *text, struct gp_addr *out);

/** Write ADDR as text (RFC 5952 form, %NUMBER for a zone; "" for no family); returns BUF.
 */
GP_EXPORT char *gp_addr_format(const struct gp_addr *addr, char buf[GP_ADDR_TEXT]);

/** Same family, bytes and zone. */
GP_EXPORT bool gp_addr_equal(const struct gp_addr *a, const struct gp_addr *b);

/** Scopes, with the values of RFC 4291 2.7 (multicast scop field) as RFC 6724 3.1 uses
 * them. */
enum gp_scope {
	GP_SCOPE_INTERFACE = 0x1,
	GP_SCOPE_LINK = 0x2,
	GP_SCOPE_ADMIN = 0x4,
	GP_SCOPE_SITE = 0x5,
	GP_SCOPE_ORGANISATION = 0x8,
	GP_SCOPE_GLOBAL = 0xe,
};

/**
 * Scope of ADDR by RFC 6724 3.1 and 3.2: multicast by its scop field (the value may be
 * one without a name above), loopback and link-local unicast are link-local, site-local
 * is site-local; in IPv4 127/8 and 169.254/16 are link-local, all else global. An
 * IPv4-mapped IPv6 address has the scope of its IPv4 address.
 */
GP_EXPORT unsigned gp_addr_scope(const struct gp_addr *addr);

/** Number of leading bits that A and B share (RFC 6724 2.2): 0..32 or 0..128; 0 across
 * families. */
GP_EXPORT unsigned gp_addr_common_prefix(const struct gp_addr *a,
					 const struct gp_addr *b);

/** Loopback, link-local, multicast or unspecified: no policy ever touches these. */
GP_EXPORT bool gp_addr_is_special(const struct gp_addr *addr);

/** A prefix. Bits behind LENGTH may be set; matching ignores them. */
struct gp_prefix {
	struct gp_addr addr;
	uint8_t length; /**< 0..32 or 0..128 */
};

/** Longest text gp_prefix_format writes, with its NUL. */
#define GP_PREFIX_TEXT (INET6_ADDRSTRLEN + 4)

/**
 * Read ADDRESS/LENGTH; a bare address is a /32 or /128. GP_SYNTAX when it is not of that
 * form (a zone is not allowed either), GP_RANGE when the length is too big.
 */
GP_EXPORT enum gp_status gp_prefix_parse(const char *text, struct gp_prefix *out);

/** Write PREFIX as ADDRESS/LENGTH; returns BUF. */
GP_EXPORT char *gp_prefix_format(const struct gp_prefix *prefix,
				 char buf[GP_PREFIX_TEXT]);

/** ADDR lies inside PREFIX; false across families. */
GP_EXPORT bool gp_prefix_match(const struct gp_prefix *prefix,
			       const struct gp_addr *addr);

/** Any bit behind LENGTH is set. */
GP_EXPORT bool gp_prefix_has_host_bits(const struct gp_prefix *prefix);

/**
 * Embed IPV4 in PREFIX (RFC 6052 2.2). The length must be 32, 40, 48, 56, 64 or 96
 * (GP_RANGE else) and bits 64..71 of the prefix zero (GP_SYNTAX else). Whether a
 * non-global IPv4 address may stand behind 64:ff9b::/96 (RFC 6052 3.1) is asked with
 * gp_nat64_is_nonglobal, as that is policy.
 */
GP_EXPORT enum gp_status gp_nat64_embed(const struct gp_prefix *prefix,
					const struct gp_addr *ipv4, struct gp_addr *out);

/**
 * The IPv4 address inside IPV6 by RFC 6052 2.3. GP_NOTFOUND when IPV6 is outside PREFIX,
 * GP_SYNTAX when its bits 64..71 are not zero; else errors as gp_nat64_embed.
 */
GP_EXPORT enum gp_status gp_nat64_extract(const struct gp_prefix *prefix,
					  const struct gp_addr *ipv6,
					  struct gp_addr *out);

/** IPV4 is in one of the blocks that RFC 6052 3.1 (RFC 5735 3) bars from 64:ff9b::/96. */
GP_EXPORT bool gp_nat64_is_nonglobal(const struct gp_addr *ipv4);

/** PREFIX is the Well-Known Prefix 64:ff9b::/96 (RFC 6052 2.1). */
GP_EXPORT bool gp_nat64_is_well_known(const struct gp_prefix *prefix);

/* ---- the decision (libgaipolicy/guard) ---------------------------------- */

/** What the guard does with a name; v6guard.conf(5) says it in full. */
enum gp_mode {
	GP_MODE_OFF,
	GP_MODE_AUTO,
	GP_MODE_PREFER_IPV4,
	GP_MODE_PREFER_IPV6,
	GP_MODE_STRIP_AAAA,
	GP_MODE_STRIP_A,
	GP_MODE_COUNT
};

/** "prefer-ipv4" and so on, as v6guard.conf and V6GUARD spell it; NULL for no mode. */
GP_EXPORT const char *gp_mode_name(enum gp_mode mode);

/** The mode of that exact name, or GP_NOTFOUND. */
GP_EXPORT enum gp_status gp_mode_parse(const char *name, enum gp_mode *out);

/** What a rule does: a mode, of which `allow` is another word for `off`, or `block`. */
enum gp_rule_action {
	GP_DO_ALLOW = GP_MODE_OFF,
	GP_DO_AUTO = GP_MODE_AUTO,
	GP_DO_PREFER_IPV4 = GP_MODE_PREFER_IPV4,
	GP_DO_PREFER_IPV6 = GP_MODE_PREFER_IPV6,
	GP_DO_STRIP_AAAA = GP_MODE_STRIP_AAAA,
	GP_DO_STRIP_A = GP_MODE_STRIP_A,
	GP_DO_BLOCK = GP_MODE_COUNT, /**< dns door; the others leave all as it is */
	GP_DO_COUNT
};

/** "allow", "strip-aaaa" and so on, as v6guard.conf spells it; NULL for no action. */
GP_EXPORT const char *gp_rule_action_name(enum gp_rule_action action);

/** The action of that exact name, or GP_NOTFOUND. */
GP_EXPORT enum gp_status gp_rule_action_parse(const char *name, enum gp_rule_action *out);

/** What is known of a destination (RFC 6724 has no word for it; DESIGN 6). */
enum gp_verdict {
	GP_VERDICT_UNKNOWN, /**< never tried, or too long ago */
	GP_VERDICT_OK,      /**< a handshake, or a refusal, came back */
	GP_VERDICT_BROKEN,  /**< nothing comes back, while IPv4 of the same name works */
	GP_VERDICT_SLOW,    /**< answers, but later than IPv4 by more than is allowed */
	GP_VERDICT_COUNT
};

/** "unknown", "ok", "broken", "slow"; NULL for no verdict. */
GP_EXPORT const char *gp_verdict_name(enum gp_verdict verdict);

/** The verdict of that exact name, or GP_NOTFOUND. */
GP_EXPORT enum gp_status gp_verdict_parse(const char *name, enum gp_verdict *out);

/** Where a decision is carried out. */
enum gp_door { GP_DOOR_NSS, GP_DOOR_PRELOAD, GP_DOOR_DNS };

/** What became of a candidate. */
enum gp_disposition { GP_KEPT, GP_STRIPPED, GP_DEMOTED, GP_SYNTHESIZED };

/** Why. */
enum gp_reason {
	GP_WHY_NOTHING,        /**< no policy asked for a change */
	GP_WHY_MODE,           /**< the mode asked for it */
	GP_WHY_EXEMPT_NAME,    /**< localhost, a literal, no node: never touched */
	GP_WHY_EXEMPT_ADDRESS, /**< loopback, link-local, multicast, unspecified; made by
				    DNS64 */
	GP_WHY_OWN_ADDRESS,    /**< the host's own */
	GP_WHY_AAAA_ONLY,      /**< only AAAA was asked for, and aaaa-only = keep */
	GP_WHY_LAST_ADDRESS,   /**< nothing would be left */
	GP_WHY_NO_USABLE_IPV4, /**< IPv4 addresses there are, but none can be reached from
				  here */
	GP_WHY_NO_USABLE_IPV6, /**< the same for strip-a */
	GP_WHY_BROKEN,         /**< auto: its verdict is broken */
	GP_WHY_SLOW,           /**< auto: its verdict is slow */
	/** auto: no fresh ok yet, with unknown = distrust, or passed over by a race. */
	GP_WHY_UNTESTED,
	GP_WHY_ORDER,     /**< order = rfc6724, which is not libc's order here */
	GP_WHY_ANSWERED,  /**< auto: it answered a race of the preload's */
	GP_WHY_NO_ANSWER, /**< auto: it did not, in time */
	GP_WHY_NOT_ASKED, /**< AAAA, which the mode strips, were not asked for */
	GP_WHY_NO_ROUTE,  /**< auto, dns door: the host has no IPv6 that leads there */
	GP_WHY_COUNT
};

/** Stable word for a disposition ("stripped") and a reason ("no-usable-ipv4"). */
GP_EXPORT const char *gp_disposition_name(enum gp_disposition disposition);
GP_EXPORT const char *gp_reason_name(enum gp_reason reason);

/** One destination address of a name, and its fate. */
struct gp_candidate {
	struct gp_addr addr;
	enum gp_disposition disposition; /**< out */
	enum gp_reason reason;           /**< out */
	uint16_t rule;       /**< out: which rule decides, the first is 1; 0: [guard] */
	uint16_t priority;   /**< out: that rule's */
	uint8_t action;      /**< out: enum gp_rule_action that it asks for */
	uint8_t keep_last;   /**< out: what it says of that */
	uint8_t enforce;     /**< out: 0: the disposition is what would be done */
	uint8_t unreachable; /**< out: found to have no route, when that mattered */
};

/** [guard] of v6guard.conf. */
struct gp_guard_policy {
	uint8_t mode;          /**< enum gp_mode */
	uint8_t distrust;      /**< unknown = distrust */
	uint8_t enforce;       /**< 0: decide and explain, change nothing */
	uint8_t keep_last;     /**< strip-*: never take the last usable address */
	uint8_t aaaa_only;     /**< 1: AAAA-only lookups are stripped as well */
	uint8_t backends_auto; /**< backends = auto */
};

/** The defaults of v6guard.conf(5). */
GP_EXPORT void gp_guard_policy_init(struct gp_guard_policy *policy);

/** The program that asks: `programs` of a rule. */
struct gp_program {
	char path[512]; /**< of its executable file, "" when it cannot be known */
	char comm[16];  /**< the name that `ps` shows, "" likewise */
};

/** A lookup, as a door sees it. */
struct gp_query {
	const char *name; /**< NULL: no node, or AI_PASSIVE: never touched */
	int family; /**< AF_UNSPEC, AF_INET or AF_INET6: what the program asked for */
	enum gp_door door;

	/* What only rules ask for; without rules all of it may be zero. */
	const char *canonical;        /**< the canonical name of the answer, or NULL */
	const char *const *chain;     /**< dns door: the names of the CNAME chain... */
	size_t chain_count;           /**< ...and how many */
	const struct gp_addr *client; /**< dns door: who asks, or NULL */
	bool lacks_ipv6; /**< dns door: the host, which asks itself, has no default route
			    for IPv6. Other doors leave what has no route to libc's order
			  */
	const struct gp_program *program; /**< the other doors; NULL: not known */
	int64_t now;                      /**< wall clock, seconds: for `until` */
};

/** Rules, compiled: guard/rules.h. NULL wherever one is taken: there are none. */
struct gp_rules;

/**
 * Facts about the host, asked only when a decision hangs on them. CTX is handed through.
 * Either may answer from a cache; false is the answer whenever it cannot be known.
 */
struct gp_facts {
	void *ctx;
	/** There is a route to ADDR: a UDP connect() would succeed. */
	bool (*is_usable)(void *ctx, const struct gp_addr *addr);
	/** ADDR is one of the host's own. */
	bool (*is_own)(void *ctx, const struct gp_addr *addr);
	/**
	 * What is known of ADDR. NULL: there is no live reach map, and `auto` has nothing
	 * to act on.
	 */
	enum gp_verdict (*verdict)(void *ctx, const struct gp_addr *addr);
	/** ADDR is in a prefix that is the host's own or on its link; goes with verdict.
	 */
	bool (*is_onlink)(void *ctx, const struct gp_addr *addr);
	/**
	 * DNS64 (RFC 6147) made ADDR from an IPv4 address; strip-aaaa leaves it alone.
	 * NULL: no address was made so.
	 */
	bool (*is_made)(void *ctx, const struct gp_addr *addr);
};

/** What gp_guard found, for all candidates together. */
struct gp_outcome {
	bool differs; /**< some candidate is not kept, or the order changed */
	bool acts;    /**< and that is to be carried out, for some candidate at least */
	bool would;   /**< some candidate is only spared by enforce = no */
};

/** CANDIDATE is to be taken out of the answer. */
static inline bool gp_is_stripped(const struct gp_candidate *candidate)
{
	return candidate->disposition == GP_STRIPPED && candidate->enforce;
}

/** NAME is one that no policy touches: localhost, a literal, "" or NULL. */
GP_EXPORT bool gp_guard_is_exempt(const char *name);

/**
 * False when no answer to QUERY could be changed by POLICY and RULES at that door,
 * whatever it is: the door need not even look. No name is looked for in the rules: true
 * says little when there are some. HAS_MAP: there is a live reach map, without which
 * `auto` has nothing to go by.
 */
GP_EXPORT bool gp_guard_may_act(const struct gp_guard_policy *policy,
				const struct gp_rules *rules,
				const struct gp_query *query, bool has_map);

/**
 * Who decides: fill in each candidate's rule, action, keep_last and enforce, from the
 * first rule that is about it, or else from POLICY. No facts are asked for: a door does
 * this while it holds the rules, and decides when it has let go of them.
 */
GP_EXPORT void gp_guard_assign(const struct gp_guard_policy *policy,
			       const struct gp_rules *rules, const struct gp_query *query,
			       struct gp_candidate *candidates, size_t count);

/**
 * THE decision (DESIGN 4) over assigned candidates: fills in each one's disposition and
 * reason and, at the preload door, orders them; stable otherwise. Nothing is put behind
 * an address that cannot be reached (RFC 6724 5, rule 1). Where a rule, or
 * [guard], does not enforce, the disposition is what would be done, and the order stays.
 * For a lookup of AF_INET6 alone with aaaa_only set, CANDIDATES must hold the name's IPv4
 * addresses as well: they are what may justify the strip.
 */
GP_EXPORT struct gp_outcome gp_guard_decide(const struct gp_guard_policy *policy,
					    const struct gp_query *query,
					    const struct gp_facts *facts,
					    struct gp_candidate *candidates,
					    size_t count);

/** Both in one. */
GP_EXPORT struct gp_outcome gp_guard(const struct gp_guard_policy *policy,
				     const struct gp_rules *rules,
				     const struct gp_query *query,
				     const struct gp_facts *facts,
				     struct gp_candidate *candidates, size_t count);

#ifdef __cplusplus
}
#endif

#endif
