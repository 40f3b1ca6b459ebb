/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_nsswitch.c - any bytes as nsswitch.conf: on and off again gives them back. */
#include <stdlib.h>
#include <string.h>

#include "guard/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static bool is_same(const char *a, size_t a_size, const char *b, size_t b_size)
{
	return a_size == b_size && !memcmp(a, b, a_size);
}

/* What `enable` made of TEXT must be found by everybody, and go without a trace. */
static void check_enabled(const char *text, size_t size, const char *on, size_t on_size)
{
	struct gp_hosts_line before, after;
	char *again, *off;
	size_t again_size, off_size;

	gp_hosts_line_find(text, size, &before);
	gp_hosts_line_find(on, on_size, &after);
	expect(after.present && after.enabled && after.token < after.token_end);
	expect(after.token_end <= on_size && !after.unterminated);
	expect(!after.has_resolver || gp_hosts_line_acts(&after));
	expect(!gp_hosts_line_acts(&before) || is_same(on, on_size, text, size));
	expect(gp_nsswitch_enable(on, on_size, &again, &again_size, NULL) == GP_OK);
	expect(is_same(again, again_size, on, on_size));
	free(again);

	expect(gp_nsswitch_disable(on, on_size, &off, &off_size, NULL) == GP_OK);
	if (before.present && !before.enabled)
		expect(is_same(off, off_size - before.unterminated, text, size));
	gp_hosts_line_find(off, off_size, &after);
	expect(!after.enabled);
	free(off);
}

static void check_chain(const char *text, size_t size)
{
	struct gp_chain chain, again;
	char buf[GP_CHAIN_MAX * (GP_SERVICE_NAME + 100)];

	if (gp_chain_from_nsswitch(text, size, &chain, NULL) != GP_OK)
		return;
	expect(chain.count > 0 && chain.count <= GP_CHAIN_MAX);
	size_t length = gp_chain_format(&chain, buf, sizeof(buf));
	expect(length < sizeof(buf));
	expect(gp_chain_parse(buf, length, &again, NULL) == GP_OK);
	expect(!memcmp(&again.service, &chain.service,
		       chain.count * sizeof(again.service[0])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct gp_chain chain;
	struct gp_diag diag;
	char *out;
	size_t out_size;

	gp_chain_parse(text, size, &chain, &diag);
	check_chain(text, size);
	if (gp_nsswitch_enable(text, size, &out, &out_size, &diag) == GP_OK) {
		check_enabled(text, size, out, out_size);
		free(out);
	}
	if (gp_nsswitch_disable(text, size, &out, &out_size, &diag) == GP_OK)
		free(out);
	return 0;
}
