/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict_private.h - what verdict*.c share: the table of addresses (verdict_table.c),
 * the rules (verdict_judge.c), the prefixes that follow (verdict_area.c), what is seen
 * and the time (verdict.c), and what others may ask (verdict_ask.c).
 */
#ifndef TOOL_V6GUARDD_WATCH_VERDICT_PRIVATE_H
#define TOOL_V6GUARDD_WATCH_VERDICT_PRIVATE_H

#include <limits.h>

#include "guard/reach.h"
#include "verdict.h"

#define ENTRY_MAX 8192
#define ENTRY_BUCKETS 8192
#define ENTRY_NONE UINT32_MAX
#define AREA_MAX 256
#define SUSPECT_MAX 64
/* One user may have no more than a quarter of the table. */
#define ENTRY_PER_UID (ENTRY_MAX / 4)
/* Users that are told apart; those beyond have one share together, the last. */
#define SHARES 64
#define SHARE_NONE SHARES
/* Entries that no hint made: what programs connect to without asking us. */
#define UID_NONE UINT32_MAX
/* A partner that two users named. */
#define UID_ANY (UINT32_MAX - 1)

#define SECOND 1000LL
#define NEVER (LLONG_MIN / 4)

/* DESIGN 6. */
#define PARTNER_WITHIN                                                                   \
	(10 * SECOND)            /* IPv4 must have answered so close to the failure      \
				  */
#define OK_FORBIDS (60 * SECOND) /* an ok so fresh is worth more than a failure */
#define ATTEMPT_GAP (1 * SECOND) /* between two attempts that count as two */
#define BEAT_MIN (15 * SECOND)   /* while ::/0 is broken */
#define BEAT_SPREAD (5 * SECOND)

/* Ours. */
#define OLD_SOCKETS (135 * SECOND)   /* a connect of an older epoch may last so long */
#define PROBE_LOST (30 * SECOND)     /* a probe of which nothing was heard since */
#define PROBE_AGAIN (10 * SECOND)    /* the same address, when nothing else asks for it */
#define PARTNER_AGAIN (2 * SECOND)   /* the same for its partner */
#define TEST_SLACK (20 * SECOND)     /* a broken verdict outlives its re-test by that */
#define FAILURES_COUNT (60 * SECOND) /* attempts further apart are not one trouble */
#define RETEST_SPREAD 20LL           /* between re-tests that fall due together */
#define HINT_PROBES 64               /* that one user's hints may cause at once */
#define HINT_PROBES_RATE 5           /* and a second */
#define UNMADE_MAX 4                 /* re-tests in a row that could not be made */
#define UNUSED_AFTER (7200 * SECOND) /* nobody asks for it any more */

/* An address and all that is known of it. IPv4 ones are partners: ok_ms and
   rtt_ms. */
struct entry {
	struct gp_addr addr; /* family 0: free */
	uint32_t next;       /* of its bucket, or of the free ones */
	uint8_t share;       /* of whom it takes room, or SHARE_NONE */
	uint8_t silent;      /* probes in a row that nobody answered */
	uint8_t verdict, evidence;
	uint8_t suspected_by; /* enum verdict_evidence */
	uint8_t failures;     /* attempts in a row, see failed_attempt_ms */
	uint8_t partner_count;
	bool is_asked;    /* a probe is under way, since asked_ms */
	bool is_withheld; /* distrust held it back: to be kept tested */
	uint16_t port;    /* 0: not known */
	struct {
		uint8_t bytes[4];
		uint32_t uid; /* who says so, or UID_ANY */
	} partner[VERDICT_PARTNERS];
	uint32_t ttl_ms; /* of the latest broken verdict; 0: was ok since */
	uint32_t rtt_ms; /* 0: not measured */
	long long since_ms, expires_ms;
	long long next_test_ms; /* 0: none */
	long long ok_ms;        /* a handshake or refusal */
	long long ok_from_ms;   /* IPv4: and never 10 s without one since */
	long long data_ok_ms;   /* acknowledged data */
	long long failed_ms;    /* last proof that it is broken */
	long long suspected_ms; /* it failed then; lacks a partner that answers */
	long long failed_attempt_ms;
	long long asked_ms; /* last probe */
	long long hint_ms, seen_ms;
	long long pinned_until_ms; /* the operator's word; NEVER: none */
};

/* ::/0 or a /48. */
struct area {
	bool is_used;
	bool is_stalled;    /* follows from path MTU verdicts alone */
	uint8_t unanswered; /* tests since one last came to an end */
	struct gp_prefix prefix;
	uint8_t verdict, evidence;
	uint32_t ttl_ms;
	long long since_ms, expires_ms, next_test_ms;
	long long ok_ms; /* ::/0: the last ok anywhere */
	long long pinned_until_ms;
};

