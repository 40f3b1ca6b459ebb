/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* backend.h - asking the services that stand behind v6guard, as glibc would. For nss/
 * only. */
#ifndef NSS_BACKEND_H
#define NSS_BACKEND_H

#include "answer.h"

/**
 * Ask the services of ANSWER's chain one after another until an [action] says return;
 * ANSWER then holds what the last one said, normalised: SUCCESS has addresses, TRYAGAIN
 * is never about our own buffer, UNAVAIL and NOTFOUND never carry NETDB_INTERNAL
 * (glibc.md 1).
 */
void backend_ask(const struct call *call, struct answer *answer);

#endif
