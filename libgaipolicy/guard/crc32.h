/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crc32.h - the checksum of files that processes share. */
#ifndef LIBGAIPOLICY_GUARD_CRC32_H
#define LIBGAIPOLICY_GUARD_CRC32_H

#include <stddef.h>
#include <stdint.h>

/**
 * CRC-32 of ISO 3309 (as in Ethernet, gzip and PNG) over SIZE bytes, going on from CRC:
 * 0 to begin with.
 */
uint32_t gp_crc32(uint32_t crc, const void *bytes, size_t size);

#endif
