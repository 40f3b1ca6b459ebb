/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_stuck.c - v6guard stuck [--watch] [--rescue] */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "known.h"
#include "screen.h"
#include "stuck.h"

#define COLUMNS 7
#define CELL 136
#define STORIES 8 /* that --watch --rescue remembers */

/* ---- as a table ------------------------------------------------------------------ */

struct line {
	char cell[COLUMNS][CELL];
};

static const char *const headings[COLUMNS] = {
	"PROGRAM", "PID", "UNIT", "DESTINATION", "SINCE", "WOULD LAST", "IPV4 PARTNER"};

static void fill_line(struct line *line, const struct stuck_socket *item,
		      unsigned would_last)
{
	char address[GP_ADDR_TEXT];
	bool is_known = item->owner.pid != 0;

	known_text(line->cell[0], CELL, is_known ? item->owner.program : "-");
	if (is_known)
		snprintf(line->cell[1], CELL, "%ld", (long)item->owner.pid);
	else
		strcpy(line->cell[1], "-");
	known_text(line->cell[2], CELL, item->owner.unit[0] ? item->owner.unit : "-");
	snprintf(line->cell[3], CELL, "%s port %u",
		 gp_addr_format(&item->socket.remote, address),
		 (unsigned)item->socket.remote_port);
	snprintf(line->cell[4], CELL, ">= %u s", item->seconds);
	snprintf(line->cell[5], CELL, "%u s", would_last);
	snprintf(line->cell[6], CELL, "%s",
		 item->partner_count ? gp_addr_format(&item->partners[0], address) : "-");
}

static void widen(int width[COLUMNS], const struct line *line)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		int length = (int)strlen(line->cell[i]);
		if (length > width[i])
			width[i] = length;
	}
}

static void print_line(struct out *out, const int width[COLUMNS], const struct line *line)
{
	for (size_t i = 0; i + 1 < COLUMNS; i++)
		out_line(out, "%-*s  ", width[i], line->cell[i]);
	out_line(out, "%s\n", line->cell[COLUMNS - 1]);
}

/* At most MAX of them, whole lines each. */
static void print_table(struct out *out, const struct stuck_list *list, size_t max)
{
	int width[COLUMNS] = {0};
	struct line line;
	size_t shown = list->count < max ? list->count : max;

	for (size_t i = 0; i < COLUMNS; i++)
		strcpy(line.cell[i], headings[i]);
	widen(width, &line);
	for (size_t i = 0; i < shown; i++) {
		fill_line(&line, &list->items[i], list->would_last);
		widen(width, &line);
	}
	for (size_t i = 0; i < COLUMNS; i++)
		strcpy(line.cell[i], headings[i]);
	print_line(out, width, &line);
	for (size_t i = 0; i < shown; i++) {
		fill_line(&line, &list->items[i], list->would_last);
		print_line(out, width, &line);
	}
	if (shown < list->count)
		out_line(out, "and %zu more\n", list->count - shown);
}

/* ---- as JSON --------------------------------------------------------------------- */

static void print_json(const struct cli *cli, const struct stuck_list *list)
{
	struct out *out = cli->out;
	char address[GP_ADDR_TEXT];

	out_list(out, "sockets");
	for (size_t i = 0; i < list->count; i++) {
		const struct stuck_socket *item = &list->items[i];
		bool is_known = item->owner.pid != 0;
		out_object(out, NULL);
		if (is_known)
			out_integer(out, "pid", NULL, item->owner.pid);
		else
			out_string(out, "pid", NULL, NULL);
		out_string(out, "program", NULL, is_known ? item->owner.program : NULL);
		out_string(out, "unit", NULL,
			   item->owner.unit[0] ? item->owner.unit : NULL);
		out_string(out, "address", NULL,
			   gp_addr_format(&item->socket.remote, address));
		out_integer(out, "port", NULL, item->socket.remote_port);
		out_integer(out, "seconds", NULL, item->seconds);
		out_integer(out, "would_last", NULL, list->would_last);
		out_string(out, "ipv4_partner", NULL,
			   item->partner_count
				   ? gp_addr_format(&item->partners[0], address)
				   : NULL);
		if (cli->is_rescue)
			out_string(out, "rescue", NULL, stuck_fate_name(item->fate));
		out_end(out);
	}
	out_end(out);
}

/* ---- once ------------------------------------------------------------------------ */

static int find(int fd, struct stuck_list *list)
{
	enum gp_status status = stuck_find(fd, list);

	if (status == GP_OK)
		return EXIT_DONE;
	screen_end(); /* or nobody reads it */
	if (status == GP_NOMEM)
		return complain_memory();
	complain("cannot list this host's sockets: %s", gp_status_text(status));
	return EXIT_ENVIRONMENT;
}

static bool is_anybody_unknown(const struct stuck_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].owner.pid == 0)
			return true;
	return false;
}

static bool are_all_free(const struct stuck_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].fate != STUCK_FREED &&
		    list->items[i].fate != STUCK_GONE)
			return false;
	return true;
}

