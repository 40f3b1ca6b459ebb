/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* thread.h - whether name services can run in the calling thread. For nss/ only. */
#ifndef NSS_THREAD_H
#define NSS_THREAD_H

#include <stdbool.h>

/** False: our libc is not set up in this thread; a backend would crash or wait in vain.
 */
bool thread_is_set_up(void);

#endif
