/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolver_verify.c - see resolver_verify.h. */
#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon.h"
#include "dnsbatch.h"
#include "guard/clock.h"
#include "policy.h"
#include "resolver.h"
#include "resolver_verify.h"

#define SERVER_TEXT 128
#define SERVERS 8
/* One server may take so long; all of them; and the resolver has at least so long. */
#define ONE_MS 1500
#define DIRECT_MS 4500
/* How often a set that has nothing in common with the other is asked for again. */
#define AGAIN 6

struct servers {
	size_t count;
	char list[SERVERS][SERVER_TEXT];
};

/* One question. */
struct question {
	const struct resolver_name *name;
	unsigned type;
	const char *server; /* who said DIRECT */
	bool is_done;       /* its servers have been asked */
	bool is_varying;    /* they say something else each time */
	struct answers direct, ours;
};

struct resolver_verify {
	struct cli *cli;
	long long begin_ms;
	size_t name_count;
	struct resolver_name names[RESOLVER_NAMES];
	struct question questions[2 * RESOLVER_NAMES]; /* A and AAAA of each in turn */
	struct servers servers; /* of names that are in no zone with its own */
	size_t zone_count;
	struct servers *zones;
	bool is_any_silent;
	const char *known;
};

/* ---- whom to ask ---- */

static void add_server(struct servers *servers, const char *server)
{
	/* What they say in private cannot be seen from here. */
	if (server && servers->count < SERVERS && strlen(server) < SERVER_TEXT &&
	    strncmp(server, "tls:", 4) != 0)
		strcpy(servers->list[servers->count++], server);
}

static void add_listed(struct servers *servers, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		add_server(servers, resolver_text_at(list, i));
}

static void add_of_file(struct servers *servers, const struct resolv_read *file)
{
	char addr[GP_ADDR_TEXT], text[SERVER_TEXT];

	for (size_t i = 0; i < file->server_count; i++) {
		gp_addr_format(&file->servers[i], addr);
		snprintf(text, sizeof(text),
			 file->servers[i].family == AF_INET ? "%s:%d" : "[%s]:%d", addr,
			 RESOLV_PORT);
		add_server(servers, text);
	}
}

/* It asks those that it was told, and not those of the file. */
static bool has_upstream(const struct cli *cli)
{
	struct gp_config *config;
	const char *upstream;
	bool has;

	if (policy_load_config(cli, &config) != EXIT_DONE)
		return false;
	upstream = gp_config_value(config, "resolver", "upstream");
	has = !strstr(upstream, "resolv.conf") && !strstr(upstream, "recursive");
	gp_config_free(config);
	return has;
}

/* NAME is ZONE or below it; both as text. */
static bool is_below(const char *name, const char *zone)
{
	size_t length = strlen(zone), size = strlen(name);

	while (length && zone[length - 1] == '.')
		length--;
	while (size && name[size - 1] == '.')
		size--;
	return size >= length && !strncasecmp(name + size - length, zone, length) &&
	       (size == length || !length || name[size - length - 1] == '.');
}

/* The servers of the longest zone that NAME is in, its place in STATUS; -1: none. */
static int zone_of(const json_t *zones, const char *name)
{
	size_t length = 0;
	int found = -1;

	for (size_t i = 0; i < json_array_size(zones); i++) {
		const json_t *one = json_array_get(zones, i);
		const char *zone = json_string_value(json_object_get(one, "zone"));
		if (!zone || !is_below(name, zone) || strlen(zone) < length)
			continue;
		length = strlen(zone);
		found = (int)i;
	}
	return found;
}

/* ---- asking them ---- */

