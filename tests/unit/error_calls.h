/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error_calls.h - the calls that test_oracle_errors compares, and an allocator that fails
 * when it is told to.
 */
#ifndef TESTS_UNIT_ERROR_CALLS_H
#define TESTS_UNIT_ERROR_CALLS_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Allocations that go well before one fails, or with FAILS_ON all from then on; < 0:
 * none does. Without effect in a program with a sanitizer. */
extern long allocations_left;
extern bool fails_on;

enum call_of { ADDRINFO, BY_NAME, BY_NAME2, BY_NAME2_R, BY_ADDR, NAME_INFO };

struct operation {
	enum call_of call;
	int family, flags, type;
	const char *addr; /* for those by address */
};

/** What came of one; of a success errno and h_errno are 0. The sums do not mind the
 * order. */
struct seen {
	int result, error, h_error;
	uint32_t name;      /* the canonical one */
	uint32_t all, ipv4; /* sums over the addresses, over those of IPv4 */
};

#define OPERATIONS_MAX 96
extern struct operation operations[OPERATIONS_MAX];
extern size_t operation_count;

/** Fill OPERATIONS. */
void make_operations(void);

typedef int lookup_fn(const char *node, const char *service, const struct addrinfo *hints,
		      struct addrinfo **list);
/** The getaddrinfo to call: the door's, or libc's own. */
extern lookup_fn *lookup;

/** Make a call about NAME, with errno BEFORE. No allocation fails after it. */
void perform(const struct operation *operation, const char *name, int before,
	     struct seen *seen);

/** OPERATION in words, in TEXT. */
const char *words_of(const struct operation *operation, char text[160]);

#endif
