/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict_private.h - what verdict*.c share: the table of addresses (verdict_table.c),
 * what is seen (verdict_see.c), what probes bring (verdict_probe.c), when an address is
 * broken (verdict_judge.c) and who says so (verdict_partner.c), when a prefix is
 * (verdict_area.c) and is no more (verdict_heal.c), whom that is asked of
 * (verdict_round.c, verdict_witness.c), the time (verdict.c), how many probes that takes
 * (verdict_pace.c), and what others may ask (verdict_ask.c).
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
/* All login users together: they may be one person, who wants to push out what is known.
 */
#define ENTRY_LOGIN (ENTRY_MAX / 2)
/* Users that are told apart; those beyond have one share together, the system's users
 * another than login users: one person may have more uids than there are shares. */
#define SHARES 64
#define SHARE_LOGIN (SHARES - 1)
#define SHARE_SYSTEM (SHARES - 2)
#define SHARE_NONE SHARES
/* Entries that no hint made: what programs connect to without asking us. */
#define UID_NONE VERDICT_UID_UNKNOWN
/* More than one user: who, is not known. */
#define UID_SOME (UINT32_MAX - 1)
/* Users that are remembered to have named one partner. */
#define NAMERS 3
/* Ports of an address that are told apart. */
#define ANSWERS 4

#define SECOND 1000LL
#define NEVER (LLONG_MIN / 4)

/* DESIGN 6. */
#define PARTNER_WITHIN                                                                   \
	(10 * SECOND)            /* IPv4 must have answered so close to the failure      \
				  */
#define ANSWER_TAKES 300LL       /* a SYN of a moment ago may be answered yet */
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
#define RETEST_SOON 10               /* so many of them, and then: */
#define RETEST_LATER (2 * SECOND)
/*
 * Probes of a minute, all together, up to which some kind of them is still sent: what can
 * wait gives way first. Rounds and the beat have their own bounds, and what distrust and
 * mode = all ask for is not counted.
 */
#define SLOT (10 * SECOND)
#define SLOTS 7 /* a minute, and the one that is not over */
#define LIMIT_RETESTS 20
#define LIMIT_TESTS 36    /* of what programs try in vain */
#define LIMIT_PARTNERS 48 /* and whether IPv4 works there */
#define RETEST_PUT_OFF (3 * SECOND)
#define CONFIRM_AFTER                                                                    \
	(3 * SECOND)                /* a new verdict is tested once more: it may be loss \
				     */
#define HINT_PROBES 64              /* that one user's hints may cause at once */
#define HINT_PROBES_RATE 5          /* and a second */
#define UNMADE_MAX 4                /* re-tests in a row that could not be made */
#define SEEN_WITHIN (3600 * SECOND) /* what others saw stands against one user's word */
/* What login users' hints alone may cause, each of them. */
#define LOGIN_PROBES_SECOND 2
#define LOGIN_PROBES_MINUTE 30
#define LOGIN_PROBES_FEW 3 /* whoever had no more in this minute waits for nobody */
/* What is looked up while a prefix around it is broken: so many probes a second; once so
 * many in a row were in vain, one each COVER_SLOW. The same address not sooner than that.
 */
#define COVER_RATE 5
#define COVER_IN_VAIN 10
#define COVER_SLOW (2 * SECOND)
#define COVER_AGAIN (2 * SECOND) /* the same address */
#define COVER_PATIENCE                                                                   \
	(10 * SECOND) /* who had none for so long does not wait for others */
/* A broken address that is looked up is asked again after so long, while it is so new. */
#define RECENT_AGAIN (8 * SECOND)
#define RECENT (300 * SECOND)

