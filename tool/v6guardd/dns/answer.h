/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * answer.h - what a client gets: replies from upstream and the policy come to one whole
 * message. DNS64 is here (RFC 6147), and what is answered without asking anybody. Pure.
 *
 * An answer is made once for all clients that ask the same: with id 0, without RD, CD, AD
 * and OPT. These are the client's own, and answer_finish adds them.
 */
#ifndef TOOL_V6GUARDD_DNS_ANSWER_H
#define TOOL_V6GUARDD_DNS_ANSWER_H

#include "dns_config.h"
#include "guard/rules.h"
#include "question.h"

#define ANSWER_RECORDS 4096
/** Bytes of the text of an Extended DNS Error: a rule's name, or which [guard]. */
#define ANSWER_TEXT GP_RULE_NAME
/** Of answer_why_text, at most. */
#define ANSWER_WHY_TEXT 112
/** OPT with two Extended DNS Errors (RFC 8914), one of them with text, a time to keep a
 * connection (RFC 7828), and why. */
#define ANSWER_OPT (33 + ANSWER_TEXT + ANSWER_WHY_TEXT)
/** That time, in units of 100 ms. */
#define ANSWER_KEEPALIVE 100

/** Extended DNS Errors (RFC 8914 4, and IANA's registry). */
enum answer_ede {
	ANSWER_EDE_NONE = -1,
	ANSWER_EDE_OTHER = 0,
	ANSWER_EDE_STALE = 3,
	ANSWER_EDE_BOGUS = 6,
	ANSWER_EDE_BLOCKED = 15,
	ANSWER_EDE_FILTERED = 17,
	ANSWER_EDE_PROHIBITED = 18,
	ANSWER_EDE_STALE_NXDOMAIN = 19,
	ANSWER_EDE_UNREACHABLE = 22,
	ANSWER_EDE_SYNTHESIZED = 29,
};

/** Why there is no more in an answer, or what it is: for who asks (GP_OPTION_WHY). */
enum answer_why {
	ANSWER_WHY_NOTHING, /* there is nothing to say, or EDE says it */
	ANSWER_WHY_NATIVE,
	/* DNS64 is off for the host or the client. */
	ANSWER_WHY_OFF,
	ANSWER_WHY_HAS_IPV4,
	ANSWER_WHY_NO_IPV6,
	ANSWER_WHY_SWITCHED_OFF,
	ANSWER_WHY_CLIENT,
	/* It is not for the question. */
	ANSWER_WHY_NO_PREFIX,
	ANSWER_WHY_VALIDATES,
	ANSWER_WHY_EXCLUDED_NAME,
	/* There is nothing to make it of. */
	ANSWER_WHY_NO_NAME,
	ANSWER_WHY_NO_A,
	ANSWER_WHY_A_FAILED,
	ANSWER_WHY_SIGNED_A,
	/* Of some address, at least, nothing is made. */
	ANSWER_WHY_EXCLUDED_A,
	ANSWER_WHY_NOT_GLOBAL,
	ANSWER_WHY_NEVER,
	ANSWER_WHY_RANGE,
	/* The rest. */
	ANSWER_WHY_SIGNED,
	ANSWER_WHY_BOGUS,
	ANSWER_WHY_REBIND,
	ANSWER_WHY_PTR,
	ANSWER_WHY_NO_ROUTE,
	ANSWER_WHY_MAPPED,
	ANSWER_WHY_REFUTED,
};

/** In words, at most ANSWER_WHY_TEXT bytes; "" for ANSWER_WHY_NOTHING. */
const char *answer_why_text(enum answer_why why);

/** What upstream said to one question. */
struct answer_reply {
	/* At least a header. NULL: nothing came, or nothing that can be read. */
	const uint8_t *packet;
	size_t size;
	bool is_bogus, is_secure; /* by validation */
	bool is_round;            /* nothing came of it: CNAMEs had no end */
	uint32_t server;          /* who said it, by a number of its own; 0: not known */
	/* The first private address that was in it, and others are not there either:
	 * rebind_clean. Of no family: there was none. */
	struct gp_addr rebound;
	/* So many seconds at most it holds, as a server that is listed before has said
	 * nothing, or only for now; 0: as long as it says. */
	uint32_t holds_s;
};

