/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wire.h - DNS messages as bytes (RFC 1035 4), read and written behind cursors that
 * remember a failure, so that only the end of a row of calls is checked. Pure.
 */
#ifndef TOOL_V6GUARDD_DNS_WIRE_H
#define TOOL_V6GUARDD_DNS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_HEADER 12
/** Bytes of a name, root label included (RFC 1035 2.3.4), and of a name as text. */
#define WIRE_NAME 255
#define WIRE_NAME_TEXT 1024
#define WIRE_MAX 65535
/** Places in a message that later names may point to. */
#define WIRE_TARGETS 128

enum wire_type {
	WIRE_A = 1,
	WIRE_NS = 2,
	WIRE_CNAME = 5,
	WIRE_SOA = 6,
	WIRE_PTR = 12,
	WIRE_HINFO = 13,
	WIRE_MX = 15,
	WIRE_TXT = 16,
	WIRE_AAAA = 28,
	WIRE_SRV = 33,
	WIRE_DNAME = 39,
	WIRE_OPT = 41,
	WIRE_DS = 43,
	WIRE_RRSIG = 46,
	WIRE_NSEC = 47,
	WIRE_DNSKEY = 48,
	WIRE_NSEC3 = 50,
	WIRE_SVCB = 64,
	WIRE_HTTPS = 65,
	WIRE_META = 128, /* from here to ANY */
	WIRE_TKEY = 249,
	WIRE_IXFR = 251,
	WIRE_AXFR = 252,
	WIRE_ANY = 255,
};

enum wire_rcode {
	WIRE_NOERROR = 0,
	WIRE_FORMERR = 1,
	WIRE_SERVFAIL = 2,
	WIRE_NXDOMAIN = 3,
	WIRE_NOTIMP = 4,
	WIRE_REFUSED = 5,
	WIRE_BADVERS = 16,
};

#define WIRE_CLASS_IN 1

/** Bits of the header's second word (RFC 1035 4.1.1, RFC 4035). */
enum wire_flag {
	WIRE_QR = 0x8000,
	WIRE_AA = 0x0400,
	WIRE_TC = 0x0200,
	WIRE_RD = 0x0100,
	WIRE_RA = 0x0080,
	WIRE_AD = 0x0020,
	WIRE_CD = 0x0010,
};

/* ---- reading --------------------------------------------------------------------- */

struct wire_in {
	const uint8_t *start;
	size_t size, at;
	bool failed; /* something was not there: all that is read from now on is 0 */
};

struct wire_in wire_read(const uint8_t *bytes, size_t size);
uint8_t wire_u8(struct wire_in *in);
uint16_t wire_u16(struct wire_in *in);
uint32_t wire_u32(struct wire_in *in);
/** COUNT bytes, which stay the message's; NULL when they are not there. */
const uint8_t *wire_bytes(struct wire_in *in, size_t count);
/** A name, decompressed (pointers lead back only, RFC 1035 4.1.4); its length, 0: failed.
 */
size_t wire_name(struct wire_in *in, uint8_t out[WIRE_NAME]);

/** One resource record; RDATA is the message's, RDATA_AT where it begins there. */
struct wire_rr {
	uint8_t owner[WIRE_NAME];
	uint16_t type, class, rdlength;
	uint32_t ttl; /* RFC 2181 8: with the top bit set it counts as 0 */
	const uint8_t *rdata;
	size_t rdata_at;
};

/** False, and IN has failed: there is no whole record. */
bool wire_get_rr(struct wire_in *in, struct wire_rr *out);
/** RR's RDATA is what its type has: an address of 4 or 16 bytes, whole names with the
 * rest that belongs to them (RFC 1035 3.3, 3596 2.2). What it may be of other types is
 * not known. */
bool wire_rr_is_sound(const struct wire_in *message, const struct wire_rr *rr);

/* ---- writing --------------------------------------------------------------------- */

