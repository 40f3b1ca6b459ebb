/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of DESIGN 6 as replays: what is seen, when, and what must follow. A line is
 * "SECONDS COMMAND ARGUMENTS"; between two lines the machine gets its ticks exactly when
 * it asked for them, as from its loop.
 *
 *   hint|withheld ADDR...     handed out together; withheld: the IPv6 ones were held back
 *   syn ADDR N                a program's SYN waits, N retransmits
 *   failed|unclear|stall|ok|data ADDR
 *   world PREFIX up|down|none from now on probes are answered: 0.1 s, or 2.5 s of
 * silence; none: they cannot be made probed ADDR ok|timeout|icmp|nothing [RTT] (without a
 * world) onlink PREFIX, epoch, set PREFIX VERDICT SECONDS, clear PREFIX is ADDR VERDICT
 * what a reader of the map would see area PREFIX VERDICT       what is published for
 * exactly that prefix asked ADDR[@PORT] | quiet a probe went out that no line asked about
 * yet; none did may ADDR N no|broken|retransmits by ADDR EVIDENCE          what the
 * verdict rests on probes MAX                at most so many probes so far changes N
 * verdicts changed so far (of those that are events)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "guard/reach.h"
#include "sizes.h"
#include "tool/v6guardd/watch/verdict_private.h"

#define FLIGHT_MAX 512
#define WORLD_MAX 16

struct flight {
	struct gp_addr addr;
	uint16_t port;
	long long due;
	enum verdict_probe result;
};

struct replay {
	const char *what;
	struct verdicts *v;
	struct gp_reach *map;
	long long now;
	struct flight asked[FLIGHT_MAX]; /* without a world: since the last check */
	size_t asked_count;
	struct flight flying[FLIGHT_MAX]; /* with one */
	size_t flying_count;
	struct {
		struct gp_prefix prefix;
		bool is_up, is_none;
	} world[WORLD_MAX];
	size_t world_count;
	unsigned probes, changes;
	struct gp_prefix onlink[4];
	size_t onlink_count;
};

static void on_publish(void *ctx, const struct gp_prefix *prefix, enum gp_verdict verdict,
		       long long expires_ms)
{
	struct replay *replay = ctx;

	assert_int_equal(gp_reach_set(replay->map, prefix, verdict, expires_ms), GP_OK);
}

static enum verdict_probe answer(const struct replay *replay, const struct gp_addr *addr)
{
	for (size_t i = replay->world_count; i-- > 0;)
		if (gp_prefix_match(&replay->world[i].prefix, addr)) {
			if (replay->world[i].is_none)
				return VERDICT_PROBE_NOTHING;
			return replay->world[i].is_up ? VERDICT_PROBE_OK
						      : VERDICT_PROBE_TIMEOUT;
		}
	return VERDICT_PROBE_TIMEOUT;
}

static void on_probe(void *ctx, const struct gp_addr *addr, uint16_t port)
{
	struct replay *replay = ctx;
	const enum verdict_probe result = answer(replay, addr);
	const struct flight flight = {
		*addr, port, replay->now + (result == VERDICT_PROBE_TIMEOUT ? 2500 : 100),
		result};

	replay->probes++;
	if (replay->asked_count < FLIGHT_MAX)
		replay->asked[replay->asked_count++] = flight;
	if (replay->world_count && replay->flying_count < FLIGHT_MAX)
		replay->flying[replay->flying_count++] = flight;
}

static void on_changed(void *ctx, const struct verdict_view *view)
{
	struct replay *replay = ctx;

	assert_true(view->was != view->verdict);
	replay->changes++;
}

/* ---- time ---- */

static struct flight *next_landing(struct replay *replay)
{
	struct flight *first = NULL;

	for (size_t i = 0; i < replay->flying_count; i++)
		if (!first || replay->flying[i].due < first->due)
			first = &replay->flying[i];
	return first;
}

static void run_to(struct replay *replay, long long target)
{
	for (unsigned rounds = 0; rounds < 1000000; rounds++) {
		const long long tick = verdicts_tick(replay->v, replay->now);
		struct flight *landing = next_landing(replay);
		long long next = tick < target ? tick : target;

		if (landing && landing->due <= next) {
			const struct flight done = *landing;
			*landing = replay->flying[--replay->flying_count];
			if (done.due > replay->now)
				replay->now = done.due;
			verdict_probed(replay->v, &done.addr, done.port, done.result, 20,
				       replay->now);
			continue;
		}
		if (tick <= replay->now && tick < target)
			fail_msg("%s: tick asks for the past", replay->what);
		replay->now = next;
		if (next == target)
			break;
	}
	verdicts_tick(replay->v, replay->now);
}

/* ---- words ---- */

static struct gp_addr address(const struct replay *replay, const char *text)
{
	struct gp_addr addr;

	if (gp_addr_parse(text, &addr) != GP_OK)
		fail_msg("%s: not an address: %s", replay->what, text);
	return addr;
}

static struct gp_prefix prefix_of(const struct replay *replay, const char *text)
{
	struct gp_prefix prefix;

	if (gp_prefix_parse(text, &prefix) != GP_OK)
		fail_msg("%s: not a prefix: %s", replay->what, text);
	return prefix;
}

#define WORDS 20

