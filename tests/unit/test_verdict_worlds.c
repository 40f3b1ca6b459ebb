/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_verdict_worlds.c - a healthy host stays as it is whatever is dead around it, and a
 * real blackhole is found and left in no time: hours of programs, as world.h plays them,
 * and what may come of it at most. `test_verdict_worlds --figures [WORD]` prints what did,
 * the worst of all seeds, of the worlds with WORD in their names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "sizes.h"
#include "world.h"

#define HOUR 3600.0
#define SEEDS_USUAL 3
#define SEEDS_FULL 20

/* At most; LEAST matters where it is not 0. */
struct bound {
	enum figure figure;
	double most, least;
};

#define MOST(figure_, most_)                                                             \
	{                                                                                \
		.figure = (figure_), .most = (most_)                                     \
	}

#define BOUNDS 10
struct trial {
	struct story story;
	struct bound bounds[BOUNDS];
	double usual_s; /* how long in a usual run; 0: all of it */
};

/* ---- what is promised ---------------------------------------------------------------- */

#define FEW_PROBES MOST(FIGURE_PROBES, 70)
/* With a witness, whatever is dead. */
#define STAYS_AS_IT_IS                                                                   \
	MOST(FIGURE_BROKEN, 0.5), MOST(FIGURE_AWAY, 0), MOST(FIGURE_STOLEN, 0), FEW_PROBES
/* Without any, until the first visit that works. */
#define ONE_NAME_AT_MOST                                                                 \
	MOST(FIGURE_NAMES, 1), MOST(FIGURE_AWAY_S, 5), MOST(FIGURE_STOLEN, 0), FEW_PROBES
#define NOTHING_HAPPENS                                                                  \
	MOST(FIGURE_BROKEN, 0), MOST(FIGURE_NETS, 0), MOST(FIGURE_AWAY, 0),              \
		MOST(FIGURE_STRANDED, 0), FEW_PROBES
/* A true blackhole: so many visits hang over a second, and the longest for so long. */
#define FOUND_AND_LEFT(victims, longest_s, healed_s)                                     \
	MOST(FIGURE_CONDEMNED_S, 6), MOST(FIGURE_VICTIMS, victims),                      \
		MOST(FIGURE_LONGEST_S, longest_s), MOST(FIGURE_HEALED_S, healed_s),      \
		FEW_PROBES

/* ---- crowds -------------------------------------------------------------------------- */

#define USERS .uid = UID_MIXED, .holds_s = 2
#define EACH(seconds) .every_s = (seconds), USERS
#define NEW_EACH(seconds) {.nets = 40, EACH(seconds)}
#define NEW_EACH_FROM(seconds, from) {.nets = 40, .from_s = (from), EACH(seconds)}
#define KNOWN(count, seconds) {.names = (count), .is_random = true, EACH(seconds)}
/* One after the other, and again each 10 minutes. */
#define DEAD_AGAIN(count)                                                                \
	{                                                                                \
		.names = (count), .fate = FATE_DEAD, .round_s = 600, .from_s = 60,       \
		EACH(2)                                                                  \
	}
/* A shell, a mail client: open all the time. */
#define OPEN_ALL_THE_TIME(count)                                                         \
	{                                                                                \
		.names = (count), .every_s = 1, .round_s = 20000, .holds_s = 20000,      \
		.uid = 1000, .patience = PATIENCE_KERNEL                                 \
	}
#define NOBODY_ELSE {.every_s = 0}
#define OF_USER(user, count, seconds)                                                    \
	{                                                                                \
		.names = (count), .is_random = true, .nets = 40, .every_s = (seconds),   \
		.uid = (user), .holds_s = 2                                              \
	}

/* The same host to others than a liar: five known names and new ones. */
#define HONEST KNOWN(5, 30), NEW_EACH(60)
/* As if nobody else were there for two hours. */
#define IDLE NOBODY_ELSE, NEW_EACH_FROM(60, 2 * HOUR)
#define LIE_AFTER .from_s = 120
#define DATAGRAMS(user, same)                                                            \
	{                                                                                \
		.names = 3, .same_as = (same), .fate = FATE_DEAD, .every_s = 0.5,        \
		.uid = (user), .is_hint_only = true, .is_withheld = true,                \
		.is_stubborn = true, .is_proving_ipv4 = true, LIE_AFTER                  \
	}