static int show_once(struct cli *cli, int fd)
{
	struct stuck_list list;
	char text[STUCK_TEXT];
	int code = find(fd, &list);
	if (code != EXIT_DONE)
		return code;

	if (cli->is_rescue)
		stuck_rescue(fd, &list);
	print_json(cli, &list);
	if (list.count == 0)
		out_line(cli->out, "nothing is stuck\n");
	else if (!cli->is_rescue)
		print_table(cli->out, &list, SIZE_MAX);
	for (size_t i = 0; cli->is_rescue && i < list.count; i++)
		out_line(cli->out, "%s\n", stuck_story(&list.items[i], text));
	if (!cli->is_rescue && is_anybody_unknown(&list) && geteuid() != 0)
		complain("only root sees whose sockets the others are");
	bool is_good = are_all_free(&list);
	stuck_free(&list);
	return is_good ? EXIT_DONE : EXIT_NEGATIVE;
}

/* ---- again and again ------------------------------------------------------------- */

struct stories {
	char text[STORIES][STUCK_TEXT];
	size_t count; /* since the start */
};

static void remember(struct stories *stories, const struct stuck_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		stuck_story(&list->items[i], stories->text[stories->count++ % STORIES]);
}

/* Each block stands for itself where all of them stay readable. */
static void print_block(struct cli *cli, const struct stuck_list *list)
{
	char text[STUCK_TEXT];

	if (list->count > 0)
		print_table(cli->out, list, SIZE_MAX);
	else
		out_line(cli->out, "nothing is stuck\n");
	for (size_t i = 0; cli->is_rescue && i < list->count; i++)
		out_line(cli->out, "%s\n", stuck_story(&list->items[i], text));
	out_line(cli->out, "\n");
}

static void draw(struct cli *cli, const struct stuck_list *list,
		 const struct stories *stories, int rows)
{
	size_t from = stories->count > STORIES ? stories->count - STORIES : 0;
	/* Heading, blank, titles, "and more", blank; and the cursor's line. */
	int left = rows - 6 - (int)(stories->count - from);

	out_line(cli->out, "v6guard stuck: %zu (q quits)\n\n", list->count);
	if (list->count > 0)
		print_table(cli->out, list, left > 1 ? (size_t)left : 1);
	else
		out_line(cli->out, "nothing is stuck\n");
	out_line(cli->out, "\n");
	for (size_t i = from; i < stories->count; i++)
		out_line(cli->out, "%s\n", stories->text[i % STORIES]);
}

static int show_frame(struct cli *cli, int fd, struct stories *stories)
{
	struct stuck_list list;
	int code = find(fd, &list);
	if (code != EXIT_DONE)
		return code;

	if (cli->is_rescue) {
		stuck_rescue(fd, &list);
		remember(stories, &list);
	}
	screen_frame_begin();
	int rows = screen_rows();
	if (rows == INT_MAX)
		print_block(cli, &list);
	else
		draw(cli, &list, stories, rows);
	stuck_free(&list);
	if (screen_frame_end())
		return EXIT_DONE;
	screen_end();
	complain("cannot write the result");
	return EXIT_ENVIRONMENT;
}

static int watch(struct cli *cli, int fd)
{
	struct stories stories = {.count = 0};
	int code;

	if (!screen_begin()) {
		complain("the terminal: %s", strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	do
		code = show_frame(cli, fd, &stories);
	while (code == EXIT_DONE && screen_wait(1000));
	screen_end();
	return code;
}

/* ---- the command ----------------------------------------------------------------- */

static int check_rights(int fd)
{
	switch (gp_sockdiag_can_destroy(fd)) {
	case GP_OK:
		return EXIT_DONE;
	case GP_PERM:
		complain("--rescue needs root (CAP_NET_ADMIN)");
		return EXIT_ENVIRONMENT;
	case GP_UNSUPPORTED:
		complain("this kernel cannot free sockets: it was built without "
			 "CONFIG_INET_DIAG_DESTROY");
		return EXIT_ENVIRONMENT;
	case GP_NOMEM:
	case GP_IO:
	case GP_SYNTAX:
	case GP_RANGE:
	case GP_NOTFOUND:
	case GP_CONFLICT:
	case GP_BUSY:
		break;
	}
	complain("the kernel does not say whether it can free sockets");
	return EXIT_ENVIRONMENT;
}

int cmd_stuck(struct cli *cli, int count, char **args)
{
	(void)count, (void)args;
	if (cli->root[0]) {
		complain("stuck is about this host: not with --root");
		return EXIT_USAGE;
	}
	if (cli->is_watch && out_is_json(cli->out)) {
		complain("stuck --watch is for people: not with --json");
		return EXIT_USAGE;
	}
	int fd = gp_sockdiag_open();
	if (fd < 0) {
		complain("cannot ask the kernel for its sockets: %s", strerror(errno));
		return EXIT_ENVIRONMENT;
	}
	int code = cli->is_rescue ? check_rights(fd) : EXIT_DONE;
	if (code == EXIT_DONE)
		code = cli->is_watch ? watch(cli, fd) : show_once(cli, fd);
	close(fd);
	return code;
}
