/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* serve_private.h - what serve.c (questions) and serve_lookup.c (lookups) share. */
#ifndef TOOL_V6GUARDD_DNS_SERVE_PRIVATE_H
#define TOOL_V6GUARDD_DNS_SERVE_PRIVATE_H

#include "cache.h"
#include "outage.h"
#include "serve.h"
#include "tidy.h"

#define BUCKETS 1024

/* Whose addresses were told to the verdicts in this second, names by their hash: a place
 * holds the last one's. */
#define TOLD_PLACES 256
#define TOLD_RATE 50
struct told {
	uint32_t second, left; /* so many more may be told in that */
	uint32_t place[TOLD_PLACES];
};

/* May the one of HASH be told at SECOND? Once each; who tells takes one off LEFT. */
static inline bool told_is_due(struct told *told, uint32_t hash, uint32_t second)
{
	uint32_t *place = &told->place[hash % TOLD_PLACES];
	const uint32_t mark = hash ^ second * 2654435761U;

	if (*place == mark)
		return false;
	if (told->second != second) {
		told->second = second;
		told->left = TOLD_RATE;
	}
	*place = mark;
	return told->left;
}

struct waiter {
	struct waiter *next;
	struct listen_client client;
	struct question question;
};

/* One of the two questions that a lookup may ask. */
struct half {
	struct upstream_query *query;
	bool is_done;
	bool is_fresh;              /* somebody said it while the lookup was there */
	long long done_ms, took_ms; /* when it came, and after how long */
	struct answer_reply reply;  /* of bytes that are ours */
	uint32_t cleaned_era;       /* that it was looked at for private addresses */
};

struct lookup {
	struct lookup *next; /* of its bucket */
	struct serve *serve;
	struct question question; /* of who came first */
	struct answer_context context;
	struct gp_addr client; /* of who came first */
	uint32_t variant;
	uint16_t main_type;
	bool has_target;
	bool has_other_target;
	bool is_by_rule; /* the other half is what a rule says, or where it leads */
	uint64_t
		lead_generation; /* of the policy by which that, or context.lead, is so */
	struct waiter *waiters;
	struct half main, other;
	uint16_t other_type;
	bool is_beginning;
	bool is_counting; /* whoever waited has had the answer: a dry run is counted yet
			   */
	bool is_again;    /* it is asked anew as soon as the loop runs */
	bool is_unasked;  /* there was nobody to ask: no failure of the name (RFC 9520) */
	bool is_telling;  /* whoever waited has the AAAA; the A is for the verdicts alone
			   */
	bool is_late;     /* whoever waited has had an old answer; the new one is kept */
	bool is_held;     /* the other question first: its answer may be enough */
	bool has_doubted; /* what was held back, or is needed now, has been asked for */
	bool is_partner_awaited; /* somebody's own question for A is under way */
	/* AAAA are denied, or failed: it was looked for an A, and one is about to come.
	 */
	bool has_looked, is_refutable;
	bool has_stood_in; /* whoever waited has had an answer without what is late */
	uint32_t era;      /* of the configuration that it was asked under */
	struct event *timer;
	long long started_ms;
	long long limit_ms; /* by then whoever waits hears something */
	long long due_ms;   /* it is finished with what is there by then */
	long long late_ms;  /* from then on one goes without AAAA; 0: not known */
	/* Somebody's own question for A was answered then; 0: no such. */
	long long partner_ms, partner_took_ms;
};

struct serve {
	struct event_base *base;
	struct dns_config config;
	struct serve_ops ops;
	struct serve_policy policy; /* while it is held; else what was seen of it last */
	bool has_policy;
	/* Of its rules, which are not there between: GP_RULES_*, and their actions. */
	uint32_t rules_flags, rules_actions;
	bool has_rules;
	struct told told;
	unsigned holds;
	uint32_t era; /* grows when a configuration answers otherwise, and with routes */
	uint32_t routes_era;
	bool ipv6_default, ipv4_usable;
	struct upstream *upstream;
	struct listen *listen;
	struct cache *cache;
	size_t outage_count;
	struct outage *outages; /* of other names, of zones[] */
	struct outage outage;   /* of all, where there is no memory for those */
	struct lookup *buckets[BUCKETS];
	size_t lookup_count, waiter_count;
	struct tidy *tidy;
	struct serve_counters counters;
	struct serve_counts counts;
	struct answer answer;
	uint8_t answer_bytes[WIRE_MAX];
	uint8_t out[WIRE_MAX + ANSWER_OPT];
};

/* ---- serve.c ---- */

/* Send IMAGE, AGE seconds old, to who asked QUESTION. */
void serve_reply(struct serve *serve, const struct listen_client *client,
		 const struct question *question, const struct answer_image *image,
		 uint32_t age);
/* Whose the name is, to CONTEXT: what is kept is given without looking. */
void serve_find_owner(const struct serve *serve, const struct question *question,
		      struct answer_context *context);
/* Take hold of the policy in force, once or more often, and let go of it as often. */
void serve_hold(struct serve *serve);
void serve_release(struct serve *serve);
/* The outage of those who answer for NAME. */
struct outage *serve_outage(struct serve *serve, const uint8_t *name);
/* RCODE says that there was no answer to be had. */
bool serve_is_failure(uint16_t flags);

/* ---- serve_forget.c ---- */

/* There may be a route to what was left out for want of one. */
void serve_forget_routes(struct serve *serve);
/* A link came or went: its names are known to others, or no more. */
void serve_note_routes(struct serve *serve);
/* POLICY has taken the place of what serve has; what it decided otherwise is forgotten.
 */
