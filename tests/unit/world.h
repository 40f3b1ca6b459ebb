/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * world.h - whole worlds over hours of virtual time: names and the state of the way to
 * them, programs of several users that look them up through a door and connect, a liar
 * among them, and v6guardd's watchers, queue of probes and rescues around the machine of
 * verdict.h, in the intervals in which these do it. What came of it are figures.
 */
#ifndef TESTS_UNIT_WORLD_H
#define TESTS_UNIT_WORLD_H

#include <stdbool.h>
#include <stdint.h>

/** What becomes of a SYN to a name's IPv6 address. */
enum fate {
	FATE_UP,
	FATE_DEAD,     /* silence */
	FATE_REFUSED,  /* a RST */
	FATE_ICMP,     /* a router says that there is no way */
	FATE_FILTERED, /* silence on the crowd's port, a handshake on 443, a RST on others
			*/
	FATE_FLAPPING, /* up and dead in turn, each for PERIOD_S, each name by itself */
	FATE_DIES,     /* dead from PERIOD_S on */
	FATE_HALF /* every other /32 of the crowd is dead; in_one_48: every other name */
};

/** How long a program waits for IPv6. */
enum patience {
	PATIENCE_ANY,    /* one of these, drawn for each visit */
	PATIENCE_KERNEL, /* a blocking connect(): 133 s */
	PATIENCE_LONG,   /* 5 or 10 s */
	PATIENCE_SHORT,  /* 0.3 or 2 s */
	PATIENCE_HAPPY   /* IPv4 is tried as well after 0.25 s, and the first one wins */
};

/** A visit of this crowd is root's, a daemon's or one of two users'. */
#define UID_MIXED UINT32_MAX

/** Names of one kind, and the programs that visit them. */
struct crowd {
	unsigned names;   /* 0: a new one at each visit */
	unsigned same_as; /* the names of the crowd before it by so many; 0: its own */
	unsigned nets;    /* /32 in which they lie; 0: each in one of its own */
	bool in_one_48, is_campus; /* in one /48; in the host's own /32 */
	enum fate fate;
	double period_s;
	double every_s;         /* between two visits; up to half more or less */
	double round_s;         /* then a rest: each name once in so long; 0: no rest */
	double from_s, until_s; /* 0: from the start, to the end */
	double holds_s;         /* how long a connection lasts, data all the time */
	enum patience patience;
	uint32_t uid;
	uint16_t port;        /* 0: 443 */
	bool is_random;       /* any of the names, else one after the other */
	bool is_silent;       /* it does not look up through a door: no hint */
	bool is_hint_only;    /* a liar's: he does not connect by IPv6 */
	bool is_withheld;     /* his hints say that distrust held it back */
	bool is_stubborn;     /* he connects to IPv6 whatever the door says */
	bool is_proving_ipv4; /* and to IPv4 each time */
	bool are_anchors;     /* the operator's; nobody need visit them */
};

/** What happens to the host itself. */
enum mishap_kind {
	MISHAP_NONE,
	MISHAP_BLACKHOLE, /* of all IPv6 */
	MISHAP_OUTSIDE,   /* of all IPv6 but the host's own /32 */
	MISHAP_SYN,       /* connections that are there go on, new ones meet silence */
	MISHAP_IPV4,      /* of all IPv4 */
	MISHAP_BOTH
};

struct mishap {
	enum mishap_kind kind;
	double from_s, until_s;
	double flap_s; /* on and off in turn, each for so long; 0: on all the time */
};

#define CROWDS 6
#define MISHAPS 2

struct story {
	const char *name;
	double seconds;
	double loss, loss4; /* of packets, 0 to 1, by IPv6 and IPv4 */
	bool has_rescue;
	struct crowd crowds[CROWDS];
	struct mishap mishaps[MISHAPS];
};

enum figure {
	FIGURE_NONE,
	FIGURE_BROKEN,  /* % of the time that ::/0 was broken and IPv6 was not */
	FIGURE_AWAY,    /* visits sent to IPv4 though the name's IPv6 worked */
	FIGURE_NAMES,   /* names of these */
	FIGURE_AWAY_S,  /* the longest time that one of them was kept from IPv6 */
	FIGURE_LIES,    /* times that an address which worked was called broken */
	FIGURE_NETS,    /* times that a /48 became broken */
	FIGURE_VICTIMS, /* visits that hung for over 1 s */
	FIGURE_HUNG_S,  /* how long, together */
	FIGURE_LONGEST_S,
	FIGURE_CONDEMNED_S, /* ::/0, after the third failure in a mishap of IPv6 */
	FIGURE_HEALED_S,    /* ::/0, after the mishap's end */
	FIGURE_BACK_S,      /* the last visit that went to IPv4 for nothing, after it */
	FIGURE_PROBES,      /* in the worst minute */
	FIGURE_RESCUES,
	FIGURE_STOLEN,   /* rescues by the word of another login user alone */
	FIGURE_STRANDED, /* visits sent to IPv4 that did not work, while IPv6 did */
	FIGURE_CAMPUS,   /* visits within the own /32 that were sent to IPv4 */
	FIGURE_COUNT
};

/** Run STORY. FIGURES are those that the name of the figure says;
 * of what never came about 0. */
void world_run(const struct story *story, uint32_t seed, double figures[FIGURE_COUNT]);

#endif