static void do_hint(struct replay *replay, char **word, size_t count, bool is_withheld)
{
	struct gp_addr addresses[WORDS];
	bool withheld[WORDS];

	for (size_t i = 0; i < count; i++) {
		addresses[i] = address(replay, word[i]);
		withheld[i] = is_withheld && addresses[i].family == AF_INET6;
	}
	verdict_hint(replay->v, addresses, withheld, count, 1000, replay->now);
}

static enum verdict_probe probe_word(const char *word)
{
	if (!strcmp(word, "ok"))
		return VERDICT_PROBE_OK;
	if (!strcmp(word, "timeout"))
		return VERDICT_PROBE_TIMEOUT;
	return !strcmp(word, "icmp") ? VERDICT_PROBE_ICMP : VERDICT_PROBE_NOTHING;
}

/* What was seen; false: it is another kind of line. */
static bool do_seen(struct replay *replay, char **word, size_t count)
{
	struct verdicts *v = replay->v;
	const long long now = replay->now;

	if (!strcmp(word[0], "hint") || !strcmp(word[0], "withheld")) {
		do_hint(replay, word + 1, count - 1, word[0][0] == 'w');
		return true;
	}
	if (count < 2 || !strchr(word[1], strchr(word[1], ':') ? ':' : '.') ||
	    strchr(word[1], '/') || word[1][0] == '[')
		return false;
	struct gp_addr addr;
	if (gp_addr_parse(word[1], &addr) != GP_OK)
		return false;
	if (!strcmp(word[0], "syn"))
		verdict_syn(v, &addr, 80, (unsigned)atoi(word[2]), now);
	else if (!strcmp(word[0], "failed"))
		verdict_failed(v, &addr, 80, now);
	else if (!strcmp(word[0], "unclear"))
		verdict_unclear(v, &addr, 80, now);
	else if (!strcmp(word[0], "stall"))
		verdict_stalled(v, &addr, 443, now);
	else if (!strcmp(word[0], "ok") || !strcmp(word[0], "data"))
		verdict_ok(v, &addr, word[0][0] == 'd', now);
	else if (!strcmp(word[0], "probed"))
		verdict_probed(v, &addr, 80, probe_word(word[2]),
			       count > 3 ? (uint32_t)atoi(word[3]) : 20, now);
	else
		return false;
	return true;
}

static bool do_world(struct replay *replay, char **word)
{
	enum gp_verdict verdict;
	struct gp_prefix prefix;

	if (!strcmp(word[0], "epoch")) {
		verdicts_new_epoch(replay->v, replay->now);
		return true;
	}
	if (!strcmp(word[0], "world")) {
		prefix = prefix_of(replay, word[1]);
		replay->world[replay->world_count].prefix = prefix;
		replay->world[replay->world_count].is_none = !strcmp(word[2], "none");
		replay->world[replay->world_count++].is_up = !strcmp(word[2], "up");
		assert_true(replay->world_count < WORLD_MAX);
	} else if (!strcmp(word[0], "onlink")) {
		replay->onlink[replay->onlink_count++] = prefix_of(replay, word[1]);
		verdicts_set_onlink(replay->v, replay->onlink, replay->onlink_count);
	} else if (!strcmp(word[0], "set")) {
		prefix = prefix_of(replay, word[1]);
		assert_int_equal(gp_verdict_parse(word[2], &verdict), GP_OK);
		assert_int_equal(verdict_set(replay->v, &prefix, verdict,
					     (uint32_t)atoi(word[3]) * 1000, replay->now),
				 GP_OK);
	} else if (!strcmp(word[0], "clear")) {
		prefix = prefix_of(replay, word[1]);
		verdict_clear(replay->v, &prefix, replay->now);
	} else {
		return false;
	}
	return true;
}

/* ---- checks ---- */

static const char *area_verdict(const struct replay *replay, const struct gp_prefix *want)
{
	const struct area *area =
		want->length ? area_find(replay->v, &want->addr) : &replay->v->internet;

	return gp_verdict_name(area ? (enum gp_verdict)area->verdict
				    : GP_VERDICT_UNKNOWN);
}

/* Takes it out, so that the next check is about the next probe. */
static bool was_asked(struct replay *replay, char *word)
{
	char *port = strrchr(word, '@');
	struct gp_addr addr;

	if (port)
		*port++ = '\0';
	addr = address(replay, word);
	for (size_t i = 0; i < replay->asked_count; i++)
		if (gp_addr_equal(&replay->asked[i].addr, &addr) &&
		    (!port || replay->asked[i].port == atoi(port))) {
			replay->asked[i] = replay->asked[--replay->asked_count];
			return true;
		}
	return false;
}

static const char *rescue_word(enum verdict_rescue rescue)
{
	static const char *const words[] = {"no", "broken", "retransmits"};

	return words[rescue];
}

static const char *evidence_of(const struct replay *replay, const char *text)
{
	const struct gp_addr addr = address(replay, text);
	const struct entry *entry = entry_find(replay->v, &addr);

	return verdict_evidence_name(entry ? (enum verdict_evidence)entry->evidence
					   : VERDICT_BY_NOTHING);
}

/* What the machine believes and what the map's readers see are one, but that the map
 * expires in whole seconds. */
static bool is_in_map(const struct replay *replay, const struct gp_addr *addr,
		      enum gp_verdict verdict)
{
	return gp_reach_verdict(replay->map, addr, replay->now) == verdict ||
	       gp_reach_verdict(replay->map, addr, replay->now - 1000) == verdict;
}