/** What is kept of SERVER's number, for which there is half a byte: servers that are
 * asked at the same time have numbers that follow each other, and differ in it. 0: not
 * known. */
#define ANSWER_SERVERS 15
static inline uint8_t answer_server(uint32_t server)
{
	return server ? (uint8_t)((server - 1) % ANSWER_SERVERS + 1) : 0;
}

/** What is asked for whom: does DNS64 act, and for which names. */
struct answer_context {
	const struct dns_config *config;
	/* The filter; guard is NULL while there is none, rules as well. */
	const struct gp_guard_policy *guard;
	const struct gp_rules *rules;
	const struct gp_facts *facts;
	const struct gp_addr *client; /* that asks; NULL: nobody */
	int64_t now;                  /* wall clock, seconds */
	bool synthesizes;             /* the host and the client are to have DNS64 */
	uint8_t off_why;              /* enum answer_why, when they are not */
	bool is_forwarded;            /* the name is in a zone of [forward] */
	bool is_routed;               /* the name is for the servers of one link */
	bool has_broken;              /* some verdict is `broken` */
	bool lacks_ipv6;     /* as in struct gp_query, and the client does not validate */
	bool is_overdue;     /* for AAAA that did not come one waits no longer */
	bool has_failed;     /* AAAA have, while somebody was heard: they are no outage */
	bool has_one_server; /* whoever is asked for the name is the same */
	unsigned lead; /* rank + 1 of the rule by which answer_lead was followed; 0 */
	unsigned other_lead; /* the same of answer_other_lead */
	bool is_taken;       /* addresses are made instead of AAAA that are left out */
};

/** What the policy came to in an answer; CANDIDATES last until the next answer is made.
 */
struct answer_decision {
	/* The addresses that were decided about; with COUNT 0 OUTCOME says nothing. */
	const struct gp_candidate *candidates;
	size_t count;
	struct gp_outcome outcome;
	/* A rule, or [guard] (0), that was about the name whatever its addresses are. */
	bool is_whole, is_block, enforce;
	uint16_t priority;
	uint8_t response; /* enum gp_response, of a block */
	bool is_by_verdict;
	/* The rule's name, or "[guard] MODE"; "" when nothing was to be changed. */
	char by[ANSWER_TEXT];
};

struct answer {
	uint8_t *bytes; /* WIRE_MAX of them, the caller's */
	size_t size;
	uint16_t flags; /* QR, RA, AA and RCODE, as in the header */
	bool is_secure; /* all of it was validated: AD may be set */
	bool is_synthesized;
	bool is_late;      /* it is without the AAAA that did not come, and says so */
	bool is_rebound;   /* private addresses were taken out: rebind_note */
	uint8_t why;       /* enum answer_why */
	uint32_t server;   /* as in struct answer_reply: who said what it is made of */
	int ede;           /* enum answer_ede; DECISION.by is its text for some of them */
	uint32_t lifetime; /* seconds it may be given again; 0: not at all */
	struct answer_decision decision;
	size_t ttl_count;
	uint16_t ttl_at[ANSWER_RECORDS]; /* where TTLs stand */
};

/** The type to ask for instead of QUESTION's own: another one where no answer to that
 * could be handed out. */
uint16_t answer_main_type(const struct question *question,
			  const struct answer_context *context);

/**
 * The other type that is to be asked for along with it: A for an AAAA that may have to be
 * made from it, or will be left out only if there is another address; AAAA for an A of
 * that kind. 0: none, as far as that can be said before there is a reply.
 */
uint16_t answer_other_type(const struct question *question,
			   const struct answer_context *context);

