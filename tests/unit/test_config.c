/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_config.c - each key of v6guard.conf(5) with values that are good and that are not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config_text.h"

/* Values of a key, apart by '|'; NULL ends a list that is shorter. */
struct values {
	const char *section, *key;
	const char *good, *bad;
};

static const struct values values[] = {
	{"guard", "mode", "off|auto|prefer-ipv4|prefer-ipv6|strip-aaaa|strip-a",
	 "|on|AUTO|auto auto|prefer-ipv5|block"},
	{"guard", "unknown", "trust|distrust", "|yes|auto"},
	{"guard", "enforce", "yes|no", "|true|1|on|Yes"},
	{"guard", "backends", "auto|dns|files dns|resolve [!UNAVAIL=return] dns",
	 "|v6guard|dns v6guard|dns [NOTFOUND|dns, files|[NOTFOUND=return]|../x|auto dns "
	 "["},
	{"guard", "keep-last", "yes|no", "|keep"},
	{"guard", "aaaa-only", "keep|strip", "|yes"},

	{"rule x", "priority", "1|65535|007", "|0|65536|-1|1.5|one|18446744073709551617"},
	{"rule x", "domains",
	 "a|partner.example|a.example.|=exact.example|*.below.example|*|_dmarc.a.example|"
	 "xn--bcher-kva.example|a.example, b.example|=b\xc3\xbc"
	 "cher.example|"
	 "*.B\xc3\x9c"
	 "CHER.example",
	 "|.|=|*.|**|a*.example|*.*.a|a..b|-a.example|a-.example|a b/c|"
	 "\xf0\x9f\x92\xa9.example|"
	 "0123456789012345678901234567890123456789012345678901234567890123.example"},
	{"rule x", "domains-file", "lists/a.txt|/a/b.txt b.txt", ""},
	{"rule x", "match-cname", "yes|no", "|on"},
	{"rule x", "prefixes",
	 "2001:db8:77::/48|::/0|192.0.2.0/24 2001:db8::1|198.51.100.1",
	 "|2001:db8::1/32|192.0.2.1/24|192.0.2.0/33|2001:db8::/129|2001:db8::/|a|/48|"
	 "fe80::1%lo/64|192.0.2/24|192.0.2.0/+8"},
	{"rule x", "programs", "java|/usr/bin/legacy java", "|bin/java|/usr/bin/"},
	{"rule x", "clients", "198.51.100.0/24 ::1", "|localhost|198.51.100.1/24"},
	{"rule x", "until", "2027-03-31|2028-02-29|2000-02-29",
	 "2027-02-29|2100-02-29|2027-13-01|2027-00-01|2027-01-00|2027-04-31|27-01-01|"
	 "2027-1-1|2027/01/01|2027-03-31x|tomorrow"},
	{"rule x", "action",
	 "allow|auto|prefer-ipv4|prefer-ipv6|strip-aaaa|strip-a|block", "|off|deny"},
	{"rule x", "keep-last", "yes|no", "|maybe"},
	{"rule x", "enforce", "yes|no", "|alert"},
	{"rule x", "response", "nodata|nxdomain|override", "|refused"},
	{"rule x", "qtypes", "AAAA|A AAAA HTTPS|TYPE65|TYPE65535",
	 "|aaaa|TYPE0|TYPE65536|TYPE|XYZ"},
	{"rule x", "override", "192.0.2.9|2001:db8::9|www.example|a.example.",
	 "192.0.2.256|192.0.2|a b|-a.example|1.2.3.4.5|2001:db8:::1"},
	{"rule x", "override-ttl", "60s|0|7d|1h", "|60|8d|s|1.5s|60 s|1w|-1s"},

	{"probe", "mode", "off|suspects|all", "|on"},
	{"probe", "inline", "yes|no", "|auto"},
	{"probe", "inline-budget", "300ms|1ms|10s", "|0|11s|300"},
	/* RFC 8305 5: 10 ms to 2 s */
	{"probe", "attempt-delay", "250ms|10ms|2s", "|9ms|2001ms|3s"},
	{"probe", "slow-threshold", "0|0ms|50ms|10s", "|1|11s"},
	{"probe", "ports", "443 80|1,65535", "|0|65536|https|443 x"},
	{"probe", "anchors", "|192.0.2.1|2001:db8::1@443 a.example@80 a.example",
	 "192.0.2.1@0|a.example@http|192.0.2.256|@80|[2001:db8::1]:80"},
	{"probe", "ok-ttl", "10m|1s|1d", "|0|25h"},
	{"probe", "broken-ttl", "30s|1s|10m", "|500ms|2d"},
	{"probe", "broken-ttl-max", "10m|30s|1d", "|0|29s|2d"},
	{"probe", "max-rate", "20|1|1000", "|0|1001|20/s"},

	{"preload", "order", "libc|rfc6724", "|rfc3484"},

	{"rescue", "mode", "off|on", "|yes"},
	{"rescue", "exclude-programs", "|sshd /usr/sbin/sshd", "sbin/sshd"},
	{"connect", "mode", "off|on", "|yes"},
	{"connect", "cgroup", "/|/system.slice", "|system.slice"},
	{"connect", "exclude-cgroups", "|/a /b", "a|/a b"},
	{"connect", "containers", "yes|no", "|all"},

	{"nat64", "mode", "off|auto|on", "|yes"},
	/* RFC 6052 2.2: the lengths, and bits 64 to 71 */
	{"nat64", "prefix",
	 "auto|64:ff9b::/96|auto 2001:db8::/32|2001:db8:100::/40 2001:db8:122::/48|"
	 "2001:db8:122:300::/56|2001:db8:122:344::/64|"
	 "64:ff9b::/96 2001:db8::/96=10.0.0.0/8|2001:db8::/96=192.0.2.1|"
	 /* RFC 8215, and what may lie in it */
	 "64:ff9b:1::/48|64:ff9b:1::/96|64:ff9b:1:fffe::/64|64:ff9b:1:100::/56",
	 "2001:db8::/96=|2001:db8::/96=10.0.0.1/8|2001:db8::/96=::/0|=10.0.0.0/8|"
	 "2001:db8::/96=10.0.0.0/33|2001:db8::/95=10.0.0.0/8|"
	 "|64:ff9b::|64:ff9b::/95|2001:db8::/33|2001:db8:0:0:100::/96|192.0.2.0/24|"
	 "64:ff9b::1/96|none|"
	 /* RFC 6052 2.1: the Well-Known Prefix is a /96 */
	 "64:ff9b::/64|64:ff9b::/56|64:ff9b::/48|64:ff9b::/40|64:ff9b::/32"},
	{"nat64", "non-global", "refuse|allow|auto", "|no"},
	{"nat64", "exclude-a", "|10.0.0.0/8 192.0.2.1", "::/0|10.0.0.1/8|x"},
	{"nat64", "exclude-aaaa", "|::ffff:0:0/96 2001:db8::/32", "10.0.0.0/8|x"},
	{"nat64", "exclude-domains", "|a.example =b.example", "a..b"},
	{"nat64", "exclude-domains-file", "|lists/a.txt|/a/b.txt b.txt", "a\001b"},
	{"nat64", "ptr-name", "|dns64.example", "a..b|a.example b.example"},
	{"nat64", "clients", "|10.0.0.0/8 ::1", "x"},
	{"nat64", "literals", "yes|no", "|auto"},

	{"resolver", "enable", "yes|no", "|on"},
	{"resolver", "listen", "127.0.0.64:53 [::1]:53|[fe80::1%eth0]:53|192.0.2.1:5353",
	 "|127.0.0.1|::1:53|[::1]|[127.0.0.1]:53|127.0.0.1:0|127.0.0.1:65536|:53|"
	 "[::1%]:53|[fe80::1%a/b]:53|localhost:53|0.0.0.0:53|[::]:53|[fe80::1]:53"},
	{"resolver", "upstream",
	 "resolv.conf|recursive|192.0.2.1|192.0.2.1@5353 2001:db8::1|"
	 "tls://192.0.2.1#dns.example|tls://2001:db8::1@853#dns.example|fe80::1%eth0",
	 "|resolv.conf 192.0.2.1|recursive recursive|192.0.2.1@|192.0.2.1@0|"
	 "tls://192.0.2.1|192.0.2.1#dns.example|tls://#dns.example|tls://192.0.2.1#|"
	 "dns.example|192.0.2.1:53|https://192.0.2.1|0.0.0.0|0.0.0.0@5353|::|::@53|"
	 "fe80::1|fe80::1@53|febf::1|192.0.2.1 fe80::1|tls://fe80::1#dns.example|"
	 "tls://0.0.0.0#dns.example|192.0.2.1%eth0|224.0.0.251|ff02::fb|"
	 "255.255.255.255"},
	{"resolver", "order", "listed|fastest", "|rotate|listed fastest"},
	{"resolver", "dnssec", "off|process|validate|trust", "|yes"},
	{"resolver", "trust-anchor", "/usr/share/dns/root.key|root key", "|a\001b"},
	{"resolver", "filter-signed", "yes|no", "|on"},
	{"resolver", "rebind", "allow|refuse", "|yes"},
	{"resolver", "rebind-allow", "|a.example *.b.example =c.example|*", "a..b"},
	{"resolver", "cache-size", "16m|64k|65536|64g",
	 "|63k|65g|16 m|16mb|-1|16M|"
	 "18446744073709551615g"},
	{"resolver", "edns-size", "1232|512|4096", "|511|4097|1k"},
	{"resolver", "serve-stale", "1d|0|30d", "|31d|1"},
	{"resolver", "aaaa-timeout", "1500ms|50ms|10s", "|49ms|11s"},
	{"resolver", "allow", "|127.0.0.0/8 ::1/128", "localhost"},

	{"forward x", "zones",
	 "corp.example 10.in-addr.arpa|a|rfc1918|rfc1918 ula cgnat link-local a.example",
	 "|*.a|a..b|."},
	{"forward x", "zones-file", "zones.txt|/a/b.txt b.txt", ""},
	{"forward x", "upstream", "192.0.2.53|192.0.2.53@53 2001:db8::53|fe80::1%eth0",
	 "|resolv.conf|recursive|a.example|0.0.0.0|::|fe80::1"},
	{"forward x", "order", "listed|fastest", "|random"},
	{"forward x", "dnssec", "off|process|validate|trust", "|no"},

	{"gai", "known-local-ula", "yes|no", "|on"},
	{"metrics", "listen", "|127.0.0.1:9764|[::1]:9764 127.0.0.1:9764", "9764"},
	{"metrics", "textfile", "|/var/lib/a.prom|a.prom", "a\177"},
	{"log", "events",
	 "none|changes|verdict|verdict epoch nat64 reload door rescue|changes "
	 "synthesized|rebind",
	 "|all|none verdict|none changes"},
	{"log", "to", "journal|stdout|/var/log/v6guard", "|stderr|log/v6guard"},
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* A text with all that VALUE's section needs, and last of all VALUE. */
static void compose(char *buf, size_t size, const struct values *row, const char *value)
{
	static const struct {
		const char *section, *key, *value;
	} needed[] = {
		{"rule x", "priority", "1"},
		{"rule x", "action", "allow"},
		{"forward x", "zones", "a.example"},
		{"forward x", "upstream", "192.0.2.1"},
	};

	int used = snprintf(buf, size, "[%s]\n", row->section);
	for (size_t i = 0; i < COUNT(needed); i++)
		if (!strcmp(row->section, needed[i].section) &&
		    strcmp(row->key, needed[i].key))
			used += snprintf(buf + used, size - (size_t)used, "%s = %s\n",
					 needed[i].key, needed[i].value);
	snprintf(buf + used, size - (size_t)used, "%s = %s\n", row->key, value);
}

/* Call CHECK for each value of LIST. */
static void each_value(const struct values *row, const char *list,
		       void (*check)(const struct values *row, const char *text,
				     const char *value))
{
	char copy[1024], text[1024];
	char *rest = copy, *value;

	assert_true(strlen(list) < sizeof(copy));
	strcpy(copy, list);
	while ((value = strsep(&rest, "|"))) {
		compose(text, sizeof(text), row, value);
		check(row, text, value);
	}
}

static void check_good(const struct values *row, const char *text, const char *value)
{
	char plain[1024];
	size_t used = 0;

	print_message("[%s] %s = %s\n", row->section, row->key, value);
	struct gp_config *config = config_good(text);
	struct gp_config_item item = config_item(config, row->section, row->key);

	/* lists are kept with one blank between their words */
	for (const char *at = value; *at; at++)
		if (*at != ',')
			plain[used++] = *at;
		else if (at[1] != ' ')
			plain[used++] = ' ';
	plain[used] = '\0';
	assert_string_equal(item.value, plain);
	assert_string_equal(item.path, "test.conf");
	assert_int_not_equal(item.line, 0);
	gp_config_free(config);
}

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++)
		each_value(&values[i], values[i].good, check_good);
}

