/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* label.c - the kernel's address labels from rtnetlink(7), and beside libc's. */
#include <linux/if_addrlabel.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "rfc6724/label.h"
#include "rfc6724/netlink.h"

/* What the kernel takes for "none". */
#define NO_LABEL UINT32_MAX
/* The label of what no row matches (RFC 6724 2.1 has one for ::/0; a kernel's table may
 * have lost it): that of no row either. */
#define KERNEL_FALLBACK NO_LABEL

/* ---- messages ---- */

static void take_row(struct gp_labels *labels, struct gp_bytes body)
{
	struct gp_label row = {.label = NO_LABEL};
	struct ifaddrlblmsg header;
	struct gp_bytes value;
	uint16_t type;

	if (!gp_bytes_take(&body, &header, sizeof(header)) ||
	    header.ifal_family != AF_INET6 || header.ifal_prefixlen > 128)
		return;
	row.prefix.length = header.ifal_prefixlen;
	while (gp_bytes_attribute(&body, &type, &value)) {
		if (type == IFAL_ADDRESS && value.left == 16)
			row.prefix.addr = gp_addr_make(AF_INET6, value.at, 0);
		else if (type == IFAL_LABEL && value.left == sizeof(row.label))
			memcpy(&row.label, value.at, sizeof(row.label));
	}
	if (row.prefix.addr.family == 0 || row.label == NO_LABEL)
		return;
	if (header.ifal_index)
		labels->bound++;
	else if (labels->count == GP_LABELS_MAX)
		labels->is_cut = true;
	else
		labels->rows[labels->count++] = row;
}

void gp_labels_hear(void *labels, const void *bytes, size_t size)
{
	struct gp_bytes rest = {bytes, size}, body;
	uint16_t type;

	while (gp_bytes_message(&rest, &type, &body))
		if (type == RTM_NEWADDRLABEL)
			take_row(labels, body);
}

enum gp_status gp_labels_read(const struct gp_source_ops *ops, struct gp_labels *out)
{
	out->count = out->bound = 0;
	out->is_cut = false;
	if (!ops->dump(ops->ctx, RTM_GETADDRLABEL, gp_labels_hear, out))
		return GP_UNSUPPORTED;
	return out->is_cut ? GP_RANGE : GP_OK;
}

/* ---- comparison ---- */

static bool is_same_prefix(const struct gp_prefix *a, const struct gp_prefix *b)
{
	return a->length == b->length && gp_prefix_match(a, &b->addr);
}

static void add_pair(struct gp_label_pair *pairs, size_t *count,
		     const struct gp_prefix *prefix, uint32_t line, bool is_libc)
{
	struct gp_label_pair *pair = pairs;

	for (size_t i = 0; i < *count && !is_same_prefix(&pair->prefix, prefix); i++)
		pair++;
	if (pair == pairs + *count)
		pairs[(*count)++] =
			(struct gp_label_pair){.prefix = *prefix, .line = line};
	if (is_libc)
		pair->is_in_libc = true;
	else
		pair->is_in_kernel = true;
}

/* The row that decides for all of PREFIX but what longer rows take out of it. */
static int32_t libc_label(const struct gp_table *table, const struct gp_prefix *prefix)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct gp_prefix row =
			gp_row_prefix(GP_TABLE_LABEL, &table->rows[i]);

		if (row.length <= prefix->length && gp_prefix_match(&row, &prefix->addr))
			return table->rows[i].value;
	}
	return gp_table_fallback(GP_TABLE_LABEL);
}

bool gp_labels_find(const struct gp_labels *labels, const struct gp_prefix *prefix,
		    uint32_t *label, bool *is_exact)
{
	const struct gp_label *best = NULL;

	for (size_t i = 0; i < labels->count; i++) {
		const struct gp_label *row = &labels->rows[i];

		if (row->prefix.length <= prefix->length &&
		    gp_prefix_match(&row->prefix, &prefix->addr) &&
		    (!best || row->prefix.length > best->prefix.length))
			best = row;
	}
	*label = best ? best->label : KERNEL_FALLBACK;
	*is_exact = best && best->prefix.length == prefix->length;
	return best;
}

static uint32_t kernel_label(const struct gp_labels *kernel,
			     const struct gp_prefix *prefix)
{
	uint32_t label;
	bool is_exact;

	gp_labels_find(kernel, prefix, &label, &is_exact);
	return label;
}

/* By those behind it, which are shorter or of equal length: is what it pairs paired with
 * something else? */
static enum gp_label_match match(const struct gp_label_pair *pairs, size_t at,
				 size_t count)
{
	const struct gp_label_pair *pair = &pairs[at];

	for (size_t i = at + 1; i < count; i++)
		if (pairs[i].match != GP_LABEL_DIFFERS &&
		    (pairs[i].libc == pair->libc) != (pairs[i].kernel == pair->kernel))
			return GP_LABEL_DIFFERS;
	return (uint32_t)pair->libc == pair->kernel ? GP_LABEL_SAME : GP_LABEL_RENAMED;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct gp_prefix *one = &((const struct gp_label_pair *)a)->prefix;
	const struct gp_prefix *other = &((const struct gp_label_pair *)b)->prefix;

	if (one->length != other->length)
		return (int)other->length - (int)one->length;
	return memcmp(one->addr.bytes, other->addr.bytes, sizeof(one->addr.bytes));
}

enum gp_status gp_labels_compare(const struct gp_table *libc,
				 const struct gp_labels *kernel,
				 struct gp_label_pair *pairs, size_t capacity,
				 size_t *count)
{
	size_t used = 0;

	if (libc->count > 4 * GP_LABELS_MAX || libc->count + kernel->count > capacity)
		return GP_RANGE;
	for (size_t i = 0; i < libc->count; i++) {
		const struct gp_prefix prefix =
			gp_row_prefix(GP_TABLE_LABEL, &libc->rows[i]);

		add_pair(pairs, &used, &prefix, libc->rows[i].line, true);
	}
	for (size_t i = 0; i < kernel->count; i++)
		add_pair(pairs, &used, &kernel->rows[i].prefix, 0, false);
	for (size_t i = 0; i < used; i++) {
		pairs[i].libc = libc_label(libc, &pairs[i].prefix);
		pairs[i].kernel = kernel_label(kernel, &pairs[i].prefix);
	}
	qsort(pairs, used, sizeof(pairs[0]), compare_pairs);
	for (size_t i = used; i-- > 0;)
		pairs[i].match = match(pairs, i, used);
	*count = used;
	return GP_OK;
}
