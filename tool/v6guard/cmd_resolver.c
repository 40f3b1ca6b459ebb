/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_resolver.c - v6guard resolver status|query|stats|flush|enable|disable */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change.h"
#include "daemon.h"
#include "dnsask.h"
#include "resolv.h"

/* Longer than the resolver itself takes to give up. */
#define ASK_MS 6000
#define LISTENERS 8

/* ---- what v6guardd says ---- */

static int get_status(const struct cli *cli, json_t **out)
{
	return daemon_must_ask(cli, "resolver status", out);
}

static bool is_on(const json_t *status)
{
	const char *state = json_string_value(json_object_get(status, "state"));

	return state && !strcmp(state, "on");
}

static const char *text_at(const json_t *list, size_t i)
{
	return json_string_value(json_array_get(list, i));
}

static bool has_text(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (text_at(list, i) && !strcmp(text_at(list, i), text))
			return true;
	return false;
}

#define LIST_TEXT 1024

/* The list KEY of FROM in a line; behind those that are in `via_nat64` as well that is
 * said. */
static const char *list_text(const json_t *from, const char *key, char out[LIST_TEXT])
{
	const json_t *list = json_object_get(from, key);
	const json_t *via = json_object_get(from, "via_nat64");
	size_t used = 0;

	strcpy(out, "-");
	for (size_t i = 0; i < json_array_size(list) && used < LIST_TEXT; i++) {
		const char *word = text_at(list, i) ? text_at(list, i) : "?";
		used += (size_t)snprintf(out + used, LIST_TEXT - used, "%s%s%s",
					 used ? " " : "", word,
					 has_text(via, word) ? " (via nat64)" : "");
	}
	return out;
}

static void print_list(struct out *out, const json_t *status, const char *key,
		       const char *label)
{
	char text[LIST_TEXT];

	if (out_is_json(out))
		out_value(out, key, json_object_get(status, key));
	else if (label)
		out_line(out, "%-*s%s\n", OUT_LABEL, label, list_text(status, key, text));
}

/* Zones with servers of their own. */
static void print_forward(struct out *out, const json_t *status)
{
	const json_t *list = json_object_get(status, "forward");
	char text[LIST_TEXT];

	if (out_is_json(out))
		out_value(out, "forward", list);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *zone = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(zone, "zone"));
		out_line(out, "%-*s%s: %s\n", OUT_LABEL, i ? "" : "forwards",
			 name ? name : "?", list_text(zone, "servers", text));
	}
}

static bool resolv_conf_leads_here(const struct cli *cli)
{
	struct gp_file file;
	bool is_here;

	if (gp_file_read(cli->root, RESOLV_CONF, &file, NULL) != GP_OK)
		return false;
	is_here = resolv_is_on(file.bytes);
	gp_file_free(&file);
	return is_here;
}

int cmd_resolver_status(struct cli *cli, int count, char **args)
{
	json_t *status;
	int code = get_status(cli, &status);

	(void)count, (void)args;
	if (code != EXIT_DONE)
		return code;
	const bool on = is_on(status), leads_here = resolv_conf_leads_here(cli);
	const bool dns64 = json_is_true(json_object_get(status, "dns64"));
	out_styled(cli->out, "state", "resolver",
		   json_string_value(json_object_get(status, "state")),
		   on ? OUT_GREEN : OUT_YELLOW);
	const char *detail = json_string_value(json_object_get(status, "detail"));
	out_string(cli->out, "detail", detail && detail[0] ? "because" : NULL, detail);
	if (on) {
		print_list(cli->out, status, "listen", "listens on");
		print_list(cli->out, status, "servers", "asks");
		if (out_is_json(cli->out) ||
		    json_array_size(json_object_get(status, "left_out")))
			print_list(cli->out, status, "left_out", "no answer");
		print_list(cli->out, status, "via_nat64", NULL);
		print_forward(cli->out, status);
		out_bool(cli->out, "dns64", "dns64", dns64);
		if (dns64)
			print_list(cli->out, status, "prefixes", "prefixes");
		out_integer(cli->out, "cached", "answers",
			    json_integer_value(json_object_get(status, "cached")));
	}
	out_bool(cli->out, "resolv_conf", "resolv.conf", leads_here);
	json_decref(status);
	return on ? EXIT_DONE : EXIT_NEGATIVE;
}

int cmd_resolver_stats(struct cli *cli, int count, char **args)
{
	json_t *status, *value;
	const char *key;
	int code = get_status(cli, &status);

	(void)count, (void)args;
	if (code != EXIT_DONE)
		return code;
	if (!is_on(status)) {
		complain("the resolver is off");
		json_decref(status);
		return EXIT_ENVIRONMENT;
	}
	json_object_foreach(json_object_get(status, "counters"), key, value)
		out_integer(cli->out, key, key, json_integer_value(value));
	json_decref(status);
	return EXIT_DONE;
}

