/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_preset.c - v6guard preset list|show|apply: ways to begin, for v6guard.conf. */
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "confedit.h"
#include "guardpreset.h"

int cmd_preset_list(struct cli *cli, int count, char **args)
{
	(void)count, (void)args;
	out_list(cli->out, "presets");
	for (int i = 0; i < GUARD_PRESETS; i++) {
		const char *name = guard_preset_name((enum guard_preset)i);
		const char *brief = guard_preset_brief((enum guard_preset)i);

		out_object(cli->out, NULL);
		out_string(cli->out, "name", NULL, name);
		out_string(cli->out, "brief", NULL, brief);
		out_end(cli->out);
		out_line(cli->out, "%-13s%s\n", name, brief);
	}
	out_end(cli->out);
	return EXIT_DONE;
}

/* ---- what it is made of ---- */

/* A preset, asked for. */
struct order {
	enum guard_preset preset;
	struct gp_prefix own[GUARD_PRESET_OWN];
	struct guard_preset_parts parts;
};

static int complain_preset(const char *word)
{
	const char *words[GUARD_PRESETS];

	for (int i = 0; i < GUARD_PRESETS; i++)
		words[i] = guard_preset_name((enum guard_preset)i);
	complain_unknown("preset", word, words, GUARD_PRESETS);
	return EXIT_INPUT;
}

/* Of interfaces that are up; the loopback's too, where anycast and service addresses are.
 */
static int find_own(struct order *order)
{
	struct ifaddrs *all;
	size_t count = 0;

	if (getifaddrs(&all) < 0) {
		complain("preset: the addresses of this host cannot be read");
		return EXIT_ENVIRONMENT;
	}
	for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
		struct sockaddr_in6 ipv6;
		struct gp_addr addr;

		if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET6 ||
		    !(one->ifa_flags & IFF_UP))
			continue;
		memcpy(&ipv6, one->ifa_addr, sizeof(ipv6));
		addr = gp_addr_make(AF_INET6, &ipv6.sin6_addr, 0);
		count = guard_preset_add_own(order->preset, &addr, order->own, count);
	}
	freeifaddrs(all);
	order->parts.own = order->own;
	order->parts.own_count = count;
	if (count)
		return EXIT_DONE;
	complain("preset %s: this host has no IPv6 address beyond its links",
		 guard_preset_name(order->preset));
	return EXIT_INPUT;
}

static int check_word(const char *word)
{
	struct gp_prefix prefix;

	if (!guard_preset_is_prefix(word) ||
	    (gp_prefix_parse(word, &prefix) == GP_OK && prefix.addr.family == AF_INET6))
		return EXIT_DONE;
	complain("preset: '%s' is neither an IPv6 prefix nor a name", word);
	return EXIT_INPUT;
}

static int take_order(struct cli *cli, int count, char **args, struct order *out)
{
	int code = EXIT_DONE;

	*out = (struct order){.preset = GUARD_PRESETS};
	if (!count) {
		complain("preset: which one? `v6guard preset list`");
		return EXIT_USAGE;
	}
	out->preset = guard_preset_parse(args[0]);
	if (out->preset == GUARD_PRESETS)
		return complain_preset(args[0]);
	if (count > 1 && !guard_preset_takes_words(out->preset)) {
		complain("preset %s takes no '%s'", args[0], args[1]);
		return EXIT_USAGE;
	}
	for (int i = 1; i < count && code == EXIT_DONE; i++)
		code = check_word(args[i]);
	out->parts.words = (const char *const *)(args + 1);
	out->parts.word_count = (size_t)count - 1;
	if (code != EXIT_DONE || !guard_preset_needs_own(out->preset))
		return code;
	if (cli->root[0])
		warn(cli, "the prefixes are those of this host, not of %s", cli->root);
	return find_own(out);
}

/* What is set in a file of conf.d would outdo what we write. */
static int check_place(const struct cli *cli, const struct gp_config *config,
		       const char *key)
{
	char *path = confedit_path(cli, config, "guard", key, NULL);
	int code = EXIT_DONE;

	if (!path)
		return complain_memory();
	if (strcmp(path, CONFEDIT_DEFAULT) != 0) {
		complain("guard.%s is set in %s%s, which comes later: remove it there",
			 key, cli->root, path);
		code = EXIT_INPUT;
	}
	free(path);
	return code;
}

static int check_places(const struct cli *cli, const struct gp_config *config,
			enum guard_preset preset)
{
	int code = EXIT_DONE;

	if (preset == GUARD_PREFER_IPV4 || preset == GUARD_DISTRUST)
		code = check_place(cli, config, "mode");
	if (code == EXIT_DONE && preset == GUARD_DISTRUST)
		code = check_place(cli, config, "unknown");
	return code;
}

/* ---- show, apply ---- */

/* v6guard.conf, and what it would be. The caller frees both if this is EXIT_DONE. */
static int make(const struct cli *cli, const struct order *order, struct gp_file *file,
		char **bytes, size_t *size)
{
	struct gp_diag diag;
	enum gp_status status;

	if (gp_file_read(cli->root, CONFEDIT_DEFAULT, file, &diag) != GP_OK)
		return complain_diag(&diag);
	status = guard_preset_edit(file->bytes, file->size, order->preset, &order->parts,
				   bytes, size);
	if (status == GP_OK)
		return EXIT_DONE;
	complain("%s: cannot be edited: %s", file->path, gp_status_text(status));
	gp_file_free(file);
	return exit_of(status);
}

int cmd_preset_show(struct cli *cli, int count, char **args)
{
	struct order order;
	char *text;
	size_t size;
	int code = take_order(cli, count, args, &order);

	if (code != EXIT_DONE)
		return code;
	/* Of an empty file: the preset alone. */
	enum gp_status status =
		guard_preset_edit("", 0, order.preset, &order.parts, &text, &size);
	if (status != GP_OK) {
		complain("preset %s: %s", args[0], gp_status_text(status));
		return exit_of(status);
	}
	out_string(cli->out, "name", NULL, args[0]);
	out_string(cli->out, "text", NULL, text);
	out_line(cli->out, "%s", text);
	free(text);
	return EXIT_DONE;
}

int cmd_preset_apply(struct cli *cli, int count, char **args)
{
	struct confedit edit;
	struct gp_file file;
	struct order order;
	char *bytes;
	size_t size;
	int code = take_order(cli, count, args, &order);

	if (code != EXIT_DONE)
		return code;
	code = confedit_begin(&edit, cli);
	if (code == EXIT_DONE)
		code = check_places(cli, edit.config, order.preset);
	if (code == EXIT_DONE)
		code = make(cli, &order, &file, &bytes, &size);
	if (code == EXIT_DONE) {
		code = confedit_put(&edit, CONFEDIT_DEFAULT, &file, bytes, size);
		free(bytes);
		gp_file_free(&file);
	}
	return confedit_end(&edit, code);
}
