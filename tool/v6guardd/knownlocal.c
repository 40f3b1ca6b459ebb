/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* knownlocal.c - nothing is written unless the rows are others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag.h"
#include "gaiconf/block.h"
#include "gaiconf/vendor.h"
#include "knownlocal.h"
#include "rfc6724/label.h"

#define COMMAND "v6guardd: known-local-ula"
/* A network that comes and goes is not to wear out the disk. */
#define WRITE_EVERY_MS 2000
/* After trouble, and to see what people do to the file. */
#define LOOK_EVERY_MS 30000

/* The file as it is. */
struct view {
	struct gp_file file;
	struct gp_doc *doc;
	enum gp_block_state state;
	struct ula_rows rows; /* of a block that is ours */
};

const char *knownlocal_state_name(enum knownlocal_state state)
{
	static const char *const names[KNOWNLOCAL_STATES] = {
		[KNOWNLOCAL_OFF] = "off",       [KNOWNLOCAL_ON] = "on",
		[KNOWNLOCAL_EDITED] = "edited", [KNOWNLOCAL_REMOVED] = "removed",
		[KNOWNLOCAL_FAILED] = "failed",
	};

	return (unsigned)state < KNOWNLOCAL_STATES ? names[state] : NULL;
}

/* ---- the file ---- */

static enum gp_status view_open(struct view *view, struct gp_diag *diag)
{
	size_t count;
	enum gp_status status;

	memset(view, 0, sizeof(*view));
	status = gp_file_read_vendor("", KNOWNLOCAL_FILE, &view->file, diag);
	if (status != GP_OK)
		return status;
	status = gp_doc_parse(view->file.bytes, view->file.size, gp_gai_dialect_here(),
			      &view->doc);
	if (status != GP_OK)
		return gp_diag_set(diag, status, KNOWNLOCAL_FILE, "%s",
				   gp_status_text(status));
	view->state = gp_block_look(view->doc, view->rows.rows, ULA_ROWS, &count);
	view->rows.count = (uint32_t)count;
	/* A digest can be right by intent. */
	if (view->state == GP_BLOCK_OURS && !ula_rows_are_valid(&view->rows)) {
		view->state = GP_BLOCK_EDITED;
		view->rows.count = 0;
	}
	return GP_OK;
}

static void view_close(struct view *view)
{
	gp_doc_free(view->doc);
	gp_file_free(&view->file);
}

/* History is for what would stay: the block comes and goes with the network, and would
 * push out all that people have done. A copy of the vendor's file is noted, so that it
 * can go with the block. */
static enum gp_status replace(struct gp_store *store, struct view *view,
			      const struct ula_rows *rows, struct gp_diag *diag)
{
	const bool is_lasting = gp_block_set(view->doc, rows->rows, rows->count);
	enum gp_status status;
	bool is_none = false;
	char *bytes;
	size_t size;

	status = gp_doc_write(view->doc, &bytes, &size);
	if (status != GP_OK)
		return gp_diag_set(diag, status, KNOWNLOCAL_FILE, "%s",
				   gp_status_text(status));
	if (!rows->count)
		status = gp_origin_is_none("", "gai", &view->file, bytes, size, &is_none,
					   diag);
	if (status == GP_OK && is_none)
		status = gp_store_remove(store, &view->file, NULL, diag);
	else if (status == GP_OK)
		status = gp_store_replace(store, &view->file,
					  is_lasting || view->file.vendor ? "gai" : NULL,
					  bytes, size, diag);
	free(bytes);
	return status;
}

/* Under the lock the file is read anew. */
static enum gp_status write_rows(const struct ula_rows *rows, struct gp_diag *diag)
{
	struct gp_store *store;
	struct view view;
	enum gp_status status = gp_store_open("", COMMAND, &store, diag);

	if (status != GP_OK)
		return status;
	status = view_open(&view, diag);
	if (status == GP_OK && view.state == GP_BLOCK_EDITED)
		status = gp_diag_set(diag, GP_CONFLICT, KNOWNLOCAL_FILE,
				     "it was changed by hand just now");
	else if (status == GP_OK && !ula_rows_are_same(&view.rows, rows))
		status = replace(store, &view, rows, diag);
	view_close(&view);
	gp_store_close(store);
	return status;
}

/* ---- the kernel ---- */

static const struct gp_label *find_label(const struct gp_labels *labels,
					 const struct gp_prefix *prefix)
{
	for (size_t i = 0; i < labels->count; i++)
		if (labels->rows[i].prefix.length == prefix->length &&
		    gp_prefix_match(prefix, &labels->rows[i].prefix.addr))
			return &labels->rows[i];
	return NULL;
}

static bool has_row(const struct ula_rows *rows, const struct gp_prefix *prefix)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->rows[i].length == prefix->length &&
		    gp_prefix_match(prefix, &rows->rows[i].addr))
			return true;
	return false;
}

/* A label that somebody else gave stays. */
static void add_labels(const struct gp_labels *labels, const struct ula_rows *rows,
		       char detail[KNOWNLOCAL_DETAIL])
{
	char text[GP_PREFIX_TEXT];

	for (size_t i = 0; i < rows->count; i++) {
		const struct gp_label wanted = {rows->rows[i], GP_BLOCK_LABEL};
		const struct gp_label *is = find_label(labels, &wanted.prefix);
		enum gp_status status = GP_CONFLICT;

		if (is && is->label == GP_BLOCK_LABEL)
			continue;
		if (!is)
			status = gp_label_set(&wanted, true);
		if (status != GP_OK)
			snprintf(detail, KNOWNLOCAL_DETAIL,
				 "the kernel's label of %s is another one: %s",
				 gp_prefix_format(&wanted.prefix, text),
				 is ? "by somebody else" : gp_status_text(status));
	}
}

