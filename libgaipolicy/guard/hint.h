/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hint.h - what a door tells v6guardd: the addresses it just handed out together, and
 * what it counted. One datagram to GP_HINT_PATH, or for root and system users to
 * GP_HINT_SYSTEM_PATH. A hint can cause a probe, never a
 * verdict; nothing in it is believed but that the sender, whom the kernel names, said so.
 */
#ifndef LIBGAIPOLICY_GUARD_HINT_H
#define LIBGAIPOLICY_GUARD_HINT_H

#include "gaipolicy.h"
#include "paths.h"

#define GP_HINT_ADDRESSES 16
#define GP_HINT_SIZE_MAX 512 /**< bytes of a datagram */

/** Users up to this one are system users (login.defs(5), SYS_UID_MAX). */
#define GP_SYSTEM_UID_MAX 999

/** What became of a hinted address. */
/** Stripped, or put behind the others: `unknown = distrust`, and it is untested. */
#define GP_HINT_WITHHELD 1U
/** Stripped for any other reason. */
#define GP_HINT_STRIPPED 2U

/** Counters of a door, since the last hint that was taken. */
enum gp_counter {
	GP_COUNT_LOOKUPS,  /**< lookups that went through the decision */
	GP_COUNT_CHANGED,  /**< answers that were changed, or not asked for in full */
	GP_COUNT_STRIPPED, /**< addresses that were taken out */
	GP_COUNT_WITHHELD, /**< of these by distrust */
	GP_COUNT_WOULD,    /**< answers that enforce = no left as they were */
	GP_COUNT_SPARED,   /**< answers kept as no IPv4 address was usable */
	GP_COUNT_TROUBLE,  /**< lookups passed on because of trouble of our own */
	GP_COUNTERS
};

/** "lookups", "changed", ...: keys of status. */
const char *gp_counter_name(enum gp_counter counter);

/** What became of lookups that a rule decided, since the last hint that was taken. */
struct gp_hint_rule {
	uint16_t priority; /**< which rule; 0: some of those that there was no room for */
	uint32_t observed; /**< answers that its enforce = no left as they were */
	uint32_t acted;    /**< answers that it changed */
};
#define GP_HINT_RULES 8

/** What enforce = no, of rules and of [guard], has spared. */
struct gp_hint_would {
	uint32_t lookups;      /**< whose answers would have been changed */
	uint32_t last_address; /**< whose last usable address was concerned */
	char program[16];      /**< whose: printable, NUL-terminated; "" not known */
};

struct gp_hint {
	uint8_t door;  /**< enum gp_door */
	uint8_t count; /**< of ADDRESSES */
	struct {
		struct gp_addr addr;
		uint8_t flags; /**< GP_HINT_* */
	} addresses[GP_HINT_ADDRESSES];
	uint32_t counters[GP_COUNTERS];
	uint8_t rule_count;
	struct gp_hint_rule rules[GP_HINT_RULES];
	struct gp_hint_would would;
};

/** Write HINT's bytes into BUF; returns their number. */
size_t gp_hint_build(const struct gp_hint *hint, uint8_t buf[GP_HINT_SIZE_MAX]);

/** Check bytes and fill in OUT. GP_SYNTAX, GP_UNSUPPORTED (another version). */
enum gp_status gp_hint_parse(const void *bytes, size_t size, struct gp_hint *out);

/**
 * Add to a counter of this process. What a process counted after a fork() and before the
 * first hint that it sent itself is not reported when its parent had sent hints before.
 */
void gp_hint_count(enum gp_counter counter, uint32_t more);

/** Add to what the rule of PRIORITY, not 0, came to. What does not fit in this process's
 * table of 31 rules is counted together. */
void gp_hint_count_rule(uint16_t priority, bool acted);

/** Count a lookup that enforce = no has spared: its answer would have been changed, or
 * only was not for the sake of its last usable address, or it would have lost that. */
void gp_hint_count_would(bool is_changed, bool is_last_address);

/** Something about rules was counted that nobody has been told yet. */
bool gp_hint_has_news(void);

/**
 * Tell v6guardd what became of a lookup, unless this process did so less than a second
 * ago: one non-blocking send, no fd kept, errno preserved. When the socket's queue is
 * full the next lookup tries again, then one 2, 4, 8 to 64 ms later; what was counted
 * waits. When there are more addresses than fit, IPv6 ones go first, but up to two IPv4
 * ones go along in any case: their partners. Special addresses are left out. The
 * process's counters are sent along and reset. After EACCES or EPERM it waits for 60 s.
 * Nothing is sent after a chroot(). Call it only while there is a live map.
 */
void gp_hint_send(enum gp_door door, const struct gp_candidate *candidates, size_t count);

#endif
