/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* config_text.h - configurations from texts and folders. Include it behind cmocka.h. */
#ifndef TESTS_UNIT_CONFIG_TEXT_H
#define TESTS_UNIT_CONFIG_TEXT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guard/config_private.h"

/** TEXT must be good. */
static inline struct gp_config *config_good(const char *text)
{
	static struct gp_config_errors errors;
	struct gp_config *config = NULL;

	enum gp_status status =
		gp_config_parse_text("test.conf", text, strlen(text), &config, &errors);
	for (size_t i = 0; i < errors.count; i++)
		print_message("%u:%u: %s\n", errors.list[i].line, errors.list[i].column,
			      errors.list[i].text);
	assert_int_equal(status, GP_OK);
	assert_int_equal(errors.count, 0);
	return config;
}

/** TEXT must be bad. */
static inline void config_bad(const char *text, size_t size,
			      struct gp_config_errors *errors)
{
	char mark;
	struct gp_config *config = (struct gp_config *)(void *)&mark;

	assert_int_equal(gp_config_parse_text("test.conf", text, size, &config, errors),
			 GP_SYNTAX);
	assert_ptr_equal(config, &mark);
	assert_true(errors->count > 0);
}

/** What KEY of [SECTION] is. */
static inline struct gp_config_item config_item(const struct gp_config *config,
						const char *section, const char *key)
{
	struct gp_config_item item;

	assert_int_equal(gp_config_get(config, section, key, &item), GP_OK);
	return item;
}

/** All of the file PATH, with a NUL behind it; free() it. */
static inline char *file_text(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	char *text = calloc(1, 65536);
	assert_non_null(text);
	*size = fread(text, 1, 65535, file);
	fclose(file);
	return text;
}

#endif
