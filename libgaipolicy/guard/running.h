/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * running.h - which running programs still sort by the gai.conf that was just replaced.
 *
 * glibc reads the file once in a process, at the first lookup that gives several
 * addresses, and again only if what it read then said `reload yes`. No process tells
 * from outside whether it has come to that. What can be told: that it is younger than the
 * change, that it has another file there (a container), that it runs without glibc, that
 * nothing it has loaded calls getaddrinfo(), and, where a service of the hosts: line is a
 * library that is loaded for nothing else, that it has looked up names.
 */
#ifndef LIBGAIPOLICY_GUARD_RUNNING_H
#define LIBGAIPOLICY_GUARD_RUNNING_H

#include <sys/types.h>

#include "gaipolicy.h"

/** How a process is about the new file; the highest of a unit's processes counts. */
enum gp_keeping {
	GP_KEEPING_NONE,   /**< not concerned, or it is to be read yet for certain */
	GP_KEEPING_NOT,    /**< it follows the file: what it may have read said so */
	GP_KEEPING_MAY,    /**< it can have read the file before */
	GP_KEEPING_SURELY, /**< it can, and has looked up names */
};

/** "may keep", ...; NULL for none of them. */
const char *gp_keeping_text(enum gp_keeping keeping);

struct gp_running_query {
	const char *proc; /**< "/proc" */
	const char *path; /**< the file that was written, "/etc/gai.conf" */
	bool did_reload;  /**< what stood there before said `reload yes` */
	/** When that was written, in ms of the wall clock; INT64_MAX: it was not there.
	 */
	int64_t before_ms;
	int64_t written_ms; /**< when the new one was written */
	int64_t boot_ms;    /**< when the host started, by the same clock */
};

/** The processes of a unit, or of a program outside all units. */
struct gp_running_unit {
	char unit[128];   /**< "" outside units */
	char program[64]; /**< of the first of them, as `ps` shows it */
	bool is_user;     /**< of the service manager of USER, not of the system */
	uid_t user;
	size_t count; /**< processes that are like KEEPING */
	enum gp_keeping keeping;
};

struct gp_running {
	struct gp_running_unit *units; /**< GP_KEEPING_MAY and more, worst first */
	size_t count;
	size_t follow; /**< processes that follow the file */
	size_t unseen; /**< that are not ours to look at, or that time ended before */
};

/**
 * Look at all processes but this one; takes 2 s at most. GP_NOMEM; GP_IO: no QUERY->proc.
 * End with gp_running_free.
 */
enum gp_status gp_running_look(const struct gp_running_query *query,
			       struct gp_running *out);
void gp_running_free(struct gp_running *running);

#endif
