/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The caller's buffer, at every length and every misalignment: either all of the answer
 * lies inside it, or nothing was written (facts of glibc's buffer protocol:
 * nss/getXXbyYY_r.c).
 */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "nss/pack.h"

#define POISON 0xa5
#define MARGIN 64

struct shape {
	unsigned ipv4, ipv6, aliases;
	const char *name, *canon;
};

static const struct shape shapes[] = {
	{1, 0, 0, "a", NULL},
	{0, 1, 0, "host.example", "host.example"},
	{2, 2, 1, "www.host.example", "canonical.host.example"},
	{3, 0, 3, "x.example", NULL},
	{0, 5, 2, "x.example", "y.example"},
	{50, 50, 0, "many.example", NULL},
};

static char *alias_names[] = {(char[]){"alias-one.example"}, (char[]){"b"},
			      (char[]){"alias-three.example"}, NULL};

static struct answer *make_answer(const struct shape *shape)
{
	const struct call call = {
		.kind = CALL_BY_NAME4, .family = AF_UNSPEC, .name = "asked"};
	struct answer *answer = answer_new(&call);

	assert_non_null(answer);
	for (unsigned i = 0; i < shape->ipv6 + shape->ipv4; i++) {
		const int family = i < shape->ipv6 ? AF_INET6 : AF_INET;
		uint8_t bytes[16] = {0x20, 0x01, 0x0d, 0xb8, [12] = (uint8_t)i, [15] = 1};
		const struct gp_candidate candidate = {
			.addr = gp_addr_make(family, bytes, family == AF_INET6 ? i : 0)};

		assert_true(answer_add_candidates(answer, &candidate, 1));
	}
	answer->status = NSS_STATUS_SUCCESS;
	answer->name = shape->name;
	if (shape->canon)
		answer->canon = strcpy(answer->bytes, shape->canon);
	answer->aliases = alias_names + 3 - shape->aliases;
	return answer;
}

/* A buffer of SIZE bytes at any alignment, poison around it. */
struct arena {
	char *block, *buffer;
	size_t size;
};

static struct arena arena_make(size_t size, size_t misalignment)
{
	struct arena arena = {malloc(size + 2 * MARGIN + 16), NULL, size};

	memset(arena.block, POISON, size + 2 * MARGIN + 16);
	arena.buffer = arena.block + MARGIN + misalignment;
	return arena;
}

static bool is_poison(const char *from, const char *to)
{
	for (; from < to; from++)
		if ((unsigned char)*from != POISON)
			return false;
	return true;
}

static void arena_check(const struct arena *arena, bool wrote)
{
	const char *end = arena->buffer + arena->size;

	assert_true(is_poison(arena->block, arena->buffer));
	assert_true(is_poison(end, arena->block + arena->size + 2 * MARGIN + 16));
	if (!wrote)
		assert_true(is_poison(arena->buffer, end));
}

static void inside(const struct arena *arena, const void *at, size_t size,
		   size_t alignment)
{
	const char *from = at;

	assert_true(from >= arena->buffer && from + size <= arena->buffer + arena->size);
	assert_int_equal((uintptr_t)from % alignment, 0);
}

static void check_tuples(const struct shape *shape, const struct arena *arena,
			 const struct gaih_addrtuple *tuple,
			 const struct gaih_addrtuple *given)
{
	assert_string_equal(tuple->name, shape->name);
	inside(arena, tuple->name, strlen(tuple->name) + 1, 1);
	for (unsigned i = 0; i < shape->ipv6 + shape->ipv4; i++, tuple = tuple->next) {
		assert_non_null(tuple);
		if (tuple != given)
			inside(arena, tuple, sizeof(*tuple),
			       alignof(struct gaih_addrtuple));
		assert_int_equal(tuple->family, i < shape->ipv6 ? AF_INET6 : AF_INET);
		assert_int_equal(tuple->scopeid, i < shape->ipv6 ? i : 0);
		if (i < shape->ipv6)
			assert_int_equal(((const uint8_t *)tuple->addr)[12], i);
		if (i)
			assert_null(tuple->name);
	}
	assert_null(tuple);
}

