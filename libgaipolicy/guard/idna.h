/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* idna.h - names in other scripts, by libidn2. For the CLI and the daemon. */
#ifndef LIBGAIPOLICY_GUARD_IDNA_H
#define LIBGAIPOLICY_GUARD_IDNA_H

#include "gaipolicy.h"

#define GP_IDNA_MAX 256

/**
 * The form of NAME (UTF-8) that DNS knows, by IDNA 2008 with the mapping of UTS 46.
 * GP_SYNTAX and WHY, a sentence, when there is none. ASCII is handed on as it is.
 */
enum gp_status gp_idna_to_ascii(const char *name, char ascii[GP_IDNA_MAX],
				const char **why);

/** The form that people read, of an ASCII name with some xn-- label; false: it has none.
 */
bool gp_idna_to_unicode(const char *ascii, char unicode[GP_IDNA_MAX]);

#endif
