/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config_private.h - what config*.c share, and what fuzzing and tests reach for; for
 * nobody else. A text is taken apart into lines (config_line.c), the lines into values
 * (config_read.c), each is checked against one table (config_keys.c, config_value.c,
 * config_net.c), then all of them against each other (config_cross.c).
 */
#ifndef LIBGAIPOLICY_GUARD_CONFIG_PRIVATE_H
#define LIBGAIPOLICY_GUARD_CONFIG_PRIVATE_H

#include "guard/config.h"

/** inih silently cuts lines and section names that are longer. */
#define GP_CONFIG_LINE_MAX 198
#define GP_CONFIG_SECTION_MAX 48

/** Room for a sentence about a wrong value. */
#define GP_CONFIG_WHY 240

/* ---- the table --------------------------------------------------------- */

/** What a value, or each word of a list, has to be, unless it is one of the key's words.
 */
enum gp_config_type {
	GP_TYPE_WORD,      /* one of the key's words and nothing else */
	GP_TYPE_TIME,      /* 250ms, 10m; min and max in milliseconds */
	GP_TYPE_SIZE,      /* 16m; min and max in bytes */
	GP_TYPE_NUMBER,    /* min to max */
	GP_TYPE_DATE,      /* 2027-03-31 */
	GP_TYPE_PATH,      /* absolute, or from the file's folder */
	GP_TYPE_ABSOLUTE,  /* an absolute path */
	GP_TYPE_LIST_FILE, /* a path; the file's lines are patterns */
	GP_TYPE_NAME_FILE, /* a path; the file's lines are domain names */
	GP_TYPE_PROGRAM,   /* a program's name or absolute path */
	GP_TYPE_PATTERN,   /* NAME, =NAME, *.NAME or * */
	GP_TYPE_NAME,      /* a domain name */
	GP_TYPE_ZONE,      /* the same, where the root has another place */
	GP_TYPE_TARGET,    /* ADDRESS or NAME */
	GP_TYPE_ANCHOR,    /* ADDRESS[@PORT] or NAME[@PORT] */
	GP_TYPE_LISTEN,    /* ADDRESS:PORT, [ADDRESS]:PORT */
	GP_TYPE_UPSTREAM,  /* ADDRESS[@PORT], tls://ADDRESS[@PORT]#NAME */
	GP_TYPE_PREFIX,    /* ADDRESS/LENGTH of either family */
	GP_TYPE_PREFIX4,
	GP_TYPE_PREFIX6,
	GP_TYPE_NAT64, /* a prefix that RFC 6052 knows, [=IPV4PREFIX] */
	GP_TYPE_QTYPE, /* TYPEnnn (RFC 3597), beside the words */
	GP_TYPE_CHAIN, /* services as on the hosts: line */
};

#define GP_KEY_LIST 1U     /* words with blanks or commas between them */
#define GP_KEY_APPENDS 2U  /* may stand in a file more than once */
#define GP_KEY_FILLED 4U   /* `KEY =` without a value is an error */
#define GP_KEY_REQUIRED 8U /* its section is an error without it */

struct gp_config_key {
	const char *name;
	const char *standard; /* the built-in default, "" for none */
	const char *words;    /* valid words, blank between them, or NULL */
	const char *lone;     /* more of them, which cannot be part of a list, or NULL */
	enum gp_config_type type;
	unsigned flags;
	uint64_t min, max;
};

/** A kind of section. [rule NAME] and [forward NAME] are named, all others exist once. */
struct gp_config_spec {
	const char *name;
	const struct gp_config_key *keys;
	size_t count;
	bool is_named;
};

/** All kinds, in the order of v6guard.conf(5). */
#define GP_CONFIG_SPECS 12
extern const struct gp_config_spec gp_config_specs[GP_CONFIG_SPECS];

/** The kind of the section called NAME ("rule x" is of kind "rule"), or NULL. */
const struct gp_config_spec *gp_config_spec_find(const char *name);

/** The index of KEY in SPEC, or SPEC's count. */
size_t gp_config_key_find(const struct gp_config_spec *spec, const char *key);

/** KEY's value may go on in indented lines. */
bool gp_config_continues(const struct gp_config_key *key);

/* ---- lines ------------------------------------------------------------- */

enum gp_line_kind {
	GP_LINE_EMPTY, /* blank, or a comment */
	GP_LINE_SECTION,
	GP_LINE_KEY,
	GP_LINE_CONTINUED, /* an indented line that goes on with the value above */
	GP_LINE_BAD,
};

/** A line, as offsets into the text. */
struct gp_config_line {
	enum gp_line_kind kind;
	size_t begin, end;       /* without byte order mark and line end */
	size_t next;             /* where the next line begins */
	size_t cut;              /* the end without comment and blanks */
	size_t name, name_end;   /* the section or key; CONTINUED: what looks like one */
	size_t value, value_end; /* just behind the `=` when there is no value */
	const char *problem;     /* BAD: what is wrong */
	size_t problem_at;
};

/**
 * Look at the line of TEXT that begins at POS < SIZE. CONTINUES: an indented line has a
 * value to go on with.
 */
void gp_config_line_scan(const char *text, size_t size, size_t pos, bool continues,
			 struct gp_config_line *out);

/** What is wrong with the byte at *AT, the first that nothing but a comment may have, or
 * NULL. */
const char *gp_config_bad_byte(const char *text, size_t size, size_t *at);

/** LENGTH bytes of a section's name with each run of blanks made one; at most 48 bytes.
 */
void gp_config_section_name(const char *name, size_t length,
			    char out[GP_CONFIG_SECTION_MAX + 1]);

