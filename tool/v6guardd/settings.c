/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* settings.c - from v6guard.conf to what steward and worker go by. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings.h"

#define DAY_MS (24 * 3600 * 1000U)
/* An anchor that names no port: a resolver, as these usually are. */
#define ANCHOR_PORT 53

static const char *const kinds[EVENT_KINDS] = {
	[EVENT_VERDICT] = "verdict",   [EVENT_EPOCH] = "epoch",
	[EVENT_NAT64] = "nat64",       [EVENT_RELOAD] = "reload",
	[EVENT_DOOR] = "door",         [EVENT_RESCUE] = "rescue",
	[EVENT_UPSTREAM] = "upstream", [EVENT_SYNTHESIZED] = "synthesized",
	[EVENT_STRIPPED] = "stripped", [EVENT_BLOCKED] = "blocked",
	[EVENT_STALE] = "stale",       [EVENT_BOGUS] = "bogus",
	[EVENT_LATE] = "late",         [EVENT_REBIND] = "rebind",
};

const char *event_kind_name(enum event_kind kind)
{
	return kind < EVENT_KINDS ? kinds[kind] : NULL;
}

/* ---- lists ---- */

/* What a list is read by. */
struct reader {
	const struct gp_config *config;
	struct settings *out;
	char *error; /* "" until something is wrong */
	bool has_names;
};

/* Call TAKE with each word of a list, unless there are more than MOST. */
static void each_word(struct reader *reader, const char *section, const char *key,
		      uint32_t most,
		      bool (*take)(struct reader *reader, const char *word))
{
	struct gp_config_item item;
	size_t pos = 0, length, count = 0;
	bool is_good = true;
	char where[320];
	const char *at;

	if (reader->error[0] ||
	    gp_config_get(reader->config, section, key, &item) != GP_OK)
		return;
	while (is_good && (length = gp_config_next_word(item.value, &pos, &at)) > 0) {
		char *word = gp_pool_copy(&reader->out->pool, at, length);
		is_good = word && count++ < most && take(reader, word);
	}
	if (is_good)
		return;
	snprintf(where, sizeof(where), "%.300s:%u: ", item.path ? item.path : "",
		 item.line);
	snprintf(reader->error, DNS_WHY, "%s[%s] %s: ", item.path ? where : "", section,
		 key);
	snprintf(reader->error + strlen(reader->error), DNS_WHY - strlen(reader->error),
		 count > most ? "at most %u words" : "no memory", most);
}

static bool take_port(struct reader *reader, const char *word)
{
	struct settings *out = reader->out;
	uint16_t *port =
		gp_pool_add(&out->pool, &out->ports, &out->port_count, sizeof(*port));

	if (port)
		*port = (uint16_t)strtoul(word, NULL, 10);
	return port;
}

/* ADDRESS or ADDRESS@PORT; a name is not for us to resolve. */
static bool take_anchor(struct reader *reader, const char *word)
{
	const size_t length = strcspn(word, "@");
	struct settings *out = reader->out;
	struct settings_anchor *anchor;
	char text[GP_ADDR_TEXT];
	struct gp_addr addr;

	snprintf(text, sizeof(text), "%.*s", (int)length, word);
	if (length >= sizeof(text) || gp_addr_parse(text, &addr) != GP_OK) {
		reader->has_names = true;
		return true;
	}
	anchor = gp_pool_add(&out->pool, &out->anchors, &out->anchor_count,
			     sizeof(*anchor));
	if (!anchor)
		return false;
	anchor->addr = addr;
	anchor->port = word[length] ? (uint16_t)strtoul(word + length + 1, NULL, 10)
				    : ANCHOR_PORT;
	return true;
}

static bool take_excluded(struct reader *reader, const char *word)
{
	struct settings *out = reader->out;
	const char **program = gp_pool_add(&out->pool, &out->excluded,
					   &out->excluded_count, sizeof(*program));

	if (program)
		*program = word;
	return program;
}