void serve_forget_policy(struct serve *serve, const struct serve_policy *policy,
			 bool has_policy);
/* Does an answer by OLD serve as well under NEW? */
bool serve_is_same_answers(const struct dns_config *old, const struct dns_config *new);

/* ---- serve_tell.c ---- */

/* IMAGE answers QUESTION: tell its addresses to the verdicts, with those of the other
 * type that are kept. */
void serve_tell_image(struct serve *serve, const struct question *question,
		      const struct answer_context *context,
		      const struct answer_image *image);
/* The same for an answer that was just made. */
void serve_tell_answer(struct serve *serve, const struct question *question,
		       const struct answer_context *context, const struct answer *answer);
/* AAAA that were given as they are, and the A that was asked for along with them: what
 * would be made of it is the other way there. */
void serve_tell_pair(struct serve *serve, const struct question *question,
		     const struct answer_reply *aaaa, const struct answer_reply *a);
/* Verdicts play a part in the policy that is held. */
bool serve_goes_by_verdicts(const struct serve *serve);

/* ---- serve_lookup.c ---- */

struct cache_key serve_key(const struct question *question,
			   const struct answer_context *context);
/* The lookup that will bring the same answer, asked under the same configuration; NULL:
 * there is none. */
struct lookup *lookup_find(struct serve *serve, const struct question *question,
			   const struct answer_context *context);
/* NULL: no memory, or too many. */
struct lookup *lookup_new(struct serve *serve, const struct question *question,
			  const struct answer_context *context);
/* CLIENT waits for it as well. False: no memory, or too many do. */
bool lookup_add(struct lookup *lookup, const struct listen_client *client,
		const struct question *question);
/* Ask. It may be over, and gone, when this returns. */
void lookup_begin(struct lookup *lookup);
/* Ask for NAME, TYPE: HALF. What cannot be asked has failed. */
void lookup_ask(struct lookup *lookup, const uint8_t *name, uint16_t type,
		upstream_done_fn *done, struct half *half);
void lookup_on_main(void *ctx, const struct answer_reply *reply);
void lookup_on_other(void *ctx, const struct answer_reply *reply);
/* REPLY, which came at NOW, is HALF's. */
void lookup_take(struct half *half, const struct answer_reply *reply, long long now);
/* Is it over, or for how long is it waited for? It may be gone when this returns. */
void lookup_consider(struct lookup *lookup);
/* The lookup of TYPE for the same name and client as LOOKUP's; NULL: there is none. */
struct lookup *lookup_partner(const struct lookup *lookup, uint16_t type);
/* Nobody is answered. */
void lookup_free(struct lookup *lookup);

/* ---- serve_rebind.c ---- */

/* lookup_take, without private addresses that a public name may not have. */
void rebind_take(struct lookup *lookup, struct half *half,
		 const struct answer_reply *reply, long long now);
/* The configuration may be another one than when they were taken. */
void rebind_again(struct lookup *lookup);
/* HALF is not asked for any more, and what it brought is forgotten. */
void lookup_drop(struct half *half);

/* ---- serve_other.c: the second question ---- */

/* Ask it, of NAME unless a rule leads elsewhere. */
void other_ask(struct lookup *lookup, const uint8_t *name);
/* A rule leads A, of which AAAA are made, to another name: ask there instead. False: none
 * does. */
bool other_lead(struct lookup *lookup);
/* What it brought shows that another name is to be asked for. */
void other_consider(struct lookup *lookup);
/* LOOKUP has just given AAAA as they are, by serve's answer, while DNS64 acts: A is told
 * with them, at once or when it comes (is_telling). False: that is not so. */
bool other_tells(struct lookup *lookup);
/* It came, or does not. */
void other_tell(struct lookup *lookup);

/* ---- serve_late.c: one of the two is late ---- */

/* So long after the question it is finished. */
void late_wait(struct lookup *lookup, long long after_ms);
/* Is there enough for an answer, should the rest not come? If so, for how long is there
 * no more? */
void late_consider(struct lookup *lookup);
/* AAAA were not asked for, or A was not, and it is time to: of what is not there after so
 * long the other may be needed. */
void late_doubt(struct lookup *lookup);
/* The A that is kept for others is LOOKUP's other answer. False: there is none. */
bool late_take_kept(struct lookup *lookup);
/* It is time for that; else for the end. */
bool late_is_doubt(const struct lookup *lookup);
/* AAAA are denied, or failed: is an A known, or about to be? Nobody is asked for that. */
void late_look_for_partner(struct lookup *lookup);
/* Ask for what was held back, now that the other answer has shown nothing. */
void late_release(struct lookup *lookup);
/* AAAA came to nothing, while somebody was heard. */
bool late_has_failed(const struct lookup *lookup);
/* It is over, but one cannot go without what is not there: not any more, or not as long
 * as nobody was heard since it was asked for. */
bool late_is_vain(const struct lookup *lookup);
/* What was waited for while nobody waits is no better than what was said without. */
bool late_brought_nothing(const struct lookup *lookup);
/* Then it goes on. */
void late_go_on(struct lookup *lookup);
/* LOOKUP has just answered a question for A by serve's answer: AAAA of the same name may
 * wait for that. */
void late_tell_partner(const struct lookup *lookup);
/* The end has come by LATE_MS, which allows an answer without AAAA. */
bool late_is_over(const struct lookup *lookup);

#endif