/* Returns whether it fitted. */
static bool try_tuples(const struct shape *shape, const struct answer *answer,
		       size_t size, size_t misalignment, bool gives_head)
{
	struct arena arena = arena_make(size, misalignment);
	struct gaih_addrtuple head, *pat = gives_head ? &head : NULL;
	bool fits;

	memset(&head, POISON, sizeof(head));
	fits = pack_tuples(answer, &pat, arena.buffer, size);
	arena_check(&arena, fits);
	if (fits) {
		check_tuples(shape, &arena, pat, gives_head ? &head : NULL);
		/* glibc up to 2.35 and nscd look at their own tuple, not at *pat. */
		assert_ptr_equal(pat, gives_head ? &head : pat);
	} else {
		assert_ptr_equal(pat, gives_head ? &head : NULL);
		assert_true(is_poison((const char *)&head, (const char *)(&head + 1)));
	}
	free(arena.block);
	return fits;
}

static void check_host(const struct shape *shape, int family, const struct arena *arena,
		       const struct hostent *host, const char *canon)
{
	const unsigned count = family == AF_INET ? shape->ipv4 : shape->ipv6;
	unsigned aliases = 0;

	assert_string_equal(host->h_name, shape->name);
	inside(arena, host->h_name, strlen(host->h_name) + 1, 1);
	assert_int_equal(host->h_addrtype, family);
	assert_int_equal(host->h_length, family == AF_INET ? 4 : 16);
	inside(arena, host->h_addr_list, (count + 1) * sizeof(char *), alignof(char *));
	for (unsigned i = 0; i < count; i++)
		inside(arena, host->h_addr_list[i], (size_t)host->h_length, 4);
	assert_null(host->h_addr_list[count]);
	inside(arena, host->h_aliases, (shape->aliases + 1) * sizeof(char *),
	       alignof(char *));
	for (; host->h_aliases[aliases]; aliases++) {
		inside(arena, host->h_aliases[aliases], 1, 1);
		assert_string_equal(host->h_aliases[aliases],
				    alias_names[3 - shape->aliases + aliases]);
	}
	assert_int_equal(aliases, shape->aliases);
	if (shape->canon) {
		assert_string_equal(canon, shape->canon);
		inside(arena, canon, strlen(canon) + 1, 1);
	} else {
		assert_null(canon);
	}
}

static bool try_host(const struct shape *shape, int family, const struct answer *answer,
		     size_t size, size_t misalignment)
{
	struct arena arena = arena_make(size, misalignment);
	struct hostent host;
	char *canon = NULL;
	bool fits;

	memset(&host, POISON, sizeof(host));
	fits = pack_host(answer, family, &host, arena.buffer, size, &canon);
	arena_check(&arena, fits);
	if (fits)
		check_host(shape, family, &arena, &host, canon);
	else
		assert_true(is_poison((const char *)&host, (const char *)(&host + 1)));
	free(arena.block);
	return fits;
}

/* From the first length that fits on, all fit; there is one, and it is about what is
 * needed. */
static void test_tuples(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		struct answer *answer = make_answer(&shapes[s]);
		const size_t least = answer->count * sizeof(struct gaih_addrtuple) +
				     strlen(answer->name) + 1;

		for (size_t misalignment = 0; misalignment < 16; misalignment++)
			for (int gives_head = 0; gives_head < 2; gives_head++) {
				const size_t saved =
					gives_head ? sizeof(struct gaih_addrtuple) : 0;
				const size_t pad = answer->count > (size_t)gives_head
							   ? -misalignment & 7
							   : 0;

				for (size_t size = 0; size < least + 16; size++) {
					bool fits = try_tuples(&shapes[s], answer, size,
							       misalignment, gives_head);
					bool should = size >= least - saved + pad;

					/* With no tuple in the buffer the padding may go
					 * unused. */
					if (fits != should && answer->count > 1)
						fail_msg("shape %zu, %zu bytes at +%zu",
							 s, size, misalignment);
				}
				assert_true(try_tuples(&shapes[s], answer, least + 16,
						       misalignment, gives_head));
			}
		answer_free(answer);
	}
}

static void test_host(void **state)
{
	(void)state;
	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++) {
		struct answer *answer = make_answer(&shapes[s]);

		for (size_t misalignment = 0; misalignment < 16; misalignment++)
			for (int family = 0; family < 2; family++) {
				const int wanted = family ? AF_INET6 : AF_INET;
				size_t first = 0, size = 0;

				for (; size < 2048; size++) {
					bool fits = try_host(&shapes[s], wanted, answer,
							     size, misalignment);

					if (fits && !first)
						first = size;
					if (fits != (first != 0))
						fail_msg("%zu bytes fit, %zu do not",
							 first, size);
				}
				assert_true(first > 0);
			}
		answer_free(answer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tuples),
		cmocka_unit_test(test_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