static void check_bad(const struct values *row, const char *text, const char *value)
{
	struct gp_config_errors errors;

	print_message("[%s] %s = %s\n", row->section, row->key, value);
	config_bad(text, strlen(text), &errors);
	assert_int_equal(errors.count, 1);
	/* the last line, and a column in its value */
	unsigned lines = 0;
	for (const char *at = text; *at; at++)
		lines += *at == '\n';
	assert_int_equal(errors.list[0].line, lines);
	assert_true(errors.list[0].column > strlen(row->key) + 2);
	assert_string_equal(errors.list[0].path, "test.conf");
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(values); i++)
		each_value(&values[i], values[i].bad, check_bad);
}

/* Each key of the table is in the list above, and each default is good. */
static void test_all_keys(void **state)
{
	size_t keys = 0;

	(void)state;
	for (size_t i = 0; i < GP_CONFIG_SPECS; i++) {
		const struct gp_config_spec *spec = &gp_config_specs[i];
		for (size_t j = 0; j < spec->count; j++, keys++) {
			const struct gp_config_key *key = &spec->keys[j];
			char section[64];
			snprintf(section, sizeof(section), "%s%s", spec->name,
				 spec->is_named ? " x" : "");
			const struct values row = {section, key->name, NULL, NULL};
			bool is_listed = false;
			for (size_t k = 0; k < COUNT(values); k++)
				is_listed |= !strcmp(values[k].section, section) &&
					     !strcmp(values[k].key, key->name);
			print_message("[%s] %s\n", section, key->name);
			assert_true(is_listed);
			if (key->standard[0])
				each_value(&row, key->standard, check_good);
		}
	}
	assert_int_equal(keys, COUNT(values));
}

