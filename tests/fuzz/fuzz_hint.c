/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a hint, as anybody on the host may send them. What is accepted must be
 * within its bounds and must come out of gp_hint_build as the same bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "guard/hint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[GP_HINT_SIZE_MAX];
	struct gp_hint hint;

	if (gp_hint_parse(data, size, &hint) != GP_OK)
		return 0;
	if (hint.count > GP_HINT_ADDRESSES || hint.door > GP_DOOR_DNS)
		abort();
	if (gp_hint_build(&hint, bytes) != size || memcmp(bytes, data, size))
		abort();
	return 0;
}