#define CONNECTS(user, same, seconds)                                                    \
	{                                                                                \
		.names = 3, .same_as = (same), .fate = FATE_DEAD, .every_s = (seconds),  \
		.uid = (user), .is_stubborn = true, .is_proving_ipv4 = true,             \
		.is_withheld = true, .patience = PATIENCE_LONG, LIE_AFTER                \
	}
#define OWN_SERVERS(user, fate_, seconds)                                                \
	{                                                                                \
		.names = 5, .fate = (fate_), .period_s = (seconds), .every_s = 2,        \
		.uid = (user), .is_stubborn = true, .is_proving_ipv4 = true,             \
		.patience = PATIENCE_LONG, .holds_s = 1, .from_s = 10                    \
	}
#define FLOOD(user)                                                                      \
	{                                                                                \
		.fate = FATE_DEAD, .every_s = 0.02, .uid = (user), .is_hint_only = true, \
		.is_withheld = true, .is_stubborn = true, LIE_AFTER                      \
	}

#define BLACKHOLE(from, until)                                                           \
	.mishaps = {{.kind = MISHAP_BLACKHOLE, .from_s = (from), .until_s = (until)}}
#define HOST_FLAPS(seconds)                                                              \
	.mishaps = {{.kind = MISHAP_BLACKHOLE,                                           \
		     .from_s = 600,                                                      \
		     .until_s = 4200,                                                    \
		     .flap_s = (seconds)}}
#define MX(count, seconds)                                                               \
	{                                                                                \
		.names = (count), .fate = FATE_FILTERED, .port = 25,                     \
		.every_s = (seconds), .uid = 110, .patience = PATIENCE_LONG,             \
		.from_s = 60                                                             \
	}

