/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* nssfile.h - v6guard on the hosts: line as one transaction; for enable, nss and
 * rollback. */
#ifndef TOOL_V6GUARD_NSSFILE_H
#define TOOL_V6GUARD_NSSFILE_H

#include "cli.h"
#include "gaiconf/vendor.h"
#include "guard/chain.h"

/** Put it in, compile, verify, or leave everything as it was. */
int nss_switch_on(struct cli *cli, const char *summary);

/** Take it out. */
int nss_switch_off(struct cli *cli, const char *summary);

/** What nsswitch.conf is to be. */
struct nss_text {
	char *bytes; /* malloc'd */
	size_t size;
	bool is_gone; /* there is to be no such file; BYTES are what libc reads then */
};

/** Make OUT of FILE, or complain and give a code. */
typedef int nss_edit_fn(struct cli *cli, const struct gp_file *file, void *ctx,
			struct nss_text *out);

/** The same for any other content; WANTS_VERIFY: lookups must work afterwards as before,
 * and v6guard must act. */
int nss_replace(struct cli *cli, nss_edit_fn *edit, void *ctx, bool wants_verify,
		const char *summary);

#define NSS_STORY 4096

/** Why v6guard cannot act on the line HOSTS of FILE, in sentences; "": it can, or it is
 * not there. Returns TEXT. */
const char *nss_story(const struct gp_file *file, const struct gp_hosts_line *hosts,
		      char text[NSS_STORY]);

/** FILE is one that another tool writes; that, and its commands for v6guard to be on the
 * line or not, have been said. */
bool nss_is_managed(const struct cli *cli, const struct gp_file *file, bool is_on);

#endif