/* Those that are for SERVERS, and have no answer yet that libc would take. */
static size_t collect(struct resolver_verify *verify, const struct servers *servers,
		      const json_t *zones, struct dnsbatch_item *out)
{
	const size_t most = 2 * verify->name_count;
	size_t count = 0;

	for (size_t i = 0; i < most; i++) {
		struct question *question = &verify->questions[i];
		const int zone = zone_of(zones, question->name->name);
		const struct servers *own =
			zone < 0 ? &verify->servers : &verify->zones[zone];
		if (own != servers || answers_are_usable(&question->direct))
			continue;
		question->direct = (struct answers){.is_there = false};
		out[count++] = (struct dnsbatch_item){question->name->name,
						      question->type, &question->direct};
	}
	return count;
}

static void note_server(struct resolver_verify *verify, const char *server)
{
	for (size_t i = 0; i < 2 * verify->name_count; i++)
		if (!verify->questions[i].server &&
		    verify->questions[i].direct.is_there &&
		    answers_are_usable(&verify->questions[i].direct))
			verify->questions[i].server = server;
}

static void ask_in_turn(struct resolver_verify *verify, const struct servers *servers,
			const json_t *zones)
{
	struct dnsbatch_item items[2 * RESOLVER_NAMES];

	for (size_t i = 0; i < servers->count; i++) {
		const long long left = verify->begin_ms + DIRECT_MS - gp_boot_ms();
		const size_t count = collect(verify, servers, zones, items);
		if (!count || left <= 0)
			return;
		if (!dnsbatch(servers->list[i], true, items, count,
			      left < ONE_MS ? (int)left : ONE_MS)) {
			warn(verify->cli,
			     "%s does not answer: no name can be compared with what it "
			     "says",
			     servers->list[i]);
			verify->is_any_silent = true;
		}
		note_server(verify, servers->list[i]);
	}
}

static void ask_all(struct resolver_verify *verify, const json_t *zones)
{
	ask_in_turn(verify, &verify->servers, zones);
	for (size_t i = 0; i < verify->zone_count; i++)
		ask_in_turn(verify, &verify->zones[i], zones);
}

/* Silent ones were named. */
static void warn_of_none(struct resolver_verify *verify)
{
	for (size_t i = 0; i < 2 * verify->name_count; i++)
		if (answers_are_usable(&verify->questions[i].direct))
			return;
	if (!verify->is_any_silent)
		warn(verify->cli, "its name servers have no answer for a name of this "
				  "host, so that none is compared; --verify NAME");
}

static bool make_zones(struct resolver_verify *verify, const json_t *zones)
{
	verify->zone_count = json_array_size(zones);
	verify->zones = calloc(verify->zone_count + 1, sizeof(*verify->zones));
	for (size_t i = 0; verify->zones && i < verify->zone_count; i++)
		add_listed(&verify->zones[i],
			   json_object_get(json_array_get(zones, i), "servers"));
	return verify->zones != NULL;
}

static void make_servers(struct resolver_verify *verify, const struct resolv_read *file,
			 const json_t *status)
{
	if (has_upstream(verify->cli)) {
		add_listed(&verify->servers, json_object_get(status, "servers"));
		add_listed(&verify->servers, json_object_get(status, "left_out"));
	} else {
		add_of_file(&verify->servers, file);
	}
}

struct resolver_verify *resolver_verify_begin(struct cli *cli, const char *text,
					      const json_t *status)
{
	struct resolver_verify *verify = calloc(1, sizeof(*verify));
	const json_t *zones = json_object_get(status, "forward");
	char *plain = resolv_switch_off(text ? text : "");
	struct resolv_read file;

	if (!verify || !plain || !make_zones(verify, zones)) {
		complain_memory();
		free(plain);
		resolver_verify_free(verify);
		return NULL;
	}
	resolv_read(plain, &file);
	free(plain);
	verify->cli = cli;
	verify->begin_ms = gp_boot_ms();
	verify->name_count = resolver_names(cli, &file, verify->names);
	for (size_t i = 0; i < 2 * verify->name_count; i++)
		verify->questions[i] =
			(struct question){.name = &verify->names[i / 2],
					  .type = i % 2 ? ns_t_aaaa : ns_t_a};
	make_servers(verify, &file, status);
	ask_all(verify, zones);
	warn_of_none(verify);
	return verify;
}

