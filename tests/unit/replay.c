/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"

static void on_publish(void *ctx, const struct gp_prefix *prefix, enum gp_verdict verdict,
		       long long expires_ms)
{
	struct replay *replay = ctx;

	assert_int_equal(gp_reach_set(replay->map, prefix, verdict, expires_ms), GP_OK);
}

static enum verdict_probe answer(const struct replay *replay, const struct gp_addr *addr,
				 uint16_t port)
{
	for (size_t i = replay->world_count; i-- > 0;)
		if ((!replay->world[i].port || replay->world[i].port == port) &&
		    gp_prefix_match(&replay->world[i].prefix, addr)) {
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
	const enum verdict_probe result = answer(replay, addr, port);
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

static size_t on_peers(void *ctx, struct verdict_peer *out, size_t max, uint32_t within)
{
	const struct replay *replay = ctx;
	size_t count = 0;

	for (size_t i = 0; i < replay->flow_count && count < max; i++) {
		const long long last = replay->flows[i].last_ms;
		const long long quiet = last == LLONG_MAX ? 0 : replay->now - last;
		if (quiet <= within)
			out[count++] = (struct verdict_peer){replay->flows[i].addr, 80,
							     1000, (uint32_t)quiet};
	}
	return count;
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

void run_to(struct replay *replay, long long target)
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
	verdict_hint(replay->v, addresses, withheld, count,
		     !strcmp(word[-1], "root")       ? 0
		     : !strcmp(word[-1], "stranger") ? 2000
						     : 1000,
		     replay->now);
}

static enum verdict_probe probe_word(const char *word)
{
	if (!strcmp(word, "ok"))
		return VERDICT_PROBE_OK;
	if (!strcmp(word, "timeout"))
		return VERDICT_PROBE_TIMEOUT;
	return !strcmp(word, "icmp") ? VERDICT_PROBE_ICMP : VERDICT_PROBE_NOTHING;
}

static uint32_t seconds(const char *word)
{
	return (uint32_t)(atof(word) * 1000 + 0.5);
}

static struct verdict_waiting waiting(const char *retransmits, const char *quiet)
{
	const unsigned count = (unsigned)atoi(retransmits);
	const uint32_t quiet_ms = quiet ? seconds(quiet) : ANSWER_TAKES;

	return (struct verdict_waiting){count, quiet_ms, quiet_ms + count * 1000, 1000};
}

static void do_syn(struct replay *replay, const struct gp_addr *addr, uint16_t port,
		   char **word, size_t count)
{
	const struct verdict_waiting syn = waiting(word[2], count > 3 ? word[3] : NULL);

	verdict_syn(replay->v, addr, port, &syn, replay->now);
}

/* A dump each 250 ms shows it. */
static void do_trying(struct replay *replay, const struct gp_addr *addr,
		      const char *until)
{
	const long long end = seconds(until);

	for (uint32_t begun = 0; replay->now < end; begun = (begun + 250) % 5000) {
		const struct verdict_waiting syn = {begun / 1000, begun % 1000, begun,
						    1000};

		verdict_syn(replay->v, addr, 80, &syn, replay->now);
		run_to(replay, replay->now + 250);
	}
}

static void do_ok(struct verdicts *v, const struct gp_addr *addr, uint16_t port,
		  const char *word, long long now)
{
	const struct verdict_connection connection = {
		.port = port,
		.uid = word[0] == 'r' ? 0 : VERDICT_UID_UNKNOWN,
		.data = word[0] == 'd' || word[0] == 'l',
		.large = word[0] == 'l',
		.waits = word[0] == 'w',
	};

	verdict_ok(v, addr, &connection, now);
}

static void do_flow(struct replay *replay, const struct gp_addr *addr, const char *ago)
{
	assert_true(replay->flow_count <
		    sizeof(replay->flows) / sizeof(replay->flows[0]));
	replay->flows[replay->flow_count].addr = *addr;
	replay->flows[replay->flow_count++].last_ms =
		atof(ago) == 0 ? LLONG_MAX : replay->now - seconds(ago);
}

static void do_anchor(struct replay *replay, const struct gp_addr *addr)
{
	replay->anchors[replay->anchor_count++] = (struct verdict_peer){*addr, 80, 0, 0};
	verdicts_set_anchors(replay->v, replay->anchors, replay->anchor_count);
}

/* "ADDR@PORT" loses its port. */
static uint16_t take_port(char *word, uint16_t otherwise)
{
	char *at = strrchr(word, '@');

	if (!at)
		return otherwise;
	*at = '\0';
	return (uint16_t)atoi(at + 1);
}

/* Lines about what follows, as against what was seen. */
static bool is_check(const char *word)
{
	return !strcmp(word, "is") || !strcmp(word, "may") || !strcmp(word, "by") ||
	       !strcmp(word, "asked");
}

/* What was seen; false: it is another kind of line. */
static bool do_seen(struct replay *replay, char **word, size_t count)
{
	struct verdicts *v = replay->v;
	const long long now = replay->now;

	if (!strcmp(word[0], "hint") || !strcmp(word[0], "withheld") ||
	    !strcmp(word[0], "stranger") || !strcmp(word[0], "root")) {
		do_hint(replay, word + 1, count - 1, word[0][0] == 'w');
		return true;
	}
	if (count < 2 || !strchr(word[1], strchr(word[1], ':') ? ':' : '.') ||
	    strchr(word[1], '/') || word[1][0] == '[')
		return false;
	struct gp_addr addr;
	uint16_t port;
	if (is_check(word[0]))
		return false;
	port = take_port(word[1], 80);
	if (gp_addr_parse(word[1], &addr) != GP_OK)
		return false;
	if (!strcmp(word[0], "syn"))
		do_syn(replay, &addr, port, word, count);
	else if (!strcmp(word[0], "trying"))
		do_trying(replay, &addr, word[2]);
	else if (!strcmp(word[0], "failed"))
		verdict_failed(v, &addr, port, seconds(count > 2 ? word[2] : "0"), now);
	else if (!strcmp(word[0], "unclear"))
		verdict_unclear(v, &addr, port, now);
	else if (!strncmp(word[0], "stall", 5))
		verdict_stalled(v, &addr, port, word[0][5] == 'i', now);
	else if (!strcmp(word[0], "ok") || !strcmp(word[0], "data") ||
		 !strcmp(word[0], "large") || !strcmp(word[0], "waits") ||
		 !strcmp(word[0], "rootok"))
		do_ok(v, &addr, port, word[0], now);
	else if (!strcmp(word[0], "flow"))
		do_flow(replay, &addr, word[2]);
	else if (!strcmp(word[0], "anchor"))
		do_anchor(replay, &addr);
	else if (!strcmp(word[0], "probed"))
		verdict_probed(v, &addr, port, probe_word(word[2]),
			       count > 3 ? (uint32_t)atoi(word[3]) : 20, now);
	else
		return false;
	return true;
}

static void write_host(struct replay *replay)
{
	struct gp_reach_host host = {.expires_ms = replay->now + 1000000000,
				     .nat64_active = replay->nat64.length,
				     .nat64_count = replay->nat64.length ? 1 : 0,
				     .onlink_count = (uint32_t)replay->onlink_count};

	host.nat64[0].prefix = replay->nat64;
	memcpy(host.onlink, replay->onlink, sizeof(host.onlink));
	gp_reach_set_host(replay->map, &host);
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
		replay->world[replay->world_count].port = take_port(word[1], 0);
		prefix = prefix_of(replay, word[1]);
		replay->world[replay->world_count].prefix = prefix;
		replay->world[replay->world_count].is_none = !strcmp(word[2], "none");
		replay->world[replay->world_count++].is_up = !strcmp(word[2], "up");
		assert_true(replay->world_count < WORLD_MAX);
	} else if (!strcmp(word[0], "onlink")) {
		replay->onlink[replay->onlink_count++] = prefix_of(replay, word[1]);
		verdicts_set_onlink(replay->v, replay->onlink, replay->onlink_count);
		write_host(replay);
	} else if (!strcmp(word[0], "nat64")) {
		replay->nat64 = prefix_of(replay, word[1]);
		verdicts_set_nat64(replay->v, &replay->nat64, 1);
		write_host(replay);
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
bool is_in_map(const struct replay *replay, const struct gp_addr *addr,
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
		const uint16_t port = take_port(word[1], 80);
		const struct gp_addr addr = address(replay, word[1]);
		const struct verdict_waiting syn = waiting(word[2], word[4]);
		got = rescue_word(verdict_may_rescue(replay->v, &addr, port, &syn,
						     replay->now, &partner));
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

void do_line(struct replay *replay, const char *line)
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

struct verdict_rules replay_rules(const char *mode)
{
	struct verdict_rules out = {
		.probes = true,
		.ok_ttl_ms = 600000,
		.broken_ttl_ms = 30000,
		.broken_ttl_max_ms = 600000,
		.distrust = true,
		.system_uid_max = 999,
		.port_count = 2,
		.ports = {443, 80},
	};

	if (mode && !strcmp(mode, "all"))
		out.probe_all = true;
	if (mode && !strcmp(mode, "off"))
		out.probes = false;
	if (mode && !strcmp(mode, "slow"))
		out.slow_threshold_ms = 100;
	return out;
}

struct replay *replay_new(const char *mode, const char *what, uint32_t seed)
{
	const struct verdict_rules with = replay_rules(mode);
	struct replay *replay = calloc(1, sizeof(*replay));
	const struct verdict_ops ops = {replay, on_publish, on_probe, on_changed,
					on_peers};
	void *memory = aligned_alloc(64, (gp_reach_size() + 63) / 64 * 64);

	assert_non_null(replay);
	assert_non_null(memory);
	replay->what = what;
	replay->map = gp_reach_format(memory);
	replay->v = verdicts_new(&with, &ops, seed);
	assert_non_null(replay->v);
	return replay;
}

void replay_free(struct replay *replay)
{
	verdicts_free(replay->v);
	free(replay->map);
	free(replay);
}

void play_rules(const struct rule_case *rules, size_t count)
{
	unsigned lines = 0;

	for (size_t i = 0; i < count; i++)
		for (uint32_t seed = 1; seed <= 3; seed++) {
			struct replay *replay =
				replay_new(rules[i].mode, rules[i].what, seed);
			for (const char *const *line = rules[i].lines; *line;
			     line++, lines++)
				do_line(replay, *line);
			replay_free(replay);
		}
	assert_true(lines > count);
}
