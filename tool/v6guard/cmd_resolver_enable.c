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

/* Does each listener resolve NAMES? NULL: a question for the root, which every server
 * knows something of. */
static bool all_answer(const struct cli *cli, const json_t *listen)
{
	static struct dnsask answer;
	const bool has_names = cli->verify_count > 0;
	bool is_good = true;
	char why[128];

	if (!json_array_size(listen)) {
		complain("the resolver listens nowhere: v6guardd said why");
		return false;
	}
	for (size_t i = 0; i < json_array_size(listen); i++)
		for (size_t j = 0; j < (has_names ? cli->verify_count : 1); j++) {
			const char *name = has_names ? cli->verify[j] : ".";
			const char *server = resolver_text_at(listen, i);
			if (!dnsask(server, name, has_names ? 1 : 6, false,
				    RESOLVER_ASK_MS, &answer, why)) {
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
static bool works_still(const struct cli *cli, const json_t *listen)
{
	const struct timespec pause = {1, 200 * 1000 * 1000};
	struct daemon_reply reply;

	nanosleep(&pause, NULL);
	if (daemon_ask(cli, "resolver flush", DAEMON_LIMIT_MS, &reply) == DAEMON_ANSWERED)
		json_decref(reply.json);
	return all_answer(cli, listen);
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
static int replace(struct change *change, const struct gp_file *file, const char *text,
		   const json_t *listen)
{
	struct gp_file kept;
	int code = read_kept(change->cli, &kept);

	if (code != EXIT_DONE)
		return code;
	code = keep(change, &kept, file);
	if (code == EXIT_DONE)
		code = change_file(change, file, "resolv", text, strlen(text));
	if (code == EXIT_DONE && change->store && !works_still(change->cli, listen)) {
		put_back(change, file, text);
		code = EXIT_ENVIRONMENT;
	}
	if (code != EXIT_DONE)
		change_undo(change, &kept);
	gp_file_free(&kept);
	return code;
}

static int switch_on(struct change *change, const struct gp_file *file,
		     const json_t *listen)
{
	char texts[RESOLV_SERVERS][GP_ADDR_TEXT];
	const char *servers[RESOLV_SERVERS];
	const size_t count = addresses_of(listen, texts, RESOLV_SERVERS);
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
		code = replace(change, file, text, listen);
	free(text);
	return code;
}

#define SWITCHED "resolver: programs that start from now on ask it"

static int enable_running(struct cli *cli, const struct gp_file *file,
			  const json_t *status)
{
	const json_t *listen = json_object_get(status, "listen");
	struct change change;

	if (!all_answer(cli, listen)) {
		complain("nothing is changed");
		return EXIT_ENVIRONMENT;
	}
	int code = change_begin(&change, cli);
	if (code == EXIT_DONE)
		code = switch_on(&change, file, listen);
	return change_end(&change, code, SWITCHED);
}

static int enable_stopped(struct cli *cli, const struct gp_file *file)
{
	struct gp_file before = {.path = NULL};
	struct confedit edit;
	json_t *status = NULL;

	int code = confedit_begin(&edit, cli);
	if (code == EXIT_DONE)
		code = resolver_start(&edit, &before, &status);
	if (code == EXIT_DONE && status) {
		const json_t *listen = json_object_get(status, "listen");
		code = all_answer(cli, listen) ? switch_on(&edit.change, file, listen)
					       : EXIT_ENVIRONMENT;
		if (code != EXIT_DONE)
			resolver_unstart(&edit, &before);
	}
	snprintf(edit.summary, sizeof(edit.summary), "%s", SWITCHED);
	gp_file_free(&before);
	json_decref(status);
	return confedit_end(&edit, code);
}

int cmd_resolver_enable(struct cli *cli, int count, char **args)
{
	struct gp_file file;
	json_t *status;

	(void)count, (void)args;
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
	return change_end(&change, code,
			  "resolver: resolv.conf is as it was before; v6guardd goes on "
			  "answering");
}
