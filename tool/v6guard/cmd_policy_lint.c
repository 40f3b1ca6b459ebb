/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_policy_lint.c - v6guard policy lint|explain-file: what libc makes of a gai.conf */
#include <stdlib.h>
#include <string.h>

#include "gai.h"
#include "gaiconf/lint.h"

/* The host's, or the file that was named. */
static int read_wanted(const struct cli *cli, int count, char **args, struct gai *out)
{
	return count > 0 ? gai_read_any(args[0], out) : gai_read(cli, GAI_CONF, out);
}

/* The kernel's labels are this host's: not for any other file. */
static int look(const struct cli *cli, int count, const struct gai *gai,
		struct gp_findings *findings)
{
	struct gp_labels *kernel = count > 0 ? NULL : gai_kernel_labels(cli);
	const enum gp_status status = gp_lint(gai->doc, &gai->tables.gai.tables,
					      gp_gai_dialect_here(), kernel, findings);

	free(kernel);
	return status == GP_OK ? EXIT_DONE : complain_memory();
}

/* ---- lint ------------------------------------------------------------------------- */

static void print_finding(struct out *out, const char *path,
			  const struct gp_finding *finding)
{
	const char *severity = gp_severity_name(finding->severity);

	out_object(out, NULL);
	out_integer(out, "line", NULL, finding->line);
	out_integer(out, "column", NULL, finding->column);
	out_string(out, "severity", NULL, severity);
	out_string(out, "code", NULL, finding->code);
	out_string(out, "text", NULL, finding->text);
	out_string(out, "fix", NULL, finding->fix);
	out_end(out);
	out_line(out, "%s:%u:%u: ", path, finding->line, finding->column);
	out_color(out, severity,
		  finding->severity >= GP_SEVERITY_ERROR ? OUT_RED : OUT_YELLOW);
	out_line(out, ": %s [%s]\n    fix: %s\n", finding->text, finding->code,
		 finding->fix);
}

int cmd_policy_lint(struct cli *cli, int count, char **args)
{
	struct gai gai;
	struct gp_findings findings;
	int code = read_wanted(cli, count, args, &gai);

	if (code != EXIT_DONE)
		return code;
	code = look(cli, count, &gai, &findings);
	if (code == EXIT_DONE) {
		out_list(cli->out, "findings");
		for (size_t i = 0; i < findings.count; i++)
			print_finding(cli->out, gai_path(&gai), &findings.list[i]);
		out_end(cli->out);
		code = findings.count > 0 ? EXIT_NEGATIVE : EXIT_DONE;
		gp_findings_free(&findings);
	}
	gai_free(&gai);
	return code;
}

/* ---- explain-file ----------------------------------------------------------------- */

/* The file on its way through, line by line. */
struct reading {
	struct out *out;
	const struct gai *gai;
	const struct gp_findings *findings;
	size_t next; /* finding */
	bool has_row[GP_TABLE_KINDS];
	uint32_t reload; /* the line that counts */
	uint32_t silent; /* lines without a word to say, just before this one */
};

static bool is_comment(const struct gp_doc_line *line)
{
	return !gp_gai_split(line->bytes, line->size).keyword.size;
}

/* "fd00::/8", or who that is. */
static const char *who(enum gp_table_kind kind, const struct gp_row *row, char *buf,
		       size_t size)
{
	char prefix[GP_PREFIX_TEXT];

	gp_row_format(kind, row, prefix);
	if (!strcmp(prefix, "::ffff:0:0/96") || !strcmp(prefix, "0.0.0.0/0"))
		snprintf(buf, size, "all IPv4 addresses (%s)", prefix);
	else if (!strcmp(prefix, "::/0"))
		snprintf(buf, size, "all the rest (%s)", prefix);
	else
		snprintf(buf, size, "%s", prefix);
	return buf;
}

/* Another line for the same prefix comes before. */
static bool is_hidden(const struct reading *reading, uint32_t line)
{
	for (size_t i = reading->next; i < reading->findings->count; i++) {
		const struct gp_finding *finding = &reading->findings->list[i];

		if (finding->line > line)
			break;
		if (!strcmp(finding->code, "duplicate-prefix"))
			return true;
	}
	return false;
}

static void explain_row(struct reading *reading, const struct gp_doc_line *line,
			char *buf, size_t size)
{
	const enum gp_table_kind kind = line->is.kind;
	const char *name = gp_table_kind_name(kind);
	char whom[GP_PREFIX_TEXT + 32];

	snprintf(buf, size, "the %s of %s is %d%s%s%s",
		 kind == GP_TABLE_SCOPEV4 ? "scope" : name,
		 who(kind, &line->is.row, whom, sizeof(whom)), (int)line->is.row.value,
		 reading->has_row[kind] ? "" : "; with it glibc's own ",
		 reading->has_row[kind] ? "" : name,
		 reading->has_row[kind] ? "" : " table is gone");
	reading->has_row[kind] = true;
}

