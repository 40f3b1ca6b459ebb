/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* guardpreset.c - presets of v6guard.conf. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "guard/config.h"
#include "guardpreset.h"
#include "text.h"

/* Behind the operator's own rules, which are asked first. */
#define OWN "rule preset-own"
#define NAMED "rule preset-named"
#define PREFIXES "rule preset-prefixes"
#define REST "rule preset-rest"

static const struct {
	const char *name, *brief;
	unsigned own_length; /* 0: nothing of the host's */
	bool takes_words;
} presets[GUARD_PRESETS] = {
	[GUARD_PHASE1] = {"phase1", "IPv6 to the host's own /64 alone", 64, false},
	[GUARD_PHASE2] = {"phase2", "IPv6 to the own /56, and to what you name", 56,
			  true},
	[GUARD_PREFER_IPV4] = {"prefer-ipv4", "IPv4 wherever a name has both", 0, false},
	[GUARD_DISTRUST] = {"distrust", "IPv6 only to what was seen to answer", 0, false},
};

static const char *const sections[] = {OWN, NAMED, PREFIXES, REST};

const char *guard_preset_name(enum guard_preset preset)
{
	return presets[preset].name;
}

const char *guard_preset_brief(enum guard_preset preset)
{
	return presets[preset].brief;
}

enum guard_preset guard_preset_parse(const char *name)
{
	int preset = 0;

	while (preset < GUARD_PRESETS && strcmp(presets[preset].name, name) != 0)
		preset++;
	return (enum guard_preset)preset;
}

bool guard_preset_needs_own(enum guard_preset preset)
{
	return presets[preset].own_length > 0;
}

bool guard_preset_takes_words(enum guard_preset preset)
{
	return presets[preset].takes_words;
}

bool guard_preset_is_prefix(const char *word)
{
	return strchr(word, ':') || strchr(word, '/');
}

/* ---- the host's own ---- */

static void clear_behind(struct gp_prefix *prefix)
{
	for (unsigned bit = prefix->length; bit < 128; bit++)
		prefix->addr.bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	prefix->addr.scope_id = 0;
}

size_t guard_preset_add_own(enum guard_preset preset, const struct gp_addr *addr,
			    struct gp_prefix own[GUARD_PRESET_OWN], size_t count)
{
	struct gp_prefix prefix = {*addr, (uint8_t)presets[preset].own_length};
	const bool is_global = (addr->bytes[0] & 0xe0) == 0x20;
	const bool is_unique_local = (addr->bytes[0] & 0xfe) == 0xfc;

	if (addr->family != AF_INET6 || (!is_global && !is_unique_local) ||
	    count == GUARD_PRESET_OWN)
		return count;
	for (size_t i = 0; i < count; i++)
		if (gp_prefix_match(&own[i], addr))
			return count;
	clear_behind(&prefix);
	own[count] = prefix;
	return count + 1;
}

/* ---- the text ---- */

/* The text so far; once a step has failed the others do nothing. */
struct draft {
	char *text;
	size_t size;
	enum gp_status status;
};

static void take(struct draft *draft, enum gp_status status, char *text, size_t size)
{
	draft->status = status;
	if (status != GP_OK)
		return;
	free(draft->text);
	draft->text = text;
	draft->size = size;
}

static void set(struct draft *draft, const char *section, const char *key,
		const char *value)
{
	enum gp_status status;
	char *text = NULL;
	size_t size = 0;

	if (draft->status != GP_OK)
		return;
	status = gp_config_edit(draft->text, draft->size, section, key, value, &text,
				&size);
	take(draft, status, text, size);
}

static void cut(struct draft *draft, const char *section)
{
	enum gp_status status;
	char *text = NULL;
	size_t size = 0;

	if (draft->status != GP_OK)
		return;
	status = gp_config_cut(draft->text, draft->size, section, &text, &size);
	if (status != GP_NOTFOUND)
		take(draft, status, text, size);
}

/* A rule that is there keeps its place and what else was put into it. One whose KEY has
 * no VALUE here is of an earlier time, and goes. */
static void set_rule(struct draft *draft, const char *section, const char *priority,
		     const char *key, const struct gp_sink *value, const char *action)
{
	if (value->has_failed) {
		draft->status = GP_NOMEM;
		return;
	}
	if (key && !value->length) {
		cut(draft, section);
		return;
	}
	set(draft, section, "priority", priority);
	if (key)
		set(draft, section, key, value->text);
	set(draft, section, "action", action);
}

static void add_word(struct gp_sink *sink, const char *word)
{
	if (sink->length)
		gp_sink_text(sink, " ");
	gp_sink_text(sink, word);
}

static void set_phase(struct draft *draft, const struct guard_preset_parts *parts)
{
	struct gp_sink own = {.text = NULL}, names = own, prefixes = own, nothing = own;
	char text[GP_PREFIX_TEXT];

	for (size_t i = 0; i < parts->own_count; i++)
		add_word(&own, gp_prefix_format(&parts->own[i], text));
	for (size_t i = 0; i < parts->word_count; i++)
		add_word(guard_preset_is_prefix(parts->words[i]) ? &prefixes : &names,
			 parts->words[i]);
	set_rule(draft, OWN, "65010", "prefixes", &own, "allow");
	set_rule(draft, PREFIXES, "65020", "prefixes", &prefixes, "allow");
	set_rule(draft, NAMED, "65030", "domains", &names, "allow");
	set_rule(draft, REST, "65040", NULL, &nothing, "strip-aaaa");
	free(own.text);
	free(names.text);
	free(prefixes.text);
}

static void cut_phase(struct draft *draft)
{
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		cut(draft, sections[i]);
}

static void set_preset(struct draft *draft, enum guard_preset preset,
		       const struct guard_preset_parts *parts)
{
	switch (preset) {
	case GUARD_PHASE1:
	case GUARD_PHASE2:
		set_phase(draft, parts);
		break;
	case GUARD_PREFER_IPV4:
		cut_phase(draft);
		set(draft, "guard", "mode", "prefer-ipv4");
		break;
	case GUARD_DISTRUST:
		cut_phase(draft);
		set(draft, "guard", "mode", "auto");
		set(draft, "guard", "unknown", "distrust");
		break;
	case GUARD_PRESETS:
		break;
	}
}

enum gp_status guard_preset_edit(const char *text, size_t size, enum guard_preset preset,
				 const struct guard_preset_parts *parts, char **out,
				 size_t *out_size)
{
	struct draft draft = {.text = malloc(size + 1), .size = size};

	if (!draft.text)
		return GP_NOMEM;
	memcpy(draft.text, text, size);
	set_preset(&draft, preset, parts);
	if (draft.status != GP_OK) {
		free(draft.text);
		return draft.status;
	}
	*out = draft.text;
	*out_size = draft.size;
	return GP_OK;
}
