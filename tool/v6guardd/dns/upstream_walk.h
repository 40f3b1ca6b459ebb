/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * upstream_walk.h - one question on its way through the servers of a list, as
 * resolv.conf(5) has it: in order, and on to the next one when a server fails with this
 * question. Pure: replies and time are told, and walk_next says what is to be done.
 */
#ifndef TOOL_V6GUARDD_DNS_UPSTREAM_WALK_H
#define TOOL_V6GUARDD_DNS_UPSTREAM_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A question is over after so long, whatever there is by then. */
#define WALK_LIMIT_MS 4500

/** How one server is asked: at first; once more, as packets are lost; by TCP, as large
 * ones are; a last time; and anew when it is heard again after a silence. Each at most
 * once. */
enum walk_way { WALK_FIRST, WALK_AGAIN, WALK_TCP, WALK_LAST, WALK_ANEW, WALK_WAYS };

enum walk_kind {
	WALK_NOTHING,  /* this way brings nothing any more */
	WALK_ERROR,    /* the server fails with this question */
	WALK_NEGATIVE, /* NXDOMAIN, or no records */
	WALK_POSITIVE,
};

/** Milliseconds since a server was asked first; 0 of a way: not at all. */
struct walk_pace {
	uint16_t again_ms, tcp_ms;
	uint16_t patience_ms; /* then the next server is asked as well */
	uint16_t hold_ms;     /* until then no later server's denial is taken */
	uint16_t last_ms;
};

struct walk_one {
	uint16_t server;     /* its index in the list, or any number */
	uint8_t asked, open; /* bits of ways */
	bool is_dead;   /* it answers nobody: it cannot overrule, and is not waited for */
	bool is_back;   /* it was silent, and has just been heard */
	bool is_passed; /* its patience is over */
	enum walk_kind got;
	long long asked_ms;
	struct walk_pace pace;
};

/** Who asks for both does so at once, or one after the other: for so long the server of
 * one answer is the other one's as well, should that be asked for later. */
#define WALK_CHOICE_MS 2000

/** A and AAAA of a name: both answers are of one server. All zero: nothing known. */
struct walk_pair {
	struct walk *walks[2]; /* while they run; of several the last one */
	bool has_good[2];
	uint16_t good[2]; /* the server that answered it well, last */
	/* When that was chosen by itself, and not as the other one's was. */
	long long chosen_ms[2];
};

struct walk {
	struct walk_pair *pair; /* NULL: it is alone */
	unsigned family;        /* which of them */
	bool follows;           /* it goes where the other one's answer came from */
	long long started_ms;
	size_t count, asked; /* of the list; the first so many have been asked */
	struct walk_one list[];
};

struct walk_step {
	/* Ask list[AT] by WAY; what list[AT] said is the answer; there is none, but the
	 * error of list[AT], or of any (walk->count); nothing to do before UNTIL_MS. */
	enum { WALK_ASK, WALK_GIVE, WALK_FAIL, WALK_WAIT } what;
	size_t at;
	enum walk_way way;
	long long until_ms;
};

/** Bytes of a walk through COUNT servers. */
size_t walk_size(size_t count);

/** WALK has walk_size bytes of zeros. The caller sets list[].server, in order, and
 * list[].pace at the latest when it is asked. FAMILY: which of PAIR's it is. */
void walk_begin(struct walk *walk, size_t count, struct walk_pair *pair, unsigned family,
		long long now_ms);
/** It is over, or given up: PAIR forgets it. */
void walk_end(struct walk *walk);

/** What was asked of list[AT] by WAY came to GOT. */
void walk_reply(struct walk *walk, size_t at, enum walk_way way, enum walk_kind got);

/** What to do at NOW_MS. Call it again after WALK_ASK; WALK_GIVE and WALK_FAIL are the
 * end. What happens to one of a pair is a reason to call it for the other. */
struct walk_step walk_next(struct walk *walk, long long now_ms);

#endif