int cmd_resolver_flush(struct cli *cli, int count, char **args)
{
	char line[400];
	json_t *reply;

	if (count && strlen(args[0]) > 253) {
		complain("'%.60s...' is no name", args[0]);
		return EXIT_INPUT;
	}
	snprintf(line, sizeof(line), "resolver flush%s%s", count ? " " : "",
		 count ? args[0] : "");
	int code = daemon_must_ask(cli, line, &reply);
	if (code != EXIT_DONE)
		return code;
	const long long flushed = json_integer_value(json_object_get(reply, "flushed"));
	json_decref(reply);
	change_report(cli, flushed > 0, "");
	out_integer(cli->out, "flushed", NULL, flushed);
	if (!cli->is_quiet && flushed > 0)
		out_line(cli->out, "%lld answer%s forgotten\n", flushed,
			 flushed == 1 ? "" : "s");
	else if (!cli->is_quiet)
		out_line(cli->out, "unchanged\n");
	return EXIT_DONE;
}

/* ---- query ---- */

/* The status of a resolver that is on; else it was said why not. */
static int get_running(const struct cli *cli, json_t **out)
{
	int code = get_status(cli, out);

	if (code != EXIT_DONE || is_on(*out))
		return code;
	const char *detail = json_string_value(json_object_get(*out, "detail"));
	complain("the resolver is off: %s", detail ? detail : "no reason is given");
	json_decref(*out);
	return EXIT_ENVIRONMENT;
}

static void print_record(void *ctx, const char *text)
{
	struct cli *cli = ctx;

	out_item(cli->out, text);
	out_line(cli->out, "%s\n", text);
}

static void print_answer(struct cli *cli, const struct dnsask *answer)
{
	static const char *const words[] = {[3] = "its time is over, no server answers",
					    [6] = "its signature is wrong",
					    [17] = "addresses are left out",
					    [18] = "refused",
					    [22] = "no server answers",
					    [29] = "made for NAT64"};
	const char *why =
		answer->ede >= 0 && answer->ede < 30 ? words[answer->ede] : NULL;

	out_string(cli->out, "rcode", NULL, dnsask_rcode(answer->rcode));
	out_list(cli->out, "answers");
	dnsask_each(answer, print_record, cli);
	out_end(cli->out);
	out_string(cli->out, "why", NULL, why);
	out_line(cli->out, "%s%s%s%s\n", dnsask_rcode(answer->rcode),
		 answer->is_cut ? ", does not fit into a packet" : "", why ? ": " : "",
		 why ? why : "");
}

int cmd_resolver_query(struct cli *cli, int count, char **args)
{
	static struct dnsask answer;
	const unsigned type = count > 1 ? dnsask_type(args[1]) : 28;
	char why[128];
	json_t *status;

	if (count < 1) {
		complain("resolver query needs NAME");
		return EXIT_USAGE;
	}
	if (!type) {
		complain("'%s' is no type: A, AAAA, PTR, ... or TYPE123", args[1]);
		return EXIT_INPUT;
	}
	int code = get_running(cli, &status);
	if (code != EXIT_DONE)
		return code;
	const char *server = text_at(json_object_get(status, "listen"), 0);
	if (server && dnsask(server, args[0], type, ASK_MS, &answer, why)) {
		print_answer(cli, &answer);
		code = answer.rcode == 0 && answer.bytes[7] + answer.bytes[6]
			       ? EXIT_DONE
			       : EXIT_NEGATIVE;
	} else {
		complain("%s: %s", server ? server : "no listener", server ? why : "");
		code = EXIT_ENVIRONMENT;
	}
	json_decref(status);
	return code;
}

/* ---- enable, disable ---- */

/* Does each listener resolve NAMES? NULL: a question for the root, which every server
 * knows something of. */
static bool all_answer(const struct cli *cli, const json_t *listen)
{
	static struct dnsask answer;
	const bool has_names = cli->verify_count > 0;
	bool is_good = true;
	char why[128];

	for (size_t i = 0; i < json_array_size(listen); i++)
		for (size_t j = 0; j < (has_names ? cli->verify_count : 1); j++) {
			const char *name = has_names ? cli->verify[j] : ".";
			const char *server = text_at(listen, i);
			if (!dnsask(server, name, has_names ? 1 : 6, ASK_MS, &answer,
				    why)) {
				complain("%s does not answer: %s", server, why);
				is_good = false;
			} else if (answer.rcode != 0 &&
				   (has_names || answer.rcode != 3)) {
				complain("%s answers %s for %s", server,
					 dnsask_rcode(answer.rcode), name);
				is_good = false;
			}
		}
	return is_good;
}

/* Who listens on all addresses is asked by the one that is always there. */
static void use_loopback(struct gp_addr *addr)
{
	static const uint8_t zero[16];

	if (memcmp(addr->bytes, zero, sizeof(zero)) != 0)
		return;
	addr->bytes[0] = addr->family == AF_INET ? 127 : 0;
	addr->bytes[addr->family == AF_INET ? 3 : 15] = 1;
}

