/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* elf.h - what an ELF file says of itself: whether a libc of ours is behind a program. */
#ifndef LIBGAIPOLICY_GUARD_ELF_H
#define LIBGAIPOLICY_GUARD_ELF_H

#include "gaipolicy.h"

struct gp_elf {
	bool has_interpreter; /**< ld.so starts it: it is a dynamic program */
	bool is_gnu; /**< it has glibc's note: a program of glibc's, or glibc's own */
	bool is_go; /**< it has that of Go, whose programs mostly look up names themselves
		     */
};

/**
 * Read FD, a file of this machine's byte order and either word size; its position does
 * not matter. False: it is none, or damaged. No length in it is believed unchecked.
 */
bool gp_elf_look(int fd, struct gp_elf *out);

#endif