/* ---- values ------------------------------------------------------------ */

/** Who is told what is wrong; AT is an offset into the value. */
struct gp_config_sink {
	void (*report)(void *ctx, size_t at, const char *why);
	void *ctx;
};

/** Check TEXT against KEY; false after at least one report. */
bool gp_config_check(const struct gp_config_key *key, const char *text,
		     const struct gp_config_sink *sink);

/** Digits alone, up to MAX. */
bool gp_config_number(const char *text, uint64_t max, uint64_t *out);

/** A time in milliseconds, from its text. */
bool gp_config_time(const char *text, uint64_t *out);
bool gp_config_size(const char *text, uint64_t *out);

/**
 * Check one word against KEY's type, leaving its words aside. WHY is written when there
 * is more to say than how the type is written.
 */
bool gp_config_check_type(const struct gp_config_key *key, const char *word,
			  char why[GP_CONFIG_WHY]);

/** The same for the types that are about addresses and names. */
bool gp_config_check_net(const struct gp_config_key *key, const char *word,
			 char why[GP_CONFIG_WHY]);

/** WORD is a domain pattern; WHY is written when it is not. */
bool gp_config_is_pattern(const char *word, char why[GP_CONFIG_WHY]);

/* ---- the store --------------------------------------------------------- */

/** Where something stands; orders errors. */
struct gp_config_where {
	size_t file; /* index of the file */
	unsigned line, column;
};

struct gp_config_value {
	char *text;  /* NULL: not set */
	bool is_bad; /* and reported: no more can be said about it */
	struct gp_config_where where;
};

struct gp_config_section {
	const struct gp_config_spec *spec;
	char *name;
	bool is_present; /* some file has it */
	struct gp_config_where where;
	struct gp_config_value *values; /* one a key of SPEC */
};

struct gp_config {
	char *root; /* that all paths begin with, and links stay below; "": none */
	struct gp_config_section **sections;
	size_t count, room;
	char **paths; /* of the files, in the order in which they were read */
	size_t path_count;
	char loose[256]; /* of those, the first that a group may write */
	bool has_chain;
	struct gp_chain chain;
	struct gp_guard_policy guard;
};

/** An empty store: every unnamed section, no value set. NULL: no memory. */
struct gp_config *gp_config_new(void);

/** The section called NAME, or NULL. */
struct gp_config_section *gp_config_section_find(const struct gp_config *config,
						 const char *name);

/** Add a section that is not there yet. NULL: no memory. */
struct gp_config_section *gp_config_section_add(struct gp_config *config,
						const struct gp_config_spec *spec,
						const char *name);

/** The value of KEY in SECTION as set in some file; NULL: it is not. */
const struct gp_config_value *gp_config_set_value(const struct gp_config_section *section,
						  const char *key);

/** The same, or the built-in default. */
const char *gp_config_text(const struct gp_config_section *section, const char *key);

/** Fill in the typed part: [guard] and its chain. All values are good. */
void gp_config_fill_guard(struct gp_config *config);

/* ---- errors ------------------------------------------------------------ */

/** The errors of a run, and what becomes of it. */
struct gp_config_report {
	const struct gp_config *config;                     /* knows the files' names */
	struct gp_config_errors *errors;                    /* may be NULL */
	struct gp_config_where order[GP_CONFIG_ERRORS_MAX]; /* of errors->list */
	bool has_failed;
	enum gp_status status; /* GP_OK until then */
};

/** A place in the list, in the order of files and lines; NULL when there is none left. */
struct gp_diag *gp_config_slot(struct gp_config_report *report,
			       struct gp_config_where where);

/** Report one error at WHERE. */
void gp_config_fail(struct gp_config_report *report, struct gp_config_where where,
		    const char *format, ...) __attribute__((format(printf, 3, 4)));

void gp_config_no_memory(struct gp_config_report *report);

/* ---- reading ----------------------------------------------------------- */

struct gp_config_reader;

/**
 * Begin and end of a run below ROOT. WITH_FILES: look into the files that values name. At
 * the end all values are checked against each other; GP_OK: *OUT is the result. The
 * reader is gone then.
 */
struct gp_config_reader *
gp_config_reader_new(const char *root, struct gp_config_errors *errors, bool with_files);
enum gp_status gp_config_reader_end(struct gp_config_reader *reader,
				    struct gp_config **out);

const char *gp_config_reader_root(const struct gp_config_reader *reader);

/** Read the SIZE bytes of a file called PATH on top of what was read before. */
void gp_config_reader_add(struct gp_config_reader *reader, const char *path,
			  const char *bytes, size_t size);

/** PATH is read, and may be written by a group. */
void gp_config_reader_loose(struct gp_config_reader *reader, const char *path);

/** A file that cannot be read at all: DIAG says why. */
void gp_config_reader_io(struct gp_config_reader *reader, const struct gp_diag *diag);

/** All of a run on bytes alone; no file is touched, PATH only names it. */
enum gp_status gp_config_parse_text(const char *path, const char *bytes, size_t size,
				    struct gp_config **out,
				    struct gp_config_errors *errors);

/** Check what one value alone cannot tell: required keys, priorities, what goes together.
 */
void gp_config_cross(struct gp_config_report *report, const struct gp_config *config);

/** WORD is a zone's name in its ASCII form, not the root; WHY is written when it is not.
 */
bool gp_config_is_zone(const char *word, char why[GP_CONFIG_WHY]);

/** Check the list FILE of TYPE, named at WHERE in a file called FROM. */
void gp_config_check_list(struct gp_config_report *report, struct gp_config_where where,
			  const char *from, const char *file, enum gp_config_type type);

#endif