/* Rounds. */
#define WITNESSES 8
#define OTHER_PORTS 3               /* counted addresses that are asked on another port */
#define ROUND_QUIET (1 * SECOND)    /* none begins while something answers */
#define ROUND_EVERY (30 * SECOND)   /* but before a prefix is condemned */
#define NET_ROUND_EVERY 250LL       /* a /48 is not looked at more often for one */
#define NET_ROUND_GAP (10 * SECOND) /* nor begins one, whatever the /48 */
#define CHANCE 3                    /* witnesses that are drawn from all there are */
#define ROUND_FEW 2                 /* after a veto so many are asked first, */
#define ROUND_REST 500LL            /* and the others so much later */
#define HASTY (15 * SECOND)         /* a verdict that was refuted so soon was rash: */
#define CAREFUL (1800 * SECOND)     /* rounds take two attempts each for so long */
#define ROUND_VETOED (12 * SECOND)  /* a moment after somebody answered even then */
#define ROUND_FORCED (5 * SECOND)   /* and even then */
#define ROUND_LASTS (10 * SECOND)   /* who was not heard of by then was not asked */
#define ROUND_HOLDS (30 * SECOND)   /* silence */
#define FLOWS_WITHIN (60 * SECOND)  /* an open connection that is alive, and old */
#define ENOUGH 3                    /* kinds of addresses, and of witnesses */
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
	uint8_t asks;       /* probes, to take turns over the ports */
	bool is_mute;       /* did not answer the last one, while IPv4 was there */
	bool is_asked;      /* a probe is under way, since asked_ms */
	bool is_extra;      /* and is no re-test that lengthens the verdict */
	bool is_new;        /* broken, and not yet confirmed */
	bool is_urgent;     /* its next test waits for no others */
	bool is_towards_us; /* a stall, of what comes to us */
	bool is_withheld;   /* distrust held it back: to be kept tested */
	uint16_t port;      /* that a program tried last; 0: none */
	uint16_t asked_port, other_port; /* of probes: the latest, and in rounds */
	uint32_t tried_by;               /* whose socket tried it last, UID_NONE */
	struct {
		uint8_t bytes[4];
		uint32_t uids[NAMERS]; /* who says so, the latest first, or UID_NONE */
	} partner[VERDICT_PARTNERS];
	struct {
		uint16_t port; /* 0: not known */
		long long ok_ms;
	} answers[ANSWERS];
	struct {
		uint32_t uid; /* UID_SOME */
		long long ms;
	} seen_by[2];    /* whose connections were answered */
	uint32_t ttl_ms; /* of the latest broken verdict; 0: was ok since */
	uint32_t rtt_ms; /* 0: not measured */
	long long since_ms, expires_ms;
	long long next_test_ms; /* 0: none */
	long long ok_ms;        /* a handshake or refusal */
	long long ok_from_ms;   /* IPv4: and never 10 s without one since */
	long long large_ok_ms;  /* a full packet came */
	long long data_ok_ms;   /* acknowledged data */
	long long failed_ms;    /* last proof that it is broken */
	long long suspected_ms; /* it failed then; lacks a partner that answers */
	long long failed_attempt_ms;
	long long asked_ms; /* last probe */
	long long hint_ms, seen_ms;
	long long open_ms;       /* a connection to it was seen open */
	long long tried_ms;      /* by a socket of a program, in this epoch */
	long long other_port_ms; /* asked on other_port; NEVER: not yet */
	long long flow_ms; /* a round saw a connection to it that was open already */
	long long pinned_until_ms; /* the operator's word; NEVER: none */
};

/* Somebody who is asked in a round. */
struct asked {
	struct gp_addr addr;
	uint16_t port;
	bool is_witness; /* false: one that failed, asked on another port */
	bool is_fresh;   /* was ok within ok-ttl */
	uint8_t attempts;
	enum { ASKED_LATER, ASKED_WAITING, ASKED_SILENT, ASKED_UNMADE } state;
	long long asked_ms;
	long long again_ms; /* when the second attempt is due; 0: none */
};

