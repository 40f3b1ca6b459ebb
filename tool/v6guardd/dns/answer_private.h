/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer_private.h - what answer*.c share: putting a message together. */
#ifndef TOOL_V6GUARDD_DNS_ANSWER_PRIVATE_H
#define TOOL_V6GUARDD_DNS_ANSWER_PRIVATE_H

#include "answer.h"
#include "guard/rules.h"

/** Seconds that failures are kept (RFC 9520 3.2), and negative answers of our own. */
#define ANSWER_FAILED_S 5
#define ANSWER_OWN_S 30
/** Seconds that an answer without the AAAA that did not come is good for. */
#define ANSWER_LATE_S 5
/** And one without AAAA that have no route: that may come any moment. */
#define ANSWER_ROUTE_S 5

enum answer_section { ANSWER_ANSWER = 1, ANSWER_AUTHORITY, ANSWER_ADDITIONAL };

struct builder {
	struct answer *answer;
	struct wire_out out;
	uint16_t counts[4]; /* of the header */
	uint32_t least;     /* of all TTLs; UINT32_MAX: none yet */
	/* The answer section may end where no more fits, as do the other two. */
	bool is_divisible, is_full;
	bool is_lost;        /* nothing can be made of it any more */
	size_t end, targets; /* of OUT, behind the last record that was counted */
};

/** Begin OUT: header and question. */
void builder_begin(struct builder *builder, const struct question *question,
		   struct answer *out);
/** A record whose TTL stands at TTL_AT was written to SECTION. One that does not fit into
 * a message with OPT goes, and all that come after it, where it may: it is not in the
 * answer section (RFC 2181 9), or that is divisible. */
void builder_count(struct builder *builder, enum answer_section section, size_t ttl_at);
/** Whole, with RCODE; SERVFAIL instead if something did not fit. LIFETIME: at most. */
void builder_end(struct builder *builder, enum wire_rcode rcode, uint32_t lifetime);

/** A record of OWNER with SIZE bytes of RDATA. */
void builder_put(struct builder *builder, enum answer_section section,
		 const uint8_t *owner, uint16_t type, uint32_t ttl, const void *rdata,
		 size_t size);
/** A record whose RDATA is NAME. */
void builder_put_name(struct builder *builder, enum answer_section section,
		      const uint8_t *owner, uint16_t type, uint32_t ttl,
		      const uint8_t *name);
/** An SOA of our own in the authority section (RFC 2308 2.2), good for TTL. */
void builder_put_soa(struct builder *builder, const uint8_t *owner, uint32_t ttl);

/** A message of upstream's. */
struct reply {
	struct wire_in in;
	uint16_t flags, counts[4];
	size_t records_at;
};

enum wire_rcode reply_rcode(const struct reply *reply);
/** False: there is none, or it is no whole message. */
bool reply_open(const struct answer_reply *from, struct reply *out);

/** One record after the other. Begin with a zeroed one. */
struct reply_walk {
	bool has_begun;
	unsigned index;
	enum answer_section section;
	struct wire_in in;
	struct wire_rr rr;
};

bool reply_next(const struct reply *reply, struct reply_walk *walk);

/** RR is an A or AAAA: its address. */
bool rr_is_address(const struct wire_rr *rr, struct gp_addr *out);

/** A record of TYPE is in the answer section. */
bool reply_has(const struct reply *reply, uint16_t type);

/** DNS64 acts for QUESTION (RFC 6147 5.5). */
bool answer_is_for_dns64(const struct question *question,
			 const struct answer_context *context);

/** Why DNS64 makes no AAAA of IPV4 with the prefix of that INDEX; ANSWER_WHY_NOTHING: it
 * may. */
enum answer_why answer_embeds_not(const struct answer_context *context, size_t index,
				  const struct gp_addr *ipv4);

/* ---- answer_block.c ---- */

/** The names of a chain, for rules with match-cname. */
#define CHAIN 16
struct chain {
	size_t count;
	const char *names[CHAIN];
	char text[CHAIN][WIRE_NAME_TEXT];
};

/** A query about NAME for guard and rules; TEXT holds the name. */
struct gp_query rules_query(const struct answer_context *context, const uint8_t *name,
			    char text[WIRE_NAME_TEXT]);
/** The names that CNAMEs of REPLY lead to. */
void rules_chain(struct chain *chain, const struct reply *reply);
/** CHAIN (may be NULL) is the query's. */
void rules_add_chain(struct gp_query *query, const struct chain *chain);

/** QUESTION is blocked, and answered without asking anybody. */
bool block_local(const struct question *question, const struct answer_context *context,
		 struct answer *out);
/** It is blocked, and led to TARGET. */
bool block_target(const struct question *question, const struct answer_context *context,
		  uint8_t target[WIRE_NAME]);
