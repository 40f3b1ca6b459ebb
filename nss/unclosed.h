/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unclosed.h - the sockets of this thread's race, noted so that those of a race that the
 * program left by longjmp() are closed by the thread's next one, or at its end. A
 * descriptor may be another file's by then: it is known by its socket's cookie, which no
 * other socket ever has. For nss/ only.
 */
#ifndef NSS_UNCLOSED_H
#define NSS_UNCLOSED_H

/** More than one race has; any beyond it are not noted. */
#define UNCLOSED_MAX 16

/** Close what an earlier race of this thread has left. Nothing of the present one is
 * open. */
void unclosed_sweep(void);

/** FD, a socket, was opened by this thread's race; it is about to be closed. errno is
 * preserved by all of these. */
void unclosed_add(int fd);
void unclosed_remove(int fd);

#endif