struct wire_out {
	uint8_t *start;
	size_t size, at;
	bool failed; /* there was no room: nothing is written from now on */
	uint16_t targets[WIRE_TARGETS];
	size_t target_count;
};

/** OUT writes to the SIZE bytes at START (at most WIRE_MAX). */
void wire_write(struct wire_out *out, uint8_t *start, size_t size);
void wire_put_u8(struct wire_out *out, uint8_t value);
void wire_put_u16(struct wire_out *out, uint16_t value);
void wire_put_u32(struct wire_out *out, uint32_t value);
void wire_put_bytes(struct wire_out *out, const void *bytes, size_t count);
/** NAME, its end as a pointer to an equal one if there is one. */
void wire_put_name(struct wire_out *out, const uint8_t *name);
/**
 * Owner, type, class, TTL of RR and its RDATA, whose names (of the types of RFC 1035, the
 * only ones that may be compressed: RFC 3597 4) are read from MESSAGE and written anew.
 * Returns where the TTL stands.
 */
size_t wire_put_rr(struct wire_out *out, const struct wire_in *message,
		   const struct wire_rr *rr, uint32_t ttl);
/** The head of a record; its length is left open, for wire_end_rr. Returns where the TTL
 * stands. */
size_t wire_begin_rr(struct wire_out *out, const uint8_t *owner, uint16_t type,
		     uint32_t ttl);
/** Fill in the length of the record that began at TTL_AT. */
void wire_end_rr(struct wire_out *out, size_t ttl_at);

/** Store VALUE at AT of a message, and read it there. */
static inline void wire_set_u16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void wire_set_u32(uint8_t *at, uint32_t value)
{
	wire_set_u16(at, (uint16_t)(value >> 16));
	wire_set_u16(at + 2, (uint16_t)value);
}

static inline uint16_t wire_peek_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t wire_peek_u32(const uint8_t *at)
{
	return (uint32_t)wire_peek_u16(at) << 16 | wire_peek_u16(at + 2);
}

/* ---- names: in wire form, uncompressed, whole ------------------------------------- */

size_t wire_name_length(const uint8_t *name);
/** Room for a name that is read in words: what is behind it is zero. */
#define WIRE_NAME_ROOM 264
/** One more byte of what is hashed; begin with WIRE_HASH. */
#define WIRE_HASH 2166136261U
#define WIRE_PRIME 16777619U
static inline uint32_t wire_hash(uint32_t hash, uint8_t c)
{
	return (hash ^ c) * WIRE_PRIME;
}
static inline uint8_t wire_lower(uint8_t c)
{
	return (uint8_t)(c | ((uint8_t)(c - 'A') < 26) << 5);
}
/** Names are hashed by KEY from now on, which nobody else knows: no client can choose
 * many that come to the same bucket. Before the first hash that is kept. */
void wire_hash_by(const uint64_t key[2]);
/** Of NAME, which is in lower case. */
uint32_t wire_name_hash(const uint8_t *name);
/** Its hash, and in LOWER the LENGTH bytes of NAME in lower case; both have
 * WIRE_NAME_ROOM bytes, 8 of them behind LENGTH zero. */
uint32_t wire_name_fold(const uint8_t *name, size_t length, uint8_t *lower);
/** Without regard to case (RFC 1035 2.3.3, RFC 4343). */
bool wire_name_equal(const uint8_t *a, const uint8_t *b);
/** NAME is ZONE or below it. */
bool wire_name_within(const uint8_t *name, const uint8_t *zone);
void wire_name_lower(uint8_t *name);
/** As text with a dot at the end, what is not printable or has a meaning as \\DDD. */
char *wire_name_text(const uint8_t *name, char out[WIRE_NAME_TEXT]);
/** From text without escapes, as configurations have it; 0: it is no name. */
size_t wire_name_parse(const char *text, uint8_t out[WIRE_NAME]);

#endif