static const char *verdict_word(const struct replay *replay, const char *text)
{
	const struct gp_addr addr = address(replay, text);
	const enum gp_verdict verdict = verdict_of(replay->v, &addr, replay->now);

	if (!is_in_map(replay, &addr, verdict))
		return "another in the map than in the machine";
	return gp_verdict_name(verdict);
}

static void check_line(struct replay *replay, char **word, const char *line)
{
	const char *got = NULL, *want = word[2];
	struct gp_addr partner;

	if (!strcmp(word[0], "is")) {
		got = verdict_word(replay, word[1]);
	} else if (!strcmp(word[0], "area")) {
		const struct gp_prefix prefix = prefix_of(replay, word[1]);
		got = area_verdict(replay, &prefix);
	} else if (!strcmp(word[0], "by")) {
		got = evidence_of(replay, word[1]);
	} else if (!strcmp(word[0], "may")) {
		const struct gp_addr addr = address(replay, word[1]);
		got = rescue_word(verdict_may_rescue(replay->v, &addr,
						     (unsigned)atoi(word[2]), replay->now,
						     &partner));
		want = word[3];
	} else if (!strcmp(word[0], "asked")) {
		got = was_asked(replay, word[1]) ? "asked" : "not asked";
		want = "asked";
	} else if (!strcmp(word[0], "quiet")) {
		got = replay->asked_count ? "asked somebody" : "quiet";
		want = "quiet";
	} else if (!strcmp(word[0], "probes")) {
		got = replay->probes <= (unsigned)atoi(word[1]) ? "few" : "too many";
		want = "few";
	} else if (!strcmp(word[0], "changes")) {
		got = replay->changes == (unsigned)atoi(word[1]) ? "so many"
								 : "another number";
		want = "so many";
	} else {
		fail_msg("%s: what is this: %s", replay->what, line);
	}
	if (strcmp(got, want))
		fail_msg("%s: %s: got %s (%u probes, %u changes)", replay->what, line,
			 got, replay->probes, replay->changes);
}

static void do_line(struct replay *replay, const char *line)
{
	char copy[400], *word[WORDS] = {NULL}, *save = NULL;
	size_t count = 0;

	snprintf(copy, sizeof(copy), "%s", line);
	for (char *at = strtok_r(copy, " ", &save); at && count < WORDS;
	     at = strtok_r(NULL, " ", &save))
		word[count++] = at;
	run_to(replay, (long long)(atof(word[0]) * 1000 + 0.5));
	if (do_seen(replay, word + 1, count - 1) || do_world(replay, word + 1))
		return;
	check_line(replay, word + 1, line);
}

/* ---- the rules ---- */

struct rule_case {
	const char *what; /* the rule */
	const char *mode; /* "all": [probe] mode = all; "off"; "slow"; NULL: suspects */
	const char *lines[40];
};

/* A: an address in its own /32, with its partner. */
#define A6 "2001:db8:1::1"
#define A4 "198.51.100.1"
#define B6 "2001:dc8:2::1"
#define B4 "198.51.100.2"
#define C6 "2001:de8:3::1"
#define C4 "198.51.100.3"
/* Of A's /48: two more, one of them in another /64. */
#define A6_2 "2001:db8:1::2"
#define A6_3 "2001:db8:1:1::3"

