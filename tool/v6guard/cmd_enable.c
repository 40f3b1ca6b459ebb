/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_enable.c - v6guard enable, v6guard disable: all doors that are wanted. */
#include <stdlib.h>
#include <string.h>

#include "nssfile.h"

static const char *const doors[] = {"nss"};

#define DOOR_COUNT (sizeof(doors) / sizeof(doors[0]))

/* There is but one door to choose from yet; what is asked for is checked all the same. */
static int check_doors(const char *list)
{
	char *copy = list ? strdup(list) : NULL, *save;
	int code = EXIT_DONE;

	if (!list)
		return EXIT_DONE;
	if (!copy)
		return complain_memory();
	char *word = strtok_r(copy, ", ", &save);
	if (!word)
		code = EXIT_USAGE;
	for (; word && code == EXIT_DONE; word = strtok_r(NULL, ", ", &save)) {
		bool is_known = false;
		for (size_t i = 0; i < DOOR_COUNT; i++)
			is_known |= !strcmp(word, doors[i]);
		if (!is_known)
			code = EXIT_USAGE;
	}
	if (code == EXIT_USAGE)
		complain("--doors: '%s': the doors there are: nss", list);
	free(copy);
	return code;
}

int cmd_enable(struct cli *cli, int count, char **args)
{
	int code = check_doors(cli->doors);

	(void)count, (void)args;
	if (code != EXIT_DONE)
		return code;
	return nss_switch_on(cli, "enabled: nss; undo with `v6guard disable`");
}

int cmd_disable(struct cli *cli, int count, char **args)
{
	int code = check_doors(cli->doors);

	(void)count, (void)args;
	if (code != EXIT_DONE)
		return code;
	return nss_switch_off(cli, "disabled: nss; the compiled policy stays, and nobody "
				   "reads it");
}
