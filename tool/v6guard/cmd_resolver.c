/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_resolver.c - v6guard resolver status|query|stats|flush */
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "daemon.h"
#include "dnsask.h"
#include "guard/idna.h"
#include "resolv.h"
#include "resolver.h"

enum { PTR = 12, AAAA = 28 };

/* ---- what v6guardd says ---- */

int resolver_get_status(const struct cli *cli, json_t **out)
{
	return daemon_must_ask(cli, "resolver status", out);
}

bool resolver_is_on(const json_t *status)
{
	const char *state = json_string_value(json_object_get(status, "state"));

	return state && (!strcmp(state, "on") || resolver_is_degraded(status));
}

bool resolver_is_degraded(const json_t *status)
{
	const char *state = json_string_value(json_object_get(status, "state"));

	return state && !strcmp(state, "degraded");
}

const char *resolver_text_at(const json_t *list, size_t i)
{
	return json_string_value(json_array_get(list, i));
}

static bool has_text(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (resolver_text_at(list, i) && !strcmp(resolver_text_at(list, i), text))
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
		const char *word =
			resolver_text_at(list, i) ? resolver_text_at(list, i) : "?";
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

/* Whose word on validation is passed on (dnssec = trust). */
static void print_trust(struct out *out, const json_t *status)
{
	const json_t *list = json_object_get(status, "trusted");

	if (out_is_json(out)) {
		out_value(out, "dnssec", json_object_get(status, "dnssec"));
		out_value(out, "trusted", list);
	} else if (json_array_size(list)) {
		print_list(out, status, "trusted", "trusts");
	} else if (json_is_true(json_object_get(status, "trusts"))) {
		out_line(out, "%-*s%s\n", OUT_LABEL, "trusts",
			 "nobody: AD is passed on of servers on loopback alone");
	}
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
		out_line(out, "%-*s%s: %s%s\n", OUT_LABEL, i ? "" : "forwards",
			 name ? name : "?", list_text(zone, "servers", text),
			 json_is_true(json_object_get(zone, "link")) ? " (link)" : "");
	}
}

/* As text one line: yes or no, and how. */
static void print_way(const struct cli *cli, const json_t *status)
{
	char how[RESOLVER_HOW];
	const bool is_here = resolver_leads_here(cli, status, how);

	out_bool(cli->out, "resolv_conf", NULL, is_here);
	out_string(cli->out, "resolv_conf_how", NULL, how[0] ? how : NULL);
	out_line(cli->out, "%-*s%s%s%s\n", OUT_LABEL, "resolv.conf",
		 is_here ? "yes" : "no", how[0] ? ", " : "", how);
}

static void print_running(const struct cli *cli, const json_t *status)
{
	const bool dns64 = json_is_true(json_object_get(status, "dns64"));

	print_list(cli->out, status, "listen", "listens on");
	if (out_is_json(cli->out) || json_array_size(json_object_get(status, "waiting")))
		print_list(cli->out, status, "waiting", "not there");
	print_list(cli->out, status, "servers", "asks");
	if (out_is_json(cli->out) || json_array_size(json_object_get(status, "left_out")))
		print_list(cli->out, status, "left_out", "no answer");
	print_list(cli->out, status, "via_nat64", NULL);
	print_forward(cli->out, status);
	print_trust(cli->out, status);
	out_bool(cli->out, "dns64", "dns64", dns64);
	if (dns64)
		print_list(cli->out, status, "prefixes", "prefixes");
	out_integer(cli->out, "cached", "answers",
		    json_integer_value(json_object_get(status, "cached")));
}

int cmd_resolver_status(struct cli *cli, int count, char **args)
{
	json_t *status;
	char how[RESOLVER_HOW];
	int code = resolver_get_status(cli, &status);

	(void)count, (void)args;
	if (code != EXIT_DONE) {
		if (resolver_leads_here(cli, NULL, how))
			complain("%s leads to it all the same: programs get no answers; "
				 "`v6guard resolver disable` puts it back",
				 RESOLV_CONF);
		return code;
	}
	const bool is_on = resolver_is_on(status);
	const bool is_good = is_on && !resolver_is_degraded(status);
	out_styled(cli->out, "state", "resolver",
		   json_string_value(json_object_get(status, "state")),
		   is_good ? OUT_GREEN : OUT_YELLOW);
	const char *detail = json_string_value(json_object_get(status, "detail"));
	out_string(cli->out, "detail", detail && detail[0] ? "because" : NULL, detail);
	if (is_on)
		print_running(cli, status);
	print_way(cli, status);
	json_decref(status);
	return is_good ? EXIT_DONE : EXIT_NEGATIVE;
}