static const struct rule_case rules[] = {
	{"SYN retransmits >= 2, and an IPv4 address of the same lookup answers",
	 NULL,
	 {"0 hint " A6 " " A4, "1.0 syn " A6 " 1", "1.0 is " A6 " unknown",
	  "1.0 asked " A4 "@80", "1.1 probed " A4 " ok", "2.0 syn " A6 " 2",
	  "2.0 is " A6 " broken", "2.0 by " A6 " retransmits", "2.0 changes 1"}},
	{"... whichever comes first",
	 NULL,
	 {"0 hint " A6 " " A4, "2 failed " A6, "2 is " A6 " unknown", "4 ok " A4,
	  "4 is " A6 " broken"}},
	{"one retransmit is plain loss",
	 NULL,
	 {"0 hint " A6 " " A4, "0 ok " A4, "1 syn " A6 " 1", "9 is " A6 " unknown"}},
	{"without an IPv4 success within 10 s it stays unknown",
	 NULL,
	 {"0 hint " A6 " " A4, "2 failed " A6, "12.1 ok " A4, "12.1 is " A6 " unknown",
	  "30 is " A6 " unknown"}},
	{"... and one 11 s ago is too old",
	 NULL,
	 {"0 hint " A6 " " A4, "0 ok " A4, "11 failed " A6, "11 is " A6 " unknown"}},
	{"the IPv4 address must be of the same lookup",
	 NULL,
	 {"0 hint " A6 " " A4, "0 hint " B6 " " B4, "2 failed " A6, "2 ok " B4,
	  "2 is " A6 " unknown"}},
	{"an address that was handed out alone is never broken, nor freed",
	 NULL,
	 {"0 hint " A6, "2 syn " A6 " 2", "2 failed " A6, "2 is " A6 " unknown",
	  "2 may " A6 " 6 no", "2 quiet"}},
	{"an address nobody was handed is never probed",
	 NULL,
	 {"0 syn " A6 " 3", "0 failed " A6, "0 unclear " A6, "9 quiet",
	  "9 is " A6 " unknown"}},
	{"ok on any port in the last 60 s forbids broken",
	 NULL,
	 {"0 hint " A6 " " A4, "0 ok " A6, "0 ok " A4, "59 ok " A4, "59 failed " A6,
	  "59 is " A6 " ok", "59 may " A6 " 2 no", "61 ok " A4, "61 failed " A6,
	  "61 is " A6 " broken"}},
	{"RST is ok: a probe that is refused",
	 NULL,
	 {"0 hint " A6 " " A4, "0 ok " A4, "0 unclear " A6, "0 asked " A6,
	  "0.1 probed " A6 " ok", "0.1 is " A6 " ok", "1 failed " A6, "1 is " A6 " ok"}},
	{"two failed attempts 1 s apart",
	 NULL,
	 {"0 hint " A6 " " A4, "0 unclear " A6, "0 asked " A6 "@80",
	  "2.5 probed " A6 " timeout", "3.4 is " A6 " unknown", "3.5 asked " A6,
	  "6 probed " A6 " timeout", "6 asked " A4, "6.1 probed " A4 " ok",
	  "6.1 is " A6 " broken", "6.1 by " A6 " probe"}},
	{"an ICMP error on two attempts",
	 NULL,
	 {"0 hint " A6 " " A4, "0 unclear " A6, "0.1 probed " A6 " icmp",
	  "0.1 is " A6 " unknown", "1.1 asked " A6, "1.2 probed " A6 " icmp",
	  "1.2 probed " A4 " ok", "1.2 is " A6 " broken", "1.2 by " A6 " icmp"}},
	{"server down on both families: no verdict",
	 NULL,
	 {"0 world ::/0 down", "0 world 0.0.0.0/0 down", "0 hint " A6 " " A4,
	  "1 syn " A6 " 1", "2 syn " A6 " 2", "8 syn " A6 " 4", "30 failed " A6,
	  "60 is " A6 " unknown", "60 may " A6 " 6 no"}},
	{"IPv4 broken and IPv6 fine: nothing",
	 NULL,
	 {"0 world 0.0.0.0/0 down", "0 world ::/0 up", "0 hint " A6 " " A4, "1 ok " A6,
	  "9 is " A6 " ok", "9 changes 0"}},
	{"a program that gives up early leaves a test behind, not a verdict",
	 NULL,
	 {"0 world ::/0 down", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4,
	  "0.2 unclear " A6, "0.3 is " A6 " unknown", "7 is " A6 " broken"}},
	{"probing off: nothing is sent, programs alone decide",
	 "off",
	 {"0 hint " A6 " " A4, "0 withheld " B6 " " B4, "1 unclear " A6, "2 syn " A6 " 2",
	  "2 is " A6 " unknown", "3 ok " A4, "3 is " A6 " broken", "33 is " A6 " unknown",
	  "40 quiet"}},

	/* Path MTU. */
	{"a stalled connection: no data acknowledged after 3 retransmits",
	 NULL,
	 {"0 hint " A6 " " A4, "0.1 ok " A6, "0.1 ok " A4, "1.5 stall " A6,
	  "1.5 is " A6 " broken", "1.5 by " A6 " stall"}},
	{"... is not cleared by a handshake or a probe, and not probed",
	 NULL,
	 {"0 hint " A6 " " A4, "0.1 ok " A4, "1.5 stall " A6, "2 ok " A6,
	  "3 probed " A6 " ok", "29 is " A6 " broken", "29 quiet", "29 changes 1"}},
	{"... but by acknowledged data",
	 NULL,
	 {"0 hint " A6 " " A4, "0.1 ok " A4, "1.5 stall " A6, "5 data " A6,
	  "5 is " A6 " ok"}},
	{"... or by expiry, and the next time it lasts twice as long",
	 NULL,
	 {"0 hint " A6 " " A4, "0 ok " A4, "1 stall " A6, "31.1 is " A6 " unknown",
	  "31.1 changes 2", "32 ok " A4, "32 stall " A6, "62 is " A6 " broken",
	  "91 is " A6 " broken", "93 is " A6 " unknown"}},
	{"... and data that was acknowledged in the last 60 s forbids it",
	 NULL,
	 {"0 hint " A6 " " A4, "0 ok " A4, "0 data " A6, "9 stall " A6,
	  "9 is " A6 " ok"}},

	/* Re-tests. */
	{"first re-test after broken-ttl, doubling up to broken-ttl-max",
	 NULL,
	 {"0 hint " A6 " " A4, "0 ok " A4, "0 failed " A6, "0 quiet", "26 quiet",
	  "34 asked " A6, "34 probed " A6 " timeout", "34 quiet"}},
	{"",
	 NULL,
	 {"0 world ::/0 down", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4, "0 ok " A4,
	  "0 failed " A6, "3600 is " A6 " broken", "3600 probes 13", "3600 changes 1"}},
	{"an attempt from before the verdict is no re-test",
	 NULL,
	 {"0 hint " A6 " " A4, "1 syn " A6 " 1", "1 asked " A6, "1 asked " A4,
	  "1.1 probed " A4 " ok", "2 syn " A6 " 2", "3.5 probed " A6 " timeout",
	  "25 quiet", "37 asked " A6}},
	{"a re-test that answers heals",
	 NULL,
	 {"0 world ::/0 down", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4, "0 ok " A4,
	  "0 failed " A6, "10 world ::/0 up", "34 is " A6 " ok"}},
	{"a re-test that cannot be made says nothing",
	 NULL,
	 {"0 hint " A6 " " A4, "0 ok " A4, "0 failed " A6, "34 asked " A6,
	  "34 probed " A6 " nothing", "60 is " A6 " broken"}},

	/* Prefixes. */
	{"a /48: 3 broken addresses under 2 /64",
	 NULL,
	 {"0 hint " A6 " " A4, "0 hint " A6_2 " " A4, "0 hint " A6_3 " " A4, "0 ok " A4,
	  "1 failed " A6, "1 failed " A6_2, "1 area 2001:db8:1::/48 unknown",
	  "1 failed " A6_3, "1 area 2001:db8:1::/48 broken",
	  "1 is 2001:db8:1:77::9 broken", "1 is 2001:db8:2::1 unknown"}},
	{"... not 3 under one /64",
	 NULL,
	 {"0 hint " A6 " " A4, "0 hint " A6_2 " " A4, "0 hint 2001:db8:1::3 " A4,
	  "0 ok " A4, "1 failed " A6, "1 failed " A6_2, "1 failed 2001:db8:1::3",
	  "1 area 2001:db8:1::/48 unknown"}},
	{"... and not with an ok within ok-ttl",
	 NULL,
	 {"0 hint " A6 " " A4, "0 hint " A6_2 " " A4, "0 hint " A6_3 " " A4,
	  "0 ok 2001:db8:1:5::5", "99 ok " A4, "99 failed " A6, "99 failed " A6_2,
	  "99 failed " A6_3, "99 area 2001:db8:1::/48 unknown"}},
	{"an ok inside wins over a broken around it",
	 NULL,
	 {"0 set 2001:db8:1::/48 broken 100", "0 set " A6 " ok 100", "1 is " A6 " ok",
	  "1 is " A6_2 " broken"}},
	{"an ok in a broken /48 clears it",
	 NULL,
	 {"0 hint " A6 " " A4, "0 hint " A6_2 " " A4, "0 hint " A6_3 " " A4, "0 ok " A4,
	  "1 failed " A6, "1 failed " A6_2, "1 failed " A6_3, "2 ok 2001:db8:1:9::9",
	  "2 area 2001:db8:1::/48 unknown", "2 is 2001:db8:1:77::9 unknown",
	  "2 is " A6 " broken", "3 asked " A6, "3 asked " A6_2, "3 asked " A6_3}},
	{"::/0: broken under 3 different /32 and nothing ok since",
	 NULL,
	 {"0 hint " A6 " " A4, "0 hint " B6 " " A4, "0 hint " C6 " " A4, "0 ok " A4,
	  "1 failed " A6, "1 failed " B6, "1 area ::/0 unknown", "1 failed " C6,
	  "1 area ::/0 broken", "1 is 2a00::1 broken", "1 is fd00::1 unknown",
	  "1 is 64:ff9b::102:304 unknown"}},
	{"... something ok since",
	 NULL,
	 {"0 hint " A6 " " A4, "0 hint " B6 " " A4, "0 hint " C6 " " A4, "0 ok " A4,
	  "1 failed " A6, "1 failed " B6, "2 ok 2a00::7", "3 ok " A4, "3 failed " C6,
	  "3 area ::/0 unknown"}},
	{"on-link addresses say nothing of ::/0",
	 NULL,
	 {"0 onlink 2001:db8:1::/64", "0 hint " A6 " " A4, "0 hint " B6 " " A4,
	  "0 hint " C6 " " A4, "0 ok " A4, "1 failed " A6, "1 failed " B6, "1 failed " C6,
	  "1 area ::/0 unknown"}},
	{"... and an ok on the link does not clear it",
	 NULL,
	 {"0 onlink 2001:db9::/64", "0 hint " A6 " " A4, "0 hint " B6 " " A4,
	  "0 hint " C6 " " A4, "0 ok " A4, "1 failed " A6, "1 failed " B6, "1 failed " C6,
	  "2 ok 2001:db9::5", "2 area ::/0 broken", "2 is 2001:db9::5 ok"}},
	{"one probe each 15 to 20 s while ::/0 is broken, however long",
	 NULL,
	 {"0 world ::/0 down", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4,
	  "0 hint " B6 " " A4, "0 hint " C6 " " A4, "0 ok " A4, "1 failed " A6,
	  "1 failed " B6, "1 failed " C6, "601 area ::/0 broken", "601 probes 41",
	  "86400 area ::/0 broken", "86400 probes 5760", "86400 changes 4"}},
	{"... its first success clears ::/0 and re-tests the rest",
	 NULL,
	 {"0 world ::/0 down", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4,
	  "0 hint " B6 " " A4, "0 hint " C6 " " A4, "0 ok " A4, "1 failed " A6,
	  "1 failed " B6, "1 failed " C6, "300 world ::/0 up", "321 area ::/0 unknown",
	  "322 is " A6 " ok", "322 is " B6 " ok", "322 is " C6 " ok"}},
	{"a partial recovery: what answers is ok, the rest is broken again",
	 NULL,
	 {"0 world ::/0 down", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4,
	  "0 hint " B6 " " A4, "0 hint " C6 " " A4, "0 hint 2a00::1 " A4, "0 ok " A4,
	  "1 failed " A6, "1 failed " B6, "1 failed " C6, "1 failed 2a00::1",
	  "300 world 2001:db8:1::/48 up", "400 is " A6 " ok", "400 area ::/0 broken",
	  "400 is " B6 " broken", "400 is 2a01::1 broken", "5000 is " B6 " broken"}},

	/* What must end. */
	{"re-tests that can never be made: the verdict runs out",
	 NULL,
	 {"0 world ::/0 none", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4, "0 ok " A4,
	  "0 failed " A6, "60 is " A6 " broken", "600 is " A6 " unknown",
	  "600 probes 5"}},
	{"... that of ::/0 as well",
	 NULL,
	 {"0 world ::/0 none", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4,
	  "0 hint " B6 " " A4, "0 hint " C6 " " A4, "0 ok " A4, "1 failed " A6,
	  "1 failed " B6, "1 failed " C6, "40 area ::/0 broken", "140 area ::/0 unknown",
	  "2000 is " A6 " unknown", "2000 is 2a00::1 unknown"}},
	{"::/0 is not broken when nobody is left who could show that it heals",
	 NULL,
	 {"0 world ::/0 down", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4,
	  "0 hint " B6 " " A4, "0 hint " C6 " " A4, "0 ok " A4, "1 failed " A6,
	  "1 failed " B6, "1 failed " C6, "2 clear 2001:db8:1::/48",
	  "2 clear 2001:dc8:2::/48", "2 clear 2001:de8:3::/48", "2 area ::/0 broken",
	  "700 area ::/0 unknown", "700 is 2a00::1 unknown"}},
	{"a broken destination that nobody asks for is forgotten after 2 h",
	 NULL,
	 {"0 world ::/0 down", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4, "0 ok " A4,
	  "0 failed " A6, "7200 is " A6 " broken", "8000 is " A6 " unknown",
	  "86400 probes 20"}},
	{"while ::/0 is broken no address is tested but by its beat",
	 NULL,
	 {"0 hint " A6 " " A4, "0 hint " B6 " " A4, "0 hint " C6 " " A4, "0 ok " A4,
	  "1 failed " A6, "1 failed " B6, "1 failed " C6, "1 area ::/0 broken",
	  "2 hint 2a00::1 " A4, "3 ok " A4, "3 unclear 2a00::1", "4 syn 2a00::1 1",
	  "5 quiet"}},
	{"... also one that nothing was known of: once a beat, not twice",
	 NULL,
	 {"0 world ::/0 down", "0 world 0.0.0.0/0 up", "0 hint " A6 " " A4,
	  "0 hint " B6 " " A4, "0 hint " C6 " " A4, "0 ok " A4, "1 failed " A6,
	  "1 failed " B6, "1 failed " C6, "2 hint 2a00::1 " A4, "2 hint 2a00::2 " A4,
	  "2 hint 2a00::3 " A4, "2 hint 2a00::4 " A4, "600 area ::/0 broken",
	  "600 probes 40"}},
	{"pins are no evidence for the prefix around them",
	 NULL,
	 {"0 set " A6 " broken 100", "0 set " A6_2 " broken 100", "0 hint " A6_3 " " A4,
	  "0 ok " A4, "1 failed " A6_3, "1 is " A6_3 " broken",
	  "1 area 2001:db8:1::/48 unknown"}},
	{"... nor do they hide that it works",
	 NULL,
	 {"0 hint " A6 " " A4, "0 hint " B6 " " A4, "0 hint " C6 " " A4, "0 ok " A4,
	  "1 failed " A6, "1 failed " B6, "1 failed " C6, "2 set " A6 " broken 9999",
	  "3 ok " A6, "3 is " A6 " broken", "3 area ::/0 unknown"}},

	/* Distrust and mode = all. */
	{"withheld addresses are tested on ports, with their partner",
	 NULL,
	 {"0 withheld " A6 " " A4, "0 asked " A6 "@443", "0.1 probed " A6 " ok",
	  "0.1 is " A6 " ok"}},
	{"... every port has to fail",
	 NULL,
	 {"0 withheld " A6 " " A4, "2.5 probed " A6 " timeout", "3.5 asked " A6 "@80",
	  "6 probed " A6 " timeout", "6 asked " A4, "6.1 probed " A4 " ok",
	  "6.1 is " A6 " broken"}},
	{"... and are kept tested while they are asked for",
	 NULL,
	 {"0 world ::/0 up", "0 withheld " A6 " " A4, "300 hint " A6 " " A4,
	  "599 is " A6 " ok", "700 hint " A6 " " A4, "1100 is " A6 " ok", "1100 probes 4",
	  "9000 is " A6 " unknown", "9000 probes 5"}},
	{"hinted addresses are not tested in mode suspects",
	 NULL,
	 {"0 hint " A6 " " A4, "100 quiet"}},
	{"... but in mode all", "all", {"0 hint " A6 " " A4, "0 asked " A6 "@443"}},
	{"slow: later than IPv4 by more than slow-threshold",
	 "slow",
	 {"0 hint " A6 " " A4, "0 unclear " A6, "0.3 probed " A4 " ok 20",
	  "0.3 probed " A6 " ok 230", "0.3 is " A6 " slow", "5 probed " A6 " ok 40",
	  "5 is " A6 " ok"}},

	/* Rescue. */
	{"rescue: broken, or 2 retransmits while IPv4 answers and nothing ok for 60 s",
	 NULL,
	 {"0 hint " A6 " " A4, "0 may " A6 " 2 no", "1 ok " A4, "2 may " A6 " 1 no",
	  "2 may " A6 " 2 retransmits", "12 may " A6 " 2 no", "12 ok " A4,
	  "12 failed " A6, "12 may " A6 " 0 broken"}},

	/* Epochs and the operator. */
	{"verdicts of an older epoch are void, pairs stay",
	 NULL,
	 {"0 hint " A6 " " A4, "0 ok " A4, "0 failed " A6, "1 epoch",
	  "1 is " A6 " unknown", "2 ok " A4, "2 failed " A6, "2 is " A6 " broken"}},
	{"the operator's word stands against evidence, until it expires",
	 NULL,
	 {"0 hint " A6 " " A4, "0 set " A6 " broken 60", "1 ok " A6, "1 is " A6 " broken",
	  "2 set " B6 " ok 60", "2 hint " B6 " " B4, "2 ok " B4, "2 failed " B6,
	  "2 is " B6 " ok", "61 is " A6 " unknown"}},
	{"clear forgets a prefix and all inside it",
	 NULL,
	 {"0 set ::/0 broken 60", "0 set " A6 " broken 60", "0 set " B6 " broken 60",
	  "1 clear 2001:db8:1::/48", "1 is " A6 " broken", "1 clear ::/0",
	  "1 is " A6 " unknown", "1 is " B6 " unknown"}},
};

