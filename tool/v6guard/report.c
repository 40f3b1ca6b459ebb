/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* report.c - what goes to stderr, and guesses at misspelt words. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("v6guard: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

void warn(struct cli *cli, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return;
	complain("%s", text);

	char **grown = realloc(cli->warnings, (cli->warning_count + 1) * sizeof(*grown));
	if (!grown) {
		free(text);
		return;
	}
	cli->warnings = grown;
	cli->warnings[cli->warning_count++] = text;
}

int exit_of(enum gp_status status)
{
	switch (status) {
	case GP_OK:
		return EXIT_DONE;
	case GP_SYNTAX:
	case GP_RANGE:
	case GP_NOTFOUND:
		return EXIT_INPUT;
	case GP_NOMEM:
	case GP_IO:
	case GP_PERM:
	case GP_CONFLICT:
	case GP_UNSUPPORTED:
	case GP_BUSY:
		return EXIT_ENVIRONMENT;
	}
	return EXIT_ENVIRONMENT;
}

int complain_diag(const struct gp_diag *diag)
{
	char where[64] = "";
	const char *hint = "";

	if (diag->line && diag->column)
		snprintf(where, sizeof(where), "%u:%u:", diag->line, diag->column);
	else if (diag->line)
		snprintf(where, sizeof(where), "%u:", diag->line);
	if (diag->status == GP_PERM && geteuid() != 0)
		hint = " (this needs root)";
	complain("%s%s%s%s%s%s", diag->path, diag->path[0] ? ":" : "", where,
		 diag->path[0] ? " " : "", diag->text, hint);
	return exit_of(diag->status);
}

int complain_memory(void)
{
	complain("no memory");
	return EXIT_ENVIRONMENT;
}

#define WORD_MAX 32

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, with a swap of neighbours as one step. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[WORD_MAX + 1][WORD_MAX + 1];
	size_t n = strlen(a), m = strlen(b);
	if (n > WORD_MAX || m > WORD_MAX)
		return WORD_MAX;

	for (size_t i = 0; i <= n; i++)
		for (size_t j = 0; j <= m; j++) {
			if (i == 0 || j == 0) {
				rows[i][j] = (unsigned)(i + j);
				continue;
			}
			unsigned best = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			best = least(best, rows[i - 1][j] + 1);
			best = least(best, rows[i][j - 1] + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				best = least(best, rows[i - 2][j - 2] + 1);
			rows[i][j] = best;
		}
	return rows[n][m];
}

const char *nearest(const char *word, const char *const *words, size_t count)
{
	const char *found = NULL;
	unsigned best = (unsigned)strlen(word) / 3 + 2;

	for (size_t i = 0; i < count; i++) {
		unsigned far = distance(word, words[i]);
		if (far < best) {
			best = far;
			found = words[i];
		}
	}
	return found;
}

int complain_unknown(const char *kind, const char *word, const char *const *words,
		     size_t count)
{
	const char *guess = nearest(word, words, count);
	if (guess)
		complain("unknown %s '%s': did you mean '%s'?", kind, word, guess);
	else
		complain("unknown %s '%s': see `v6guard --help`", kind, word);
	return EXIT_USAGE;
}
