/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config.h - v6guard.conf and conf.d, read by way of inih and checked in full (DESIGN 5).
 * For the CLI and the daemon; never linked into the doors.
 */
#ifndef LIBGAIPOLICY_GUARD_CONFIG_H
#define LIBGAIPOLICY_GUARD_CONFIG_H

#include "guard/chain.h"
#include "guard/snapshot.h"

/** Most errors that one run reports. */
#define GP_CONFIG_ERRORS_MAX 20

struct gp_config;

/** The errors of one run, in the order of files and lines. */
struct gp_config_errors {
	size_t count; /**< <= GP_CONFIG_ERRORS_MAX */
	bool more;    /**< there were more than fit */
	struct gp_diag list[GP_CONFIG_ERRORS_MAX];
};

/**
 * Read DIR/v6guard.conf, then DIR/conf.d/\*.conf in byte order; neither need exist. On
 * GP_OK *OUT is to be freed with gp_config_free. Else *OUT is untouched and ERRORS says
 * what is wrong: GP_SYNTAX when there is anything wrong in a file, or it is one that
 * anybody may write, or that belongs to somebody who is neither root nor the caller;
 * GP_IO, GP_PERM or GP_NOMEM.
 */
enum gp_status gp_config_load(const char *dir, struct gp_config **out,
			      struct gp_config_errors *errors);

/** What one file is to hold: read in place of what it holds now. */
struct gp_config_overlay {
	const char *path; /**< DIR/v6guard.conf, or DIR/conf.d/NAME, which exists */
	const char *bytes;
	size_t size;
};

/**
 * gp_config_load of a DIR that begins with ROOT (a realpath without a slash at its end;
 * "": this host) and with OVERLAY, which may be NULL. Links are followed below ROOT only,
 * and absolute names of lists are below it.
 */
enum gp_status gp_config_load_below(const char *root, const char *dir,
				    const struct gp_config_overlay *overlay,
				    struct gp_config **out,
				    struct gp_config_errors *errors);

/** The same of one file alone, which has to be there. */
enum gp_status gp_config_load_file(const char *path, struct gp_config **out,
				   struct gp_config_errors *errors);

/** The path of a file that was read, is owned by root, and may be written by a group
 * other than root's; NULL if there is no such file. Stays CONFIG's. */
const char *gp_config_loose(const struct gp_config *config);

/** No file was there at all. */
bool gp_config_is_absent(const struct gp_config *config);

void gp_config_free(struct gp_config *config);

/** [guard], ready for a snapshot. */
const struct gp_guard_policy *gp_config_guard(const struct gp_config *config);

/** [preload], the same. */
struct gp_preload_policy gp_config_preload(const struct gp_config *config);

/** What [probe] says about inline races. */
struct gp_probe_policy gp_config_probe(const struct gp_config *config);

/** `backends` spelled out; NULL when it is `auto`. */
const struct gp_chain *gp_config_backends(const struct gp_config *config);

/** A setting in force and where it comes from, for `config show`. */
struct gp_config_item {
	const char *section; /**< "guard", "rule NAME", "forward NAME", ... */
	const char *key;
	const char *value; /**< as text, units as written; lists separated by one blank */
	const char *path;  /**< file it was set in, NULL: the built-in default */
	unsigned line;
};

/**
 * Call VISIT for every setting of every section, in the order of v6guard.conf(5),
 * defaults included. It stops when VISIT returns false.
 */
void gp_config_each(const struct gp_config *config,
		    bool (*visit)(void *ctx, const struct gp_config_item *item),
		    void *ctx);

/** One setting by name; GP_NOTFOUND when there is no such section or key. */
enum gp_status gp_config_get(const struct gp_config *config, const char *section,
			     const char *key, struct gp_config_item *out);

/** The value of a setting as text; it has to be one of the table's. */
const char *gp_config_value(const struct gp_config *config, const char *section,
			    const char *key);

/** The same as milliseconds, bytes, or a number; 0 for what is none. */
uint64_t gp_config_bytes(const struct gp_config *config, const char *section,
			 const char *key);
uint64_t gp_config_milliseconds(const struct gp_config *config, const char *section,
				const char *key);
uint64_t gp_config_integer(const struct gp_config *config, const char *section,
			   const char *key);

/**
 * The next word of a list's text from *POS on, which moves behind it: *WORD, not
 * terminated; returns its length, 0 at the end.
 */
size_t gp_config_next_word(const char *text, size_t *pos, const char **word);

/** Told of each pattern of a list; PATTERN NULL: a line with a NUL byte in it. Anything
 * but GP_OK ends it. */
typedef enum gp_status gp_config_list_fn(void *ctx, const char *path, unsigned line,
					 unsigned column, const char *pattern);

/**
 * Call VISIT for the lines of the list FILE, as named in CONFIG's file FROM, that are
 * neither empty nor comments. Returns what it returned; GP_IO, GP_PERM, GP_NOMEM: the
 * list cannot be read, DIAG says why.
 */
enum gp_status gp_config_list_each(const struct gp_config *config, const char *from,
				   const char *file, gp_config_list_fn *visit, void *ctx,
				   struct gp_diag *diag);

/** ADDRESS:PORT or [ADDRESS]:PORT; ADDR without its zone. */
bool gp_config_listen(const char *word, struct gp_addr *addr, uint16_t *port);

/**
 * The text of a v6guard.conf with KEY of [SECTION] set to VALUE, every other byte as it
 * was: the value in its line is replaced (more lines of the key and continuation lines
 * go), or the line is added at the end of the section, or the section at the end of the
 * file. New lines end as the file's first one does; a value too long for one line goes on
 * in indented ones. *OUT is malloc'd. The value is not checked against the key, but
 * GP_SYNTAX when no line can hold it (blanks around it, ` ;` or a control character in
 * it), GP_RANGE when a word of it is too long for one. Pure.
 */
enum gp_status gp_config_edit(const char *text, size_t size, const char *section,
			      const char *key, const char *value, char **out,
			      size_t *out_size);

/**
 * TEXT without [SECTION]: its lines up to its last key, the comment that stands right
 * above it, unless the file begins with that, and a blank line before. Comments behind
 * its last key stay. GP_NOTFOUND: it is not there. Pure.
 */
enum gp_status gp_config_cut(const char *text, size_t size, const char *section,
			     char **out, size_t *out_size);

#endif