/* Their addresses, of those on the port that resolv.conf can name. */
static size_t addresses_of(const json_t *listen, char (*out)[GP_ADDR_TEXT], size_t max)
{
	struct gp_addr addr;
	uint16_t port;
	size_t count = 0;

	for (size_t i = 0; count < max && i < json_array_size(listen); i++) {
		const char *text = text_at(listen, i);
		if (!text || !gp_config_listen(text, &addr, &port) || port != 53)
			continue;
		use_loopback(&addr);
		gp_addr_format(&addr, out[count++]);
	}
	return count;
}

/* Who else writes FILE, as far as can be seen; NULL: nobody. */
static const char *owner_of(const struct gp_file *file)
{
	static const char *const names[] = {"NetworkManager",   "resolvconf",
					    "systemd-resolved", "dhcpcd",
					    "connman",          "netconfig"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strstr(file->bytes, names[i]))
			return names[i];
	return NULL;
}

/* Only a plain file, and nobody else's. */
static int read_resolv_conf(const struct cli *cli, struct gp_file *out)
{
	struct gp_diag diag;

	if (gp_file_read(cli->root, RESOLV_CONF, out, &diag) != GP_OK)
		return complain_diag(&diag);
	const char *owner = owner_of(out);
	if (out->through_link)
		complain("%s is a link to %s: whoever made that writes it, and would "
			 "undo the change",
			 RESOLV_CONF, out->path);
	else if (owner)
		complain("%s: written by %s, which would undo the change; make it use "
			 "the resolver's addresses instead",
			 out->path, owner);
	else
		return EXIT_DONE;
	gp_file_free(out);
	return EXIT_ENVIRONMENT;
}

/* The resolver has looked at the file, and asks anew. */
static bool works_still(const struct cli *cli, const json_t *listen)
{
	const struct timespec pause = {1, 200 * 1000 * 1000};
	struct daemon_reply reply;

	nanosleep(&pause, NULL);
	if (daemon_ask(cli, "resolver flush", DAEMON_LIMIT_MS, &reply) == DAEMON_ANSWERED)
		json_decref(reply.json);
	return all_answer(cli, listen);
}

static int write_on(struct change *change, const struct gp_file *file,
		    const json_t *listen)
{
	char texts[RESOLV_SERVERS][GP_ADDR_TEXT];
	const char *servers[RESOLV_SERVERS];
	const size_t count = addresses_of(listen, texts, RESOLV_SERVERS);
	int code;

	for (size_t i = 0; i < count; i++)
		servers[i] = texts[i];
	if (!count) {
		complain("resolv.conf knows port 53 alone, and the resolver listens on "
			 "none such");
		return EXIT_ENVIRONMENT;
	}
	char *text = resolv_switch_on(file->bytes, servers, count);
	if (!text)
		return complain_memory();
	const bool is_changed = !file->exists || strcmp(text, file->bytes) != 0;
	code = change_file(change, file, "resolv", text, strlen(text));
	free(text);
	if (code == EXIT_DONE && is_changed && change->store &&
	    !works_still(change->cli, listen)) {
		change_undo(change, file);
		complain("%s: put back as it was", file->path);
		code = EXIT_ENVIRONMENT;
	}
	return code;
}

int cmd_resolver_enable(struct cli *cli, int count, char **args)
{
	struct change change;
	struct gp_file file;
	json_t *status;

	(void)count, (void)args;
	int code = get_running(cli, &status);
	if (code != EXIT_DONE)
		return code;
	const json_t *listen = json_object_get(status, "listen");
	if (!all_answer(cli, listen)) {
		complain("nothing is changed");
		code = EXIT_ENVIRONMENT;
	} else if ((code = change_begin(&change, cli)) == EXIT_DONE) {
		code = read_resolv_conf(cli, &file);
		if (code == EXIT_DONE) {
			code = write_on(&change, &file, listen);
			gp_file_free(&file);
		}
		code = change_end(&change, code,
				  "resolver: programs that start from now on ask it");
	} else {
		code = change_end(&change, code, "");
	}
	json_decref(status);
	return code;
}

int cmd_resolver_disable(struct cli *cli, int count, char **args)
{
	struct change change;
	struct gp_file file;
	struct gp_diag diag;
	int code = change_begin(&change, cli);

	(void)count, (void)args;
	if (code == EXIT_DONE &&
	    gp_file_read(cli->root, RESOLV_CONF, &file, &diag) != GP_OK) {
		code = complain_diag(&diag);
	} else if (code == EXIT_DONE) {
		char *text = resolv_switch_off(file.bytes);
		if (!text)
			code = complain_memory();
		else if (resolv_is_on(file.bytes))
			code = change_file(&change, &file, "resolv", text, strlen(text));
		free(text);
		gp_file_free(&file);
	}
	return change_end(&change, code,
			  "resolver: resolv.conf is as it was before; v6guardd goes on "
			  "answering");
}
