/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* systemctl.c - see systemctl.h. */
#include <unistd.h>

#include "guard/spawn.h"
#include "systemctl.h"

#define LIMIT_MS 30000

bool systemctl_is_there(const struct cli *cli)
{
	return !cli->root[0] && access("/run/systemd/system", F_OK) == 0;
}

bool systemctl(const char *verb, const char *unit)
{
	static char program[] = "/usr/bin/systemctl", old[] = "/bin/systemctl";
	char word[32], name[64];
	char *argv[] = {access(program, X_OK) == 0 ? program : old, word,
			unit ? name : NULL, NULL};

	snprintf(word, sizeof(word), "%s", verb);
	snprintf(name, sizeof(name), "%s", unit ? unit : "");
	return gp_spawn(argv[0], argv, LIMIT_MS) == 0;
}