/* The sample of DESIGN 5, with the file that it names. */
static void test_sample(void **state)
{
	static struct gp_config_errors errors;
	struct gp_config *config;

	(void)state;
	errno = 4711;
	assert_int_equal(gp_config_load(TEST_DATA "/config", &config, &errors), GP_OK);
	assert_int_equal(errno, 4711);
	assert_string_equal(config_item(config, "rule no-partner-v6", "domains").value,
			    "partner.example =exact.example *.below.example");
	assert_int_equal(config_item(config, "rule no-partner-v6", "domains").line, 11);
	assert_string_equal(config_item(config, "forward corp", "zones").value,
			    "corp.example 10.in-addr.arpa");
	assert_string_equal(config_item(config, "metrics", "listen").value, "");
	gp_config_free(config);
}

/* Everything that is cut off somewhere: taken or refused, and never more than that. */
static void test_truncated(void **state)
{
	static const char *const paths[] = {TEST_DATA "/config/v6guard.conf",
					    TEST_DATA "/../../etc/v6guard.conf"};
	static struct gp_config_errors errors;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		size_t size;
		char *text = file_text(paths[i], &size);
		for (size_t cut = 0; cut <= size; cut++) {
			/* a block of its own, so that valgrind sees its end */
			char *copy = malloc(cut + 1);
			struct gp_config *config = NULL;
			assert_non_null(copy);
			memcpy(copy, text, cut);
			copy = realloc(copy, cut ? cut : 1);
			enum gp_status status =
				gp_config_parse_text("a", copy, cut, &config, &errors);
			assert_true((status == GP_OK) == (config != NULL));
			assert_true((status == GP_OK) == (errors.count == 0));
			gp_config_free(config);
			free(copy);
		}
		free(text);
	}
}

