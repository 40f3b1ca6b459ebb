/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings.h - what v6guardd takes from v6guard.conf(5), as plain data: the steward reads
 * the files and hands this to the worker in one message.
 */
#ifndef TOOL_V6GUARDD_SETTINGS_H
#define TOOL_V6GUARDD_SETTINGS_H

#include "dns/dns_config.h"

#define SETTINGS_PORTS 16
#define SETTINGS_ANCHORS 16
#define SETTINGS_EXCLUDED 32
#define SETTINGS_WORD 128

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

/** Times in milliseconds. */
struct settings {
	uint32_t probe_mode;        /* enum probe_mode */
	uint32_t slow_threshold_ms; /* 0: never slow */
	uint32_t ok_ttl_ms, broken_ttl_ms, broken_ttl_max_ms;
	uint32_t max_rate; /* probes a second, 1..1000 */
	uint32_t port_count;
	uint16_t ports[SETTINGS_PORTS];
	uint32_t anchor_count;
	struct {
		struct gp_addr addr;
		uint16_t port;
	} anchors[SETTINGS_ANCHORS];
	uint32_t rescue;      /* 1: on */
	uint32_t known_local; /* [gai] known-local-ula, 1: yes */
	uint32_t excluded_count;
	char excluded[SETTINGS_EXCLUDED]
		     [SETTINGS_WORD]; /* programs that are never freed */
	uint32_t log_events;          /* bits 1 << enum event_kind */
	char log_to[256];             /* "journal", "stdout" or a path */
	/* From [guard], for status: doors go by the snapshot. */
	struct gp_guard_policy guard;
	struct dns_config dns;
};

/** The built-in defaults of v6guard.conf(5). */
void settings_init(struct settings *settings);

/**
 * From a checked configuration. What this daemon cannot do with it (an anchor that is a
 * name, more ports than fit) is left out and said in WARNING, "" when there is nothing.
 * False, and ERROR: the resolver is switched on and cannot be as it is asked for.
 */
bool settings_from_config(const struct gp_config *config, struct settings *out,
			  char warning[256], char error[DNS_WHY]);

/** Every value is in its range and every text ends: for messages between processes. */
bool settings_are_valid(const struct settings *settings);

/** "verdict", "epoch", ... */
const char *event_kind_name(enum event_kind kind);

#endif