/** The type that is to be asked for as well, now that MAIN is there and is not enough,
 * and of which name, TARGET; 0: none. */
uint16_t answer_late_type(const struct question *question,
			  const struct answer_context *context,
			  const struct answer_reply *main, uint8_t target[WIRE_NAME]);

/**
 * Another name is to be asked for instead, TARGET: of the PTR of an address that a NAT64
 * prefix embeds the name below in-addr.arpa (RFC 6147 5.3.1), and of a rule with
 * `override = NAME` that name.
 */
bool answer_target(const struct question *question, const struct answer_context *context,
		   uint8_t target[WIRE_NAME]);

/**
 * Now that upstream said MAIN, a rule about a name of the chain, or one that had to wait
 * for what is signed, leads to TARGET, which is to be asked for instead; the rule's rank
 * and one, for context.lead. 0: none does.
 */
unsigned answer_lead(const struct question *question,
		     const struct answer_context *context,
		     const struct answer_reply *main, uint8_t target[WIRE_NAME]);

/**
 * A, of which AAAA are to be made, are led to TARGET by a rule: answer_other_type is to
 * be asked for there. What a client would be given as A is what DNS64 starts from.
 */
bool answer_other_target(const struct question *question,
			 const struct answer_context *context, uint8_t target[WIRE_NAME]);

/** A rule answers that A, and nobody need be asked: OUT is what is said to it. */
bool answer_other_local(const struct question *question,
			const struct answer_context *context, struct answer *out);

/** The same as answer_lead for A, now that upstream said OTHER; for
 * context.other_lead. */
unsigned answer_other_lead(const struct question *question,
			   const struct answer_context *context,
			   const struct answer_reply *other, uint8_t target[WIRE_NAME]);

/** A number that is another one where other rules are about QUESTION: part of what an
 * answer is kept by. 0: none is. */
uint32_t answer_variant(const struct question *question,
			const struct answer_context *context);

/**
 * Answer what needs no upstream: ipv4only.arpa and the reverse names of its addresses
 * while DNS64 acts (RFC 8880 7.1), ANY (RFC 8482), names of special use (RFC 6761, 6303,
 * 9462), and what a rule blocks. False: it does.
 */
bool answer_local(const struct question *question, const struct answer_context *context,
		  struct answer *out);

/**
 * The answer from MAIN, what upstream said to answer_main_type or to answer_target,
 * and OTHER, what it said to answer_other_type; NULL: not asked, or not needed.
 */
void answer_make(const struct question *question, const struct answer_context *context,
		 const struct answer_reply *main, const struct answer_reply *other,
		 struct answer *out);

/** REBIND = refuse, and QUESTION's name is a public one: private addresses are taken out
 * of what upstream says to it. */
bool rebind_concerns(const struct question *question,
		     const struct answer_context *context);
/** That is so, and there are some in FROM: OUT is the same without them, its packet in
 * memory that the next call uses again. All of them gone is no data. */
bool rebind_clean(const struct question *question, const struct answer_context *context,
		  const struct answer_reply *from, struct answer_reply *out);
/** An address that a public name has no business with; IPv4 in a NAT64 prefix as well. */
bool rebind_is_private(const struct dns_config *config, const struct gp_addr *addr);

/** MAIN alone decides: the other reply is of no use to answer_make any more, or need not
 * be asked for. */
bool answer_is_enough(const struct question *question,
		      const struct answer_context *context,
		      const struct answer_reply *main);

/** It is not, but no answer becomes another one by that: it is only counted (enforce =
 * no).
 */
bool answer_is_only_counted(const struct question *question,
			    const struct answer_context *context,
			    const struct answer_reply *main);

/** There are records of QUESTION's type in MAIN. */
bool answer_has_records(const struct question *question, const struct answer_reply *main);

/** From A alone an AAAA could be made, and may be, should the AAAA not come. */
bool answer_can_stand_in(const struct question *question,
			 const struct answer_context *context,
			 const struct answer_reply *a);