static struct verdict_rules rules_of(const struct rule_case *rule)
{
	struct verdict_rules out = {
		.probes = true,
		.ok_ttl_ms = 600000,
		.broken_ttl_ms = 30000,
		.broken_ttl_max_ms = 600000,
		.port_count = 2,
		.ports = {443, 80},
	};

	if (rule->mode && !strcmp(rule->mode, "all"))
		out.probe_all = true;
	if (rule->mode && !strcmp(rule->mode, "off"))
		out.probes = false;
	if (rule->mode && !strcmp(rule->mode, "slow"))
		out.slow_threshold_ms = 100;
	return out;
}

static struct replay *replay_new(const struct verdict_rules *with, const char *what,
				 uint32_t seed)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	const struct verdict_ops ops = {replay, on_publish, on_probe, on_changed};
	void *memory = aligned_alloc(64, (gp_reach_size() + 63) / 64 * 64);

	assert_non_null(replay);
	assert_non_null(memory);
	replay->what = what;
	replay->map = gp_reach_format(memory);
	replay->v = verdicts_new(with, &ops, seed);
	assert_non_null(replay->v);
	return replay;
}

static void replay_free(struct replay *replay)
{
	verdicts_free(replay->v);
	free(replay->map);
	free(replay);
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		/* Jitter must not matter. */
		for (uint32_t seed = 1; seed <= 3; seed++) {
			const struct verdict_rules with = rules_of(&rules[i]);
			struct replay *replay = replay_new(&with, rules[i].what, seed);
			for (const char *const *line = rules[i].lines; *line; line++)
				do_line(replay, *line);
			replay_free(replay);
		}
	}
}