/* clang-format off */
static const struct trial told[] = {
	/* -- dead around us -- */
	{.story = {"3 dead names, a connection open all the time, new names later", 3 * HOUR,
		.crowds = {DEAD_AGAIN(3), OPEN_ALL_THE_TIME(1), NEW_EACH_FROM(60, HOUR)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"50 dead names, a connection open all the time, new names later", 3 * HOUR,
		.crowds = {DEAD_AGAIN(50), OPEN_ALL_THE_TIME(1), NEW_EACH_FROM(60, HOUR)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"10 dead names, one known name each 300 s", 3 * HOUR,
		.crowds = {DEAD_AGAIN(10), KNOWN(1, 300)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"50 dead names spread over the time, three known each 200 s", 3 * HOUR,
		.crowds = {{.names = 50, .fate = FATE_DEAD, .from_s = 300, EACH(12)}, KNOWN(3, 200)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"10 dead names, rescue, a new healthy one each 30 s", 3 * HOUR, .has_rescue = true,
		.crowds = {DEAD_AGAIN(10), NEW_EACH(30)}},
	 .bounds = {STAYS_AS_IT_IS, MOST(FIGURE_LONGEST_S, 3.5)}},
	{.story = {"10 dead names in one /48, a new healthy one each 30 s", 3 * HOUR,
		.crowds = {{.names = 10, .in_one_48 = true, .fate = FATE_DEAD, .round_s = 600, .from_s = 60, EACH(2)},
			   NEW_EACH(30)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"20 names in one /48, half of them dead", 3 * HOUR,
		.crowds = {{.names = 20, .in_one_48 = true, .is_random = true, .fate = FATE_HALF, EACH(10)}}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"all names dead that are ever asked for", 3 * HOUR, .crowds = {DEAD_AGAIN(10)}},
	 .bounds = {FEW_PROBES}},
	{.story = {"names that refuse", 3 * HOUR,
		.crowds = {{.names = 30, .fate = FATE_REFUSED, .is_random = true, EACH(5)}, NEW_EACH(60)}},
	 .bounds = {NOTHING_HAPPENS}},
	{.story = {"half of 200 /32 dead", 3 * HOUR,
		.crowds = {{.names = 200, .fate = FATE_HALF, .is_random = true, EACH(5)}}},
	 .bounds = {MOST(FIGURE_BROKEN, 0), MOST(FIGURE_AWAY, 0), MOST(FIGURE_VICTIMS, 100), FEW_PROBES}},
	{.story = {"half of 200 /32 dead, rescue", 3 * HOUR, .has_rescue = true,
		.crowds = {{.names = 200, .fate = FATE_HALF, .is_random = true, EACH(5)}}},
	 .bounds = {MOST(FIGURE_BROKEN, 0), MOST(FIGURE_AWAY, 0), MOST(FIGURE_VICTIMS, 100),
		    MOST(FIGURE_LONGEST_S, 3.5), FEW_PROBES}},

	/* -- without a witness -- */
	{.story = {"3 dead names at boot, the first healthy one after an hour, each 600 s", 3 * HOUR,
		.crowds = {DEAD_AGAIN(3), NEW_EACH_FROM(600, HOUR)}},
	 .bounds = {ONE_NAME_AT_MOST}},
	{.story = {"10 dead names at boot, the first healthy one after an hour, each 60 s", 3 * HOUR,
		.crowds = {DEAD_AGAIN(10), NEW_EACH_FROM(60, HOUR)}},
	 .bounds = {ONE_NAME_AT_MOST}},
	{.story = {"50 dead names at boot, the first healthy one after 5 minutes, each 5 s", HOUR,
		.crowds = {DEAD_AGAIN(50), NEW_EACH_FROM(5, 300)}},
	 .bounds = {ONE_NAME_AT_MOST}},

	/* -- mail -- */
	{.story = {"MX alone, port 25 blocked", 3 * HOUR, .crowds = {MX(30, 10)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"MX with port 25 blocked, a new healthy name each 600 s", 3 * HOUR,
		.crowds = {MX(30, 10), NEW_EACH(600)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"MX with port 25 blocked, a new healthy name each 20 s", 3 * HOUR,
		.crowds = {MX(100, 5), NEW_EACH(20)}},
	 .bounds = {STAYS_AS_IT_IS}},

	/* -- liars -- */
	{.story = {"a liar's three datagrams", 3 * HOUR, .has_rescue = true,
		.crowds = {HONEST, DATAGRAMS(1001, 0)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"a liar's three datagrams and three connects", 3 * HOUR, .has_rescue = true,
		.crowds = {HONEST, DATAGRAMS(1001, 0), CONNECTS(1001, 1, 15)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"two liars' datagrams and connects", 3 * HOUR, .has_rescue = true,
		.crowds = {HONEST, DATAGRAMS(1001, 0), CONNECTS(1001, 1, 15), DATAGRAMS(1002, 2), CONNECTS(1002, 3, 15)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"a liar switches five servers of his own off", 3 * HOUR, .has_rescue = true,
		.crowds = {HONEST, OWN_SERVERS(1001, FATE_DIES, 1800)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"a liar switches five servers of his own off and on", 3 * HOUR, .has_rescue = true,
		.crowds = {HONEST, OWN_SERVERS(1001, FATE_FLAPPING, 60)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"two liars switch five servers each off", 3 * HOUR, .has_rescue = true,
		.crowds = {HONEST, OWN_SERVERS(1001, FATE_DIES, 1800), OWN_SERVERS(1002, FATE_DIES, 1800)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"a liar's three datagrams on an idle host", 3 * HOUR, .has_rescue = true,
		.crowds = {IDLE, DATAGRAMS(1001, 0)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"a liar's datagrams and connects on an idle host", 3 * HOUR, .has_rescue = true,
		.crowds = {IDLE, DATAGRAMS(1001, 0), CONNECTS(1001, 1, 15)}},
	 .bounds = {ONE_NAME_AT_MOST}},
	{.story = {"two liars' datagrams and connects on an idle host", 3 * HOUR, .has_rescue = true,
		.crowds = {IDLE, DATAGRAMS(1001, 0), CONNECTS(1001, 1, 15), DATAGRAMS(1002, 2), CONNECTS(1002, 3, 15)}},
	 .bounds = {ONE_NAME_AT_MOST}},
	{.story = {"a liar switches five servers off on an idle host", 3 * HOUR, .has_rescue = true,
		.crowds = {IDLE, OWN_SERVERS(1001, FATE_DIES, 1800)}},
	 .bounds = {ONE_NAME_AT_MOST}},
	{.story = {"a flood of hints of random addresses, 50 a second", 3 * HOUR, .has_rescue = true,
		.crowds = {HONEST, FLOOD(1001)}},
	 .bounds = {STAYS_AS_IT_IS}, .usual_s = 400},
	{.story = {"three floods", HOUR, .has_rescue = true,
		.crowds = {HONEST, FLOOD(1001), FLOOD(1002), FLOOD(1003)}},
	 .bounds = {STAYS_AS_IT_IS}, .usual_s = 300},
	{.story = {"two liars name partners for what another's program tries", 3 * HOUR, .has_rescue = true,
		.crowds = {HONEST, {.names = 3, .fate = FATE_DEAD, .every_s = 60, .uid = 1000, .is_silent = true,
				    .patience = PATIENCE_KERNEL, .from_s = 60},
			   DATAGRAMS(1001, 1), DATAGRAMS(1002, 2)}},
	 .bounds = {STAYS_AS_IT_IS}},

	/* -- a true blackhole -- */
	{.story = {"blackhole: new names each 1 s", 2100, .crowds = {NEW_EACH(1)}, BLACKHOLE(900, 1500)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: a name each 1 s, half of them of 20 known", 2100,
		.crowds = {KNOWN(20, 2), NEW_EACH(2)}, BLACKHOLE(900, 1500)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: a name each 5 s, half of them of 20 known", 5400,
		.crowds = {KNOWN(20, 10), NEW_EACH(10)}, BLACKHOLE(1800, 3600)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: a name each 20 s, half of them of 20 known", 5400,
		.crowds = {KNOWN(20, 40), NEW_EACH(40)}, BLACKHOLE(1800, 3600)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: a name each 60 s, half of them of 20 known", 3 * HOUR,
		.crowds = {KNOWN(20, 120), NEW_EACH(120)}, BLACKHOLE(3600, 7200)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: five known names alone, one each 1 s", 5400,
		.crowds = {KNOWN(5, 1)}, BLACKHOLE(1800, 3600)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: five known names alone, one each 10 s", 5400,
		.crowds = {KNOWN(5, 10)}, BLACKHOLE(1800, 3600)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: five known names alone, one each 60 s", 3 * HOUR,
		.crowds = {KNOWN(5, 60)}, BLACKHOLE(3600, 7200)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole from boot: new names each 1 s", 1800, .crowds = {NEW_EACH(1)}, BLACKHOLE(0, 900)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole from boot: new names each 5 s", 3600, .crowds = {NEW_EACH(5)}, BLACKHOLE(0, 1800)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole from boot: new names each 60 s", 3 * HOUR, .crowds = {NEW_EACH(60)}, BLACKHOLE(0, 3600)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: a desktop, user 1000 alone, a name each 5 s", 5400,
		.crowds = {OF_USER(1000, 20, 10), OF_USER(1000, 0, 10)}, BLACKHOLE(1800, 3600)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: a desktop, user 1000 alone, a name each 20 s", 5400,
		.crowds = {OF_USER(1000, 20, 40), OF_USER(1000, 0, 40)}, BLACKHOLE(1800, 3600)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole from boot: a desktop, user 1000 alone, a name each 5 s", 3600,
		.crowds = {OF_USER(1000, 20, 10), OF_USER(1000, 0, 10)}, BLACKHOLE(0, 1800)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: a name each 5 s, half known, rescue", 5400, .has_rescue = true,
		.crowds = {KNOWN(20, 10), NEW_EACH(10)}, BLACKHOLE(1800, 3600)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"blackhole: a name each 5 s, half known, 10 dead all the time", 5400,
		.crowds = {KNOWN(20, 10), NEW_EACH(10), DEAD_AGAIN(10)}, BLACKHOLE(1800, 3600)},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"a firewall drops SYNs, four connections stay open", 5400,
		.crowds = {KNOWN(20, 10), NEW_EACH(10), OPEN_ALL_THE_TIME(4)},
		.mishaps = {{.kind = MISHAP_SYN, .from_s = 1800, .until_s = 3600}}},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999)}},
	{.story = {"campus: its inside works, its outside is dead from boot", HOUR,
		.crowds = {{.names = 10, .is_campus = true, .is_random = true, EACH(5)}, NEW_EACH(10)},
		.mishaps = {{.kind = MISHAP_OUTSIDE, .from_s = 0, .until_s = 2400}}},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999), MOST(FIGURE_CAMPUS, 0)}},
	{.story = {"campus: its inside works, its outside dies", 5400,
		.crowds = {{.names = 10, .is_campus = true, .is_random = true, EACH(5)}, KNOWN(10, 20), NEW_EACH(20)},
		.mishaps = {{.kind = MISHAP_OUTSIDE, .from_s = 1800, .until_s = 3600}}},
	 .bounds = {FOUND_AND_LEFT(999, 999, 999), MOST(FIGURE_CAMPUS, 0)}},

	/* -- neither -- */
	{.story = {"the host's IPv6 flaps each 5 s", 5400, .crowds = {KNOWN(20, 10), NEW_EACH(10)}, HOST_FLAPS(5)},
	 .bounds = {FEW_PROBES}},
	{.story = {"the host's IPv6 flaps each 20 s", 5400, .crowds = {KNOWN(20, 10), NEW_EACH(10)}, HOST_FLAPS(20)},
	 .bounds = {FEW_PROBES}},
	{.story = {"the host's IPv6 flaps each 60 s", 5400, .crowds = {KNOWN(20, 10), NEW_EACH(10)}, HOST_FLAPS(60)},
	 .bounds = {FEW_PROBES}},
	{.story = {"10 names flap each 5 s", 3 * HOUR,
		.crowds = {{.names = 10, .fate = FATE_FLAPPING, .period_s = 5, .is_random = true, EACH(3)}, NEW_EACH(30)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"10 names flap each 20 s", 3 * HOUR,
		.crowds = {{.names = 10, .fate = FATE_FLAPPING, .period_s = 20, .is_random = true, EACH(3)}, NEW_EACH(30)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"10 names flap each 60 s", 3 * HOUR,
		.crowds = {{.names = 10, .fate = FATE_FLAPPING, .period_s = 60, .is_random = true, EACH(3)}, NEW_EACH(30)}},
	 .bounds = {STAYS_AS_IT_IS}},
	{.story = {"both families down", 5400, .crowds = {KNOWN(20, 10), NEW_EACH(10)},
		.mishaps = {{.kind = MISHAP_BOTH, .from_s = 1800, .until_s = 3600}}},
	 .bounds = {NOTHING_HAPPENS}},
	{.story = {"both families down from boot", 5400, .crowds = {KNOWN(20, 10), NEW_EACH(10)},
		.mishaps = {{.kind = MISHAP_BOTH, .from_s = 0, .until_s = 1800}}},
	 .bounds = {NOTHING_HAPPENS}},
	{.story = {"IPv4 down", 5400, .crowds = {KNOWN(20, 10), NEW_EACH(10)},
		.mishaps = {{.kind = MISHAP_IPV4, .from_s = 1800, .until_s = 3600}}},
	 .bounds = {NOTHING_HAPPENS}},
	{.story = {"IPv4 down, 10 dead names", 5400, .crowds = {KNOWN(20, 10), NEW_EACH(10), DEAD_AGAIN(10)},
		.mishaps = {{.kind = MISHAP_IPV4, .from_s = 1800, .until_s = 3600}}},
	 .bounds = {STAYS_AS_IT_IS, MOST(FIGURE_STRANDED, 0)}},
};
/* clang-format on */

/* ---- dead names among healthy ones --------------------------------------------------- */

static const unsigned dead_counts[] = {3, 10, 50};
static const unsigned new_every_s[] = {1, 5, 30, 60, 300, 600};
static const unsigned losses[] = {10, 20, 40, 60};

#define TRIALS 160
static struct trial trials[TRIALS];
static char story_names[TRIALS][80];
static size_t trial_count;

static struct trial *add(const struct trial *trial)
{
	assert_true(trial_count < TRIALS);
	trials[trial_count] = *trial;
	return &trials[trial_count++];
}

static void add_dead_among_new(unsigned dead, unsigned every_s)
{
	const struct trial trial = {
		.story = {.name = story_names[trial_count],
			  .seconds = 3 * HOUR,
			  .crowds = {DEAD_AGAIN(dead), NEW_EACH(every_s)}},
		.bounds = {STAYS_AS_IT_IS},
		/* Each new name makes the table larger. */
		.usual_s = every_s == 1 ? 1300 : every_s == 5 ? 3000 : 0,
	};

	snprintf(story_names[trial_count], sizeof(story_names[0]),
		 "%u dead names, a new healthy one each %u s", dead, every_s);
	add(&trial);
}

static void add_loss(unsigned percent, bool is_both)
{
	const struct trial trial = {
		.story = {.name = story_names[trial_count],
			  .seconds = 3 * HOUR,
			  .loss = percent / 100.0,
			  .loss4 = is_both ? percent / 100.0 : 0,
			  .crowds = {KNOWN(20, 10), NEW_EACH(20)}},
		.bounds = {NOTHING_HAPPENS},
	};

	snprintf(story_names[trial_count], sizeof(story_names[0]),
		 "%u %% of packets are lost%s", percent, is_both ? ", IPv4's too" : "");
	add(&trial);
}

static void tell_all(void)
{
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		add(&told[i]);
	for (size_t i = 0; i < sizeof(dead_counts) / sizeof(dead_counts[0]); i++)
		for (size_t j = 0; j < sizeof(new_every_s) / sizeof(new_every_s[0]); j++)
			add_dead_among_new(dead_counts[i], new_every_s[j]);
	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
		add_loss(losses[i], false);
		add_loss(losses[i], true);
	}
}

/* ---- running ------------------------------------------------------------------------- */

static const char *const names[FIGURE_COUNT] = {
	[FIGURE_BROKEN] = "::/0 %",	[FIGURE_AWAY] = "away",
	[FIGURE_NAMES] = "names",	[FIGURE_AWAY_S] = "away s",
	[FIGURE_LIES] = "lies",		[FIGURE_NETS] = "/48",
	[FIGURE_VICTIMS] = "victims",	[FIGURE_HUNG_S] = "of s",
	[FIGURE_LONGEST_S] = "longest", [FIGURE_CONDEMNED_S] = "3rd+ s",
	[FIGURE_HEALED_S] = "heal s",	[FIGURE_BACK_S] = "back s",
	[FIGURE_PROBES] = "probes",	[FIGURE_RESCUES] = "freed",
	[FIGURE_STOLEN] = "stolen",	[FIGURE_STRANDED] = "stranded",
	[FIGURE_CAMPUS] = "campus",
};

static void run_trial(const struct trial *trial, uint32_t seed,
		      double figures[FIGURE_COUNT])
{
	struct story story = trial->story;

	if (trial->usual_s > 0)
		story.seconds = (double)sized((long)trial->usual_s, (long)story.seconds);
	world_run(&story, seed, figures);
}

static void test_world(void **state)
{
	const struct trial *trial = *state;
	const uint32_t seeds = (uint32_t)sized(SEEDS_USUAL, SEEDS_FULL);
	double figures[FIGURE_COUNT];

	for (uint32_t seed = 1; seed <= seeds; seed++) {
		run_trial(trial, seed, figures);
		for (size_t i = 0; i < BOUNDS && trial->bounds[i].figure; i++) {
			const struct bound *bound = &trial->bounds[i];
			const double got = figures[bound->figure];
			if (got > bound->most || got < bound->least)
				fail_msg("seed %u: %s is %.2f, not %.2f to %.2f",
					 (unsigned)seed, names[bound->figure], got,
					 bound->least, bound->most);
		}
	}
}

static void print_trial(const struct trial *trial)
{
	double worst[FIGURE_COUNT] = {0}, figures[FIGURE_COUNT];
	const clock_t begun = clock();

	for (uint32_t seed = 1; seed <= (uint32_t)sized(SEEDS_USUAL, SEEDS_FULL); seed++) {
		run_trial(trial, seed, figures);
		for (size_t i = 0; i < FIGURE_COUNT; i++)
			worst[i] = fmax(worst[i], figures[i]);
	}
	printf("| %-64s |", trial->story.name);
	for (size_t i = FIGURE_NONE + 1; i < FIGURE_COUNT; i++)
		printf(" %.*f |", worst[i] == floor(worst[i]) ? 0 : 2, worst[i]);
	printf(" %.2f |\n", (double)(clock() - begun) / CLOCKS_PER_SEC);
	fflush(stdout);
}

static int print_figures(const char *word)
{
	printf("| %-64s |", "world");
	for (size_t i = FIGURE_NONE + 1; i < FIGURE_COUNT; i++)
		printf(" %s |", names[i]);
	printf(" CPU s |\n");
	for (size_t i = 0; i < trial_count; i++)
		if (!word || strstr(trials[i].story.name, word))
			print_trial(&trials[i]);
	return 0;
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[TRIALS] = {{.name = NULL}};

	tell_all();
	if (argc > 1 && !strcmp(argv[1], "--figures"))
		return print_figures(argv[2]);
	for (size_t i = 0; i < trial_count; i++)
		tests[i] = (struct CMUnitTest){.name = trials[i].story.name,
					       .test_func = test_world,
					       .initial_state = &trials[i]};
	return _cmocka_run_group_tests("worlds", tests, trial_count, NULL, NULL);
}