struct typed {
	const char *text;
	struct gp_guard_policy policy;
	const char *chain;
};

static const struct typed typed[] = {
	{"", {GP_MODE_AUTO, 0, 1, 1, 0, 1}, NULL},
	{"[guard]\nmode = off\nenforce = no", {GP_MODE_OFF, 0, 0, 1, 0, 1}, NULL},
	{"[guard]\nunknown = distrust\nmode = strip-a",
	 {GP_MODE_STRIP_A, 1, 1, 1, 0, 1},
	 NULL},
	{"[guard]\nkeep-last = no\naaaa-only = strip",
	 {GP_MODE_AUTO, 0, 1, 0, 1, 1},
	 NULL},
	{"[guard]\nbackends = files\n [NOTFOUND=return]\n dns ; all",
	 {GP_MODE_AUTO, 0, 1, 1, 0, 0},
	 "files [NOTFOUND=return] dns"},
	{"[guard]\nbackends = auto", {GP_MODE_AUTO, 0, 1, 1, 0, 1}, NULL},
};

static void test_preload(void **state)
{
	static const struct {
		const char *text;
		enum gp_order order;
	} cases[] = {{"", GP_ORDER_LIBC},
		     {"[preload]\norder = libc", GP_ORDER_LIBC},
		     {"[preload]\norder = rfc6724", GP_ORDER_RFC6724}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct gp_config *config = config_good(cases[i].text);

		assert_int_equal(gp_config_preload(config).order, cases[i].order);
		gp_config_free(config);
	}
}

