/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_nss.c - v6guard nss enable|disable|status */
#include <string.h>

#include "nssfile.h"
#include "policy.h"
#include "verify.h"

int cmd_nss_enable(struct cli *cli, int count, char **args)
{
	(void)count, (void)args;
	return nss_switch_on(cli,
			     "nss: enabled; programs that are running follow with their "
			     "next lookup");
}

int cmd_nss_disable(struct cli *cli, int count, char **args)
{
	(void)count, (void)args;
	return nss_switch_off(cli, "nss: disabled");
}

int cmd_nss_status(struct cli *cli, int count, char **args)
{
	struct gp_file file;
	struct gp_diag diag;
	struct gp_hosts_line hosts;
	struct gp_chain chain;
	char text[GP_CHAIN_MAX * (GP_SERVICE_NAME + 96)], why[512], story[NSS_STORY];

	(void)count, (void)args;
	if (gp_file_read_vendor(cli->root, NSSWITCH, &file, &diag) != GP_OK)
		return complain_diag(&diag);
	gp_hosts_line_find(file.bytes, file.size, &hosts);
	bool has_chain =
		gp_chain_from_nsswitch(file.bytes, file.size, &chain, &diag) == GP_OK;
	if (has_chain)
		gp_chain_format(&chain, text, sizeof(text));
	bool is_loadable = module_is_loadable(cli->root, why, sizeof(why));

	bool acts = is_loadable && !nss_story(&file, &hosts, story)[0];
	const char *state = !hosts.enabled ? "off" : acts ? "on" : "degraded";

	out_bool(cli->out, "enabled", "enabled", hosts.enabled);
	out_string(cli->out, "state", "state", state);
	out_string(cli->out, "chain", "backends", has_chain ? text : NULL);
	out_bool(cli->out, "module", "module", is_loadable);
	if (!is_loadable)
		complain("libnss_v6guard.so.2 cannot be loaded: %s", why);
	if (!has_chain && !story[0]) {
		snprintf(diag.path, sizeof(diag.path), "%s", file.path);
		complain_diag(&diag);
	}
	out_string(cli->out, "detail", NULL, story);
	if (story[0])
		complain("%s: `v6guard enable` puts it right", story);
	gp_file_free(&file);
	return strcmp(state, "on") ? EXIT_NEGATIVE : EXIT_DONE;
}
