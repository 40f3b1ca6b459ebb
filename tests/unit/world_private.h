/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * world_private.h - what world*.c share: time and figures (world.c), the internet with
 * its names and the programs (world_program.c), v6guardd without its machine
 * (world_host.c).
 */
#ifndef TESTS_UNIT_WORLD_PRIVATE_H
#define TESTS_UNIT_WORLD_PRIVATE_H

#include "tool/v6guardd/watch/verdict.h"
#include "world.h"

#define NOBODY UINT32_MAX

enum happening {
	HAPPENS_VISIT,   /* of crowd INDEX */
	HAPPENS_RESEND,  /* a SYN of socket INDEX is due */
	HAPPENS_ANSWER,  /* a handshake or a RST comes back to socket INDEX */
	HAPPENS_GIVE_UP, /* the program of socket INDEX has waited enough */
	HAPPENS_HAPPY,   /* it tries IPv4 as well */
	HAPPENS_CLOSE,   /* the connection of socket INDEX ends */
	HAPPENS_DUMP,
	HAPPENS_ANCHORS,     /* are asked: names of crowd INDEX */
	HAPPENS_PROBE_SENDS, /* probe INDEX */
	HAPPENS_PROBE_ENDS,
	HAPPENS_MISHAP /* something changes about mishap INDEX */
};

/* What a SYN meets. */
enum answer { ANSWER_NONE, ANSWER_HANDSHAKE, ANSWER_RST, ANSWER_ICMP };

struct event {
	long long at;
	uint32_t order; /* of those at the same time */
	enum happening what;
	uint32_t index, of; /* OF: which socket, probe or dump has that place */
};

struct name {
	struct gp_addr addr, partner;
	uint32_t crowd, number; /* NUMBER: in the crowd */
	uint32_t net;
	uint32_t rtt_ms;
	uint32_t hinted_by[4]; /* users who were handed it here */
	unsigned hinters;
	long long away_since; /* sent to IPv4 for nothing, and not open again; -1 */
	bool was_away;
	long long phase; /* of its flapping */
};

enum socket_state { SOCKET_FREE, SOCKET_SYN, SOCKET_OPEN };

struct socket {
	enum socket_state state;
	uint32_t of; /* counts who had this place */
	uint32_t name;
	int family;
	uint16_t port;
	uint32_t uid;
	unsigned sent;   /* SYNs */
	bool is_refused; /* or a router has answered */
	bool is_blocking;
	bool is_liars;
	long long sent_ms; /* the last SYN */
	long long begun_ms;
	long long heard_ms; /* open: the last data */
	long long asked_ms; /* rescue */
	long long hold_ms;
	uint32_t twin, twin_of; /* of happy eyeballs: the other one; NOBODY */
};

enum probe_state { PROBE_FREE, PROBE_QUEUED, PROBE_RUNS };

struct probe {
	enum probe_state state;
	uint32_t of;
	struct gp_addr addr;
	uint16_t port;
	enum answer answer;
};

#define PROBES 1024
#define UNMADE 64
#define SENT_MAX 2048 /* more than RATE allows in a minute */
#define RATE 20       /* [probe] max-rate */

struct world {
	const struct story *story;
	double *figures;
	struct verdicts *v;
	uint32_t random;
	long long now, end;

	struct event *heap;
	uint32_t heap_count, heap_room, order;

	struct name *names;
	uint32_t name_count, name_room;
	struct {
		uint32_t first; /* of NAMES; new ones are anywhere */
		uint32_t next, made;
		long long round_ms; /* when this one began */
	} crowds[CROWDS];

	struct socket *sockets;
	uint32_t socket_count;

	/* v6guardd's */
	long long tick_at, dump_at, busy_until, last_dump, probe_next;
	long long rescue_second;
	unsigned rescue_count;
	uint32_t dump_of;
	bool is_waiting;
	struct probe probes[PROBES];
	uint32_t probe_count; /* used places */
	struct gp_addr unmade[UNMADE];
	uint32_t unmade_count;
	long long sent_at[SENT_MAX]; /* the latest probes, a ring */
	uint32_t sent_first, sent_count;

	/* figures in the making */
	long long broken_ms, sound_ms; /* while IPv6 as a whole worked */
	uint32_t away[64];             /* names with away_since */
	uint32_t away_count;
	double hung_ms;
	struct {
		bool is_on, is_healing;
		uint32_t nets[3]; /* /32 where a visit has failed */
		unsigned failures;
		long long third_ms;     /* -1: not yet */
		long long condemned_ms; /* -1: not yet */
		long long ended_ms;     /* -1: not yet */
	} trouble;                      /* the latest of IPv6 as a whole */
};

/* ---- time and chance (world.c) ---- */

void happens(struct world *w, long long at, enum happening what, uint32_t index,
	     uint32_t of);
uint32_t below(struct world *w, uint32_t limit);
/* True in SHARE of all cases. */
bool chance(struct world *w, double share);
/* MS, up to half more or less. */
long long about(struct world *w, double ms);

/* ---- the internet and the programs (world_program.c) ---- */

/* What a SYN to ADDR and PORT meets now, no loss counted. NAME may be NULL: nobody there.
 */
enum answer answer_of(const struct world *w, const struct name *name, int family,
		      uint16_t port);
/* The same of one that is sent now; it or its answer may be lost. */
enum answer send_syn(struct world *w, const struct name *name, int family, uint16_t port);
/* Data of an open connection comes. */
bool is_alive(const struct world *w, const struct socket *socket);
struct name *name_of(const struct world *w, const struct gp_addr *addr);
/* Whether a mishap of one of these kinds is on. */
bool has_mishap(const struct world *w, unsigned kinds);
/* Milliseconds from the SENTth SYN to the next: a second at first, then doubled (Linux
 * 6.5 on). */
long long syn_gap(unsigned sent);
#define SYNS 11

void programs_begin(struct world *w);
void program_happens(struct world *w, const struct event *event);
/* The socket's connect() ends, and IPv4 is next: as if by SOCK_DESTROY. */
void program_freed(struct world *w, struct socket *socket);
/* Those that still wait at the end. */
void programs_end(struct world *w);

/* ---- v6guardd (world_host.c) ---- */

void host_begin(struct world *w);
/* The anchors are known now. */
void host_ask_anchors(struct world *w, uint32_t crowd);
void host_happens(struct world *w, const struct event *event);
void host_hinted(struct world *w);
void host_tick(struct world *w);
void tick_soon(struct world *w);
/* The kernel's word of a socket that closes. */
void host_closed(struct world *w, const struct socket *socket, bool is_abort);

/* ---- figures (world.c) ---- */

enum gp_verdict internet_verdict(const struct world *w);
/* A visit hung for so long; only over 1 s matters. */
void note_hung(struct world *w, long long ms);
void note_away(struct world *w, struct name *name);
/* A SYN to NAME was sent again twice. */
void note_failure(struct world *w, const struct name *name);
void note_probe(struct world *w);
void mishap_happens(struct world *w, uint32_t index);

#endif
