/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_argv.c - any words as the command line's options: taken or refused, each time the
 * same, and what is no option stands behind them all. Input: words, a NUL after each. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool/v6guard/options.h"

#define WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

/* Refusals are no findings. */
static void be_silent(void)
{
	static bool is_silent;

	if (!is_silent)
		stderr = fopen("/dev/null", "w");
	is_silent = true;
}

static int take(char *words, size_t size, struct cli *cli, struct wishes *wishes)
{
	static char name[] = "v6guard";
	char *argv[WORDS + 2] = {name};
	int argc = 1;

	for (size_t at = 0; at < size && argc <= WORDS; at += strlen(words + at) + 1)
		argv[argc++] = words + at;
	*cli = (struct cli){.root = ""};
	*wishes = (struct wishes){.color = "auto"};
	optind = 0; /* glibc: from the start, and all of its state anew */
	const int code = options_take(cli, wishes, argc, argv);

	expect(code == EXIT_DONE || code == EXIT_USAGE);
	if (code != EXIT_DONE)
		return code;
	expect(optind >= 1 && optind <= argc && cli->verify_count <= VERIFY_MAX);
	expect(cli->root && wishes->color && !options_beyond(wishes, ~0U));
	expect(!wishes->given == !options_beyond(wishes, 0));
	int64_t seconds = 1;
	if (cli->for_time && options_for_time(cli, &seconds) == EXIT_DONE)
		expect(seconds > 0);
	return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cli cli, again;
	struct wishes wishes, more;
	char *words = malloc(size + 1), *copy = malloc(size + 1);

	expect(words && copy);
	be_silent();
	if (size > 0)
		memcpy(words, data, size);
	words[size] = '\0';
	memcpy(copy, words, size + 1);
	expect(take(words, size, &cli, &wishes) == take(copy, size, &again, &more));
	expect(wishes.given == more.given && cli.is_quiet == again.is_quiet &&
	       wishes.is_json == more.is_json && cli.is_dry_run == again.is_dry_run);
	expect(!memcmp(words, copy, size + 1));
	free(words);
	free(copy);
	return 0;
}