/* In a line: what is not 0, and what is in it as well. */
static void put_counters(struct out *out, json_t *counters)
{
	const char *key;
	json_t *value;

	json_object_foreach(counters, key, value)
	{
		if (json_is_object(value)) {
			out_line(out, " %s:", key);
			put_counters(out, value);
		} else if (json_number_value(value) > 0) {
			out_line(out, " %s %.10g", key, json_number_value(value));
		}
	}
}

static void print_counters(struct out *out, const char *key, json_t *counters)
{
	out_value(out, key, counters);
	out_line(out, "%-*s", OUT_LABEL - 1, key);
	put_counters(out, counters);
	out_line(out, "\n");
}

/* A line each. */
static void print_servers(struct out *out, const char *key, json_t *servers)
{
	const char *name, *label = key;
	json_t *value;

	out_value(out, key, servers);
	json_object_foreach(servers, name, value)
	{
		out_line(out, "%-*s%s", OUT_LABEL, label, name);
		put_counters(out, value);
		out_line(out, "%s%s\n",
			 json_is_true(json_object_get(value, "dead")) ? " dead" : "",
			 json_is_true(json_object_get(value, "first")) ? " first" : "");
		label = "";
	}
}

int cmd_resolver_stats(struct cli *cli, int count, char **args)
{
	json_t *status, *value;
	const char *key;
	int code = resolver_get_status(cli, &status);

	(void)count, (void)args;
	if (code != EXIT_DONE)
		return code;
	if (!resolver_is_on(status)) {
		complain("the resolver is off");
		json_decref(status);
		return EXIT_ENVIRONMENT;
	}
	json_object_foreach(json_object_get(status, "counters"), key, value)
	{
		if (!strcmp(key, "servers"))
			print_servers(cli->out, key, value);
		else if (json_is_object(value))
			print_counters(cli->out, key, value);
		else
			out_integer(cli->out, key, key, json_integer_value(value));
	}
	json_decref(status);
	return EXIT_DONE;
}