struct verdicts {
	struct verdict_rules rules;
	struct verdict_ops ops;
	uint32_t random, hash_seed;
	struct gp_prefix onlink[GP_REACH_ONLINK];
	size_t onlink_count;
	uint32_t broken;             /* verdicts that say so */
	struct area internet;        /* ::/0 */
	struct area areas[AREA_MAX]; /* /48 */
	unsigned beats;
	long long epoch_ms;
	uint32_t suspects[SUSPECT_MAX]; /* entries with suspected_ms set */
	size_t suspect_count;
	struct {
		uint32_t uid, count;     /* entries */
		long long tokens, at_ms; /* thousandths of a probe; when counted */
	} shares[SHARES];
	uint32_t bucket[ENTRY_BUCKETS];
	uint32_t free_head, used_to; /* entries from used_to on were never used */
	struct entry entries[ENTRY_MAX];
};

/* ---- the table (verdict_table.c) ---- */

struct entry *entry_find(const struct verdicts *v, const struct gp_addr *addr);
/* Find or add; NULL: full of what must not go, or UID has used up its share. */
struct entry *entry_need(struct verdicts *v, const struct gp_addr *addr, uint32_t uid,
			 long long now);
/* A hint of UID may cause one more probe: so that nobody fills the queue for all. */
bool may_cause_probe(struct verdicts *v, uint32_t uid, long long now);
void entry_remove(struct verdicts *v, struct entry *entry);
void entry_forget(struct entry *entry);
void table_init(struct verdicts *v);
uint32_t random_below(struct verdicts *v, uint32_t limit);

bool entry_is_pinned(const struct entry *entry, long long now);
/* It may be asked for no reason but that programs use it: the more seldom, the longer it
 * has been silent, up to 16 times BASE. */
bool may_ask(const struct entry *entry, long long base, long long now);

/* ---- output (verdict.c) ---- */

void entry_say(struct verdicts *v, struct entry *entry, enum gp_verdict verdict,
	       enum verdict_evidence evidence, long long now);
void entry_probe(struct verdicts *v, struct entry *entry, long long now);
struct gp_addr entry_partner(const struct entry *entry, unsigned i);
/* The partner that answered within PARTNER_WITHIN of NOW, or NULL. */
const struct entry *partner_answering(const struct verdicts *v, const struct entry *entry,
				      long long now);
/* Slot I's partner answered within PARTNER_WITHIN before AT, or did so at AT; NULL. */
const struct entry *partner_vouches(const struct verdicts *v, const struct entry *entry,
				    unsigned i, long long at);
/* One that was WAS is VERDICT now: whether any is broken is asked for each DNS question.
 */
void count_broken(struct verdicts *v, enum gp_verdict was, enum gp_verdict verdict);
long long jitter(struct verdicts *v, long long ms);
struct verdict_view entry_view(const struct entry *entry);

/* ---- judging an address (verdict_judge.c) ---- */

/* PARTNER is an IPv4 address that ENTRY was handed out with, the latest, UID says. */
void add_partner(struct entry *entry, const struct gp_addr *partner, uint32_t uid);
void ask_partners(struct verdicts *v, const struct entry *entry, long long now);
/* All that ENTRY itself can show is there: it failed at AT. What lacks is IPv4 that
 * worked then. */
void entry_suspect(struct verdicts *v, struct entry *entry, enum verdict_evidence by,
		   long long at, long long now);
/* How many attempts must fail: one for each port it may be, two at the least. */
unsigned attempts_needed(const struct verdicts *v, const struct entry *entry);
void entry_ok(struct verdicts *v, struct entry *entry, enum verdict_evidence by,
	      bool data, long long now);
/* PARTNER, an IPv4 address, answered: whoever waits for that is broken now. */
void partner_ok(struct verdicts *v, struct entry *partner, long long now);
/* The next broken verdict of ENTRY lasts twice as long; when it is tested. */
void entry_lengthen(const struct verdicts *v, struct entry *entry);
void entry_schedule(struct verdicts *v, struct entry *entry, long long now);

/* ---- areas (verdict_area.c) ---- */

/* ADDR says something about the internet: global unicast, not on a link of ours. */
bool counts_for_areas(const struct verdicts *v, const struct gp_addr *addr);
struct gp_prefix prefix_around(const struct gp_addr *addr, uint8_t length);
struct area *area_find(const struct verdicts *v, const struct gp_addr *addr);
struct area *area_need(struct verdicts *v, const struct gp_addr *addr);
void area_say(struct verdicts *v, struct area *area, enum gp_verdict verdict,
	      enum verdict_evidence evidence, long long now);
/* ENTRY turned broken, or was proven so again. */
void areas_failed(struct verdicts *v, const struct entry *entry, long long now);
/* ADDR was ok; DATA: not the handshake alone. */
void areas_ok(struct verdicts *v, const struct gp_addr *addr, bool data, long long now);
/* A probe to ADDR has failed, as it should while what is around it is broken. */
void areas_proven(struct verdicts *v, const struct gp_addr *addr);
/* A broken verdict around ENTRY is in force: it needs no tests of its own. */
bool is_covered(const struct verdicts *v, const struct entry *entry);
long long areas_tick(struct verdicts *v, long long now);
struct verdict_view area_view(const struct area *area);

#endif
