/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fuzz_control.c - any bytes as a line of the control socket: what is understood is in
 * its range, and what is not is refused in printable words. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tool/v6guardd/control_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void check_prefix(const struct gp_prefix *prefix)
{
	expect(prefix->addr.family == AF_INET6 && prefix->addr.scope_id == 0);
	expect(prefix->length <= 128 && !gp_prefix_has_host_bits(prefix));
}

static void check(const struct control_line *line)
{
	switch (line->verb) {
	case CONTROL_STATUS:
	case CONTROL_VERDICT_LIST:
		expect(!line->needs_root);
		break;
	case CONTROL_PARTNERS:
		expect(!line->needs_root && line->addr.scope_id == 0);
		expect(line->addr.family == AF_INET || line->addr.family == AF_INET6);
		break;
	case CONTROL_VERDICT_SET:
		expect(line->needs_root);
		check_prefix(&line->prefix);
		expect(line->prefix.length == 0 || line->prefix.length == 48 ||
		       line->prefix.length == 128);
		expect(line->verdict > GP_VERDICT_UNKNOWN &&
		       line->verdict < GP_VERDICT_COUNT);
		expect(line->seconds >= 1 && line->seconds <= CONTROL_SECONDS_MAX);
		break;
	case CONTROL_VERDICT_CLEAR:
		expect(line->needs_root);
		check_prefix(&line->prefix);
		break;
	case CONTROL_RELOAD:
		expect(line->needs_root);
		break;
	case CONTROL_RESOLVER_STATUS:
		expect(!line->needs_root);
		break;
	case CONTROL_RESOLVER_FLUSH:
		expect(line->needs_root);
		expect(!line->has_name ||
		       wire_name_length(line->name) <= sizeof(line->name));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control_line line;
	char why[256];

	memset(why, 0x7f, sizeof(why));
	memset(&line, 0x7f, sizeof(line));
	if (control_line_parse((const char *)data, size, &line, why)) {
		check(&line);
		return 0;
	}
	expect(memchr(why, '\0', sizeof(why)) && why[0]);
	for (const char *at = why; *at; at++)
		expect(*at >= ' ' && *at <= '~');
	return 0;
}
