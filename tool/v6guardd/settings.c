/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* settings.c - from v6guard.conf to what steward and worker go by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

#define DAY_MS (24 * 3600 * 1000U)
/* An anchor that names no port: a resolver, as these usually are. */
#define ANCHOR_PORT 53

static const char *const kinds[EVENT_KINDS] = {
	[EVENT_VERDICT] = "verdict",   [EVENT_EPOCH] = "epoch",
	[EVENT_NAT64] = "nat64",       [EVENT_RELOAD] = "reload",
	[EVENT_DOOR] = "door",         [EVENT_RESCUE] = "rescue",
	[EVENT_UPSTREAM] = "upstream", [EVENT_SYNTHESIZED] = "synthesized",
	[EVENT_STRIPPED] = "stripped", [EVENT_BLOCKED] = "blocked",
	[EVENT_STALE] = "stale",       [EVENT_BOGUS] = "bogus",
	[EVENT_LATE] = "late",         [EVENT_REBIND] = "rebind",
};

const char *event_kind_name(enum event_kind kind)
{
	return kind < EVENT_KINDS ? kinds[kind] : NULL;
}

/* ---- lists ---- */

/* Call TAKE with each word of a list; false when one did not fit. */
static bool each_word(const char *text, struct settings *out,
		      bool (*take)(struct settings *out, const char *word))
{
	const char *at;
	size_t pos = 0, length;
	bool fits = true;

	while ((length = gp_config_next_word(text, &pos, &at)) > 0) {
		char word[SETTINGS_WORD];
		if (length >= sizeof(word)) {
			fits = false;
			continue;
		}
		memcpy(word, at, length);
		word[length] = '\0';
		fits &= take(out, word);
	}
	return fits;
}

static bool take_port(struct settings *out, const char *word)
{
	if (out->port_count == SETTINGS_PORTS)
		return false;
	out->ports[out->port_count++] = (uint16_t)strtoul(word, NULL, 10);
	return true;
}

/* ADDRESS or ADDRESS@PORT; a name is not for us to resolve. */
static bool take_anchor(struct settings *out, const char *word)
{
	const size_t length = strcspn(word, "@");
	char text[SETTINGS_WORD];
	struct gp_addr addr;

	memcpy(text, word, length);
	text[length] = '\0';
	if (out->anchor_count == SETTINGS_ANCHORS || gp_addr_parse(text, &addr) != GP_OK)
		return false;
	out->anchors[out->anchor_count].addr = addr;
	out->anchors[out->anchor_count++].port =
		word[length] ? (uint16_t)strtoul(word + length + 1, NULL, 10)
			     : ANCHOR_PORT;
	return true;
}

static bool take_excluded(struct settings *out, const char *word)
{
	if (out->excluded_count == SETTINGS_EXCLUDED)
		return false;
	strcpy(out->excluded[out->excluded_count++], word);
	return true;
}

static bool take_event(struct settings *out, const char *word)
{
	for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
		if ((!strcmp(word, "changes") && kind < EVENT_EACH) ||
		    !strcmp(word, kinds[kind]))
			out->log_events |= 1U << kind;
	return true;
}

/* ---- the whole ---- */

static uint32_t milliseconds(const struct gp_config *config, const char *key)
{
	return (uint32_t)gp_config_milliseconds(config, "probe", key);
}

static void take_probe(const struct gp_config *config, struct settings *out)
{
	const char *mode = gp_config_value(config, "probe", "mode");

	out->probe_mode = !strcmp(mode, "off")   ? PROBE_OFF
			  : !strcmp(mode, "all") ? PROBE_ALL
						 : PROBE_SUSPECTS;
	out->slow_threshold_ms = milliseconds(config, "slow-threshold");
	out->ok_ttl_ms = milliseconds(config, "ok-ttl");
	out->broken_ttl_ms = milliseconds(config, "broken-ttl");
	out->broken_ttl_max_ms = milliseconds(config, "broken-ttl-max");
	out->max_rate = (uint32_t)gp_config_integer(config, "probe", "max-rate");
}

