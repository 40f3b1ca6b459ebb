/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nssfile.h - v6guard on the hosts: line as one transaction; for enable, nss and
 * rollback. */
#ifndef TOOL_V6GUARD_NSSFILE_H
#define TOOL_V6GUARD_NSSFILE_H

#include "cli.h"
#include "gaiconf/store.h"

/** Put it in, compile, verify, or leave everything as it was. */
int nss_switch_on(struct cli *cli, const char *summary);

/** Take it out. */
int nss_switch_off(struct cli *cli, const char *summary);

/** The bytes that nsswitch.conf is to have: BYTES malloc'd. Complains and gives a code.
 */
typedef int nss_edit_fn(struct cli *cli, const struct gp_file *file, void *ctx,
			char **bytes, size_t *size);

/** The same for any other content; WANTS_VERIFY: lookups must work afterwards as before.
 */
int nss_replace(struct cli *cli, nss_edit_fn *edit, void *ctx, bool wants_verify,
		const char *summary);

/** NAME is a file that another tool writes; that, and its commands, have been said. */
bool nss_is_managed(const struct cli *cli, const struct gp_file *file);

#endif