/* 20 % loss, a connection each 10 s counted from the first success: SYNs are lost, also
 * three in a row, and nothing is ever called broken or freed (DESIGN 6; `ok` in 60 s). */
static void test_loss(void **state)
{
	const struct rule_case suspects = {.what = "20 % loss"};
	const struct verdict_rules with = rules_of(&suspects);
	const unsigned connections = (unsigned)sized(60, 20000);
	const struct gp_addr addr6 =
		gp_addr_make(AF_INET6, "\x20\1\xd\xb8\0\1\0\0\0\0\0\0\0\0\0\1", 0);
	const struct gp_addr addr4 = gp_addr_make(AF_INET, "\xc6\x33\x64\1", 0);
	const struct gp_addr both[] = {addr6, addr4};
	const bool withheld[] = {false, false};
	struct replay *replay = replay_new(&with, "20 % loss", 7);
	struct gp_addr partner;

	(void)state;
	srand(4711);
	replay->world[replay->world_count++].is_up = true;
	replay->world[0].prefix = (struct gp_prefix){.addr.family = AF_INET6};
	verdict_ok(replay->v, &addr6, true, replay->now);
	for (unsigned i = 0; i < connections; i++) {
		unsigned retransmits = 0;
		run_to(replay, replay->now + 5000);
		verdict_hint(replay->v, both, withheld, 2, 0, replay->now);
		verdict_ok(replay->v, &addr4, true, replay->now);
		while (rand() % 100 < 36 && retransmits < 4) {
			run_to(replay, replay->now + 1000);
			verdict_syn(replay->v, &addr6, 443, ++retransmits, replay->now);
			assert_int_equal(verdict_may_rescue(replay->v, &addr6,
							    retransmits, replay->now,
							    &partner),
					 VERDICT_RESCUE_NO);
		}
		verdict_ok(replay->v, &addr6, true, replay->now);
		assert_int_equal(verdict_of(replay->v, &addr6, replay->now),
				 GP_VERDICT_OK);
	}
	assert_int_equal(replay->changes, 0);
	replay_free(replay);
}

