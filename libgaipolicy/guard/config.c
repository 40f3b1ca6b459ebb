/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config.c - the settings in force: kept, looked up, listed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guard/config_private.h"

void gp_config_free(struct gp_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->count; i++) {
		struct gp_config_section *section = config->sections[i];
		for (size_t j = 0; j < section->spec->count; j++)
			free(section->values[j].text);
		free(section->values);
		free(section->name);
		free(section);
	}
	for (size_t i = 0; i < config->path_count; i++)
		free(config->paths[i]);
	free(config->sections);
	free(config->paths);
	free(config->root);
	free(config);
}

struct gp_config_section *gp_config_section_find(const struct gp_config *config,
						 const char *name)
{
	/* The last ones first: a file adds to what it has just begun. */
	for (size_t i = config->count; i > 0; i--)
		if (!strcmp(config->sections[i - 1]->name, name))
			return config->sections[i - 1];
	return NULL;
}

struct gp_config_section *gp_config_section_add(struct gp_config *config,
						const struct gp_config_spec *spec,
						const char *name)
{
	if (config->count == config->room) {
		size_t room = 2 * config->room + 16;
		struct gp_config_section **grown =
			realloc(config->sections, room * sizeof(grown[0]));
		if (!grown)
			return NULL;
		config->sections = grown;
		config->room = room;
	}
	struct gp_config_section *section = calloc(1, sizeof(*section));
	if (!section)
		return NULL;
	section->spec = spec;
	section->name = strdup(name);
	section->values = calloc(spec->count, sizeof(section->values[0]));
	if (!section->name || !section->values) {
		free(section->name);
		free(section->values);
		free(section);
		return NULL;
	}
	config->sections[config->count++] = section;
	return section;
}

struct gp_config *gp_config_new(void)
{
	struct gp_config *config = calloc(1, sizeof(*config));
	if (!config)
		return NULL;

	gp_guard_policy_init(&config->guard);
	for (size_t i = 0; i < GP_CONFIG_SPECS; i++) {
		const struct gp_config_spec *spec = &gp_config_specs[i];
		if (spec->is_named || gp_config_section_add(config, spec, spec->name))
			continue;
		gp_config_free(config);
		return NULL;
	}
	return config;
}

const struct gp_config_value *gp_config_set_value(const struct gp_config_section *section,
						  const char *key)
{
	size_t index = gp_config_key_find(section->spec, key);
	if (index == section->spec->count || !section->values[index].text)
		return NULL;
	return &section->values[index];
}

const char *gp_config_text(const struct gp_config_section *section, const char *key)
{
	const struct gp_config_value *value = gp_config_set_value(section, key);
	return value ? value->text
		     : section->spec->keys[gp_config_key_find(section->spec, key)]
			       .standard;
}

static bool is_yes(const struct gp_config_section *section, const char *key)
{
	return !strcmp(gp_config_text(section, key), "yes");
}

void gp_config_fill_guard(struct gp_config *config)
{
	const struct gp_config_section *guard = gp_config_section_find(config, "guard");
	const char *backends = gp_config_text(guard, "backends");
	enum gp_mode mode = GP_MODE_OFF;

	gp_mode_parse(gp_config_text(guard, "mode"), &mode);
	config->has_chain = gp_chain_parse(backends, strlen(backends), &config->chain,
					   NULL) == GP_OK &&
			    strcmp(backends, "auto");
	config->guard = (struct gp_guard_policy){
		.mode = (uint8_t)mode,
		.distrust = !strcmp(gp_config_text(guard, "unknown"), "distrust"),
		.enforce = is_yes(guard, "enforce"),
		.keep_last = is_yes(guard, "keep-last"),
		.aaaa_only = !strcmp(gp_config_text(guard, "aaaa-only"), "strip"),
		.backends_auto = !config->has_chain,
	};
}

const struct gp_guard_policy *gp_config_guard(const struct gp_config *config)
{
	return &config->guard;
}

struct gp_preload_policy gp_config_preload(const struct gp_config *config)
{
	const char *order = gp_config_value(config, "preload", "order");

	return (struct gp_preload_policy){
		.order = strcmp(order, "rfc6724") ? GP_ORDER_LIBC : GP_ORDER_RFC6724};
}