/** No records: RCODE, and EDE with it. */
void answer_fail(const struct question *question, enum wire_rcode rcode, int ede,
		 struct answer *out);

/** SERVFAIL, as REPLY has no packet: nobody was heard, or nothing came of it. */
void answer_fail_unheard(const struct question *question,
			 const struct answer_reply *reply, struct answer *out);

/** AAAA that QUESTION asks for would be left out if there is an A that can be used: A is
 * to be asked for, and AAAA only when it shows that there is none. */
bool answer_asks_partner_first(const struct question *question,
			       const struct answer_context *context);

/** A shows that there is one: answer_make needs no AAAA. */
bool answer_is_settled(const struct question *question,
		       const struct answer_context *context,
		       const struct answer_reply *a);

/** It may be so, as far as the name tells: A is to be asked for when AAAA are late. */
bool answer_may_do_without(const struct question *question,
			   const struct answer_context *context);

/** With A the client gets along, should the AAAA not come: answer_make says so when
 * context.is_overdue. */
bool answer_can_do_without(const struct question *question,
			   const struct answer_context *context,
			   const struct answer_reply *a);

/**
 * AAAA's reply denies the name (RFC 8020), or is an error: an A that is known, or about
 * to be, would refute that. Where it is validated, or the client validates, it is
 * believed, and with DNS64 it has a meaning of its own (RFC 6147 5.1.2).
 */
bool answer_is_doubtful(const struct question *question,
			const struct answer_context *context,
			const struct answer_reply *aaaa);

/** From A alone it can be said that no address can be made of it (RFC 6147 5.1.6), should
 * the AAAA not come. */
bool answer_can_deny(const struct question *question,
		     const struct answer_context *context, const struct answer_reply *a);

/** What answer_finish needs of an answer that is kept. */
struct answer_image {
	const uint8_t *bytes;
	size_t size;
	uint16_t flags;
	bool is_secure, is_synthesized, is_late;
	bool is_stale; /* its time is over: TTLs of 30 seconds, and EDE 3 or 19 beside the
			  other (RFC 8767, 8914 4.20) */
	int ede;
	const char *text; /* of EDE, TEXT_SIZE bytes */
	uint8_t text_size, why;
	const uint16_t *ttl_at;
	size_t ttl_count;
};

struct answer_image answer_image(const struct answer *answer);

/** ANSWER holds for CAP seconds at most, here and for whoever is given it. */
void answer_cap(struct answer *answer, uint32_t cap);

/** In TO, a copy of IMAGE's bytes, TTLs are less by AGE seconds; those of what is stale
 * are 30 (RFC 8767 5.2). */
void answer_set_ttls(const struct answer_image *image, uint32_t age, uint8_t *to);

/**
 * Write IMAGE for the client that asked QUESTION to TO (WIRE_MAX bytes): its id, flags
 * and spelling of the name, TTLs less by AGE seconds, at most LIMIT bytes (else no
 * records, and TC), OPT if it sent one with EDNS_SIZE as our own. The text of an Extended
 * DNS Error goes before records do. Returns the size.
 */
size_t answer_finish(const struct answer_image *image, const struct question *question,
		     uint32_t age, size_t limit, uint16_t edns_size, uint8_t *to);

/** To what answer_finish wrote of IMAGE, SIZE bytes, the text that QUESTION asks for with
 * GP_OPTION_WHY, if there is one and LIMIT allows it. The size then. */
size_t answer_add_why(const struct answer_image *image, const struct question *question,
		      size_t limit, uint8_t *to, size_t size);

/**
 * Of a finished answer leave header, question and OPT (RFC 6891 7), and set TC (RFC 2181
 * 9). Returns the size that is left; 0: BYTES are no answer.
 */
size_t answer_cut(uint8_t *bytes, size_t size);

/** The reply to a message that question_read refused; its size. */
size_t answer_refuse(const struct question *question, enum wire_rcode rcode, int ede,
		     uint16_t edns_size, uint8_t to[512]);

#endif