/* Any events in any order: the table stays whole, the map says what the machine says,
 * time goes on, and no more than it asks for is ever sent. */
static void test_random(void **state)
{
	const struct rule_case all = {.what = "random events", .mode = "all"};
	const struct verdict_rules with = rules_of(&all);
	struct replay *replay = replay_new(&with, "random events", 11);
	const long steps = sized(20000, 1000000);

	(void)state;
	srand(99);
	for (long i = 0; i < steps; i++) {
		uint8_t bytes[16] = {0x20, 1, (uint8_t)(rand() % 4),
				     0,    0, (uint8_t)(rand() % 6)};
		const struct gp_addr addr4 =
			gp_addr_make(AF_INET, (uint8_t[4]){9, 9, 9, (uint8_t)rand()}, 0);
		bytes[7] = (uint8_t)(rand() % 3);
		bytes[15] = (uint8_t)(rand() % 200);
		bytes[14] = (uint8_t)(rand() % 8);
		const struct gp_addr addr = gp_addr_make(AF_INET6, bytes, 0);
		const struct gp_addr both[] = {addr, addr4};
		const bool withheld[] = {rand() % 2, false};
		replay->now += rand() % 400;
		switch (rand() % 9) {
		case 0:
		case 1:
			verdict_hint(replay->v, both, withheld, 2, (uint32_t)(rand() % 3),
				     replay->now);
			break;
		case 2:
			verdict_syn(replay->v, &addr, 80, (unsigned)(rand() % 4),
				    replay->now);
			break;
		case 3:
			verdict_failed(replay->v, &addr, 80, replay->now);
			break;
		case 4:
			verdict_ok(replay->v, rand() % 8 ? &addr4 : &addr, rand() % 2,
				   replay->now);
			break;
		case 5:
			verdict_stalled(replay->v, &addr, 80, replay->now);
			break;
		case 6:
			verdict_probed(replay->v, rand() % 2 ? &addr : &addr4, 80,
				       (enum verdict_probe)(rand() % 4), 10, replay->now);
			break;
		case 7:
			if (rand() % 2000 == 0)
				verdicts_new_epoch(replay->v, replay->now);
			break;
		default:
			assert_true(verdicts_tick(replay->v, replay->now) > replay->now);
		}
		assert_true(is_in_map(replay, &addr,
				      verdict_of(replay->v, &addr, replay->now)));
	}
	replay_free(replay);
}

