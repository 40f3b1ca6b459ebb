/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * label.h - the kernel's own table of address labels (RFC 6724 2.1; ip-addrlabel(8)). It
 * picks source addresses by them (5, rule 6), as libc sorts destinations by those of
 * gai.conf (6, rule 5): the two are meant to be one.
 */
#ifndef LIBGAIPOLICY_RFC6724_LABEL_H
#define LIBGAIPOLICY_RFC6724_LABEL_H

#include "rfc6724/source.h"

/** Rows that are read of the kernel's table; it comes with ten. */
#define GP_LABELS_MAX 1024

/** A row of the kernel's. */
struct gp_label {
	struct gp_prefix prefix;
	uint32_t label; /**< anything but 2^32 - 1 */
};

/** What was heard. */
struct gp_labels {
	struct gp_label rows[GP_LABELS_MAX];
	size_t count;
	size_t bound; /**< left out: rows for one interface alone, which libc cannot have
		       */
	bool is_cut;  /**< there are more */
};

/** A gp_source_hear: add the rows of one datagram to LABELS, a struct gp_labels. What is
 * damaged adds nothing. Pure. */
void gp_labels_hear(void *labels, const void *bytes, size_t size);

/**
 * Read the table through OPS (gp_source_kernel). GP_UNSUPPORTED: the kernel gave none, as
 * without IPv6; GP_RANGE: it has more rows than GP_LABELS_MAX.
 */
enum gp_status gp_labels_read(const struct gp_source_ops *ops, struct gp_labels *out);

/**
 * The kernel's table has ROW, or has it not. Needs CAP_NET_ADMIN: GP_PERM. A prefix that
 * has a row already: GP_CONFLICT, and it stays; one to go that is not there: GP_NOTFOUND.
 * GP_UNSUPPORTED: no IPv6; GP_IO.
 */
enum gp_status gp_label_set(const struct gp_label *row, bool is_there);

/** The kernel has ROW, in the place of one that its prefix has by now. The same errors;
 * GP_RANGE: it takes no label for such a prefix, as of single IPv4 addresses. */
enum gp_status gp_label_replace(const struct gp_label *row);

/** What the kernel has for all of PREFIX but longer rows inside it; *IS_EXACT: by a row
 * of that prefix. False: no row. Pure. */
bool gp_labels_find(const struct gp_labels *labels, const struct gp_prefix *prefix,
		    uint32_t *label, bool *is_exact);

/** How libc and the kernel are about a prefix. */
enum gp_label_match {
	GP_LABEL_SAME,
	/**
	 * Another number with the same effect, as only equal and unequal count: each of
	 * the two stands for the other wherever it occurs.
	 */
	GP_LABEL_RENAMED,
	/** One of the two puts the prefix together with, or apart from, others that the
	 * other does not. */
	GP_LABEL_DIFFERS,
};

/** A prefix that a row of one of the tables, or of both, is for. */
struct gp_label_pair {
	struct gp_prefix prefix;
	int32_t libc;      /**< what libc's table says of all of it */
	uint32_t kernel;   /**< and the kernel's */
	uint32_t line;     /**< of the file libc's row is from; 0: built in, or none */
	bool is_in_libc;   /**< it has a row of this prefix */
	bool is_in_kernel; /**< it has */
	enum gp_label_match match;
};

/**
 * Compare LIBC, a label table, with KERNEL. PAIRS has room for one of each row (CAPACITY
 * >= LIBC->count + KERNEL->count, else GP_RANGE) and gets *COUNT of them, the longest
 * prefix first. Where labels are put together in two ways, the shorter prefix counts as
 * the one that is right. Pure; O(n^2): GP_RANGE beyond 4 * GP_LABELS_MAX rows.
 */
enum gp_status gp_labels_compare(const struct gp_table *libc,
				 const struct gp_labels *kernel,
				 struct gp_label_pair *pairs, size_t capacity,
				 size_t *count);

#endif
