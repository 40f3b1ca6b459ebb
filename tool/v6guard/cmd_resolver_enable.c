/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_resolver_enable.c - v6guard resolver enable|disable */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change.h"
#include "daemon.h"
#include "dnsask.h"
#include "paths.h"
#include "resolv.h"
#include "resolver.h"
#include "resolver_verify.h"

/* One run of `enable`. */
struct enabling {
	struct change *change;
	const struct gp_file *file; /* resolv.conf as it is */
	const json_t *status;
	struct resolver_verify *verify;
	bool is_wrong; /* seen before anything was changed */
};

static const json_t *listen_of(const struct enabling *enabling)
{
	return json_object_get(enabling->status, "listen");
}

/* Some servers know their own zones alone, and nothing of the root. */
static void complain_answer(const json_t *status, const char *server, unsigned rcode,
			    const char *name)
{
	const char *detail = json_string_value(json_object_get(status, "detail"));
	const char *more = "if its name servers know some zones alone, try --verify NAME "
			   "with a name of theirs";

	if (resolver_is_degraded(status) && detail && detail[0])
		more = detail;
	if (strcmp(name, ".") != 0)
		complain("%s answers %s for %s", server, dnsask_rcode(rcode), name);
	else
		complain("%s answers %s for .: %s", server, dnsask_rcode(rcode), more);
}

static bool answers(const json_t *status, const char *server, const char *name)
{
	static struct dnsask answer;
	const bool is_root = !strcmp(name, ".");
	char why[128];

	if (!dnsask(server, name, is_root ? 6 : 1, false, RESOLVER_ASK_MS, &answer, why))
		complain("%s does not answer: %s", server, why);
	else if (answer.rcode != 0 && (!is_root || answer.rcode != 3))
		complain_answer(status, server, answer.rcode, name);
	else
		return true;
	return false;
}

/* Does each listener resolve what --verify says? Else a name that was seen to be known,
 * or the root, which most servers know something of. */
static bool all_answer(const struct enabling *enabling)
{
	const struct cli *cli = enabling->change->cli;
	const json_t *listen = listen_of(enabling);
	const char *known = resolver_verify_known(enabling->verify);
	bool is_good = true;

	for (size_t i = 0; i < json_array_size(listen); i++) {
		const char *server = resolver_text_at(listen, i);
		for (size_t j = 0; j < cli->verify_count; j++)
			is_good &= answers(enabling->status, server, cli->verify[j]);
		if (!cli->verify_count)
			is_good &= answers(enabling->status, server, known ? known : ".");
	}
	return is_good;
}

/* What it says is what its servers say. */
static bool is_right(const struct enabling *enabling)
{
	const json_t *listen = listen_of(enabling);

	if (!json_array_size(listen)) {
		resolver_complain_deaf(enabling->status);
		return false;
	}
	return resolver_verify_compare(enabling->verify, resolver_text_at(listen, 0)) &&
	       all_answer(enabling);
}