/* Whether anybody in a prefix still answers. */
struct round {
	bool is_running, is_silent; /* is_silent: none answered; holds for a while */
	uint8_t count;
	uint8_t silent; /* witnesses that were */
	uint8_t kinds;  /* of the fresh ones among them, see kind_length */
	bool is_one_port;
	uint16_t port; /* if so, that on which all of them were asked */
	long long begun_ms, ended_ms, next_ms;
	long long rest_ms; /* when those are asked who are ASKED_LATER */
	struct asked asked[WITNESSES + OTHER_PORTS];
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
	long long ok_ms;      /* the last ok inside */
	long long hasty_ms;   /* when it turned out to have been condemned too soon */
	long long pressed_ms; /* a SYN inside was sent again twice; its partner answers */
	/* A round at the next tick after wanted_ms: what asks for one may be inside a
	 * dump. */
	enum { WANTS_NONE, WANTS_ROUND, WANTS_VERDICT } wants;
	long long wanted_ms;
	long long pinned_until_ms;
	struct round round;
};

struct verdicts {
	struct verdict_rules rules;
	struct verdict_ops ops;
	uint32_t random, hash_seed;
	struct gp_prefix onlink[GP_REACH_ONLINK];
	size_t onlink_count;
	struct gp_prefix nat64[GP_REACH_NAT64];
	size_t nat64_count;
	struct verdict_peer anchors[VERDICT_ANCHORS];
	size_t anchor_count;
	long long ipv4_ok_ms; /* any of them */
	struct {
		long long last_ms; /* the latest probe that a lookup caused */
		unsigned in_vain;  /* in a row */
	} cover;
	unsigned sent[SLOTS]; /* probes, in the SLOT since slot_ms and before */
	long long slot_ms;
	long long healed_ms;         /* a prefix, the last time */
	long long net_round_ms;      /* no round of a /48 is thought of earlier */
	long long net_turn_ms;       /* nor does one begin, of those known */
	uint32_t broken;             /* verdicts that say so */
	struct area internet;        /* ::/0 */
	struct area areas[AREA_MAX]; /* /48 */
	long long epoch_ms;
	uint32_t suspects[SUSPECT_MAX]; /* entries with suspected_ms set */
	size_t suspect_count;
	struct {
		uint32_t uid, count;           /* entries */
		long long tokens, at_ms;       /* thousandths of a probe; when counted */
		unsigned in_second, in_minute; /* probes of a login user's */
		long long second_ms, minute_ms;
		long long turn_ms; /* its latest probe under a broken prefix */
	} shares[SHARES];
	unsigned login_probes; /* in the minute since login_minute_ms */
	long long login_minute_ms;
	uint32_t bucket[ENTRY_BUCKETS];
	uint32_t free_head, used_to; /* entries from used_to on were never used */
	struct entry entries[ENTRY_MAX];
};

/* ---- the table (verdict_table.c) ---- */

/* UID's share of the table, SHARE_NONE: nobody's. */
uint8_t share_of(struct verdicts *v, uint32_t uid);
struct entry *entry_find(const struct verdicts *v, const struct gp_addr *addr);
/* Find or add; NULL: full of what must not go, or UID has used up its share. */
struct entry *entry_need(struct verdicts *v, const struct gp_addr *addr, uint32_t uid,
			 long long now);
/* ---- how many probes (verdict_pace.c) ---- */

void note_sent(struct verdicts *v, long long now);
/* Fewer than LIMIT were sent within a minute. */
bool is_within(struct verdicts *v, unsigned limit, long long now);
/* A hint of UID may cause one more probe: so that nobody fills the queue for all, nor has
 * others probed as he likes. */
bool may_cause_probe(struct verdicts *v, uint32_t uid, long long now);
/* When a lookup of UID's may cause a probe under a broken prefix; it does AT. */
long long turn_at(struct verdicts *v, uint32_t uid, long long now);
void take_turn(struct verdicts *v, uint32_t uid, long long at);
/* Root's or the system's: who could send the packets himself. */
bool is_system_user(const struct verdicts *v, uint32_t uid);
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
/* One that was WAS is VERDICT now: whether any is broken is asked for each DNS question.
 */
void count_broken(struct verdicts *v, enum gp_verdict was, enum gp_verdict verdict);
long long jitter(struct verdicts *v, long long ms);
struct verdict_view entry_view(const struct entry *entry);

/* ---- probes (verdict_probe.c) ---- */