/** The answer then, from REPLY about TARGET. */
void block_lead(const struct question *question, const struct answer_context *context,
		const struct reply *reply, const uint8_t *target, struct answer *out);
/** Now that REPLY shows its chain, and that it is not signed, it is blocked. */
bool block_late(const struct question *question, const struct answer_context *context,
		const struct reply *reply, struct answer *out);
/** It would be, but for enforce = no: note that in OUT. */
void block_note(const struct question *question, const struct answer_context *context,
		const struct reply *reply, struct answer *out);

/* ---- answer_filter.c, answer_standing.c ---- */

#define FILTER_ADDRESSES 256

/** What was decided about the addresses of a name. */
struct filter {
	bool acts;
	/* DNS64 acts for the name: what it makes of an A that cannot be reached is
	 * somewhere to go as well for who loses AAAA. */
	bool makes;
	bool supposes; /* and does so of any A */
	struct gp_outcome outcome;
	size_t count;
	struct gp_candidate list[FILTER_ADDRESSES];
};

/** Addresses of QUESTION's type may be left out. */
bool filter_concerns(const struct question *question,
		     const struct answer_context *context);
/** Addresses of TYPE will be, unless they are the last: the other type is needed. */
bool filter_is_near(const struct question *question,
		    const struct answer_context *context);
/** All of them are, whatever else there is. */
bool filter_is_total(const struct question *question,
		     const struct answer_context *context);

/** All AAAA are, if there is an A that can be used: none of them need be asked for then.
 */
bool filter_is_partner_first(const struct question *question,
			     const struct answer_context *context);

/** Something could be left out of MAIN, but it is signed and the client sees that
 * (filter-signed = no). */
bool filter_is_spared(const struct question *question,
		      const struct answer_context *context, const struct reply *main);

/** What is decided about MAIN depends on the other type. */
enum filter_need {
	FILTER_ALONE,   /* no */
	FILTER_COUNTED, /* only what is counted, as enforce = no */
	FILTER_NEEDED,
};
enum filter_need filter_depends(const struct question *question,
				const struct answer_context *context,
				const struct reply *main);

/** The policy may leave out AAAA of NAME, whatever is known of them now. */
bool filter_may_spare(const struct answer_context *context, const uint8_t *name);

/** What would become of an AAAA of QUESTION's name that nobody has seen, beside the A in
 * A's reply. */
enum filter_unseen {
	FILTER_UNSEEN_KEPT,     /* it is needed, or is not the policy's business */
	FILTER_UNSEEN_SPARE,    /* there is an A that can be used, and `auto` decides */
	FILTER_UNSEEN_STRIPPED, /* it would be left out */
};
enum filter_unseen filter_unseen(const struct question *question,
				 const struct answer_context *context,
				 const struct reply *a);

/** Seconds that FILTER's decision holds at most. */
uint32_t filter_cap(const struct filter *filter, const struct answer_context *context);
/** Nothing was decided yet. */
void filter_begin(struct filter *filter);
/** Decide about the addresses in MAIN, and in OTHER if it is there. */
void filter_decide(struct filter *filter, const struct question *question,
		   const struct answer_context *context, const struct reply *main,
		   const struct answer_reply *other);
/** Put down in OUT what was decided. */
void filter_note(const struct filter *filter, const struct answer_context *context,
		 struct answer *out);
/** The same where all of a type is left out: filter_is_total. */
void filter_note_total(const struct question *question,
		       const struct answer_context *context, struct answer *out);
/** BY: [guard], and its mode. */
void filter_name_guard(const struct answer_context *context, char by[ANSWER_TEXT]);
/** RR is an address that is left out; FILTER may be NULL. */
bool filter_strips(const struct filter *filter, const struct wire_rr *rr);
/** ADDR is. */
bool filter_strips_address(const struct filter *filter, const struct gp_addr *addr);
/** About COUNT addresses in FILTER's list, of NAME with CHAIN (may be NULL), as if they
 * were of TYPE. */
void filter_decide_list(struct filter *filter, const struct answer_context *context,
			const uint8_t *name, const struct chain *chain, uint16_t type);
/** Addresses of TYPE may be left out of answers about NAME. */
bool filter_may_strip(const struct answer_context *context, const uint8_t *name,
		      uint16_t type);
/** There are signatures of TYPE in REPLY's answer. */
bool filter_is_signed(const struct reply *reply, uint16_t type);

/* ---- answer_hints.c ---- */

/** An AAAA, or a hint, in FROM's answer is an address in PREFIX (IPv6). */
bool reply_has_address_in(const struct answer_reply *from,
			  const struct gp_prefix *prefix);
/** Some HTTPS or SVCB record in REPLY's answer has other hints; FILTER has the decision.
 * OTHER is what was said about hints_need, or NULL. */
bool hints_change(struct filter *filter, const struct question *question,
		  const struct answer_context *context, const struct reply *reply,
		  const struct answer_reply *other);
