/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* life.c - see life.h. */
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard/clock.h"
#include "life.h"

/* Longer than any service takes until it looks up a name itself. */
#define BELIEVED_FOR_MS 30000

/* Bytes of the kernel's set of signals. */
#ifdef __mips__
#define SIGNALS_SIZE 16
#else
#define SIGNALS_SIZE 8
#endif

/* The frame belongs to other functions now, and what a sanitizer guards to them. */
#if defined(__clang__) || defined(__GNUC__)
#define ANYBODYS __attribute__((no_sanitize_address, noinline))
#else
#define ANYBODYS
#endif

static uintptr_t proof_of(const struct life *life, const void *of)
{
	return (uintptr_t)life ^ (uintptr_t)of * 31 ^ (uintptr_t)0x6c69666521u;
}

void life_begin(struct life *life, const void *of)
{
	life->of = of;
	life->since_ms = gp_now_ms();
	life->proof = proof_of(life, of);
}

void life_end(struct life *life)
{
	life->proof = 0;
}

/* A stack that was let go: the kernel copies a set of signals before it looks at what is
 * to be done with it, and there is no such thing as -1. */
static bool is_memory(const void *at)
{
	return !syscall(SYS_rt_sigprocmask, -1, at, NULL, SIGNALS_SIZE) ||
	       errno != EFAULT;
}

ANYBODYS bool life_is_over(const struct life *life, const void *of)
{
	const volatile struct life *there = life;

	return !is_memory(life) || there->of != of || there->proof != proof_of(life, of);
}

ANYBODYS bool life_is_inside(const struct life *outer, const void *of,
			     const struct life *inner)
{
	const volatile struct life *there = outer;

	return (uintptr_t)inner < (uintptr_t)outer && !life_is_over(outer, of) &&
	       gp_now_ms() - there->since_ms < BELIEVED_FOR_MS;
}
