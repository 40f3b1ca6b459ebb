/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* self.h - which process this is, for what a child of fork() must not take for its own.
 */
#ifndef LIBGAIPOLICY_GUARD_SELF_H
#define LIBGAIPOLICY_GUARD_SELF_H

/**
 * A number, never 0, that no process has which this one's memory was copied from by
 * fork(). It is not the process id, which only a system call tells: a program's own
 * seccomp filter may have it killed for that. errno is preserved.
 */
unsigned gp_self(void);

#endif
