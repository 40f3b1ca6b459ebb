/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <idn2.h>
#include <string.h>
#include <strings.h>

#include "guard/idna.h"

static bool is_ascii(const char *text)
{
	while (*text && (unsigned char)*text < 0x80)
		text++;
	return !*text;
}

static bool keep(const char *text, char out[GP_IDNA_MAX])
{
	const size_t length = strlen(text);

	if (length >= GP_IDNA_MAX)
		return false;
	memcpy(out, text, length + 1);
	return true;
}

enum gp_status gp_idna_to_ascii(const char *name, char ascii[GP_IDNA_MAX],
				const char **why)
{
	char *made = NULL;
	int error;
	bool fits;

	*why = "a name has at most 253 bytes";
	if (is_ascii(name))
		return keep(name, ascii) ? GP_OK : GP_SYNTAX;
	error = idn2_to_ascii_8z(name, &made, IDN2_NONTRANSITIONAL);
	if (error != IDN2_OK) {
		*why = idn2_strerror(error);
		return error == IDN2_MALLOC ? GP_NOMEM : GP_SYNTAX;
	}
	fits = keep(made, ascii);
	idn2_free(made);
	return fits ? GP_OK : GP_SYNTAX;
}

static bool has_a_label(const char *name)
{
	for (; name; name = strchr(name, '.')) {
		name += *name == '.';
		if (!strncasecmp(name, "xn--", 4))
			return true;
	}
	return false;
}

/* What IDNA 2008 does not know (emoji, say) has no other form: DNS knows it all the same.
 */
bool gp_idna_to_unicode(const char *ascii, char unicode[GP_IDNA_MAX])
{
	char *made = NULL;
	bool fits;

	if (!has_a_label(ascii) || idn2_to_unicode_8z8z(ascii, &made, 0) != IDN2_OK)
		return false;
	fits = strcmp(made, ascii) != 0 && keep(made, unicode);
	idn2_free(made);
	return fits;
}
