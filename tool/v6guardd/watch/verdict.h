/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verdict.h - from evidence to verdicts: DESIGN 6's rules as a pure state machine. What
 * was seen and the time go in, verdicts, probes and changes come out by callback, on the
 * same call. No system call, no clock. Times are CLOCK_BOOTTIME milliseconds and may not
 * go back.
 */
#ifndef TOOL_V6GUARDD_WATCH_VERDICT_H
#define TOOL_V6GUARDD_WATCH_VERDICT_H

#include "gaipolicy.h"

#define VERDICT_PARTNERS 4
#define VERDICT_PORTS 1000

/** What a verdict rests on. */
enum verdict_evidence {
	VERDICT_BY_NOTHING,
	VERDICT_BY_CONNECTION,  /* ok: a program's connection */
	VERDICT_BY_PROBE,       /* ok or broken: two probes */
	VERDICT_BY_RETRANSMITS, /* two SYN retransmits of a program */
	VERDICT_BY_ICMP,        /* an ICMP error on two attempts */
	VERDICT_BY_STALL,       /* data is never acknowledged: path MTU */
	VERDICT_BY_MEMBERS,     /* a prefix: what is known of its addresses */
	VERDICT_BY_OPERATOR,    /* `v6guard verdict set` */
	VERDICT_BY_COUNT
};

/** "connection", "probe", ... */
const char *verdict_evidence_name(enum verdict_evidence evidence);

/** Whose socket it was is not known: the kernel forgets it as it closes. */
#define VERDICT_UID_UNKNOWN UINT32_MAX

struct verdict_rules {
	bool probes;    /* false: [probe] mode = off, nothing is ever sent */
	bool probe_all; /* mode = all: hinted addresses are probed as well */
	bool distrust;  /* [guard] or a rule has unknown = distrust: WITHHELD means
			   something */
	uint32_t system_uid_max; /* users up to this one are the system's, like root */
	uint32_t ok_ttl_ms, broken_ttl_ms, broken_ttl_max_ms;
	uint32_t slow_threshold_ms; /* 0: never slow */
	uint32_t port_count;
	uint16_t ports[VERDICT_PORTS];
};

/** One verdict, as status shows it and as events tell it. */
struct verdict_view {
	struct gp_prefix prefix; /* length 0, 48 or 128 */
	enum gp_verdict verdict;
	enum gp_verdict was; /* in changes: what it was before */
	enum verdict_evidence evidence;
	struct gp_addr partner; /* family 0: none */
	long long since_ms;     /* when it became so */
	long long expires_ms;
	long long next_test_ms; /* 0: none is planned */
	uint16_t port; /* where it failed or answered; 0: a prefix, or not known */
};

/** A destination and the port on which it answers. */
struct verdict_peer {
	struct gp_addr addr;
	uint16_t port;
	uint32_t uid;      /* whose connection it is */
	uint32_t quiet_ms; /* since something last came from it */
};

/** What the machine wants done. CTX is handed through; no call back into the machine. */
struct verdict_ops {
	void *ctx;
	/* Put it into the reach map; UNKNOWN: take it out. */
	void (*publish)(void *ctx, const struct gp_prefix *prefix,
			enum gp_verdict verdict, long long expires_ms);
	/* One connection attempt to ADDR and PORT; verdict_probed() brings the answer. */
	void (*probe)(void *ctx, const struct gp_addr *addr, uint16_t port);
	/* A verdict has changed. */
	void (*changed)(void *ctx, const struct verdict_view *view);
	/* IPv6 connections that programs of this host made and over which something came
	   within the last WITHIN_MS, up to MAX; how many. Asked when a round begins and
	   ends. NULL: none. */
	size_t (*peers)(void *ctx, struct verdict_peer *out, size_t max,
			uint32_t within_ms);
};

struct verdicts;

/** NULL: no memory. SEED starts the jitter. */
struct verdicts *verdicts_new(const struct verdict_rules *rules,
			      const struct verdict_ops *ops, uint32_t seed);
void verdicts_free(struct verdicts *verdicts);

/** New rules hold from now on; what is known stays. */
void verdicts_set_rules(struct verdicts *verdicts, const struct verdict_rules *rules);

/**
 * The IPv6 prefixes of the host's own links: addresses in them say nothing of a /48 or of
 * ::/0, those in the /32 around one of them nothing of ::/0: they are reached without the
 * internet, or might be. With GP_REACH_ONLINK of them there may be more: no prefix is
 * condemned then, as nobody knows what is behind a router.
 */
void verdicts_set_onlink(struct verdicts *verdicts, const struct gp_prefix *prefixes,
			 size_t count);

/** The prefixes that a translator is reached by: what lies in them says nothing of a /48
 * or of ::/0, nor do these of it. Up to GP_REACH_NAT64. */
void verdicts_set_nat64(struct verdicts *verdicts, const struct gp_prefix *prefixes,
			size_t count);

/** The operator's anchors: they are witnesses always, and count though no program tried
 * them. Up to VERDICT_ANCHORS. */
#define VERDICT_ANCHORS 1000
void verdicts_set_anchors(struct verdicts *verdicts, const struct verdict_peer *anchors,
			  size_t count);

/** Another network (a new epoch): all verdicts are void. Pairs stay known. */
void verdicts_new_epoch(struct verdicts *verdicts, long long now_ms);

/* ---- what was seen ----------------------------------------------------------------- */