/* A user who floods hints gets a quarter of the room; what others said stays. */
static void test_flood(void **state)
{
	const struct rule_case suspects = {.what = "flood"};
	const struct verdict_rules with = rules_of(&suspects);
	struct replay *replay = replay_new(&with, "flood", 5);
	struct gp_addr both[2] = {
		gp_addr_make(AF_INET6, "\x20\1\xd\xb8\0\1\0\0\0\0\0\0\0\0\0\1", 0),
		gp_addr_make(AF_INET, "\xc6\x33\x64\1", 0)};
	const bool withheld[2] = {false, false};
	struct gp_addr partners[VERDICT_PARTNERS];
	struct gp_addr ours = both[0];

	(void)state;
	verdict_hint(replay->v, both, withheld, 2, 1, 0);
	for (uint32_t i = 1; i < 20000; i++) {
		memcpy(both[0].bytes + 8, &i, sizeof(i));
		memcpy(both[1].bytes, &i, sizeof(i));
		both[1].bytes[0] = 9;
		verdict_hint(replay->v, both, withheld, 2, 1000, i);
	}
	assert_true(replay->v->used_to <= ENTRY_PER_UID + 4);
	assert_int_equal(verdict_partners(replay->v, &ours, partners), 1);
	assert_int_equal(verdict_partners(replay->v, &both[0], partners), 1);
	assert_int_equal(replay->probes, 0);
	replay_free(replay);
}

/* With no room left for one more address, its ok still counts for all around it; and what
 * nobody asked for in hours makes room. */
static void test_full(void **state)
{
	const struct rule_case suspects = {.what = "full of broken addresses"};
	struct verdict_rules with = rules_of(&suspects);
	struct replay *replay = replay_new(&with, suspects.what, 5);
	const struct gp_addr partner = gp_addr_make(AF_INET, "\xc6\x33\x64\1", 0);
	const struct gp_addr other =
		gp_addr_make(AF_INET6, "\x2a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 0);
	struct gp_addr both[2] = {
		gp_addr_make(AF_INET6, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 0),
		partner};
	const bool withheld[2] = {false, false};

	(void)state;
	for (uint32_t i = 0; i < ENTRY_MAX + 100; i++) {
		memcpy(both[0].bytes + 2, &i, 3);
		verdict_hint(replay->v, both, withheld, 2, UID_NONE, 0);
		verdict_ok(replay->v, &partner, false, 0);
		verdict_failed(replay->v, &both[0], 80, 0);
	}
	assert_int_equal(replay->v->internet.verdict, GP_VERDICT_BROKEN);
	verdict_ok(replay->v, &other, true, 1);
	assert_null(entry_find(replay->v, &other));
	assert_int_equal(replay->v->internet.verdict, GP_VERDICT_UNKNOWN);
	verdict_ok(replay->v, &other, true, UNUSED_AFTER + 2);
	assert_non_null(entry_find(replay->v, &other));
	replay_free(replay);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),  cmocka_unit_test(test_loss),
		cmocka_unit_test(test_random), cmocka_unit_test(test_flood),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
