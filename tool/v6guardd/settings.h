/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings.h - what v6guardd takes from v6guard.conf(5), as plain data: the steward reads
 * the files and hands this to the worker as bytes (guard/records.h).
 */
#ifndef TOOL_V6GUARDD_SETTINGS_H
#define TOOL_V6GUARDD_SETTINGS_H

#include "dns/dns_config.h"
#include "watch/verdict.h"

#define SETTINGS_PORTS VERDICT_PORTS
#define SETTINGS_ANCHORS VERDICT_ANCHORS
#define SETTINGS_EXCLUDED 1000
/** Most bytes of them: above all lists at their longest, but for names of full length. */
#define SETTINGS_SIZE (4U << 20)

enum probe_mode { PROBE_OFF, PROBE_SUSPECTS, PROBE_ALL };

/** Kinds of events, bits of log_events; words of [log] events. */
enum event_kind {
	EVENT_VERDICT,
	EVENT_EPOCH,
	EVENT_NAT64,
	EVENT_RELOAD,
	EVENT_DOOR,
	EVENT_RESCUE,
	EVENT_UPSTREAM,
	EVENT_EACH, /* from here on: of single lookups, which `changes` leaves out */
	EVENT_SYNTHESIZED = EVENT_EACH,
	EVENT_STRIPPED,
	EVENT_BLOCKED,
	EVENT_STALE,
	EVENT_BOGUS,
	EVENT_LATE,
	EVENT_REBIND,
	EVENT_KINDS
};

struct settings_anchor {
	struct gp_addr addr;
	uint16_t port;
};

/** Times in milliseconds. Lists and texts are of its pool, and never changed. */
struct settings {
	uint32_t probe_mode;        /* enum probe_mode */
	uint32_t slow_threshold_ms; /* 0: never slow */
	uint32_t ok_ttl_ms, broken_ttl_ms, broken_ttl_max_ms;
	uint32_t max_rate; /* probes a second, 1..1000 */
	uint32_t port_count;
	const uint16_t *ports;
	uint32_t anchor_count;
	const struct settings_anchor *anchors;
	uint32_t rescue;      /* 1: on */
	uint32_t known_local; /* [gai] known-local-ula, 1: yes */
	uint32_t excluded_count;
	const char *const *excluded; /* programs that are never freed */
	uint32_t log_events;         /* bits 1 << enum event_kind */
	const char *log_to;          /* "journal", "stdout" or a path */
	/* From [guard], for status: doors go by the snapshot. */
	struct gp_guard_policy guard;
	struct dns_config dns;
	struct gp_pool pool;
};

/** The built-in defaults of v6guard.conf(5). */
void settings_init(struct settings *settings);

/**
 * From a checked configuration; OUT is the caller's to free. What this daemon cannot do
 * with it (an anchor that is a name) is left out and said in WARNING, "" when there is
 * nothing. False, and ERROR, which begins with "FILE:LINE: ": a list is longer than it
 * may be, or the resolver is switched on and cannot be as it is asked for; OUT holds
 * nothing.
 */
bool settings_from_config(const struct gp_config *config, struct settings *out,
			  char warning[256], char error[DNS_WHY]);

void settings_free(struct settings *settings);

/** As bytes, behind what OUT has. */
void settings_write(const struct settings *settings, struct gp_record_out *out);

/** Read SIZE BYTES of settings_write. False: they are anything else, or have a value out
 * of its range, or there is no memory; OUT holds nothing. */
bool settings_read(const uint8_t *bytes, size_t size, struct settings *out);

/** A and B say the same. */
bool settings_equal(const struct settings *a, const struct settings *b);

/** "verdict", "epoch", ... */
const char *event_kind_name(enum event_kind kind);

#endif