int cmd_resolver_flush(struct cli *cli, int count, char **args)
{
	char line[400], name[GP_IDNA_MAX] = "";
	const char *why;
	json_t *reply;

	if (count && (strlen(args[0]) > 253 || !dnsask_is_name(args[0]) ||
		      gp_idna_to_ascii(args[0], name, &why) != GP_OK)) {
		complain("'%.64s' is no name", args[0]);
		return EXIT_INPUT;
	}
	snprintf(line, sizeof(line), "resolver flush%s%s", count ? " " : "", name);
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

void resolver_complain_off(const json_t *status)
{
	const char *detail = json_string_value(json_object_get(status, "detail"));
	const bool is_asked_for = !detail || !strstr(detail, "enable = no");

	complain("the resolver is off: %s%s", detail ? detail : "no reason is given",
		 is_asked_for
			 ? ""
			 : " (`v6guard config set resolver.enable yes`, and a restart "
			   "of v6guardd)");
}

void resolver_complain_deaf(const json_t *status)
{
	const char *detail = json_string_value(json_object_get(status, "detail"));

	complain("the resolver listens nowhere: %s",
		 detail && detail[0] ? detail : "v6guardd said why");
}

int resolver_get_running(const struct cli *cli, json_t **out)
{
	int code = resolver_get_status(cli, out);

	if (code != EXIT_DONE || resolver_is_on(*out))
		return code;
	resolver_complain_off(*out);
	json_decref(*out);
	return EXIT_ENVIRONMENT;
}

static void print_record(void *ctx, const char *text)
{
	struct cli *cli = ctx;

	out_item(cli->out, text);
	out_line(cli->out, "%s\n", text);
}

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

/* What the error says; NULL: nothing that there are words for. */
static const char *error_words(const struct dnsask *answer)
{
	static const char *const words[] = {
		[6] = "its signature is wrong",  [15] = "blocked by a rule",
		[17] = "addresses are left out", [18] = "refused",
		[22] = "no server answers",      [29] = "made for NAT64"};

	if (answer->ede == 22 && !answer->rcode)
		return "no AAAA came, and the A is there";
	/* What has no number of its own. */
	if (!answer->ede && answer->ede_text[0])
		return answer->ede_text;
	return answer->ede > 0 && answer->ede < 30 ? words[answer->ede] : NULL;
}

static void print_answer(struct cli *cli, const struct dnsask *answer)
{
	const char *error = error_words(answer);
	const char *by = answer->ede > 0 ? or_null(answer->ede_text) : NULL;
	const char *parts[] = {answer->is_stale ? "its time is over, no server answers"
						: NULL,
			       error, or_null(answer->why)};
	const char *before = ": ";

	out_string(cli->out, "rcode", NULL, dnsask_rcode(answer->rcode));
	out_bool(cli->out, "authentic", NULL, answer->is_authentic);
	out_bool(cli->out, "stale", NULL, answer->is_stale);
	out_list(cli->out, "answers");
	dnsask_each(answer, print_record, cli);
	out_end(cli->out);
	out_string(cli->out, "why", NULL, error ? error : parts[0]);
	out_string(cli->out, "by", NULL, by);
	out_string(cli->out, "reason", NULL, parts[2]);
	out_line(cli->out, "%s%s", dnsask_rcode(answer->rcode),
		 answer->is_authentic ? ", authentic (AD)" : "");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!parts[i])
			continue;
		out_line(cli->out, "%s%s", before, parts[i]);
		before = "; ";
		if (parts[i] == error && by)
			out_line(cli->out, " (%s)", by);
	}
	out_line(cli->out, "\n");
}

/* Of what is asked for, in WORD: its name to NAME, and *TYPE, where none was said: of an
 * address the names. */
static int read_what(const struct cli *cli, const char *word, const char *type_word,
		     char name[DNSASK_TEXT], unsigned *type)
{
	struct gp_addr addr;
	const bool is_address = gp_addr_parse(word, &addr) == GP_OK;

	*type = type_word ? dnsask_type(type_word) : is_address ? PTR : AAAA;
	if (!*type) {
		complain("'%s' is no type: A, AAAA, PTR, ... or TYPE123", type_word);
		return EXIT_INPUT;
	}
	if (is_address && *type != PTR) {
		complain("%s is an address, and has names (PTR) alone", word);
		return EXIT_INPUT;
	}
	if (cli->is_reverse && !is_address) {
		complain("-x: '%.64s' is no address", word);
		return EXIT_INPUT;
	}
	if (is_address)
		dnsask_reverse(&addr, name);
	else
		snprintf(name, DNSASK_TEXT, "%s", word);
	if (!dnsask_is_name(name)) {
		complain("'%.64s' is no name", word);
		return EXIT_INPUT;
	}
	return EXIT_DONE;
}

int cmd_resolver_query(struct cli *cli, int count, char **args)
{
	static struct dnsask answer;
	char why[128], name[DNSASK_TEXT];
	json_t *status;
	unsigned type;

	if (count < 1) {
		complain("resolver query needs NAME or ADDRESS");
		return EXIT_USAGE;
	}
	int code = read_what(cli, args[0], count > 1 ? args[1] : NULL, name, &type);
	if (code == EXIT_DONE)
		code = resolver_get_running(cli, &status);
	if (code != EXIT_DONE)
		return code;
	const char *server = resolver_text_at(json_object_get(status, "listen"), 0);
	if (server &&
	    dnsask(server, name, type, cli->is_dnssec, RESOLVER_ASK_MS, &answer, why)) {
		print_answer(cli, &answer);
		code = answer.rcode == 0 && answer.bytes[7] + answer.bytes[6]
			       ? EXIT_DONE
			       : EXIT_NEGATIVE;
	} else {
		if (server)
			complain("%s: %s", server, why);
		else
			resolver_complain_deaf(status);
		code = EXIT_ENVIRONMENT;
	}
	json_decref(status);
	return code;
}
