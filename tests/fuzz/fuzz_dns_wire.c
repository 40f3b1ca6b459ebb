/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a row of resource records: what can be read can be written, with names
 * compressed anew, and reads the same again.
 */
#include <stdlib.h>
#include <string.h>

#include "tool/v6guardd/dns/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_so)
{
	if (!is_so)
		abort();
}

static void check_name(const uint8_t *name)
{
	char text[WIRE_NAME_TEXT];

	expect(wire_name_length(name) <= WIRE_NAME);
	expect(wire_name_within(name, name));
	expect(wire_name_within(name, (const uint8_t *)""));
	expect(memchr(wire_name_text(name, text), '\0', sizeof(text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[WIRE_MAX], again_bytes[WIRE_MAX];
	struct wire_in in = wire_read(data, size), copy;
	struct wire_out out, again;
	struct wire_rr rr, same;
	size_t count = 0;

	wire_write(&out, bytes, sizeof(bytes));
	/* As behind a header: offset 0 is nothing to point to. */
	wire_put_u16(&out, 0);
	while (in.at < in.size && wire_get_rr(&in, &rr)) {
		check_name(rr.owner);
		wire_put_rr(&out, &in, &rr, rr.ttl);
		if (out.failed)
			return 0;
		count++;
	}
	copy = wire_read(bytes, out.at);
	wire_u16(&copy);
	wire_write(&again, again_bytes, sizeof(again_bytes));
	wire_put_u16(&again, 0);
	while (count--) {
		expect(wire_get_rr(&copy, &same));
		wire_put_rr(&again, &copy, &same, same.ttl);
	}
	expect(copy.at == copy.size);
	expect(!again.failed && again.at == out.at &&
	       !memcmp(bytes, again_bytes, out.at));
	return 0;
}