/**
 * A door handed out ADDRESSES together (both families). WITHHELD[i]: it was stripped
 * because nobody tested it yet, and is to be tested. UID: who says so; one user can use
 * up a quarter of the room at most.
 */
void verdict_hint(struct verdicts *verdicts, const struct gp_addr *addresses,
		  const bool *withheld, size_t count, uint32_t uid, long long now_ms);

/** A SYN that waits for its answer. */
struct verdict_waiting {
	unsigned retransmits;
	uint32_t quiet_ms;   /* since it was last sent */
	uint32_t waiting_ms; /* since it was first sent */
	uint32_t uid;        /* whose socket it is */
};

/** A program's SYN to ADDR waits. Called as often as it is seen. */
void verdict_syn(struct verdicts *verdicts, const struct gp_addr *addr, uint16_t port,
		 const struct verdict_waiting *syn, long long now_ms);

/** What a program's connection shows. */
struct verdict_connection {
	uint16_t port; /* 0: not known any more */
	uint32_t uid;  /* VERDICT_UID_UNKNOWN: not known any more */
	bool data;     /* beyond the handshake data was acknowledged, and some came */
	bool large;    /* a segment came that fills a packet */
	bool waits;    /* it was answered, and waits for more: no more is known */
};

/** A program's connection to ADDR, alive or closed. Either family. */
void verdict_ok(struct verdicts *verdicts, const struct gp_addr *addr,
		const struct verdict_connection *connection, long long now_ms);

/** A program's attempt has ended in two or more retransmits, the last of them up to
 * QUIET_MS ago. PORT 0: not known, nor is QUIET_MS. */
void verdict_failed(struct verdicts *verdicts, const struct gp_addr *addr, uint16_t port,
		    uint32_t quiet_ms, long long now_ms);

/** One that ended without a word: an ICMP error, a refusal, or given up early. */
void verdict_unclear(struct verdicts *verdicts, const struct gp_addr *addr, uint16_t port,
		     long long now_ms);

/** A connection stalls: what was sent is never acknowledged, or TOWARDS_US: what was sent
 * to us does not come, but for what is small. */
void verdict_stalled(struct verdicts *verdicts, const struct gp_addr *addr, uint16_t port,
		     bool towards_us, long long now_ms);

/** How a probe ended. */
enum verdict_probe {
	VERDICT_PROBE_OK,
	VERDICT_PROBE_TIMEOUT,
	VERDICT_PROBE_ICMP,
	VERDICT_PROBE_NOTHING /* could not be made */
};

/** A probe that the machine asked for has ended. RTT_MS: of an ok one. */
void verdict_probed(struct verdicts *verdicts, const struct gp_addr *addr, uint16_t port,
		    enum verdict_probe result, uint32_t rtt_ms, long long now_ms);

/** Expiries and re-tests that are due. Returns when to call again, at the latest. */
long long verdicts_tick(struct verdicts *verdicts, long long now_ms);

/* ---- the operator -------------------------------------------------------------------
 */

/** Pin VERDICT on PREFIX (length 0, 48, 128; GP_RANGE) for TTL_MS: evidence does not
 * change it. GP_NOMEM: the table is full. */
enum gp_status verdict_set(struct verdicts *verdicts, const struct gp_prefix *prefix,
			   enum gp_verdict verdict, uint32_t ttl_ms, long long now_ms);

/** Forget what is known of PREFIX and all inside it; returns how many verdicts went. */
size_t verdict_clear(struct verdicts *verdicts, const struct gp_prefix *prefix,
		     long long now_ms);

/* ---- questions ----------------------------------------------------------------------
 */

/** As a reader of the map would see it. */
enum gp_verdict verdict_of(const struct verdicts *verdicts, const struct gp_addr *addr,
			   long long now_ms);

/** The IPv4 addresses that ADDR was handed out with; the one that answered last first. */
size_t verdict_partners(const struct verdicts *verdicts, const struct gp_addr *addr,
			struct gp_addr out[VERDICT_PARTNERS]);

/**
 * May `rescue` free the socket SYN to ADDR and PORT? Only one that was handed out with an
 * IPv4 address, by the word of its own user, of root or of a system user: when ADDR is
 * broken, and nothing was ok on PORT since; or after 2 retransmits when that partner
 * answered on PORT within the 10 s before the last of them and nothing was ok at ADDR and
 * PORT in the last 60 s.
 */
enum verdict_rescue {
	VERDICT_RESCUE_NO,
	VERDICT_RESCUE_BROKEN,
	VERDICT_RESCUE_RETRANSMITS
};
enum verdict_rescue verdict_may_rescue(const struct verdicts *verdicts,
				       const struct gp_addr *addr, uint16_t port,
				       const struct verdict_waiting *syn,
				       long long now_ms, struct gp_addr *partner);

/** A verdict `broken` is in force: dumps are worth their price. */
bool verdicts_any_broken(const struct verdicts *verdicts);

/** Addresses handed out lately that nothing is known of, newest first: whose established
 * connections are worth a look. */
size_t verdict_suspects(const struct verdicts *verdicts, struct gp_addr *out, size_t max,
			long long now_ms);

/** Call VISIT for every verdict but unknown: ::/0, then /48, then addresses. */
void verdicts_each(const struct verdicts *verdicts,
		   void (*visit)(void *ctx, const struct verdict_view *view), void *ctx);

#endif
