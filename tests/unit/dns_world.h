/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dns_world.h - the resolver (serve.h) without network and clock: time is a number, and
 * passes when it is told to; upstream is a list of replies; answers are kept. It takes
 * the place of gp_boot_ms, time, libevent's timers, upstream_ask, _cancel, _doubt and
 * _heard_ms, listen_new, _send and _ignore at link time, so that serve*.c runs as it is.
 */
#ifndef TESTS_UNIT_DNS_WORLD_H
#define TESTS_UNIT_DNS_WORLD_H

#include "guard/rules_build.h"
#include "tool/v6guardd/dns/serve.h"

#define WORLD_SAYS 128
#define WORLD_ASKED 64
#define WORLD_CLIENTS 20000
#define WORLD_VERDICTS 16

/** What becomes of a question that is asked upstream. */
enum world_fate {
	WORLD_REPLY,     /* a packet */
	WORLD_NOTHING,   /* libunbound says that there is none */
	WORLD_ROUND,     /* the same, and CNAMEs had no end */
	WORLD_SILENT,    /* never anything */
	WORLD_UNASKABLE, /* it cannot even be asked */
};

struct world_says {
	uint8_t name[WIRE_NAME];
	uint16_t type;
	bool for_cd, for_checked; /* asked with CD, without */
	enum world_fate fate;
	bool is_secure, is_bogus;
	bool is_at_once; /* before upstream_ask returns */
	long long after_ms;
	uint32_t server; /* who says it; 0: not known */
	uint8_t *packet;
	size_t size;
	unsigned is_out; /* questions that it is on its way to */
};

/** A client's message, and what it got. */
struct world_client {
	struct listen_client client;
	uint8_t *question, *answer; /* NULL: none yet */
	size_t question_size, answer_size;
	long long asked_ms, answered_ms;
	unsigned answers;
	bool is_ignored;
	bool had_ipv4, was_off; /* the host, when it was answered */
	bool had_nat64;         /* then, or when it asked */
};

struct world_asked {
	uint8_t name[WIRE_NAME];
	uint16_t type;
	bool cd;
};

struct world {
	long long now_ms;
	long long wall_s; /* time() */
	struct event_base *base;
	struct serve *serve;
	/* The host. */
	bool has_ipv6, has_ipv4, is_off;
	bool is_alive;      /* name servers answer when they are doubted */
	long long heard_ms; /* when they did */
	size_t verdict_count, own_count, onlink_count, routed_count, unrouted_count;
	struct {
		struct gp_prefix prefix;
		enum gp_verdict verdict;
	} verdicts[WORLD_VERDICTS];
	struct gp_prefix own[WORLD_VERDICTS], onlink[WORLD_VERDICTS];
	struct gp_prefix routed[WORLD_VERDICTS], unrouted[WORLD_VERDICTS];
	/* The policy. */
	struct dns_config config;
	struct gp_pool pool; /* of the configuration */
	struct gp_guard_policy guard;
	struct gp_rules rules;
	bool has_rules;
	uint64_t generation;
	/* Upstream. */
	size_t says_count;
	struct world_says says[WORLD_SAYS];
	size_t asked_count; /* since world_forget_asked; more than fit are only counted */
	struct world_asked asked[WORLD_ASKED];
	/* What the resolver told since these were emptied: addresses, and decisions. */
	char told[2048], decided[2048];
	char unexpected[WIRE_NAME_TEXT + 32]; /* asked, and nobody knows the answer */
	/* Clients. */
	size_t client_count;
	struct world_client clients[WORLD_CLIENTS];
};

/** There is one at a time. */
extern struct world world;

void world_begin(void);
void world_end(void);

/** Go by CONFIG from now on; false and WHY: it is none for the resolver. */
bool world_configure(const struct gp_config *config, char why[DNS_WHY]);
/** What the host has was changed. */
void world_set_network(void);

/** Put a question; the index of its client. */
size_t world_ask(const struct gp_addr *from, bool is_tcp, const uint8_t *bytes,
		 size_t size);

/** Let time pass until UNTIL_MS, or until CLIENT has its answer (SIZE_MAX: nobody's). */
void world_run(long long until_ms, size_t client);

#endif
