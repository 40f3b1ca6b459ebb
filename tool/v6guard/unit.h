/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unit.h - systemd's units: what their files say that matters to a preload, and where
 * those files are. systemd is not asked: it need not run, and below another root it
 * cannot.
 */
#ifndef TOOL_V6GUARD_UNIT_H
#define TOOL_V6GUARD_UNIT_H

#include "cli.h"

/** Of the folders that drop-ins are kept in, the one that administrators write. */
#define UNIT_FOLDER "/etc/systemd/system"

/** Behind every other one of a unit: systemd reads them in the order of their names. */
#define UNIT_DROPIN "zz-v6guard.conf"

#define UNIT_NAME 256
#define UNIT_WHY 512

/* ---- unit.c: pure ---- */

struct unit_list {
	char **items;
	size_t count;
};

/** What the files of a unit, taken together, say. Begin with zeros, end with unit_free.
 */
struct unit {
	char *preload;              /* LD_PRELOAD, "%" specifiers as written; or NULL */
	char *mode;                 /* V6GUARD, or NULL */
	char *root;                 /* RootDirectory= or RootImage=, or NULL */
	struct unit_list exec;      /* the programs of ExecStart= */
	struct unit_list env_files; /* EnvironmentFile=, with a "-" where it has one */
	bool unsets_preload, unsets_mode; /* UnsetEnvironment= */
	bool has_service;                 /* there is a [Service] */
};

/**
 * Read one more file, in systemd's order: the unit itself, then its drop-ins. Content
 * never makes that fail: what systemd would not understand is passed over. False: no
 * memory.
 */
bool unit_read(struct unit *unit, const char *text, size_t size);
void unit_free(struct unit *unit);

/** The line of an EnvironmentFile= TEXT that sets NAME; 0: none does. */
unsigned unit_env_line(const char *text, const char *name);

/**
 * The drop-in for the unit NAME, malloc'd: LIBRARY behind what BEFORE, if not NULL, has
 * for LD_PRELOAD, any other copy of LIBRARY left out; and V6GUARD = MODE, if not NULL.
 */
char *unit_dropin(const char *name, const char *before, const char *library,
		  const char *mode);

/**
 * WORD as people type it into the name of a service: ".service" is put behind what has
 * no suffix of a unit. False, and WHY: it is none.
 */
bool unit_name(const char *word, char name[UNIT_NAME], char why[UNIT_WHY]);

/** Of an instance "x@y.service" the template "x@.service"; false: NAME is none. */
bool unit_template(const char *name, char out[UNIT_NAME]);

/* ---- unit_find.c: below the root ---- */

/**
 * Find the service NAME, following aliases: OUT is the name it has itself. False, and WHY
 * in a sentence: there is none, or it is masked.
 */
bool unit_find(const char *root, const char *name, char out[UNIT_NAME],
	       char why[UNIT_WHY]);

/** The unit below ROOT that NAME was probably meant to be; false: none is like it. */
bool unit_guess(const char *root, const char *name, char out[UNIT_NAME]);

/** Read all files of NAME, which unit_find found, but our own drop-in. An exit code. */
int unit_load(const char *root, const char *name, struct unit *out);

/** Visit the units with a drop-in of ours, in the order of their names. */
void unit_each_attached(const char *root, void (*visit)(void *ctx, const char *name),
			void *ctx);

#endif