/* Ask it once, where it answered last or where programs try it. */
void entry_probe(struct verdicts *v, struct entry *entry, long long now);
/* The same, on PORT: nothing but an answer counts. */
void entry_probe_other(struct verdicts *v, struct entry *entry, uint16_t port,
		       long long now);
/* How many attempts must fail: one for each port it may be, two at the least. */
unsigned attempts_needed(const struct verdicts *v, const struct entry *entry);
/* The port on which it answered last, 0: none that is known. */
uint16_t answered_port(const struct entry *entry);
/* When it last answered on PORT, or where it is not known. */
long long answered_on(const struct entry *entry, uint16_t port);
void note_answer(struct entry *entry, uint16_t port, long long now);

/* ---- partners (verdict_partner.c) ---- */

struct gp_addr entry_partner(const struct entry *entry, unsigned i);
/* The partner that answered within PARTNER_WITHIN of NOW, or NULL. */
const struct entry *partner_answering(const struct verdicts *v, const struct entry *entry,
				      long long now);
/* One of them answered on PORT within PARTNER_WITHIN of NOW. */
bool partner_serving(const struct verdicts *v, const struct entry *entry, uint16_t port,
		     long long now);
/* Slot I's partner answered within PARTNER_WITHIN before AT, or did so at AT; NULL. */
const struct entry *partner_vouches(const struct verdicts *v, const struct entry *entry,
				    unsigned i, long long at);
/* PARTNER is an IPv4 address that ENTRY was handed out with, the latest, UID says. */
void add_partner(const struct verdicts *v, struct entry *entry,
		 const struct gp_addr *partner, uint32_t uid);
unsigned partner_place(const struct entry *entry, const struct gp_addr *partner);
/* It is the one that `rescue` and status name. */
void partner_to_front(struct entry *entry, unsigned at);
/* UID, root or the system says that slot I is a partner of ENTRY. */
bool is_named_by(const struct verdicts *v, const struct entry *entry, unsigned i,
		 uint32_t uid);
/* Each not sooner than AGAIN after it was asked last. */
void ask_partners(struct verdicts *v, const struct entry *entry, long long again,
		  long long now);
/* A connection of UID's (UID_NONE: not known) to ENTRY was answered. */
void note_seen_by(struct entry *entry, uint32_t uid, long long now);
/* It takes more than what one login user says to call ENTRY broken, and there is no more:
 * others saw it answer. SLOTS: bits of the partners that vouch. */
bool is_one_word(const struct verdicts *v, const struct entry *entry, unsigned slots,
		 long long now);

/* ---- judging an address (verdict_judge.c) ---- */

/* All that ENTRY itself can show is there: it failed at AT. What lacks is IPv4 that
 * worked then. */
void entry_suspect(struct verdicts *v, struct entry *entry, enum verdict_evidence by,
		   long long at, long long now);
/* Something came back from ENTRY. IS_OLD: over a connection that was seen before. */
void entry_ok(struct verdicts *v, struct entry *entry, enum verdict_evidence by,
	      bool data, bool is_old, long long now);
/* ENTRY was reached, and no more is known of it. */
void entry_reached(struct verdicts *v, struct entry *entry, bool is_old, long long now);
/* PARTNER, an IPv4 address, answered: whoever waits for that is broken now. */
void partner_ok(struct verdicts *v, struct entry *partner, long long now);
/* The next broken verdict of ENTRY lasts twice as long; when it is tested. */
void entry_lengthen(const struct verdicts *v, struct entry *entry);
void entry_schedule(struct verdicts *v, struct entry *entry, long long now);

/* ---- areas (verdict_area.c, verdict_heal.c) ---- */

/* ADDR says something about prefixes of LENGTH (0: the internet) around it. */
/* It is reached by way of a translator. */
bool is_translated(const struct verdicts *v, const struct gp_addr *addr);
bool counts_for(const struct verdicts *v, const struct gp_addr *addr, unsigned length);
struct gp_prefix prefix_around(const struct gp_addr *addr, uint8_t length);
struct area *area_find(const struct verdicts *v, const struct gp_addr *addr);
struct area *area_need(struct verdicts *v, const struct gp_addr *addr);
void area_reset(struct area *area);
void area_say(struct verdicts *v, struct area *area, enum gp_verdict verdict,
	      enum verdict_evidence evidence, long long now);