static bool take_event(struct reader *reader, const char *word)
{
	for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
		if ((!strcmp(word, "changes") && kind < EVENT_EACH) ||
		    !strcmp(word, kinds[kind]))
			reader->out->log_events |= 1U << kind;
	return true;
}

/* ---- the whole ---- */

static uint32_t milliseconds(const struct gp_config *config, const char *key)
{
	return (uint32_t)gp_config_milliseconds(config, "probe", key);
}

static const char *keep(struct gp_pool *pool, const char *text)
{
	return gp_pool_copy(pool, text, strlen(text));
}

static void take_probe(const struct gp_config *config, struct settings *out)
{
	const char *mode = gp_config_value(config, "probe", "mode");

	out->probe_mode = !strcmp(mode, "off")   ? PROBE_OFF
			  : !strcmp(mode, "all") ? PROBE_ALL
						 : PROBE_SUSPECTS;
	out->slow_threshold_ms = milliseconds(config, "slow-threshold");
	out->ok_ttl_ms = milliseconds(config, "ok-ttl");
	out->broken_ttl_ms = milliseconds(config, "broken-ttl");
	out->broken_ttl_max_ms = milliseconds(config, "broken-ttl-max");
	out->max_rate = (uint32_t)gp_config_integer(config, "probe", "max-rate");
}

/* The worker takes no more. */
static bool fits(const struct settings *settings, char error[DNS_WHY])
{
	struct gp_record_out bytes = {.failed = false};
	bool is_good;

	settings_write(settings, &bytes);
	is_good = !bytes.failed && bytes.size <= SETTINGS_SIZE;
	if (!is_good)
		snprintf(error, DNS_WHY, "[resolver]: %s",
			 bytes.failed ? "no memory"
				      : "the lists are longer than 4 MiB in all");
	free(bytes.bytes);
	return is_good;
}

bool settings_from_config(const struct gp_config *config, struct settings *out,
			  char warning[256], char error[DNS_WHY])
{
	struct reader reader = {.config = config, .out = out, .error = error};

	memset(out, 0, sizeof(*out));
	warning[0] = error[0] = '\0';
	take_probe(config, out);
	each_word(&reader, "probe", "ports", SETTINGS_PORTS, take_port);
	each_word(&reader, "probe", "anchors", SETTINGS_ANCHORS, take_anchor);
	each_word(&reader, "rescue", "exclude-programs", SETTINGS_EXCLUDED,
		  take_excluded);
	each_word(&reader, "log", "events", 2 * EVENT_KINDS, take_event);
	if (reader.has_names)
		strcpy(warning, "[probe] anchors: only addresses are used; names are "
				"left out");
	out->rescue = !strcmp(gp_config_value(config, "rescue", "mode"), "on");
	out->known_local =
		!strcmp(gp_config_value(config, "gai", "known-local-ula"), "yes");
	out->log_to = keep(&out->pool, gp_config_value(config, "log", "to"));
	out->guard = *gp_config_guard(config);
	if (!error[0] && dns_config_from(config, &out->pool, &out->dns, error) &&
	    out->log_to && fits(out, error))
		return true;
	settings_free(out);
	return false;
}

void settings_free(struct settings *settings)
{
	gp_pool_free(&settings->pool);
	memset(settings, 0, sizeof(*settings));
}

/* What is in v6guard.conf(5)'s table, for a start without any file. */
void settings_init(struct settings *settings)
{
	char warning[256], error[DNS_WHY];
	struct gp_config *config;

	if (gp_config_load("/nonexistent", &config, NULL) != GP_OK) {
		memset(settings, 0, sizeof(*settings));
		return;
	}
	settings_from_config(config, settings, warning, error);
	gp_config_free(config);
}

/* ---- as bytes ---- */

static void put_port(struct gp_record_out *out, const void *item)
{
	gp_record_put(out, item, sizeof(uint16_t));
}

static bool get_port(struct gp_record_in *in, void *item)
{
	return gp_record_get(in, item, sizeof(uint16_t));
}

