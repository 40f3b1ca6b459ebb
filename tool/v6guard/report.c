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

/* More words than that nobody reads. */
#define LISTED 12

int complain_unknown(const char *kind, const char *word, const char *const *words,
		     size_t count)
{
	const char *guess = gp_nearest(word, words, count);
	char list[512] = "";

	for (size_t i = 0; i < count && count <= LISTED; i++) {
		const size_t used = strlen(list);

		snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : " (",
			 words[i]);
	}
	if (guess)
		complain("unknown %s '%s': did you mean '%s'?%s%s", kind, word, guess,
			 list, list[0] ? ")" : "");
	else if (list[0])
		complain("unknown %s '%s'%s)", kind, word, list);
	else
		complain("unknown %s '%s': see `v6guard %s`", kind, word,
			 !strcmp(kind, "rule") ? "rule list" : "--help");
	return EXIT_USAGE;
}
