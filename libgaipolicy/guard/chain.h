/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * chain.h - the services behind v6guard on the hosts: line, and that line itself.
 * Pure: text in, structs or text out. nsswitch.conf(5) is the syntax; glibc's
 * nss/nss_action_parse.c and nss/nss_database.c (2.36) are the reference.
 */
#ifndef LIBGAIPOLICY_GUARD_CHAIN_H
#define LIBGAIPOLICY_GUARD_CHAIN_H

#include "gaipolicy.h"

#define GP_CHAIN_MAX 16    /* services in a chain */
#define GP_SERVICE_NAME 32 /* bytes of a service name, with its NUL */

/* What a service can answer, as enum nss_status counts it, from -2 (TRYAGAIN) on. */
#define GP_NSS_STATUS_MIN (-2)
#define GP_NSS_STATUS_COUNT 5 /* TRYAGAIN UNAVAIL NOTFOUND SUCCESS RETURN */

enum gp_action { GP_ACTION_CONTINUE, GP_ACTION_RETURN };

/** One service and what follows each of its answers. Part of the snapshot's format. */
struct gp_service {
	char name[GP_SERVICE_NAME];
	uint8_t action[GP_NSS_STATUS_COUNT]; /**< enum gp_action by status -
						GP_NSS_STATUS_MIN */
	uint8_t reserved[3];
};

/** Services in the order in which they are asked. */
struct gp_chain {
	uint32_t count;
	struct gp_service service[GP_CHAIN_MAX];
};

/** A service as it stands in a text. Offsets are in bytes. */
struct gp_chain_word {
	size_t begin, end;  /**< its name */
	size_t actions_end; /**< behind the ']' of its [actions]; end when it has none */
	uint8_t action[GP_NSS_STATUS_COUNT];
	bool merges; /**< `merge` is among its actions */
};

/**
 * Read the next service from *POS on as glibc does and move *POS behind it. GP_NOTFOUND
 * at the end, or at a '[' with no name before it: glibc silently ignores all from there
 * on, and *POS says where. GP_SYNTAX where glibc would refuse the line, which fails every
 * lookup.
 */
enum gp_status gp_chain_next(const char *text, size_t size, size_t *pos,
			     struct gp_chain_word *out, struct gp_diag *diag);

/** Append WORD of TEXT to CHAIN, with the checks of gp_chain_parse. */
enum gp_status gp_chain_add(struct gp_chain *chain, const char *text,
			    const struct gp_chain_word *word, struct gp_diag *diag);

/**
 * Parse what stands behind "hosts:", services with [STATUS=action ...] and
 * [!STATUS=action]. Words are case-insensitive inside brackets only. Defaults: SUCCESS
 * and RETURN return, all else continues. Stricter than glibc, as we run it: at least one
 * service, plain names, not v6guard itself, one [...] a service, no `merge` (it makes no
 * sense for hosts). On an error DIAG's column counts from the start of TEXT. GP_SYNTAX,
 * GP_RANGE (too many, name too long).
 */
enum gp_status gp_chain_parse(const char *text, size_t size, struct gp_chain *out,
			      struct gp_diag *diag);

/** Write CHAIN as nsswitch.conf text into BUF (cut to SIZE); returns the full length. */
size_t gp_chain_format(const struct gp_chain *chain, char *buf, size_t size);

/**
 * Where things stand on the hosts: line that glibc uses (the last one that it reads) of
 * a nsswitch.conf. Quirks of glibc since 2.33: it does not read a line without a newline
 * at its end; '#' starts no comment behind a service: the words behind it are services as
 * well; the word is `hosts`, in small letters.
 */
struct gp_hosts_line {
	bool present;      /**< there is a hosts: line at all */
	bool unterminated; /**< the only hosts: line lacks a final newline: glibc ignores
			      it and uses its own default */
	bool has_comment;  /**< a '#' stands behind the services */
	unsigned line;     /**< its number, 1-based */
	size_t begin,
		end;     /**< the service list: bytes behind the colon, comment cut off */
	size_t line_end; /**< where the line's newline is, or would be */
	bool enabled;    /**< v6guard is on it */
	size_t token;    /**< enabled: where its name begins */
	size_t token_end;  /**< enabled: where its name and its [actions] end */
	bool is_exclusive; /**< enabled: [!UNAVAIL=return] is what its actions come to */
	bool is_late;      /**< enabled: a resolver of all names stands before it */
	bool is_repeated;  /**< enabled: it stands there more than once */
	size_t again, again_end; /**< is_repeated: the last of them, with its [actions] */
	bool has_resolver; /**< `resolve`, `dns` or another that knows names of all the
			      world (`tls`, `ubdns`, `getdns`) is on it */
	size_t resolver,
		resolver_end; /**< has_resolver: where the first of them stands */
	unsigned miswritten; /**< the number of the last HOSTS: line, which glibc does not
				read; 0: there is none */
};

/** Find the hosts: line in the SIZE bytes of TEXT. Never fails; a file without one is
 * fine. */
void gp_hosts_line_find(const char *text, size_t size, struct gp_hosts_line *out);

/** v6guard is on the line, and is asked in time for what it takes away to stay away. */
bool gp_hosts_line_acts(const struct gp_hosts_line *hosts);

/** GP_SYNTAX with place: glibc cannot read one of the hosts: lines, and drops the whole
 * file for it, even when a later one replaces it. */
enum gp_status gp_hosts_lines_check(const char *text, size_t size, struct gp_diag *diag);

/**
 * The chain for `backends = auto`: what stands behind v6guard, or, while it is not
 * enabled, what would: from the first of `resolve` and `dns` on. Words behind a '#' count
 * while they look like services, as glibc asks them. Without a hosts: line: glibc's
 * default, `dns`. GP_NOTFOUND when neither applies; else errors as gp_chain_parse, with
 * DIAG's line and column in the file.
 */
enum gp_status gp_chain_from_nsswitch(const char *text, size_t size, struct gp_chain *out,
				      struct gp_diag *diag);

/**
 * The file with `v6guard [!UNAVAIL=return]` before the first resolver, all other bytes as
 * they were. *OUT is one malloc'd block for the caller to free. Words of v6guard that
 * stand there already are left alone where gp_hosts_line_acts, else taken out first. If
 * the only hosts: line lacks its final newline, one is added. If there is no hosts: line,
 * glibc's default line with v6guard is appended. GP_NOTFOUND when there is no resolver on
 * the line, GP_SYNTAX when glibc could not read it or another hosts: line of the file.
 */
enum gp_status gp_nsswitch_enable(const char *text, size_t size, char **out,
				  size_t *out_size, struct gp_diag *diag);

/** The file without v6guard and the [actions] behind it. GP_SYNTAX, GP_NOMEM. */
enum gp_status gp_nsswitch_disable(const char *text, size_t size, char **out,
				   size_t *out_size, struct gp_diag *diag);

#endif
