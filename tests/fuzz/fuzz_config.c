/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_config.c - any bytes as v6guard.conf: refused with a reason or taken; and edited,
 * the value is what was set, and setting it again changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/config_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

struct setting {
	const char *section, *key, *value;
};

/* A word for each kind of value; none depends on what else is in the file. */
static const struct setting settings[] = {
	{"guard", "mode", "prefer-ipv4"},
	{"guard", "backends", "files [NOTFOUND=continue] dns"},
	{"probe", "ports", "80 443 8080"},
	{"probe", "anchors", ""},
	{"nat64", "exclude-a", "10.0.0.0/8 192.168.0.0/16"},
	{"log", "to", "/var/log/v6guard.log"},
};

static bool visit(void *ctx, const struct gp_config_item *item)
{
	struct gp_config_item again;
	const struct gp_config *config = ctx;

	expect(gp_config_get(config, item->section, item->key, &again) == GP_OK);
	expect(again.value == item->value && again.line == item->line);
	expect(!item->path == !item->line);
	return true;
}

static struct gp_config *parse(const char *text, size_t size)
{
	static struct gp_config_errors errors;
	struct gp_config *config = NULL;

	enum gp_status status =
		gp_config_parse_text("fuzz.conf", text, size, &config, &errors);
	expect((status == GP_OK) == (config != NULL));
	expect((status == GP_OK) == (errors.count == 0));
	for (size_t i = 0; i < errors.count; i++) {
		const struct gp_diag *diag = &errors.list[i];
		expect(diag->text[0] && diag->line > 0 && diag->column > 0);
		expect(i == 0 || diag[-1].line <= diag->line);
	}
	if (config)
		gp_config_each(config, visit, config);
	return config;
}

static void check_value(const char *text, size_t size, const struct setting *set)
{
	struct gp_config *config = parse(text, size);
	struct gp_config_item item;

	expect(config != NULL);
	expect(gp_config_get(config, set->section, set->key, &item) == GP_OK);
	expect(!strcmp(item.value, set->value) && item.path);
	gp_config_free(config);
}

static void check_edit(const char *text, size_t size, const struct setting *set,
		       bool is_good)
{
	char *once, *twice;
	size_t once_size, twice_size;

	if (gp_config_edit(text, size, set->section, set->key, set->value, &once,
			   &once_size) != GP_OK)
		return;
	if (is_good)
		check_value(once, once_size, set);
	expect(gp_config_edit(once, once_size, set->section, set->key, set->value, &twice,
			      &twice_size) == GP_OK);
	if (is_good)
		expect(once_size == twice_size && !memcmp(once, twice, once_size));
	free(once);
	free(twice);
}

/* The first line as a value that nothing is known about, set in the rest. */
static void check_any_value(const char *text, size_t size)
{
	const char *end = memchr(text, '\n', size);
	size_t length = end ? (size_t)(end - text) : 0;
	if (length == 0 || memchr(text, '\0', length))
		return;

	char *value = strndup(text, length);
	expect(value != NULL);
	const struct setting set = {"resolver", "trust-anchor", value};
	struct gp_config *config = parse(end + 1, size - length - 1);
	check_edit(end + 1, size - length - 1, &set, config != NULL);
	gp_config_free(config);
	free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct gp_config *config = parse(text, size);

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		check_edit(text, size, &settings[i], config != NULL);
	gp_config_free(config);
	check_any_value(text, size);
	return 0;
}
