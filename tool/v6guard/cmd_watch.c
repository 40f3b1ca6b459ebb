/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_watch.c - v6guard watch: status again and again, and what has changed. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "events.h"
#include "screen.h"

#define EVERY_MS 1000
#define VERDICTS_SHOWN 10
/* Lines of a frame beside the verdicts: headings, status and events. */
#define OTHER_ROWS 24

struct watch {
	struct cli *cli;
	bool is_json;
	struct events events;
	struct status now, before;
	bool has_before;
};

/* At most ROWS lines: what a terminal scrolls away is the top. */
static void print_lines(const char *text, int rows)
{
	for (int i = 0; *text && i < rows; i++) {
		const size_t length = strcspn(text, "\n");
		const bool is_last = i + 1 == rows;

		printf("%.*s%s", (int)length, text, is_last ? "" : "\n");
		text += length + (text[length] == '\n');
	}
}

static size_t verdicts_shown(int rows)
{
	if (rows == INT_MAX)
		return VERDICTS_SHOWN;
	return rows > OTHER_ROWS + 3 ? (size_t)(rows - OTHER_ROWS) : 3;
}

static void print_frame(const struct watch *watch, struct out *out, size_t max)
{
	const time_t now = time(NULL);
	char when[64] = "";
	struct tm local;

	if (localtime_r(&now, &local))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &local);
	out_line(out, "%-*s%s%s\n", OUT_LABEL, "v6guard", when,
		 screen_rows() == INT_MAX ? "" : "   q ends this");
	status_print(out, &watch->now, max);
	out_line(out, "\n");
	events_print(out, &watch->events);
}

/* Everything is put together first, to be cut to the terminal's size. */
static bool show(struct watch *watch)
{
	const int rows = screen_rows();
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	struct out *out = to ? out_like(watch->cli->out, to) : NULL;
	bool is_good = out != NULL;

	if (is_good) {
		print_frame(watch, out, verdicts_shown(rows));
		is_good = out_finish(out);
	}
	out_free(out);
	if (to)
		is_good = fclose(to) == 0 && is_good;
	if (is_good) {
		screen_frame_begin();
		print_lines(text, rows);
		if (rows == INT_MAX && !watch->is_json)
			putchar('\n');
		is_good = screen_frame_end();
	}
	free(text);
	return is_good;
}

/* A look that fails has said so, and ends it. */
static int look(struct watch *watch)
{
	status_free(&watch->before);
	watch->before = watch->now;
	int code = status_look(watch->cli, true, &watch->now);
	if (code == EXIT_DONE && watch->has_before)
		events_add(&watch->events, &watch->before, &watch->now);
	watch->has_before = true;
	return code;
}

static int run(struct watch *watch)
{
	int code;

	do {
		code = look(watch);
		if (code == EXIT_DONE && !show(watch)) {
			screen_end();
			complain("cannot write the result");
			code = EXIT_ENVIRONMENT;
		}
	} while (code == EXIT_DONE && screen_wait(EVERY_MS));
	return code;
}

int cmd_watch(struct cli *cli, int count, char **args)
{
	struct watch *watch = calloc(1, sizeof(*watch));

	(void)count, (void)args;
	if (!watch)
		return complain_memory();
	watch->cli = cli;
	watch->is_json = out_is_json(cli->out);
	int code = EXIT_ENVIRONMENT;
	if (watch->is_json || screen_begin())
		code = run(watch);
	else
		complain("the terminal cannot be used: %s", strerror(errno));
	screen_end();
	status_free(&watch->before);
	status_free(&watch->now);
	free(watch);
	return code;
}