/* What the line does, in words; false: nothing. */
static bool explain(struct reading *reading, const struct gp_doc_line *line, char *buf,
		    size_t size)
{
	switch (line->is.word) {
	case GP_GAI_NOTHING:
		buf[0] = '\0';
		return false;
	case GP_GAI_RELOAD:
		snprintf(buf, size, "%s",
			 line->line != reading->reload ? "a later reload line counts"
			 : line->is.reload ? "programs that read this look at the file "
					     "before every lookup"
					   : "programs read the file once");
		return line->line == reading->reload;
	case GP_GAI_ROW:
		break;
	}
	if (is_hidden(reading, line->line)) {
		buf[0] = '\0';
		return false;
	}
	explain_row(reading, line, buf, size);
	return true;
}

/* Lines that nobody need read about, in one. */
static void print_silent(struct reading *reading, uint32_t before)
{
	const uint32_t first = before - reading->silent;
	char lines[32];

	if (!reading->silent)
		return;
	snprintf(lines, sizeof(lines), reading->silent > 1 ? "%u-%u" : "%u", first,
		 before - 1);
	out_line(reading->out, "%s: %s\n", lines,
		 reading->silent > 1 ? "comments and blank lines"
				     : "a comment, or blank");
	reading->silent = 0;
}

/* The line itself, as far as it fits, without what would disturb a terminal. */
static void print_text(struct out *out, const struct gp_doc_line *line)
{
	char text[72];
	size_t size = line->size, used = 0;

	while (size > 0 && strchr("\r\n", line->bytes[size - 1]))
		size--;
	for (size_t i = 0; i < size && used + 1 < sizeof(text); i++) {
		const unsigned char c = (unsigned char)line->bytes[i];

		text[used++] = (char)(c == '\t' ? ' ' : c < ' ' || c == 127 ? '?' : c);
	}
	text[used] = '\0';
	out_string(out, "text", NULL, text);
	out_line(out, "%u: %s%s\n", line->line, text, used < size ? "..." : "");
}

static void explain_line(struct reading *reading, const struct gp_doc_line *line)
{
	const struct gp_findings *findings = reading->findings;
	struct out *out = reading->out;
	const bool is_silent = is_comment(line) && !line->is_block &&
			       (reading->next == findings->count ||
				findings->list[reading->next].line > line->line);
	char why[512];

	if (!is_silent)
		print_silent(reading, line->line);
	out_object(out, NULL);
	out_integer(out, "line", NULL, line->line);
	if (is_silent) {
		reading->silent++;
		out_string(out, "text", NULL, NULL);
	} else {
		print_text(out, line);
	}
	out_bool(out, "used", NULL, explain(reading, line, why, sizeof(why)));
	out_list(out, "why");
	if (is_silent)
		out_item(out, "a comment, or blank");
	else if (why[0]) {
		out_item(out, why);
		out_line(out, "    %s\n", why);
	} else if (is_comment(line)) {
		out_item(out, "a mark of the known-local block, which v6guardd keeps");
		out_line(out,
			 "    a mark of the known-local block, which v6guardd keeps\n");
	}
	for (; reading->next < findings->count &&
	       findings->list[reading->next].line == line->line;
	     reading->next++) {
		const struct gp_finding *finding = &findings->list[reading->next];

		out_item(out, finding->text);
		out_line(out, "    %s: %s\n", gp_severity_name(finding->severity),
			 finding->text);
	}
	out_end(out);
	out_end(out);
}

int cmd_policy_explain(struct cli *cli, int count, char **args)
{
	struct gai gai;
	struct gp_findings findings;
	struct reading reading = {.out = cli->out, .gai = &gai, .findings = &findings};
	int code = read_wanted(cli, count, args, &gai);

	if (code != EXIT_DONE)
		return code;
	code = look(cli, count, &gai, &findings);
	if (code != EXIT_DONE) {
		gai_free(&gai);
		return code;
	}
	for (uint32_t at = gp_doc_next(gai.doc, 0); at; at = gp_doc_next(gai.doc, at))
		if (gp_doc_line(gai.doc, at)->is.word == GP_GAI_RELOAD)
			reading.reload = at;
	out_string(cli->out, "file", NULL, gai_path(&gai));
	out_list(cli->out, "lines");
	for (uint32_t at = gp_doc_next(gai.doc, 0); at; at = gp_doc_next(gai.doc, at))
		explain_line(&reading, gp_doc_line(gai.doc, at));
	out_end(cli->out);
	print_silent(&reading, gp_doc_previous(gai.doc, 0) + 1);
	for (unsigned kind = 0; kind < GP_TABLE_KINDS; kind++)
		if (!reading.has_row[kind])
			out_line(cli->out, "%s: no row, so glibc's own table holds\n",
				 gp_table_kind_name((enum gp_table_kind)kind));
	gp_findings_free(&findings);
	gai_free(&gai);
	return EXIT_DONE;
}