static void test_probe(void **state)
{
	static const char all[] =
		"[probe]\nmode = off\ninline = yes\ninline-budget = 1s\n"
		"attempt-delay = 20ms\nslow-threshold = 30ms\nports = 22 80 443\n"
		"ok-ttl = 1m\nbroken-ttl = 2s\nbroken-ttl-max = 3s\nmax-rate = 7";
	static const struct gp_probe_policy said = {
		1000, 20, 30, 60000, 2000, 3000, 7, {22, 80}, 1, 1, {0, 0}};
	struct gp_config *config = config_good("");
	struct gp_probe_policy usual, got = gp_config_probe(config);

	(void)state;
	gp_probe_policy_init(&usual);
	assert_memory_equal(&got, &usual, sizeof(got));
	gp_config_free(config);
	config = config_good(all);
	got = gp_config_probe(config);
	assert_memory_equal(&got, &said, sizeof(got));
	gp_config_free(config);
	config = config_good("[probe]\nports = 8080");
	got = gp_config_probe(config);
	assert_true(got.ports[0] == 8080 && got.ports[1] == 0);
	gp_config_free(config);
}

static void test_typed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++) {
		struct gp_config *config = config_good(typed[i].text);
		const struct gp_chain *chain = gp_config_backends(config);
		char text[256];

		assert_memory_equal(gp_config_guard(config), &typed[i].policy,
				    sizeof(typed[i].policy));
		assert_true(!chain == !typed[i].chain);
		if (chain) {
			gp_chain_format(chain, text, sizeof(text));
			assert_string_equal(text, typed[i].chain);
		}
		gp_config_free(config);
	}
	struct gp_guard_policy standard;
	gp_guard_policy_init(&standard);
	assert_memory_equal(&standard, &typed[0].policy, sizeof(standard));
}

struct seen {
	char names[4096];
	size_t left;
};

static bool note(void *ctx, const struct gp_config_item *item)
{
	struct seen *seen = ctx;
	size_t used = strlen(seen->names);

	snprintf(seen->names + used, sizeof(seen->names) - used, "%s.%s\n", item->section,
		 item->key);
	return seen->left == 0 || --seen->left > 0;
}

