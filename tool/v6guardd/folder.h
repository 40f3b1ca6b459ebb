/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* folder.h - the configuration's folder: reading it, and noticing that it changed. */
#ifndef TOOL_V6GUARDD_FOLDER_H
#define TOOL_V6GUARDD_FOLDER_H

#include "settings.h"

/** Longest text of one error, with its NUL. */
#define FOLDER_ERROR 1024

/**
 * Read the configuration in DIR into OUT, saying what is wrong. HAS_IPV4 is what the host
 * has now, NULL: not known yet. The exit status: 0, 3 or 4; OUT is untouched unless it is
 * 0. FIRST: the first error as text, in printable ASCII. TEXT: on 0 what lastgood_keep
 * is to have of it, the caller's to free(), NULL: nothing.
 */
int folder_load(const char *dir, const bool *has_ipv4, struct settings *out,
		char first[FOLDER_ERROR], char **text);

/**
 * What to start with where folder_load has failed: the last configuration without an
 * error, or none at all, where resolv.conf leads to the resolver. False: neither; OUT
 * holds nothing. It says which, and adds it to FIRST.
 */
bool folder_fall_back(const char *dir, struct settings *out, char first[FOLDER_ERROR]);

/** A watch over DIR, its conf.d and its own entry where it stands. */
struct folder {
	const char *dir;
	int fd; /* for poll(); -1: it cannot be watched */
	int parent;
	long long first_ms, last_ms; /* changes that were not read yet; 0: none */
};

void folder_watch(struct folder *folder, const char *dir);

/** FD is readable. */
void folder_take(struct folder *folder, long long now_ms);

/** When to read the files again; 0: nothing has changed. */
long long folder_due(const struct folder *folder);

/** They are read now. */
void folder_done(struct folder *folder);

#endif
