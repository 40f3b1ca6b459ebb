/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules.h - the [rule NAME] sections in their compiled form, and which of them is about a
 * lookup (DESIGN 4). Pure: bytes in, answers out; used by the doors. rules_build.h makes
 * the bytes.
 */
#ifndef LIBGAIPOLICY_GUARD_RULES_H
#define LIBGAIPOLICY_GUARD_RULES_H

#include "gaipolicy.h"

/** Most rules: one a priority. A rule's rank is its place by priority, from 0 on. */
#define GP_RULES_MAX 65535
/** Bytes of a rule's name, with its NUL: what [rule NAME] has room for. */
#define GP_RULE_NAME 48
/** Bytes of a name, and labels in it (RFC 1035 2.3.4). */
#define GP_NAME_MAX 253
#define GP_NAME_LABEL 63
#define GP_NAME_LABELS 127

/** The sections of a snapshot that rules are made of; rules_private.h has their layout.
 */
enum gp_rules_section {
	GP_RULES_HEAD,    /**< numbers of all rules together; the others: */
	GP_RULES_TABLE,   /**< a row a rule, by rank */
	GP_RULES_GENERAL, /**< ranks of the rules without `domains` */
	GP_RULES_TEXT,    /**< names, programs and the like */
	GP_RULES_BUCKETS, /**< hash of all patterns' names */
	GP_RULES_RECORDS, /**< the names, and which rules they are of */
	GP_RULES_RANGES,  /**< prefixes and clients */
	GP_RULES_SECTIONS
};

/** Bytes that somebody else holds. */
struct gp_bytes {
	const uint8_t *at;
	size_t size;
};

/**
 * A view of compiled rules; all zero: there are none. Nothing in the bytes is believed:
 * whatever they hold, no byte outside of them is read, and every loop ends.
 */
struct gp_rules {
	uint32_t count;
	uint32_t flags;   /**< GP_RULES_* */
	uint32_t actions; /**< bit N: some rule has enum gp_rule_action N */
	uint64_t seed;
	uint64_t labels[2]; /**< bit N: some pattern's name has N labels */
	struct gp_bytes section[GP_RULES_SECTIONS];
};

/** Some rule has `programs`; some rule has `domains`; some rule has match-cname. */
#define GP_RULES_PROGRAMS 1U
#define GP_RULES_DOMAINS 2U
#define GP_RULES_CNAMES 4U

/**
 * Fill in OUT from its sections; looks at the head alone. False: sizes or numbers do not
 * fit each other. No head: there are no rules, which is fine.
 */
bool gp_rules_open(const struct gp_bytes section[GP_RULES_SECTIONS],
		   struct gp_rules *out);

/** Response of `block`. */
enum gp_response { GP_NODATA, GP_NXDOMAIN, GP_OVERRIDE, GP_RESPONSE_COUNT };

/* What a rule asks for or says. */
#define GP_RULE_MATCH_CNAME 1U
#define GP_RULE_KEEP_LAST 2U
#define GP_RULE_ENFORCE 4U
#define GP_RULE_DOMAINS 8U
#define GP_RULE_PREFIXES 16U
#define GP_RULE_PROGRAMS 32U
#define GP_RULE_CLIENTS 64U
/** What makes a rule hold for some lookups, addresses or times of its names only. */
#define GP_RULE_CONDITIONS (GP_RULE_PREFIXES | GP_RULE_PROGRAMS | GP_RULE_CLIENTS)

/** A rule, for people and for the dns door. */
struct gp_guard_rule {
	unsigned rank;
	unsigned priority;
	char name[GP_RULE_NAME];
	uint32_t flags; /**< GP_RULE_* */
	uint8_t action; /**< enum gp_rule_action */
	int64_t until;  /**< wall clock, seconds: it has ended then; INT64_MAX: never */
	/* of `block` */
	uint8_t response;                    /**< enum gp_response */
	struct gp_addr override_address;     /**< family 0: it is a name, or nothing */
	char override_name[GP_NAME_MAX + 2]; /**< "" unless it is a name */
	uint32_t override_ttl;               /**< seconds */
};

/** The rule of RANK. False: no such rank, or its bytes are damaged. */
bool gp_rules_get(const struct gp_rules *rules, unsigned rank, struct gp_guard_rule *out);

/** The rule of PRIORITY. False: there is none, or its bytes are damaged. */
bool gp_rules_by_priority(const struct gp_rules *rules, unsigned priority,
			  struct gp_guard_rule *out);

/** TYPE (of a DNS question) is in the rule's `qtypes`. */
bool gp_rules_has_qtype(const struct gp_rules *rules, unsigned rank, uint16_t type);

/** ADDR is in the rule's `prefixes`; true when it has none. */
bool gp_rules_has_address(const struct gp_rules *rules, unsigned rank,
			  const struct gp_addr *addr);

/** A pattern's name that a lookup's name ends in. Only rules*.c look inside. */
struct gp_name_hit {
	uint32_t at;      /* of its next posting, in words of GP_RULES_RECORDS */
	uint16_t left;    /* postings from there on */
	uint8_t is_whole; /* it is the name itself */
	uint8_t is_cname; /* of a name that only rules with match-cname look at */
};
#define GP_NAME_HITS 192

/** The rules that are about a lookup, by rank; about 2 KiB. Only rules*.c look inside. */
struct gp_rules_walk {
	const struct gp_rules *rules;
	const struct gp_query *query;
	uint32_t next;    /* ranks below are done */
	uint32_t general; /* place in GP_RULES_GENERAL */
	unsigned count;
	struct gp_name_hit hit[GP_NAME_HITS];
};

/**
 * Begin to look for the rules that are about QUERY; both stay where they are until the
 * walk ends. Matched are QUERY's name; its canonical name by rules with match-cname, and
 * by all rules when the name has no dot or was completed from the search list; its chain
 * by rules with match-cname. A name with a label over 63 or more than 253 bytes in all
 * matches no `domains`; case does not matter, nor does a dot at the end.
 */
void gp_rules_begin(struct gp_rules_walk *walk, const struct gp_rules *rules,
		    const struct gp_query *query);

/**
 * The next rule that QUERY fulfils the conditions of, but for `prefixes` (see
 * gp_rules_has_address). False: there is none.
 */
bool gp_rules_next(struct gp_rules_walk *walk, unsigned *rank);

/**
 * The rule that decides QUERY for ADDR; ADDR NULL: for addresses outside of all
 * `prefixes`. False: [guard] does. What `rule test` says, and what gp_guard goes by.
 */
bool gp_rules_match(const struct gp_rules *rules, const struct gp_query *query,
		    const struct gp_addr *addr, struct gp_guard_rule *out);

#endif
