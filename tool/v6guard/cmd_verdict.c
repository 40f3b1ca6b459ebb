/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli.h"

int cmd_verdict_list(struct cli *cli, int count, char **args)
{
	(void)cli, (void)count, (void)args;
	return EXIT_ENVIRONMENT;
}

int cmd_verdict_set(struct cli *cli, int count, char **args)
{
	(void)cli, (void)count, (void)args;
	return EXIT_ENVIRONMENT;
}

int cmd_verdict_clear(struct cli *cli, int count, char **args)
{
	(void)cli, (void)count, (void)args;
	return EXIT_ENVIRONMENT;
}