static uint32_t probe_ms(const struct gp_config *config, const char *key)
{
	return (uint32_t)gp_config_milliseconds(config, "probe", key);
}

/* All values were checked when they were read. */
static void take_ports(const char *text, uint16_t ports[GP_PROBE_PORTS])
{
	const char *word;
	size_t pos = 0;

	for (size_t i = 0; i < GP_PROBE_PORTS; i++)
		if (gp_config_next_word(text, &pos, &word))
			ports[i] = (uint16_t)strtoul(word, NULL, 10);
}

struct gp_probe_policy gp_config_probe(const struct gp_config *config)
{
	struct gp_probe_policy probe = {
		.budget_ms = probe_ms(config, "inline-budget"),
		.delay_ms = probe_ms(config, "attempt-delay"),
		.slow_ms = probe_ms(config, "slow-threshold"),
		.ok_ttl_ms = probe_ms(config, "ok-ttl"),
		.broken_ttl_ms = probe_ms(config, "broken-ttl"),
		.broken_ttl_max_ms = probe_ms(config, "broken-ttl-max"),
		.max_rate = (uint32_t)gp_config_integer(config, "probe", "max-rate"),
		.is_inline = !strcmp(gp_config_value(config, "probe", "inline"), "yes"),
		.is_off = !strcmp(gp_config_value(config, "probe", "mode"), "off"),
	};

	take_ports(gp_config_value(config, "probe", "ports"), probe.ports);
	return probe;
}

const struct gp_chain *gp_config_backends(const struct gp_config *config)
{
	return config->has_chain ? &config->chain : NULL;
}

static struct gp_config_item item_at(const struct gp_config *config,
				     const struct gp_config_section *section,
				     size_t index)
{
	const struct gp_config_key *key = &section->spec->keys[index];
	const struct gp_config_value *value = &section->values[index];

	if (!value->text)
		return (struct gp_config_item){.section = section->name,
					       .key = key->name,
					       .value = key->standard};
	return (struct gp_config_item){.section = section->name,
				       .key = key->name,
				       .value = value->text,
				       .path = config->paths[value->where.file],
				       .line = value->where.line};
}

static bool visit_section(const struct gp_config *config,
			  const struct gp_config_section *section,
			  bool (*visit)(void *ctx, const struct gp_config_item *item),
			  void *ctx)
{
	for (size_t i = 0; i < section->spec->count; i++) {
		struct gp_config_item item = item_at(config, section, i);
		if (!visit(ctx, &item))
			return false;
	}
	return true;
}

void gp_config_each(const struct gp_config *config,
		    bool (*visit)(void *ctx, const struct gp_config_item *item),
		    void *ctx)
{
	for (size_t i = 0; i < GP_CONFIG_SPECS; i++)
		for (size_t j = 0; j < config->count; j++)
			if (config->sections[j]->spec == &gp_config_specs[i] &&
			    !visit_section(config, config->sections[j], visit, ctx))
				return;
}

enum gp_status gp_config_get(const struct gp_config *config, const char *section,
			     const char *key, struct gp_config_item *out)
{
	const struct gp_config_section *found = gp_config_section_find(config, section);
	if (!found)
		return GP_NOTFOUND;
	size_t index = gp_config_key_find(found->spec, key);
	if (index == found->spec->count)
		return GP_NOTFOUND;
	*out = item_at(config, found, index);
	return GP_OK;
}

const char *gp_config_value(const struct gp_config *config, const char *section,
			    const char *key)
{
	return gp_config_text(gp_config_section_find(config, section), key);
}

uint64_t gp_config_milliseconds(const struct gp_config *config, const char *section,
				const char *key)
{
	uint64_t ms;

	return gp_config_time(gp_config_value(config, section, key), &ms) ? ms : 0;
}

uint64_t gp_config_bytes(const struct gp_config *config, const char *section,
			 const char *key)
{
	uint64_t bytes;

	return gp_config_size(gp_config_value(config, section, key), &bytes) ? bytes : 0;
}

uint64_t gp_config_integer(const struct gp_config *config, const char *section,
			   const char *key)
{
	uint64_t number;

	return gp_config_number(gp_config_value(config, section, key), UINT64_MAX,
				&number)
		       ? number
		       : 0;
}
