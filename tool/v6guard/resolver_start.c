/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolver_start.c - what `resolver enable` does where the resolver is off: v6guardd
 * takes it up at its own start alone, before it gives up what loading a library needs. */
#include <stdlib.h>
#include <string.h>

#include "daemon.h"
#include "resolver.h"
#include "systemctl.h"

bool resolver_can_start(const struct cli *cli, const json_t *status)
{
	const char *detail = json_string_value(json_object_get(status, "detail"));

	return detail && (strstr(detail, "enable = no") || strstr(detail, "restart")) &&
	       systemctl_is_there(cli) && systemctl("is-active", SYSTEMCTL_DAEMON);
}

static int read_before(struct confedit *edit, struct gp_file *out)
{
	const struct cli *cli = edit->change.cli;
	char *path = confedit_path(cli, edit->config, "resolver", "enable", NULL);
	struct gp_diag diag;
	int code = EXIT_DONE;

	if (!path)
		return complain_memory();
	if (gp_file_read(cli->root, path, out, &diag) != GP_OK)
		code = complain_diag(&diag);
	free(path);
	return code;
}

/* systemctl comes back when v6guardd is ready: its first answer is the last word. */
static int restart(const struct cli *cli, json_t **status)
{
	int code;

	if (!systemctl("restart", SYSTEMCTL_DAEMON)) {
		complain("v6guardd did not come up again");
		resolver_say_why();
		return EXIT_ENVIRONMENT;
	}
	code = daemon_must_ask(cli, "resolver status", status);
	if (code != EXIT_DONE || resolver_is_on(*status))
		return code;
	resolver_complain_off(*status);
	json_decref(*status);
	return EXIT_ENVIRONMENT;
}

int resolver_start(struct confedit *edit, struct gp_file *before, json_t **status)
{
	int code;

	*before = (struct gp_file){.path = NULL};
	*status = NULL;
	code = read_before(edit, before);
	if (code == EXIT_DONE)
		code = confedit_set(edit, "resolver", "enable", "yes");
	if (code != EXIT_DONE || !edit->change.store)
		return code;
	code = restart(edit->change.cli, status);
	if (code != EXIT_DONE) {
		*status = NULL;
		resolver_unstart(edit, before);
	}
	return code;
}

void resolver_unstart(struct confedit *edit, const struct gp_file *before)
{
	struct gp_config_item item;

	/* It was asked for before. */
	if (gp_config_get(edit->config, "resolver", "enable", &item) == GP_OK &&
	    !strcmp(item.value, "yes"))
		return;
	change_undo(&edit->change, before);
	complain("%s: put back as it was", before->path);
	if (systemctl("restart", SYSTEMCTL_DAEMON))
		return;
	complain("v6guardd does not come up with that either");
	resolver_say_why();
}
