/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nssfile.h - v6guard on the hosts: line as one transaction; for enable, nss and
 * rollback. */
#ifndef TOOL_V6GUARD_NSSFILE_H
#define TOOL_V6GUARD_NSSFILE_H

#include "cli.h"
#include "gaiconf/store.h"

/** Put it in, compile, verify, or leave everything as it was. NAME is for the summary. */
int nss_switch_on(struct cli *cli, const char *name);

/** Take it out. */
int nss_switch_off(struct cli *cli, const char *name);

/** The bytes that nsswitch.conf is to have: BYTES malloc'd. Complains and gives a code.
 */
typedef int nss_edit_fn(struct cli *cli, const struct gp_file *file, void *ctx,
			char **bytes, size_t *size);

/** The same for any other content; it is verified when v6guard is in it. */
int nss_replace(struct cli *cli, nss_edit_fn *edit, void *ctx, const char *summary);

/** NAME is a file that another tool writes; that, and its commands, have been said. */
bool nss_is_managed(const struct cli *cli, const struct gp_file *file);

#endif
