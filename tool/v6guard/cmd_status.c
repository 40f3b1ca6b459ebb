/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_status.c - v6guard status */
#include <stdlib.h>

#include "status.h"

#define VERDICTS_SHOWN 10

int cmd_status(struct cli *cli, int count, char **args)
{
	struct status *status = calloc(1, sizeof(*status));

	(void)count, (void)args;
	if (!status)
		return complain_memory();
	int code = status_look(cli, false, status);
	if (code == EXIT_DONE) {
		status_print(cli->out, status, VERDICTS_SHOWN);
		code = status_code(status);
	}
	status_free(status);
	free(status);
	return code;
}