/** RDATA of RR with the hints that the policy leaves or makes, to OUT; its size, 0: as it
 * is. */
size_t hints_filter(const struct question *question, const struct answer_context *context,
		    const struct reply *reply, const struct wire_rr *rr,
		    const struct answer_reply *other, struct filter *filter,
		    uint8_t out[WIRE_MAX]);
/** What becomes of a hint in REPLY depends on whether TARGET has addresses of a type that
 * is hinted nowhere; that type, or 0. */
uint16_t hints_need(const struct question *question, const struct answer_context *context,
		    const struct reply *reply, uint8_t target[WIRE_NAME]);

/** RDATA of RR without hints that are private addresses, to OUT; its size, 0: as it is.
 * The first of them is *FOUND. */
size_t hints_without_private(const struct dns_config *config, const struct wire_rr *rr,
			     uint8_t out[WIRE_MAX], struct gp_addr *found);

/* ---- answer_rebind.c ---- */

/** Private addresses are missing in what OUT was made of: it says so. */
void rebind_note(const struct question *question, const struct answer_context *context,
		 const struct answer_reply *main, const struct answer_reply *other,
		 struct answer *out);

/* ---- answer_why.c ---- */

/** Why OUT, which was made of MAIN and OTHER, is as it is. */
enum answer_why answer_why_of(const struct question *question,
			      const struct answer_context *context,
			      const struct answer_reply *main,
			      const struct answer_reply *other, const struct answer *out);

/* ---- answer_pass.c ---- */

/** The AAAA could not be had; it may be there in a moment. */
#define ANSWER_UNSURE_S 10
#define ANSWER_FOREVER (7U * 24 * 3600)

/** REPLY's sections from FIRST to LAST; without excluded AAAA if IS_CLEAN, without
 * IPv4-mapped ones if HIDES_MAPPED, and without what FILTER leaves out, whose signatures
 * then fit nothing any more; HAS_HINTS: hints of HTTPS and SVCB are among that. */
struct pick {
	enum answer_section first, last;
	bool is_clean, hides_mapped, has_hints;
	const struct filter *filter;
	const struct answer_reply *other; /* as for hints_change */
	uint32_t cap;
};

uint32_t answer_capped(uint32_t ttl, uint32_t cap);
/** What an RRSIG signs; 0: RR is none. */
uint16_t rr_signed_type(const struct wire_rr *rr);
/** SOA's TTL and its last number: how long what it denies stays denied (RFC 2308 5). */
uint32_t pass_negative_ttl(const struct wire_rr *soa);
/** RR is what only clients with DO get (RFC 4035 3.1), or of the message alone. */
bool pass_is_hidden(const struct question *question, const struct answer_context *context,
		    const struct wire_rr *rr);
/** The record that WALK is at, with a TTL of at most CAP. */
void pass_record(struct builder *builder, const struct reply *reply,
		 const struct reply_walk *walk, uint32_t cap);
void pass_sections(struct builder *builder, const struct question *question,
		   const struct answer_context *context, const struct reply *reply,
		   const struct pick *pick);
/** RR is an AAAA of ::ffff:0:0/96, which counts as none. */
bool pass_is_mapped(const struct wire_rr *rr);
/** Where the CNAMEs of REPLY lead from NAME. */
void pass_end(const struct reply *reply, const uint8_t *name, uint8_t end[WIRE_NAME]);
/** REPLY has an SOA that can be NAME's. */
bool pass_has_soa_of(const struct reply *reply, const uint8_t *name);
/** The answer is REPLY; OTHER is what the filter may have to know. */
void pass_on(const struct question *question, const struct answer_context *context,
	     const struct reply *reply, bool is_secure, bool is_clean,
	     const struct answer_reply *other, struct answer *out);
/* ---- answer_late.c ---- */

/** Of the type that was asked for there is nothing to be had here; the other one's REPLY
 * says whether there is the name at all, and by which CNAMEs. */
void pass_deny(const struct question *question, const struct answer_context *context,
	       const struct reply *reply, struct answer *out);
/** NODATA with EDE, good for CAP seconds at most: the CNAMEs of A's reply, which has no A
 * that could be used, or shows that there is the name, and the SOA that denies A, if any.
 */
void late_deny(const struct question *question, const struct answer_context *context,
	       const struct reply *a, int ede, uint32_t cap, struct answer *out);
/** OUT is without the AAAA that did not come, and says so. */
void late_say(struct answer *out);
/** AAAA's reply denies the name, or is an error, and A's shows that there is one: OUT is
 * NODATA (answer_is_doubtful). False: what AAAA's says is the answer. */
bool late_refute(const struct question *question, const struct answer_context *context,
		 const struct answer_reply *aaaa, const struct answer_reply *a,
		 struct answer *out);