static void test_each(void **state)
{
	struct gp_config *config =
		config_good("[log]\nto = stdout\n[rule b]\npriority = 2\naction = allow\n"
			    "[rule a]\npriority = 1\naction = allow\n");
	struct gp_config_item item;
	struct seen seen = {.left = 0};

	(void)state;
	gp_config_each(config, note, &seen);
	/* the order of the manual page, whatever that of the file */
	const char *guard = strstr(seen.names, "guard.mode\nguard.unknown\n");
	const char *b = strstr(seen.names, "rule b.priority\nrule b.domains\n");
	const char *a = strstr(seen.names, "rule a.priority\n");
	const char *probe = strstr(seen.names, "probe.mode\n");
	const char *to = strstr(seen.names, "log.events\nlog.to\n");
	assert_ptr_equal(guard, seen.names);
	assert_true(guard < b && b < a && a < probe && probe < to);

	struct seen some = {.left = 3};
	gp_config_each(config, note, &some);
	assert_string_equal(some.names, "guard.mode\nguard.unknown\nguard.enforce\n");

	assert_null(config_item(config, "log", "events").path);
	assert_int_equal(config_item(config, "log", "events").line, 0);
	assert_int_equal(config_item(config, "log", "to").line, 2);
	assert_int_equal(gp_config_get(config, "log", "from", &item), GP_NOTFOUND);
	assert_int_equal(gp_config_get(config, "rule c", "action", &item), GP_NOTFOUND);
	gp_config_free(config);
}

/* The file that is installed: mode = auto, all else as it would be without. */
static void test_shipped(void **state)
{
	size_t size, settings = 0, keys = 0;
	char *text = file_text(TEST_DATA "/../../etc/v6guard.conf", &size);
	struct gp_config *config = config_good(text);
	char section[64] = "", *rest = text, *line;

	(void)state;
	for (size_t i = 0; i < GP_CONFIG_SPECS; i++)
		keys += gp_config_specs[i].count;
	assert_string_equal(config_item(config, "guard", "mode").path, "test.conf");
	gp_config_free(config);

	while ((line = strsep(&rest, "\n"))) {
		char key[64], *value = strstr(line, " =");
		bool is_comment = line[0] == '#';
		line += is_comment;
		if (line[0] == '[')
			snprintf(section, sizeof(section), "%.*s",
				 (int)strcspn(line + 1, "]"), line + 1);
		if (line[0] < 'a' || line[0] > 'z' || !value)
			continue;
		snprintf(key, sizeof(key), "%.*s", (int)(value - line), line);
		print_message("[%s] %s\n", section, key);
		settings++;
		assert_true(is_comment ==
			    (strcmp(key, "mode") || strcmp(section, "guard")));
		const struct gp_config_spec *spec = gp_config_spec_find(section);
		assert_non_null(spec);
		size_t index = gp_config_key_find(spec, key);
		assert_true(index < spec->count);
		const char *standard = spec->keys[index].standard;
		if (standard[0] || !spec->is_named)
			assert_string_equal(value + 2 + (value[2] == ' '), standard);
	}
	assert_int_equal(settings, keys);
	free(text);
}

/* With nothing commented out it is as good: the examples as well. */
static void test_shipped_whole(void **state)
{
	size_t size;
	char *text = file_text(TEST_DATA "/../../etc/v6guard.conf", &size);

	(void)state;
	for (char *at = text; *at; at++)
		if ((at == text || at[-1] == '\n') && at[0] == '#' &&
		    (at[1] == '[' || (at[1] >= 'a' && at[1] <= 'z')))
			memmove(at, at + 1, strlen(at));
	struct gp_config *config = config_good(text);
	assert_string_equal(config_item(config, "rule no-partner-v6", "override").value,
			    "192.0.2.9");
	assert_non_null(config_item(config, "log", "to").path);
	gp_config_free(config);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),          cmocka_unit_test(test_bad),
		cmocka_unit_test(test_all_keys),      cmocka_unit_test(test_sample),
		cmocka_unit_test(test_truncated),     cmocka_unit_test(test_typed),
		cmocka_unit_test(test_preload),       cmocka_unit_test(test_probe),
		cmocka_unit_test(test_each),          cmocka_unit_test(test_shipped),
		cmocka_unit_test(test_shipped_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
