/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * snapshot.h - the compiled policy: its form in memory and on disk (DESIGN 6).
 * Pure: bytes in, struct out, and back. Reading the file is live.h's part.
 */
#ifndef LIBGAIPOLICY_GUARD_SNAPSHOT_H
#define LIBGAIPOLICY_GUARD_SNAPSHOT_H

#include "gaipolicy.h"
#include "guard/chain.h"
#include "guard/rules.h"
#include "paths.h"

/** Where every process looks for its policy. */
#define GP_SNAPSHOT_NAME "policy.snap"
#define GP_SNAPSHOT_PATH GP_STATE_DIR "/" GP_SNAPSHOT_NAME

/** The largest snapshot that doors read into memory and check as a whole: larger ones are
 * mapped. */
#define GP_SNAPSHOT_SMALL 65536

/** off_until of a host that is not switched off, and of one that is until `v6guard on`.
 */
#define GP_OFF_NO 0
#define GP_OFF_FOREVER INT64_MAX

/** By whose tables the preload door's addresses are sorted. */
enum gp_order { GP_ORDER_LIBC, GP_ORDER_RFC6724, GP_ORDER_COUNT };

/** [preload] of v6guard.conf. All zero: the defaults. */
struct gp_preload_policy {
	uint8_t order; /**< enum gp_order */
	uint8_t reserved[3];
};

/** V6GUARD_INLINE=yes or no: inline races in one process, whatever the policy says, but
 * for mode = off. Honoured by secure_getenv only. */
#define GP_INLINE_VARIABLE "V6GUARD_INLINE"

/** Ports that an inline race tries where the service is not known. */
#define GP_PROBE_PORTS 2

/** What [probe] of v6guard.conf says about inline races; milliseconds. */
struct gp_probe_policy {
	uint32_t budget_ms; /**< inline-budget; 0: nothing of this is set */
	uint32_t delay_ms;  /**< attempt-delay */
	uint32_t slow_ms;   /**< slow-threshold, 0: off */
	uint32_t ok_ttl_ms, broken_ttl_ms, broken_ttl_max_ms;
	uint32_t max_rate;              /**< attempts per second */
	uint16_t ports[GP_PROBE_PORTS]; /**< the first ones; 0 behind the last */
	uint8_t is_inline;              /**< inline = yes */
	uint8_t is_off;                 /**< mode = off: no probes at all */
	uint8_t reserved[2];
};

/** The defaults of v6guard.conf(5). */
void gp_probe_policy_init(struct gp_probe_policy *probe);

/** A whole policy. Plain data, but for the rules: they are a view of bytes. */
struct gp_snapshot {
	uint64_t generation; /**< grows by one with each write */
	int64_t created;     /**< wall clock, seconds */
	int64_t off_until; /**< wall clock, seconds: all doors pass through until then */
	struct gp_guard_policy guard;
	struct gp_chain chain;
	struct gp_preload_policy preload;
	/** As parsed: set. To build: the defaults if it is not set. */
	struct gp_probe_policy probe;
	struct gp_rules rules;
};

/** Switched off at wall clock NOW. */
bool gp_snapshot_is_off(const struct gp_snapshot *snapshot, int64_t now);

/**
 * Check all SIZE bytes (magic, version, size, CRC, sections, each value's range) and fill
 * in OUT, whose rules lead into BYTES. GP_SYNTAX: damaged or not a snapshot;
 * GP_UNSUPPORTED: a format this code does not know. No bytes, however made, can do more
 * than be refused.
 */
enum gp_status gp_snapshot_parse(const void *bytes, size_t size, struct gp_snapshot *out);

/**
 * The same without a look at what the rules are made of, but for their head: for large
 * snapshots, of which a lookup needs few pages. Damage there may change which rule
 * matches, and nothing else.
 */
enum gp_status gp_snapshot_open(const void *bytes, size_t size, struct gp_snapshot *out);

/** Bytes one behind the other that make up a snapshot. */
#define GP_SNAPSHOT_PARTS (3 + 2 * GP_RULES_SECTIONS)
#define GP_SNAPSHOT_HEAD 4096
struct gp_snapshot_parts {
	size_t count, size; /**< parts; bytes in all */
	struct gp_bytes part[GP_SNAPSHOT_PARTS];
	uint8_t head[GP_SNAPSHOT_HEAD]; /**< the first part */
};

/**
 * Lay out SNAPSHOT's bytes, without a copy of what its rules lead to: OUT leads there,
 * and into itself. The same input gives the same bytes. GP_RANGE: too many services.
 */
enum gp_status gp_snapshot_lay_out(const struct gp_snapshot *snapshot,
				   struct gp_snapshot_parts *out);

/** The same as one piece in BUF of SIZE bytes; *LENGTH is what was used. GP_RANGE when it
 * does not fit. */
enum gp_status gp_snapshot_build(const struct gp_snapshot *snapshot, void *buf,
				 size_t size, size_t *length);

#endif
