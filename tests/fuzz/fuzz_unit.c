/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_unit.c - any bytes as a systemd unit: the drop-in that is written for it reads
 * back as what was there, with the library behind it. */
#include <stdlib.h>
#include <string.h>

#include "tool/v6guard/unit.h"

#define LIBRARY "/usr/$LIB/libx.so"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

/* A second attach finds the first one's value, and leaves it as it is. */
static void check_dropin(const char *before)
{
	struct unit once = {.preload = NULL}, twice = {.preload = NULL};
	char *text = unit_dropin("a.service", before, LIBRARY, "off"), *again;

	expect(text && unit_read(&once, text, strlen(text)));
	expect(once.preload && once.mode && !strcmp(once.mode, "off"));
	expect(strlen(once.preload) >= strlen(LIBRARY));
	expect(!strcmp(once.preload + strlen(once.preload) - strlen(LIBRARY), LIBRARY));
	again = unit_dropin("a.service", once.preload, LIBRARY, "off");
	expect(again && unit_read(&twice, again, strlen(again)));
	expect(!strcmp(once.preload, twice.preload));
	unit_free(&once);
	unit_free(&twice);
	free(text);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unit unit = {.preload = NULL};
	char name[UNIT_NAME], template[UNIT_NAME], why[UNIT_WHY];
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	expect(unit_read(&unit, text, size));
	check_dropin(unit.preload);
	unit_env_line(text, "LD_PRELOAD");
	if (unit_name(text, name, why))
		unit_template(name, template);
	unit_free(&unit);
	free(text);
	return 0;
}