/* Of the rows before, those that are no more. */
static void drop_labels(const struct gp_labels *labels, const struct ula_rows *before,
			const struct ula_rows *rows)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct gp_label old = {before->rows[i], GP_BLOCK_LABEL};
		const struct gp_label *is = find_label(labels, &old.prefix);

		if (!has_row(rows, &old.prefix) && is && is->label == GP_BLOCK_LABEL)
			gp_label_set(&old, false);
	}
}

static void keep_labels(const struct ula_rows *before, const struct ula_rows *rows,
			char detail[KNOWNLOCAL_DETAIL])
{
	struct gp_source_sockets sockets;
	const struct gp_source_ops ops = gp_source_kernel(&sockets, 0);
	struct gp_labels *labels;

	if (!before->count && !rows->count)
		return;
	labels = malloc(sizeof(*labels));
	if (!labels)
		return;
	if (gp_labels_read(&ops, labels) == GP_OK) {
		drop_labels(labels, before, rows);
		add_labels(labels, rows, detail);
	} else {
		snprintf(detail, KNOWNLOCAL_DETAIL, "the kernel's labels are not known");
	}
	gp_source_close(&sockets);
	free(labels);
}

/* ---- together ---- */

static void report(struct knownlocal *known, enum knownlocal_state state,
		   const struct ula_rows *rows)
{
	known->report.state = state;
	if (rows)
		known->report.rows = *rows;
	else
		memset(&known->report.rows, 0, sizeof(known->report.rows));
}

static void fail(struct knownlocal *known, const struct gp_diag *diag)
{
	snprintf(known->report.detail, KNOWNLOCAL_DETAIL, "%.99s: %.149s",
		 diag->path[0] ? diag->path : KNOWNLOCAL_FILE, diag->text);
	known->report.state = KNOWNLOCAL_FAILED;
}

/* ROWS are what is wanted; VIEW is the file before. */
static void settle(struct knownlocal *known, const struct view *view,
		   const struct ula_rows *rows, long long now_ms)
{
	struct gp_diag diag = {.text = ""};

	if (view->state == GP_BLOCK_EDITED) {
		report(known, KNOWNLOCAL_EDITED, NULL);
		snprintf(known->report.detail, KNOWNLOCAL_DETAIL,
			 "the block in %s was changed by hand, and is left alone",
			 KNOWNLOCAL_FILE);
		return;
	}
	if (view->state == GP_BLOCK_NONE && known->had_block && rows->count) {
		keep_labels(&known->report.rows, &view->rows, known->report.detail);
		report(known, KNOWNLOCAL_REMOVED, NULL);
		snprintf(known->report.detail, KNOWNLOCAL_DETAIL,
			 "the block in %s was taken out by hand, and stays out until the "
			 "next reload",
			 KNOWNLOCAL_FILE);
		return;
	}
	if (!ula_rows_are_same(&view->rows, rows)) {
		known->not_before_ms = now_ms + WRITE_EVERY_MS;
		if (write_rows(rows, &diag) != GP_OK) {
			fail(known, &diag);
			return;
		}
	}
	report(known, known->is_wanted ? KNOWNLOCAL_ON : KNOWNLOCAL_OFF, rows);
	known->had_block = rows->count > 0;
	keep_labels(&view->rows, rows, known->report.detail);
}

static bool is_untouched(const struct knownlocal *known)
{
	struct stat now;

	return known->report.state == KNOWNLOCAL_ON && known->seen.st_nlink &&
	       !stat(KNOWNLOCAL_FILE, &now) && now.st_ino == known->seen.st_ino &&
	       now.st_size == known->seen.st_size &&
	       now.st_mtim.tv_sec == known->seen.st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == known->seen.st_mtim.tv_nsec;
}

static void look_at_file(struct knownlocal *known, long long now_ms)
{
	static const struct ula_rows none;
	const struct ula_rows *rows = known->is_wanted ? &known->told : &none;
	struct gp_diag diag = {.text = ""};
	struct view view;

	known->report.detail[0] = '\0';
	if (view_open(&view, &diag) == GP_OK)
		settle(known, &view, rows, now_ms);
	else
		fail(known, &diag);
	view_close(&view);
	if (stat(KNOWNLOCAL_FILE, &known->seen))
		known->seen.st_nlink = 0;
}

bool knownlocal_do(struct knownlocal *known, long long now_ms)
{
	const struct knownlocal_report before = known->report;
	const bool has_work = known->is_wanted && known->told.count;

	if (!known->due_ms || known->due_ms > now_ms)
		return false;
	if (!is_untouched(known))
		look_at_file(known, now_ms);
	known->due_ms = has_work || known->report.state == KNOWNLOCAL_FAILED
				? now_ms + LOOK_EVERY_MS
				: 0;
	return before.state != known->report.state ||
	       !ula_rows_are_same(&before.rows, &known->report.rows) ||
	       strcmp(before.detail, known->report.detail) != 0;
}

static void want(struct knownlocal *known, long long now_ms)
{
	if (!known->is_told)
		return;
	known->seen.st_nlink = 0;
	known->due_ms = now_ms > known->not_before_ms ? now_ms : known->not_before_ms;
}

void knownlocal_configure(struct knownlocal *known, bool is_wanted, long long now_ms)
{
	known->is_wanted = is_wanted;
	known->had_block = false;
	want(known, now_ms);
}

void knownlocal_tell(struct knownlocal *known, const struct ula_rows *rows,
		     long long now_ms)
{
	known->is_told = true;
	known->told = *rows;
	want(known, now_ms);
}

void knownlocal_end(struct knownlocal *known)
{
	if (!known->report.rows.count)
		return;
	known->is_wanted = false;
	look_at_file(known, 0);
}
