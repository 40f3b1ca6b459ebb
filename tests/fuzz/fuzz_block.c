/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_block.c - any bytes as a gai.conf: a known-local block that is put in is found
 * again, and what it is for holds. */
#include <stdlib.h>
#include <string.h>

#include "gaiconf/block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static struct gp_doc *parse(const char *text, size_t size)
{
	struct gp_doc *doc;

	must(gp_doc_parse(text, size, GP_GAI_SINCE_2_41, &doc) == GP_OK);
	return doc;
}

static enum gp_block_state look(const char *text, size_t size, struct gp_prefix *prefixes,
				size_t *count)
{
	struct gp_doc *doc = parse(text, size);
	const enum gp_block_state state = gp_block_look(doc, prefixes, 8, count);

	gp_doc_free(doc);
	return state;
}

static char *set(const char *text, size_t *size, const struct gp_prefix *prefixes,
		 size_t count)
{
	struct gp_doc *doc = parse(text, *size);
	char *out;

	gp_block_set(doc, prefixes, count);
	must(gp_doc_write(doc, &out, size) == GP_OK);
	gp_doc_free(doc);
	return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gp_prefix found[8], wanted[2];
	size_t count, with = size, without;
	char *text = malloc(size + 1), *put, *gone;

	must(text && !gp_prefix_parse("fd12:3456:789a::/48", &wanted[0]) &&
	     !gp_prefix_parse("fd12:3456:789b::/64", &wanted[1]));
	memcpy(text, data, size);
	if (look(text, size, found, &count) == GP_BLOCK_EDITED) {
		free(text);
		return 0;
	}
	put = set(text, &with, wanted, 2);
	must(look(put, with, found, &count) == GP_BLOCK_OURS && count == 2 &&
	     gp_addr_equal(&found[1].addr, &wanted[1].addr));
	without = with;
	gone = set(put, &without, NULL, 0);
	must(look(gone, without, found, &count) == GP_BLOCK_NONE);
	free(gone);
	free(put);
	free(text);
	return 0;
}
