/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netlink.h - netlink(7) messages as bytes. Everything is copied out: nothing relies on
 * how a buffer is aligned, or on a length that was not checked. Pure.
 */
#ifndef LIBGAIPOLICY_RFC6724_NETLINK_H
#define LIBGAIPOLICY_RFC6724_NETLINK_H

#include "gaipolicy.h"

/** What is left to be read. */
struct gp_bytes {
	const uint8_t *at;
	size_t left;
};

/** The fixed part of a message: SIZE bytes, and the padding behind them. */
bool gp_bytes_take(struct gp_bytes *bytes, void *out, size_t size);

/** The next message, or attribute, with what it holds; false: none is left, or what is
 * left is none. The flags of an attribute's type are cut off. */
bool gp_bytes_message(struct gp_bytes *bytes, uint16_t *type, struct gp_bytes *body);
bool gp_bytes_attribute(struct gp_bytes *bytes, uint16_t *type, struct gp_bytes *value);

#endif