/* When it is tested next, and until when it holds without that; the next one lasts
 * longer. */
void area_schedule(struct verdicts *v, struct area *area, long long now);
void area_lengthen(const struct verdicts *v, struct area *area);
/* By evidence: what the operator says of an address says nothing of its prefix. */
bool is_broken_by_evidence(const struct entry *entry);
/* A SYN to ENTRY is sent again. TWICE: at the least, while its partner answers. */
void areas_pressed(struct verdicts *v, struct entry *entry, bool twice, long long now);
/* ENTRY turned broken. */
void areas_failed(struct verdicts *v, const struct entry *entry, long long now);
/* ENTRY at ADDR (NULL: there was no room for one) was ok; DATA: not the handshake alone;
 * BY_PROBE: by a handshake of just now. */
void areas_ok(struct verdicts *v, const struct gp_addr *addr, const struct entry *entry,
	      bool data, bool by_probe, long long now);
/* A probe to ADDR has failed, as it should while what is around it is broken. */
void areas_proven(struct verdicts *v, const struct gp_addr *addr);
/* A broken verdict around ENTRY is in force: it needs no tests of its own. */
bool is_covered(const struct verdicts *v, const struct entry *entry);
long long areas_tick(struct verdicts *v, long long now);
struct verdict_view area_view(const struct area *area);
/* AREA may be condemned now: see to it. */
void area_consider(struct verdicts *v, struct area *area, long long now);
/* ENTRY is broken, by evidence that counts, and became so after the last ok in AREA. */
bool is_counted(const struct verdicts *v, const struct area *area,
		const struct entry *entry);
/* A program tried it, or it is an anchor. */
bool is_tried(const struct verdicts *v, const struct entry *entry);

/* Different prefixes of LENGTH bytes seen so far, up to as many as anybody needs. */
struct kinds {
	uint8_t bytes[ENOUGH][8];
	uint8_t length, count;
};
void add_kind(struct kinds *kinds, const struct gp_addr *addr);
/* What makes two addresses in AREA different enough: 4 bytes in ::/0, 8 in a /48. */
struct kinds kinds_in(const struct area *area);
/* So many of them are enough. */
bool are_enough(const struct area *area, const struct kinds *kinds, unsigned addresses);

/* ---- witnesses (verdict_witness.c) ---- */

/* Those that are asked. */
struct choice {
	struct entry *entries[WITNESSES];
	size_t count;
};
struct choice choose_witnesses(struct verdicts *v, const struct area *area);
/* Open connections in AREA are alive, hinted or not: note it, in the round that begins.
 */
void note_flows(struct verdicts *v, const struct area *area, long long now);
/* The peer of an open connection over which something came WITHIN so long, the one that
 * was asked longest ago; NULL. */
struct entry *live_flow(struct verdicts *v, const struct area *area, long long within,
			long long now);

/* ---- rounds (verdict_round.c) ---- */

/* When a round may begin, and one that a verdict depends on. */
long long round_from(const struct area *area);
long long forced_from(const struct area *area);
/* Nobody answered, and that still holds. */
bool round_is_silent(const struct area *area, long long now);
/* ADDR, asked on PORT, said RESULT. Takes room in the table: entries may go. */
void rounds_probed(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		   enum verdict_probe result, long long now);
/* Ask ENTRY, which fails, on another port as well, while a round is under way or holds.
 */
void round_try_other_port(struct verdicts *v, struct area *area, struct entry *entry,
			  long long now);
/* That was done, where it is called for: nothing but one port may be in the way. */
bool are_ports_tried(struct verdicts *v, struct area *area, long long now);
/* Begin the round that is wanted, go on with the one that runs; when to call again. */
long long round_tick(struct verdicts *v, struct area *area, long long now);

#endif
