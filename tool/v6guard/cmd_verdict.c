/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_verdict.c - v6guard verdict list|set|clear: what v6guardd knows. */
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "daemon.h"
#include "known.h"
#include "options.h"

#define SET_SECONDS 3600LL
#define SET_SECONDS_MAX (30LL * 86400)

int cmd_verdict_list(struct cli *cli, int count, char **args)
{
	json_t *reply;
	int code = daemon_must_ask(cli, "verdict list", &reply);

	(void)count, (void)args;
	if (code != EXIT_DONE)
		return code;
	const json_t *list = json_object_get(reply, "verdicts");
	if (json_is_array(list)) {
		known_print(cli->out, list, SIZE_MAX, NULL, 0);
		if (json_array_size(list) == 0)
			out_line(cli->out, "nothing is known\n");
	} else {
		complain("v6guardd's answer cannot be understood");
		code = EXIT_ENVIRONMENT;
	}
	json_decref(reply);
	return code;
}

static int complain_prefix(const char *text, const char *why)
{
	complain("'%s': %s", text, why);
	return EXIT_INPUT;
}

/* What is set is looked up by length, so only these can be; anything can be forgotten. */
static int read_prefix(const char *text, bool any_length, char buf[GP_PREFIX_TEXT])
{
	struct gp_prefix prefix;

	if (gp_prefix_parse(text, &prefix) != GP_OK)
		return complain_prefix(text, "is no address or prefix");
	if (prefix.addr.family != AF_INET6)
		return complain_prefix(text, "verdicts are about IPv6 alone");
	if (!any_length && prefix.length != 0 && prefix.length != 48 &&
	    prefix.length != 128)
		return complain_prefix(text, "a verdict is about an address, a /48 or "
					     "::/0");
	if (gp_prefix_has_host_bits(&prefix))
		return complain_prefix(text, "has bits set behind its length");
	gp_prefix_format(&prefix, buf);
	return EXIT_DONE;
}

static int read_verdict(const char *word)
{
	static const char *const words[] = {"ok", "broken", "slow"};

	for (size_t i = 0; i < 3; i++)
		if (!strcmp(word, words[i]))
			return EXIT_DONE;
	complain_unknown("verdict", word, words, 3);
	return EXIT_INPUT;
}

static int read_seconds(const struct cli *cli, int64_t *seconds)
{
	*seconds = SET_SECONDS;
	if (!cli->for_time)
		return EXIT_DONE;
	int code = options_for_time(cli, seconds);
	if (code == EXIT_DONE && *seconds > SET_SECONDS_MAX) {
		complain("--for: '%s': 30d at most", cli->for_time);
		code = EXIT_INPUT;
	}
	return code;
}

int cmd_verdict_set(struct cli *cli, int count, char **args)
{
	char prefix[GP_PREFIX_TEXT], line[128], time[KNOWN_TIME];
	int64_t seconds;
	json_t *reply;

	if (count < 2) {
		complain("verdict set needs PREFIX and ok, broken or slow");
		return EXIT_USAGE;
	}
	int code = read_prefix(args[0], false, prefix);
	if (code == EXIT_DONE)
		code = read_verdict(args[1]);
	if (code == EXIT_DONE)
		code = read_seconds(cli, &seconds);
	if (code != EXIT_DONE)
		return code;
	snprintf(line, sizeof(line), "verdict set %s %s %lld", prefix, args[1],
		 (long long)seconds);
	code = daemon_must_ask(cli, line, &reply);
	if (code != EXIT_DONE)
		return code;
	const bool is_changed = json_is_true(json_object_get(reply, "changed"));
	json_decref(reply);
	change_report(cli, is_changed, "");
	if (!cli->is_quiet && is_changed)
		out_line(cli->out, "%s is %s for %s\n", prefix, args[1],
			 known_time(seconds, time));
	else if (!cli->is_quiet)
		out_line(cli->out, "unchanged\n");
	return EXIT_DONE;
}

int cmd_verdict_clear(struct cli *cli, int count, char **args)
{
	char prefix[GP_PREFIX_TEXT] = "", line[128];
	int code = count ? read_prefix(args[0], true, prefix) : EXIT_DONE;
	json_t *reply;

	if (code != EXIT_DONE)
		return code;
	snprintf(line, sizeof(line), "verdict clear%s%s", count ? " " : "", prefix);
	code = daemon_must_ask(cli, line, &reply);
	if (code != EXIT_DONE)
		return code;
	const long long cleared = json_integer_value(json_object_get(reply, "cleared"));
	json_decref(reply);
	change_report(cli, cleared > 0, "");
	out_integer(cli->out, "cleared", NULL, cleared);
	if (!cli->is_quiet && cleared > 0)
		out_line(cli->out, "%lld verdict%s forgotten\n", cleared,
			 cleared == 1 ? "" : "s");
	else if (!cli->is_quiet)
		out_line(cli->out, "unchanged\n");
	return EXIT_DONE;
}