static void complain_unless(bool fits, const char *what, char warning[256])
{
	const size_t used = strlen(warning);

	if (!fits)
		snprintf(warning + used, 256 - used, "%s%s", used ? "; " : "", what);
}

bool settings_from_config(const struct gp_config *config, struct settings *out,
			  char warning[256], char error[DNS_WHY])
{
	memset(out, 0, sizeof(*out));
	warning[0] = '\0';
	take_probe(config, out);
	complain_unless(
		each_word(gp_config_value(config, "probe", "ports"), out, take_port),
		"[probe] ports: only the first 16 are used", warning);
	complain_unless(
		each_word(gp_config_value(config, "probe", "anchors"), out, take_anchor),
		"[probe] anchors: only addresses are used, 16 at most; names are "
		"left out",
		warning);
	complain_unless(each_word(gp_config_value(config, "rescue", "exclude-programs"),
				  out, take_excluded),
			"[rescue] exclude-programs: more than 32, or longer than 127 "
			"bytes: rescue stays off",
			warning);
	out->rescue = !strcmp(gp_config_value(config, "rescue", "mode"), "on");
	out->known_local =
		!strcmp(gp_config_value(config, "gai", "known-local-ula"), "yes");
	/* A program that must not be touched was forgotten: nobody is. */
	if (strstr(warning, "exclude-programs"))
		out->rescue = 0;
	each_word(gp_config_value(config, "log", "events"), out, take_event);
	snprintf(out->log_to, sizeof(out->log_to), "%s",
		 gp_config_value(config, "log", "to"));
	out->guard = *gp_config_guard(config);
	return dns_config_from(config, &out->dns, error);
}

/* What is in v6guard.conf(5)'s table, for a start without any file. */
void settings_init(struct settings *settings)
{
	char warning[256], error[DNS_WHY];
	struct gp_config *config;

	if (gp_config_load("/nonexistent", &config, NULL) != GP_OK) {
		memset(settings, 0, sizeof(*settings));
		return;
	}
	settings_from_config(config, settings, warning, error);
	gp_config_free(config);
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool are_lists_valid(const struct settings *settings)
{
	if (settings->port_count > SETTINGS_PORTS ||
	    settings->anchor_count > SETTINGS_ANCHORS ||
	    settings->excluded_count > SETTINGS_EXCLUDED)
		return false;
	for (size_t i = 0; i < settings->port_count; i++)
		if (!settings->ports[i])
			return false;
	for (size_t i = 0; i < settings->anchor_count; i++)
		if (settings->anchors[i].addr.family != AF_INET &&
		    settings->anchors[i].addr.family != AF_INET6)
			return false;
	for (size_t i = 0; i < settings->excluded_count; i++)
		if (!ends(settings->excluded[i], sizeof(settings->excluded[i])))
			return false;
	return true;
}

static bool is_guard_valid(const struct gp_guard_policy *guard)
{
	return guard->mode < GP_MODE_COUNT && guard->distrust <= 1 &&
	       guard->enforce <= 1 && guard->keep_last <= 1 && guard->aaaa_only <= 1 &&
	       guard->backends_auto <= 1;
}

bool settings_are_valid(const struct settings *settings)
{
	return settings->probe_mode <= PROBE_ALL && settings->rescue <= 1 &&
	       settings->known_local <= 1 && settings->max_rate >= 1 &&
	       settings->max_rate <= 1000 && settings->slow_threshold_ms <= 10000 &&
	       settings->ok_ttl_ms >= 1000 && settings->ok_ttl_ms <= DAY_MS &&
	       settings->broken_ttl_ms >= 1000 &&
	       settings->broken_ttl_ms <= settings->broken_ttl_max_ms &&
	       settings->broken_ttl_max_ms <= DAY_MS &&
	       settings->log_events < 1U << EVENT_KINDS &&
	       is_guard_valid(&settings->guard) && dns_config_is_valid(&settings->dns) &&
	       ends(settings->log_to, sizeof(settings->log_to)) &&
	       are_lists_valid(settings);
}
