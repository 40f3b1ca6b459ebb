/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config_private.h - what the files that read a configuration share. */
#ifndef TOOL_V6GUARDD_DNS_DNS_CONFIG_PRIVATE_H
#define TOOL_V6GUARDD_DNS_DNS_CONFIG_PRIVATE_H

#include "dns_config.h"

#define DNS_WORD 512
/* Of the name in a certificate. */
#define DNS_TLS_NAME_CHARS                                                               \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-."

struct dns_reader {
	const struct gp_config *config;
	const char *section, *key; /* that is being read */
	const char *path;          /* where it was set; NULL: nowhere */
	unsigned line;
	struct gp_pool *pool;
	struct dns_config *out;
	struct dns_list *list;       /* of take_prefix */
	struct dns_forward *forward; /* of take_zone_server */
	/* Of zones: where they are in `zones`, and which of these a word stands for. */
	struct name_tree *taken;
	bool *is_of_word;
	bool is_word; /* the zone at hand is one */
	bool (*take)(struct dns_reader *reader, const char *word); /* of lines */
	char *why;
};

/* ---- dns_config.c ---- */

/* Say where and why; false. */
__attribute__((format(printf, 2, 3))) bool dns_config_refuse(struct dns_reader *reader,
							     const char *format, ...);
/* That is being read from here on, *OUT. False: there is no such key. */
bool dns_config_at(struct dns_reader *reader, const char *section, const char *key,
		   struct gp_config_item *out);
/* Call TAKE with each word of a list, until it refuses one. */
bool dns_config_each(struct dns_reader *reader, const char *section, const char *key,
		     bool (*take)(struct dns_reader *reader, const char *word));

/* With each line of the files that a list names. */
bool dns_config_each_line(struct dns_reader *reader, const char *section, const char *key,
			  bool (*take)(struct dns_reader *reader, const char *word));
/* False, as there is no memory. */
bool dns_config_no_memory(struct dns_reader *reader);
/* LENGTH bytes of a name, lower case, of the pool. NULL: no memory. */
const uint8_t *dns_config_keep_name(struct dns_reader *reader, uint8_t *name);

/* ---- dns_config_trust.c ---- */

/* SECTION's `dnssec` may be DNSSEC with the servers in LIST; false: it is trust, and some
 * cannot be trusted. */
bool dns_config_trust(struct dns_reader *reader, const char *section, uint32_t dnssec,
		      const struct dns_endpoint *list, size_t count);

/* ---- dns_config_servers.c ---- */

/* Of enum dns_dnssec, with a NULL behind the last. */
extern const char *const dns_dnssec_words[];
/* Which of WORDS VALUE is. */
uint32_t dns_config_word(const char *value, const char *const *words);
/* [resolver] upstream, and all of [forward]. */
bool dns_config_servers(struct dns_reader *reader);
bool dns_config_zones(struct dns_reader *reader);

#endif
