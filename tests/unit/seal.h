/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* seal.h - the right size and CRCs on a snapshot that was tampered with: a clever enemy,
 * not an accident. */
#ifndef TESTS_UNIT_SEAL_H
#define TESTS_UNIT_SEAL_H

#include <string.h>

#include "guard/crc32.h"

/* Where the header has them. */
#define SEAL_HEAD_CRC 12
#define SEAL_SIZE 16
#define SEAL_HEAD_SIZE 50
#define SEAL_BODY_CRC 52
#define SEAL_HEADER 56

static inline void seal(uint8_t *bytes, size_t size)
{
	const uint64_t wide = size;
	uint16_t head;
	uint32_t crc = 0;

	if (size < SEAL_HEADER)
		return;
	memcpy(bytes + SEAL_SIZE, &wide, sizeof(wide));
	memcpy(&head, bytes + SEAL_HEAD_SIZE, sizeof(head));
	if (head > size)
		return;
	memcpy(bytes + SEAL_HEAD_CRC, &crc, sizeof(crc));
	crc = gp_crc32(0, bytes + head, size - head);
	memcpy(bytes + SEAL_BODY_CRC, &crc, sizeof(crc));
	crc = gp_crc32(0, bytes, head);
	memcpy(bytes + SEAL_HEAD_CRC, &crc, sizeof(crc));
}

#endif