void resolver_verify_free(struct resolver_verify *verify)
{
	if (!verify)
		return;
	free(verify->zones);
	free(verify);
}

const char *resolver_verify_known(const struct resolver_verify *verify)
{
	return verify->known;
}

/* ---- comparing ---- */

/* What it keeps may be of other servers, or of an hour ago. Not for everybody: then that
 * is what is compared. */
static void forget(const struct resolver_verify *verify)
{
	char line[RESOLV_NAME + 32];
	struct daemon_reply reply;

	for (size_t i = 0; i < verify->name_count; i++) {
		snprintf(line, sizeof(line), "resolver flush %s", verify->names[i].name);
		if (daemon_ask(verify->cli, line, DAEMON_LIMIT_MS, &reply) !=
		    DAEMON_ANSWERED)
			return;
		json_decref(reply.json);
	}
}

static void ask_ours(struct resolver_verify *verify, const char *listener)
{
	struct dnsbatch_item items[2 * RESOLVER_NAMES];
	const long long left = verify->begin_ms + RESOLVER_VERIFY_MS - gp_boot_ms();
	size_t count = 0;

	for (size_t i = 0; i < 2 * verify->name_count; i++) {
		struct question *question = &verify->questions[i];
		question->ours = (struct answers){.is_there = false};
		if (answers_are_usable(&question->direct))
			items[count++] = (struct dnsbatch_item){
				question->name->name, question->type, &question->ours};
	}
	if (count)
		dnsbatch(listener, false, items, count,
			 left > ONE_MS ? (int)left : ONE_MS);
}

static bool agrees(const struct resolver_verify *verify, size_t i)
{
	const struct question *question = &verify->questions[i];

	return answers_agree((struct answers_pair){&question->direct, &question->ours},
			     question->type, &verify->questions[i & ~(size_t)1].direct,
			     question->name->is_varying || question->is_varying);
}

/* A server may give parts of a set in turn; or, as those of large networks do, never the
 * same twice. */
static void ask_again(struct question *question)
{
	size_t count;

	for (unsigned i = 0; i < AGAIN; i++) {
		struct answers more = {.is_there = false};
		const struct dnsbatch_item item = {question->name->name, question->type,
						   &more};
		if (!dnsbatch(question->server, true, &item, 1, ONE_MS / 3))
			return;
		count = question->direct.count;
		answers_join(&question->direct, &more);
		question->is_varying |=
			more.count && question->direct.count == count + more.count;
	}
}

/* False: it was said what is different. */
static bool compare_one(struct resolver_verify *verify, size_t i, const char *listener)
{
	struct question *question = &verify->questions[i];
	char direct[ANSWERS_TEXT], ours[ANSWERS_TEXT];

	if (!answers_are_usable(&question->direct))
		return true;
	if (!agrees(verify, i) && question->direct.count && question->ours.count)
		ask_again(question);
	if (agrees(verify, i)) {
		if (question->direct.rcode == ns_r_noerror)
			verify->known = question->name->name;
		return true;
	}
	/* The resolver has to find out first whom it cannot ask. */
	if (!question->ours.is_there && verify->is_any_silent)
		return true;
	complain("%s %s: %s says %s, the resolver (%s) %s", question->name->name,
		 question->type == ns_t_a ? "A" : "AAAA", question->server,
		 answers_text(&question->direct, direct), listener,
		 answers_text(&question->ours, ours));
	return false;
}

bool resolver_verify_compare(struct resolver_verify *verify, const char *listener)
{
	bool is_good = true;

	forget(verify);
	ask_ours(verify, listener);
	for (size_t i = 0; i < 2 * verify->name_count; i++)
		is_good &= compare_one(verify, i, listener);
	return is_good;
}