/* What libc goes by, and the resolver cannot change. */
static void warn_of_options(struct cli *cli, const struct gp_file *file)
{
	struct resolv_read read;

	resolv_read(file->exists ? file->bytes : "", &read);
	if (read.options.no_aaaa)
		warn(cli,
		     "%s: `options no-aaaa`: programs that use libc never ask for "
		     "AAAA, so that none is made for NAT64",
		     RESOLV_CONF);
	if (read.options.rotate)
		warn(cli,
		     "%s: `options rotate`: libc asks the resolver's addresses in turn, "
		     "and the resolver the fastest of its servers, unless `order = "
		     "listed` is set",
		     RESOLV_CONF);
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
		const char *text = resolver_text_at(listen, i);
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

/* What a crash leaves of a file may have holes; behind one nothing would be kept. */
static int read_text(const struct cli *cli, struct gp_file *out)
{
	struct gp_diag diag;

	if (gp_file_read(cli->root, RESOLV_CONF, out, &diag) != GP_OK)
		return complain_diag(&diag);
	const size_t length = strlen(out->bytes);
	if (length == out->size)
		return EXIT_DONE;
	complain("%s: has a NUL byte in it, at %zu: no text", out->path, length);
	gp_file_free(out);
	return EXIT_INPUT;
}

/* Only a plain file, and nobody else's. */
static int read_resolv_conf(const struct cli *cli, struct gp_file *out)
{
	const int code = read_text(cli, out);

	if (code != EXIT_DONE)
		return code;
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
static bool works_still(const struct enabling *enabling)
{
	const struct timespec pause = {1, 200 * 1000 * 1000};
	struct daemon_reply reply;

	nanosleep(&pause, NULL);
	if (daemon_ask(enabling->change->cli, "resolver flush", DAEMON_LIMIT_MS,
		       &reply) == DAEMON_ANSWERED)
		json_decref(reply.json);
	return is_right(enabling);
}

/* Where the name servers of before are kept, for as long as this host runs. */
static int read_kept(const struct cli *cli, struct gp_file *out)
{
	struct gp_diag diag;

	if (gp_file_read(cli->root, GP_RESOLV_KEPT_PATH, out, &diag) != GP_OK)
		return complain_diag(&diag);
	if (!out->through_link)
		return EXIT_DONE;
	complain("%s is a link to %s: remove it", GP_RESOLV_KEPT_PATH, out->path);
	gp_file_free(out);
	return EXIT_ENVIRONMENT;
}

static int keep(struct change *change, const struct gp_file *kept,
		const struct gp_file *file)
{
	struct gp_diag diag;
	int code = EXIT_DONE;

	if (!change->store || !file->exists)
		return EXIT_DONE;
	char *plain = resolv_switch_off(file->bytes);
	if (!plain)
		code = complain_memory();
	else if (gp_store_replace(change->store, kept, NULL, plain, strlen(plain),
				  &diag) != GP_OK)
		code = complain_diag(&diag);
	free(plain);
	return code;
}

/* As FILE was, unless it is TEXT no more: a lease that came meanwhile is newer. */
static void put_back(struct change *change, const struct gp_file *file, const char *text)
{
	struct gp_file now;
	struct gp_diag diag;

	/* The path is resolved already. */
	if (gp_file_read("", file->path, &now, &diag) != GP_OK) {
		complain_diag(&diag);
		return;
	}
	if (now.exists && now.size == strlen(text) &&
	    !memcmp(now.bytes, text, now.size)) {
		change_undo(change, file);
		complain("%s: put back as it was", file->path);
	} else {
		complain("%s: written by somebody else meanwhile: left as it is",
			 file->path);
	}
	gp_file_free(&now);
}

/* The servers of before are kept first: the resolver looks for them as soon as the file
 * leads to it. Whatever fails, both files are as they were. */
static int replace(const struct enabling *enabling, const char *text)
{
	struct change *change = enabling->change;
	struct gp_file kept;
	int code = read_kept(change->cli, &kept);

	if (code != EXIT_DONE)
		return code;
	code = keep(change, &kept, enabling->file);
	if (code == EXIT_DONE)
		code = change_file(change, enabling->file, "resolv", text, strlen(text));
	if (code == EXIT_DONE && change->store && !works_still(enabling)) {
		put_back(change, enabling->file, text);
		code = EXIT_ENVIRONMENT;
	}
	if (code != EXIT_DONE)
		change_undo(change, &kept);
	gp_file_free(&kept);
	return code;
}

static int switch_on(const struct enabling *enabling)
{
	char texts[RESOLV_SERVERS][GP_ADDR_TEXT];
	const char *servers[RESOLV_SERVERS];
	const struct gp_file *file = enabling->file;
	const size_t count = addresses_of(listen_of(enabling), texts, RESOLV_SERVERS);
	int code = EXIT_DONE;

	for (size_t i = 0; i < count; i++)
		servers[i] = texts[i];
	if (!count) {
		complain("resolv.conf knows port 53 alone, and the resolver listens on "
			 "none such");
		return EXIT_ENVIRONMENT;
	}
	char *text = resolv_switch_on(file->exists ? file->bytes : NULL, servers, count);
	if (!text)
		return complain_memory();
	if (!file->exists || strcmp(text, file->bytes) != 0)
		code = replace(enabling, text);
	free(text);
	return code;
}

#define SWITCHED "resolver: programs that start from now on ask it"

/* Asks before anything is changed. */
static int switch_on_if_right(struct enabling *enabling)
{
	struct cli *cli = enabling->change->cli;
	const char *text = enabling->file->exists ? enabling->file->bytes : NULL;
	int code = EXIT_ENVIRONMENT;

	enabling->verify = resolver_verify_begin(cli, text, enabling->status);
	enabling->is_wrong = enabling->verify && !is_right(enabling);
	if (enabling->verify && !enabling->is_wrong)
		code = switch_on(enabling);
	resolver_verify_free(enabling->verify);
	return code;
}

static int enable_running(struct cli *cli, const struct gp_file *file,
			  const json_t *status)
{
	struct change change;
	struct enabling enabling = {.change = &change, .file = file, .status = status};
	int code = change_begin(&change, cli);

	if (code == EXIT_DONE) {
		code = switch_on_if_right(&enabling);
		if (enabling.is_wrong)
			complain("nothing is changed");
	}
	if (code == EXIT_DONE && cli->is_dry_run && change.diff)
		resolver_plan(cli, file->exists ? file->bytes : NULL, PLAN_RUNNING);
	return change_end(&change, code, SWITCHED);
}

/* Of one that does not run yet: where it will listen, by its configuration. */
static json_t *status_to_come(const struct gp_config *config)
{
	char *words = strdup(gp_config_value(config, "resolver", "listen")), *save;
	json_t *list = json_array();

	for (char *word = words ? strtok_r(words, ", \t\n", &save) : NULL; word;
	     word = strtok_r(NULL, ", \t\n", &save))
		json_array_append_new(list, json_string(word));
	free(words);
	return json_pack("{s:o}", "listen", list);
}

/* Nothing can be asked yet. */
static int plan_stopped(struct confedit *edit, struct enabling *enabling)
{
	const enum resolver_plan plan = edit->change.diff ? PLAN_SET : PLAN_RESTART;
	json_t *status = status_to_come(edit->config);
	int code;

	enabling->status = status;
	code = switch_on(enabling);
	if (code == EXIT_DONE && edit->change.diff)
		resolver_plan(edit->change.cli,
			      enabling->file->exists ? enabling->file->bytes : NULL,
			      plan);
	json_decref(status);
	return code;
}

static int enable_stopped(struct cli *cli, const struct gp_file *file)
{
	struct gp_file before = {.path = NULL};
	struct confedit edit;
	json_t *status = NULL;
	struct enabling enabling = {.change = &edit.change, .file = file};

	int code = confedit_begin(&edit, cli);
	if (code == EXIT_DONE)
		code = resolver_start(&edit, &before, &status);
	if (code == EXIT_DONE && cli->is_dry_run)
		code = plan_stopped(&edit, &enabling);
	if (code == EXIT_DONE && status) {
		enabling.status = status;
		code = switch_on_if_right(&enabling);
		if (code != EXIT_DONE)
			resolver_unstart(&edit, &before);
	}
	snprintf(edit.summary, sizeof(edit.summary), "%s", SWITCHED);
	gp_file_free(&before);
	json_decref(status);
	return confedit_end(&edit, code);
}

static bool are_names(const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (dnsask_is_name(names[i]))
			continue;
		complain("--verify: '%.64s' is no name", names[i]);
		return false;
	}
	return true;
}

int cmd_resolver_enable(struct cli *cli, int count, char **args)
{
	struct gp_file file;
	json_t *status;

	(void)count, (void)args;
	if (!are_names(cli->verify, cli->verify_count))
		return EXIT_INPUT;
	int code = resolver_get_status(cli, &status);
	if (code != EXIT_DONE)
		return code;
	const bool is_on = resolver_is_on(status);
	if (!is_on && !resolver_can_start(cli, status)) {
		resolver_complain_off(status);
		code = EXIT_ENVIRONMENT;
	}
	if (code == EXIT_DONE)
		code = read_resolv_conf(cli, &file);
	if (code == EXIT_DONE) {
		warn_of_options(cli, &file);
		code = is_on ? enable_running(cli, &file, status)
			     : enable_stopped(cli, &file);
		gp_file_free(&file);
	}
	json_decref(status);
	return code;
}

static int switch_off(struct change *change, const struct gp_file *file)
{
	struct gp_file kept;
	int code;

	if (file->through_link) {
		complain("%s is a link to %s, which is not written through: make it a "
			 "plain file again first",
			 RESOLV_CONF, file->path);
		return EXIT_ENVIRONMENT;
	}
	char *text = resolv_switch_off(file->bytes);
	if (!text)
		return complain_memory();
	if (resolv_was_absent(file->bytes))
		code = change_remove(change, file, "resolv");
	else
		code = change_file(change, file, "resolv", text, strlen(text));
	free(text);
	if (code != EXIT_DONE || !change->store ||
	    read_kept(change->cli, &kept) != EXIT_DONE)
		return code;
	/* Nobody reads it any more; the next `enable` writes it anew. */
	if (kept.exists)
		gp_store_remove(change->store, &kept, NULL, NULL);
	gp_file_free(&kept);
	return code;
}

static const char *disabled(const struct cli *cli)
{
	struct daemon_reply reply;
	const bool answers = daemon_ask(cli, "resolver status", DAEMON_LIMIT_MS,
					&reply) == DAEMON_ANSWERED &&
			     resolver_is_on(reply.json);

	json_decref(reply.json);
	return answers ? "resolver: resolv.conf is as it was before; v6guardd goes on "
			 "answering"
		       : "resolver: resolv.conf is as it was before";
}

int cmd_resolver_disable(struct cli *cli, int count, char **args)
{
	struct change change;
	struct gp_file file;
	int code = change_begin(&change, cli);

	(void)count, (void)args;
	if (code == EXIT_DONE)
		code = read_text(cli, &file);
	if (code == EXIT_DONE) {
		if (resolv_is_on(file.bytes))
			code = switch_off(&change, &file);
		gp_file_free(&file);
	}
	return change_end(&change, code, disabled(cli));
}
