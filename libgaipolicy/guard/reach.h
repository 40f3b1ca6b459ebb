/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reach.h - the reach map: what v6guardd knows, in a file that every process maps
 * read-only (DESIGN 6). One writer, any number of readers, no locks: a sequence number a
 * bucket says whether it was written meanwhile. All times are CLOCK_BOOTTIME milliseconds
 * (gp_boot_ms). Whatever stands in the memory, a reader stays inside it.
 */
#ifndef LIBGAIPOLICY_GUARD_REACH_H
#define LIBGAIPOLICY_GUARD_REACH_H

#include "gaipolicy.h"
#include "paths.h"

/** Verdicts that the map is made for, and the bytes it takes. */
#define GP_REACH_VERDICTS 4096
#define GP_REACH_NAT64 8
#define GP_REACH_ONLINK 32

/** A map in memory; opaque: gp_reach_size() bytes, 64-byte aligned. */
struct gp_reach;

/** What holds for the whole host. */
struct gp_reach_host {
	long long expires_ms; /**< after that nobody updates the map any more */
	uint32_t epoch;
	bool ipv4_usable;
	bool nat64_active;
	uint32_t nat64_count; /**< <= GP_REACH_NAT64 */
	struct {
		struct gp_prefix prefix;
		long long expires_ms;
	} nat64[GP_REACH_NAT64];
	uint32_t onlink_count; /**< <= GP_REACH_ONLINK; as many: there may be more */
	/**
	 * IPv6 prefixes of this host's links, and such of its own addresses as are in
	 * none of them: an address that is in no prefix of a list that is not full is not
	 * the host's own.
	 */
	struct gp_prefix onlink[GP_REACH_ONLINK];
};

size_t gp_reach_size(void);

/* ---- the writer: v6guardd's worker ---------------------------------------------- */

/**
 * Make an empty map of MEMORY (gp_reach_size bytes): no verdict, host record expired. It
 * is for the calling thread's network namespace; processes in others do not use it.
 */
struct gp_reach *gp_reach_format(void *memory);

/**
 * The same for a MAP that an earlier daemon left, which gp_reach_check has accepted and
 * which processes may be reading; a block that its writer left half-written is mended.
 */
struct gp_reach *gp_reach_start_over(struct gp_reach *map);

/**
 * Replace the host record. Prefixes that are not IPv6, or of length 0, are left out, and
 * zones too.
 */
void gp_reach_set_host(struct gp_reach *map, const struct gp_reach_host *host);

/**
 * Say VERDICT of PREFIX (IPv6, length 0, 48 or 128) until EXPIRES_MS; UNKNOWN takes it
 * out. GP_RANGE: another length. A full bucket loses an ok, of these the one that expires
 * first, or else any that does: what is lost is unknown, which is safe.
 */
enum gp_status gp_reach_set(struct gp_reach *map, const struct gp_prefix *prefix,
			    enum gp_verdict verdict, long long expires_ms);

/** Forget all verdicts (a new epoch). */
void gp_reach_clear(struct gp_reach *map);

/* ---- readers -------------------------------------------------------------------- */

/** MEMORY of SIZE bytes is a map of this format; else NULL. */
const struct gp_reach *gp_reach_check(const void *memory, size_t size);

/** The host record is there and has not expired at NOW_MS: somebody keeps the map. */
bool gp_reach_is_live(const struct gp_reach *map, long long now_ms);

/** Copy the host record; false: it was being written, three times in a row. */
bool gp_reach_get_host(const struct gp_reach *map, struct gp_reach_host *out);

/** The host's fresh `ipv4 usable` bit; false when it is not known. */
bool gp_reach_ipv4_usable(const struct gp_reach *map, long long now_ms);

/**
 * ADDR lies in one of the on-link prefixes; true as well while these are being written:
 * it is what spares an address.
 */
bool gp_reach_is_onlink(const struct gp_reach *map, const struct gp_addr *addr);

/** ADDR lies in a prefix that DNS64 makes addresses with on this host; true as well while
 * these are being written. */
bool gp_reach_is_made(const struct gp_reach *map, const struct gp_addr *addr);

/** DNS64 acts on this host. */
bool gp_reach_has_nat64(const struct gp_reach *map);

/**
 * What is known of ADDR at NOW_MS: the longest of its prefixes /128, /48 and ::/0 that
 * has a verdict which has not expired, so that an ok inside wins over a broken around
 * it. ::/0 speaks for global unicast alone (2000::/3): unique local addresses, NAT64 and
 * the like are not reached by way of the internet; nor may be what lies in the /32 of an
 * on-link prefix, a campus or a provider's own network. An on-link address is judged by
 * its /128 alone: no router stands between; so is one that DNS64 made. IPv4: unknown.
 */
enum gp_verdict gp_reach_verdict(const struct gp_reach *map, const struct gp_addr *addr,
				 long long now_ms);

/* ---- the map that is in force for this process (doors) ---------------------------- */

/**
 * GP_REACH_PATH, mapped; NULL: there is none, it is not to be trusted (a regular file of
 * root that nobody else may write), it is of another network namespace, or nobody keeps
 * it any more. Looked for at most once a second, after EACCES or EPERM once in 60 s. A
 * map that was found serves until it expires or its file is cut off, removed or replaced,
 * also after a chroot(); to notice that, gp_live_get must have been called before. Valid
 * for 60 s at least after it was returned, as long as nobody cuts the file off: ask for
 * it anew in front of each use. A process that saw 8 files within 60 s has none until
 * these are over. Thread- and fork-safe, never waits for another thread; errno is
 * preserved.
 */
const struct gp_reach *gp_reach_live(void);

#endif
