/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_off.c - v6guard off, v6guard on: the emergency switch. It needs no configuration.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "options.h"
#include "policy.h"

/* What can be known when there is no snapshot to switch off: the defaults. */
static void default_policy(const struct cli *cli, struct gp_snapshot *out)
{
	struct gp_file file;

	*out = (struct gp_snapshot){.generation = 0};
	gp_guard_policy_init(&out->guard);
	if (gp_file_read_vendor(cli->root, NSSWITCH, &file, NULL) != GP_OK)
		return;
	/* Without one the chain is empty: right for a door that passes through. */
	gp_chain_from_nsswitch(file.bytes, file.size, &out->chain, NULL);
	gp_file_free(&file);
}

static int switch_off(struct cli *cli, int64_t until, const char *summary)
{
	struct change change;
	struct policy old = {.state = POLICY_ABSENT};
	struct gp_snapshot new;
	int code = change_begin(&change, cli);

	if (code == EXIT_DONE) {
		policy_read(cli, &old);
		if (old.state == POLICY_GOOD)
			new = old.snapshot;
		else
			default_policy(cli, &new);
		new.off_until = until;
		code = policy_write(&change, &old, &new);
	}
	policy_free(&old);
	return change_end(&change, code, summary);
}

int cmd_off(struct cli *cli, int count, char **args)
{
	int64_t until = GP_OFF_FOREVER;
	char text[128] = "off until `v6guard on`";

	(void)count, (void)args;
	if (cli->for_time) {
		struct gp_snapshot end = {.off_until = 0};
		int64_t seconds;
		int code = options_for_time(cli, &seconds);
		if (code != EXIT_DONE)
			return code;
		until = end.off_until = (int64_t)time(NULL) + seconds;
		char when[64];
		policy_off_text(&end, when, sizeof(when));
		snprintf(text, sizeof(text), "off until %s", when);
	}
	return switch_off(cli, until, text);
}

int cmd_on(struct cli *cli, int count, char **args)
{
	struct change change;
	struct policy old = {.state = POLICY_ABSENT};
	char text[1024] = "";
	int code = change_begin(&change, cli);

	(void)count, (void)args;
	if (code == EXIT_DONE) {
		policy_read(cli, &old);
		if (old.state != POLICY_GOOD) {
			/* What doors ignore cannot keep them off. */
			warn(cli, "%s%s: %s: `v6guard apply`", cli->root,
			     GP_SNAPSHOT_PATH, old.trouble);
		} else {
			struct gp_snapshot new = old.snapshot;
			new.off_until = GP_OFF_NO;
			code = policy_write(&change, &old, &new);
			policy_summary(&new, text, sizeof(text));
		}
	}
	policy_free(&old);
	return change_end(&change, code, text);
}