/** The answer without the AAAA that did not come, from A's reply (NULL: none), where
 * context.is_overdue and answer_can_do_without; false: it is not for us to make. */
bool late_make(const struct question *question, const struct answer_context *context,
	       const struct answer_reply *a, struct answer *out);

/* ---- answer_dns64.c ---- */

/** An address of QUESTION's name may have to be made. */
bool dns64_may_make(const struct question *question,
		    const struct answer_context *context);
/** RR is an AAAA that counts as none (RFC 6147 5.1.4). */
bool dns64_is_excluded(const struct answer_context *context, const struct wire_rr *rr);
/** Why nothing is to be made for QUESTION, whatever upstream says; ANSWER_WHY_NOTHING: it
 * may be, or DNS64 is off. */
enum answer_why dns64_refuses(const struct question *question,
			      const struct answer_context *context);
/** Why some A in REPLY has no AAAA made of it; ANSWER_WHY_NOTHING: each has. */
enum answer_why dns64_leaves_out(const struct reply *reply,
				 const struct answer_context *context);
/** REPLY has an AAAA that does not. */
bool dns64_has_usable(const struct reply *reply, const struct answer_context *context);
/** A may be used although AAAA could not be had: with validation only if the name is not
 * signed at all (RFC 6147 5.5). */
bool dns64_may_stand_in(const struct question *question,
			const struct answer_context *context,
			const struct answer_reply *a);
/** The answer, from both replies; A may be NULL: not asked for. */
void dns64_make(const struct question *question, const struct answer_context *context,
		const struct answer_reply *main, const struct answer_reply *a,
		struct answer *out);

/** The A in REPLY's record RR, as AAAA with a TTL of at most CAP, go into BUILDER's
 * answer: of each prefix one. */
void dns64_put(struct builder *builder, const struct answer_context *context,
	       const struct wire_rr *rr, uint32_t cap);
/** Of IPV4 an address can be made. */
bool dns64_can_make(const struct answer_context *context, const struct gp_addr *ipv4);
/** REPLY has an A of which one can be made. */
bool dns64_has_embeddable(const struct reply *reply,
			  const struct answer_context *context);

/* ---- answer_given.c ---- */

/** What the policy made of A's reply. */
struct given {
	bool is_changed; /* else REPLY is what upstream said */
	struct answer_reply reply;
	struct answer answer; /* if it is changed; valid until the next one is made */
};

/** What a client that asks for A would be given, of which QUESTION's AAAA are made; A
 * and AAAA are what upstream said. */
const struct given *given_make(const struct question *question,
			       const struct answer_context *context,
			       const struct answer_reply *a,
			       const struct answer_reply *aaaa);
/** That is the answer to QUESTION too: there is nothing in it to make an AAAA of. */
void given_pass(const struct question *question, const struct answer_context *context,
		const struct given *given, struct answer *out);
/** What an AAAA that was made of it has to do with the policy. */
void given_note(const struct given *given, struct answer *out);

/** No AAAA in REPLY is left for QUESTION's client, not even for want of another way;
 * OTHER is A's reply, or NULL. FILTER has the decision. */
bool given_takes_all(struct filter *filter, const struct question *question,
		     const struct answer_context *context, const struct reply *reply,
		     const struct answer_reply *other);
/** An address made of IPV4 with the prefix of that INDEX may take the place of AAAA that
 * are left out. */
bool given_may_replace(const struct answer_context *context, size_t index,
		       const struct gp_addr *ipv4);
/** CONTEXT's facts, but that what is made of A is a way, too; SPACE is for them. */
struct given_ways {
	const struct gp_facts *facts;
	struct answer_context context;
	bool supposes;
};
struct gp_facts given_facts(const struct answer_context *context, bool supposes,
			    struct given_ways *space);

/* ---- answer_special.c ---- */

/** QUESTION's name is of special use (RFC 6761), and neither for a zone of [forward] nor
 * for one link: OUT is the answer. False: it is to be asked for as any other. */
bool special_answer(const struct question *question, const struct answer_context *context,
		    struct answer *out);

/* ---- answer_ptr.c ---- */

/** QUESTION is for the PTR of an address in a NAT64 prefix: TARGET is the name below
 * in-addr.arpa. */
bool answer_ptr_target(const struct question *question,
		       const struct answer_context *context, uint8_t target[WIRE_NAME]);
/** It is, and has the name of `ptr-name`: OUT is the answer. */
bool answer_ptr_named(const struct question *question,
		      const struct answer_context *context, struct answer *out);
/** The answer, from REPLY about TARGET. */
void answer_ptr(const struct question *question, const struct answer_context *context,
		const struct reply *reply, const uint8_t *target, struct answer *out);

/** The address of a whole name below ip6.arpa; false: it is none. */
bool answer_reverse6(const uint8_t *name, struct gp_addr *out);

#endif
