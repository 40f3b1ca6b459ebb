/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_cross.c - what no value shows by itself: checks when all files have been read.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/config_private.h"

static void check_required(struct gp_config_report *report,
			   const struct gp_config_section *section)
{
	for (size_t i = 0; i < section->spec->count; i++) {
		const struct gp_config_key *key = &section->spec->keys[i];
		if (key->flags & GP_KEY_REQUIRED && !section->values[i].text)
			gp_config_fail(report, section->where, "[%s] has no %s",
				       section->name, key->name);
	}
}

static void check_forward(struct gp_config_report *report,
			  const struct gp_config_section *section)
{
	if (!gp_config_set_value(section, "zones") &&
	    !gp_config_set_value(section, "zones-file"))
		gp_config_fail(report, section->where, "[%s] has no zones",
			       section->name);
}

/* What only other actions use is left alone, so that an action can be changed by one
 * line. */
static void check_response(struct gp_config_report *report,
			   const struct gp_config_section *rule)
{
	const struct gp_config_value *response = gp_config_set_value(rule, "response");

	if (response && !strcmp(response->text, "override") &&
	    !strcmp(gp_config_text(rule, "action"), "block") &&
	    !*gp_config_text(rule, "override"))
		gp_config_fail(report, response->where,
			       "response = override needs override = ADDRESS or NAME");
}

/* USED holds the rule of each priority so far. */
static void check_priority(struct gp_config_report *report,
			   const struct gp_config_section *rule,
			   const struct gp_config_section **used)
{
	const struct gp_config_value *value = gp_config_set_value(rule, "priority");
	uint64_t priority;

	if (!value || value->is_bad || !gp_config_number(value->text, 65535, &priority))
		return;
	const struct gp_config_section *other = used[priority];
	used[priority] = rule;
	if (!other)
		return;
	struct gp_config_where first = gp_config_set_value(other, "priority")->where;
	gp_config_fail(report, value->where, "priority %s is taken by [%s] in %s:%u",
		       value->text, other->name, report->config->paths[first.file],
		       first.line);
}

static void check_rules(struct gp_config_report *report, const struct gp_config *config)
{
	const struct gp_config_section **used = calloc(65536, sizeof(used[0]));
	if (!used) {
		gp_config_no_memory(report);
		return;
	}
	for (size_t i = 0; i < config->count; i++) {
		const struct gp_config_section *section = config->sections[i];
		if (strcmp(section->spec->name, "rule"))
			continue;
		check_priority(report, section, used);
		check_response(report, section);
	}
	free(used);
}

/* Re-tests begin with broken-ttl and double up to broken-ttl-max. */
static void check_probe(struct gp_config_report *report,
			const struct gp_config_section *probe)
{
	const struct gp_config_value *least = gp_config_set_value(probe, "broken-ttl");
	const struct gp_config_value *most = gp_config_set_value(probe, "broken-ttl-max");
	uint64_t from, to;

	if ((!least && !most) || (least && least->is_bad) || (most && most->is_bad) ||
	    !gp_config_time(gp_config_text(probe, "broken-ttl"), &from) ||
	    !gp_config_time(gp_config_text(probe, "broken-ttl-max"), &to) || from <= to)
		return;
	gp_config_fail(report, most ? most->where : least->where,
		       "broken-ttl-max (%s) is less than broken-ttl (%s)",
		       gp_config_text(probe, "broken-ttl-max"),
		       gp_config_text(probe, "broken-ttl"));
}

/* All addresses of the host: only when it was said who may ask there. */
static void check_resolver(struct gp_config_report *report,
			   const struct gp_config_section *resolver)
{
	static const uint8_t zero[16];
	const struct gp_config_value *listen = gp_config_set_value(resolver, "listen");
	char word[GP_CONFIG_LINE_MAX + 1];
	const char *at;
	size_t pos = 0, length;

	if (!listen || listen->is_bad || gp_config_set_value(resolver, "allow"))
		return;
	while ((length = gp_config_next_word(listen->text, &pos, &at)) > 0) {
		struct gp_addr addr;
		uint16_t port;
		if (length >= sizeof(word))
			continue;
		memcpy(word, at, length);
		word[length] = '\0';
		if (gp_config_listen(word, &addr, &port) &&
		    !memcmp(addr.bytes, zero, sizeof(zero)))
			gp_config_fail(report, listen->where,
				       "listening on %s, all addresses, needs `allow = "
				       "PREFIX...`: who may ask",
				       word);
	}
}

void gp_config_cross(struct gp_config_report *report, const struct gp_config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		if (config->sections[i]->is_present)
			check_required(report, config->sections[i]);
		if (!strcmp(config->sections[i]->spec->name, "forward"))
			check_forward(report, config->sections[i]);
	}
	check_rules(report, config);
	check_probe(report, gp_config_section_find(config, "probe"));
	check_resolver(report, gp_config_section_find(config, "resolver"));
}
