/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolver_plan.c - what `resolver enable --dry-run` says beside the files' diffs. */
#include <stdlib.h>
#include <string.h>

#include "resolver.h"
#include "resolver_verify.h"
#include "systemctl.h"

static void step(struct cli *cli, const char *text)
{
	out_item(cli->out, text);
	out_line(cli->out, "would %s\n", text);
}

static void put_names(const struct cli *cli, const char *resolv_conf, char *to,
		      size_t size)
{
	struct resolver_name names[RESOLVER_NAMES];
	struct resolv_read file;
	char *plain = resolv_switch_off(resolv_conf ? resolv_conf : "");
	size_t count = 0, used;

	if (plain) {
		resolv_read(plain, &file);
		count = resolver_names(cli, &file, names);
	}
	used = (size_t)snprintf(to, size,
				"ask it and the name servers for A and AAAA of");
	for (size_t i = 0; i < count && used < size; i++)
		used += (size_t)snprintf(to + used, size - used, "%s %s", i ? "," : "",
					 names[i].name);
	if (used < size)
		snprintf(to + used, size - used,
			 "%s, and put all back if the answers differ",
			 count ? "" : " --verify NAME");
	free(plain);
}

void resolver_plan(struct cli *cli, const char *resolv_conf, enum resolver_plan plan)
{
	char text[512 + RESOLVER_NAMES * RESOLV_NAME];

	out_list(cli->out, "plan");
	if (plan == PLAN_SET)
		step(cli, "set [resolver] enable = yes");
	if (plan != PLAN_RUNNING)
		step(cli, "restart " SYSTEMCTL_DAEMON ", which begins to listen then");
	step(cli, "let " RESOLV_CONF " lead to it");
	put_names(cli, resolv_conf, text, sizeof(text));
	step(cli, text);
	out_end(cli->out);
}
