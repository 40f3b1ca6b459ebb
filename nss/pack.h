/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pack.h - an answer laid out in the caller's buffer, as glibc wants it. Pure: nothing is
 * written unless all of it fits. For nss/ only.
 */
#ifndef NSS_PACK_H
#define NSS_PACK_H

#include "answer.h"

/**
 * For gethostbyname4_r. *PAT may point to a tuple of the caller's (nscd, glibc up
 * to 2.35): it then becomes the first, else *PAT is set. False: BUFFER of SIZE bytes is
 * too small. ANSWER has one address at least.
 */
bool pack_tuples(const struct answer *answer, struct gaih_addrtuple **pat, char *buffer,
		 size_t size);

/**
 * For the functions that give a struct hostent; CANON (may be NULL) is
 * gethostbyname3_r's. Addresses of another family than FAMILY are left out. False as
 * above.
 */
bool pack_host(const struct answer *answer, int family, struct hostent *host,
	       char *buffer, size_t size, char **canon);

#endif