static bool is_port(const void *item)
{
	uint16_t port;

	memcpy(&port, item, sizeof(port));
	return port;
}

static void put_anchor(struct gp_record_out *out, const void *item)
{
	const struct settings_anchor *anchor = item;
	const struct dns_endpoint endpoint = {.addr = anchor->addr, .port = anchor->port};

	dns_endpoint_type.put(out, &endpoint);
}

static bool get_anchor(struct gp_record_in *in, void *item)
{
	struct dns_endpoint endpoint;

	if (!dns_endpoint_type.get(in, &endpoint) || endpoint.tls)
		return false;
	*(struct settings_anchor *)item =
		(struct settings_anchor){endpoint.addr, endpoint.port};
	return true;
}

static bool is_anchor(const void *item)
{
	const struct settings_anchor *anchor = item;

	return anchor->addr.family == AF_INET || anchor->addr.family == AF_INET6;
}

static const struct gp_record_type port_type = {sizeof(uint16_t), put_port, get_port,
						is_port},
				   anchor_type = {sizeof(struct settings_anchor),
						  put_anchor, get_anchor, is_anchor};

#define NUMBER(tag, type, member, min, max)                                              \
	GP_RECORD_NUMBER(tag, type, struct settings, member, min, max)
#define LIST(tag, type, list, count, min, max)                                           \
	GP_RECORD_LIST(tag, type, struct settings, list, count, min, max)

/* clang-format off: one member a line. */
static const struct gp_record rows[] = {
	NUMBER(1, u32, probe_mode, 0, PROBE_ALL),
	NUMBER(2, u32, slow_threshold_ms, 0, 10000),
	NUMBER(3, u32, ok_ttl_ms, 1000, DAY_MS),
	NUMBER(4, u32, broken_ttl_ms, 1000, DAY_MS),
	NUMBER(5, u32, broken_ttl_max_ms, 1000, DAY_MS),
	NUMBER(6, u32, max_rate, 1, 1000),
	LIST(7, port_type, ports, port_count, 1, SETTINGS_PORTS),
	LIST(8, anchor_type, anchors, anchor_count, 0, SETTINGS_ANCHORS),
	NUMBER(9, u32, rescue, 0, 1),
	NUMBER(10, u32, known_local, 0, 1),
	LIST(11, gp_record_text, excluded, excluded_count, 0, SETTINGS_EXCLUDED),
	NUMBER(12, u32, log_events, 0, (1U << EVENT_KINDS) - 1),
	GP_RECORD_ONE(13, gp_record_text, struct settings, log_to),
	NUMBER(14, u8, guard.mode, 0, GP_MODE_COUNT - 1),
	NUMBER(15, u8, guard.distrust, 0, 1),
	NUMBER(16, u8, guard.enforce, 0, 1),
	NUMBER(17, u8, guard.keep_last, 0, 1),
	NUMBER(18, u8, guard.aaaa_only, 0, 1),
	NUMBER(19, u8, guard.backends_auto, 0, 1),
};
/* clang-format on */

static const struct gp_record_table table = {rows, sizeof(rows) / sizeof(rows[0])};

void settings_write(const struct settings *settings, struct gp_record_out *out)
{
	gp_records_write(&table, settings, out);
	gp_records_write(&dns_config_records, &settings->dns, out);
}

bool settings_read(const uint8_t *bytes, size_t size, struct settings *out)
{
	struct gp_record_in in = {bytes, bytes + size, &out->pool};

	memset(out, 0, sizeof(*out));
	if (gp_records_read(&table, &in, out) &&
	    gp_records_read(&dns_config_records, &in, &out->dns) && in.at == in.end &&
	    out->broken_ttl_ms <= out->broken_ttl_max_ms &&
	    dns_config_is_valid(&out->dns) && dns_config_index(&out->dns, &out->pool))
		return true;
	settings_free(out);
	return false;
}

bool settings_equal(const struct settings *a, const struct settings *b)
{
	return gp_records_are_equal(&table, a, b) && dns_config_equal(&a->dns, &b->dns);
}
