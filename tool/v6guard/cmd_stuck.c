/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli.h"

int cmd_stuck(struct cli *cli, int count, char **args)
{
	(void)cli, (void)count, (void)args;
	return EXIT_ENVIRONMENT;
}
