/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Facts for RFC 6724 6: from messages as data, damaged ones too, and from a kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>

#include "netns.h"
#include "rfc6724/source.h"

static struct gp_addr address(const char *text)
{
	struct gp_addr addr;

	if (gp_addr_parse(text, &addr))
		fail_msg("%s is no address", text);
	return addr;
}

/* ---- a kernel of our own -------------------------------------------------------------
 */

struct own {
	const char *local, *peer; /* IFA_LOCAL and IFA_ADDRESS; NULL: none */
	int length, interface;
	unsigned flags;
};

struct fake {
	const char *sources[4]; /* of the destinations in their order; NULL: none */
	struct own own[4];
	struct {
		int interface, type;
	} links[4];
	bool fails;
	/* what was asked */
	size_t asked, addresses, links_asked;
};

struct message {
	struct nlmsghdr header;
	uint8_t body[256];
};

static void append(struct message *message, const void *bytes, size_t size)
{
	memcpy((uint8_t *)message + message->header.nlmsg_len, bytes, size);
	message->header.nlmsg_len += (uint32_t)NLMSG_ALIGN(size);
}

static void append_address(struct message *message, uint16_t type, const char *text)
{
	const struct gp_addr addr = text ? address(text) : (struct gp_addr){0};
	const uint16_t size = addr.family == AF_INET ? 4 : 16;
	const struct rtattr attribute = {.rta_len = (uint16_t)RTA_LENGTH(size),
					 .rta_type = type};

	if (!text)
		return;
	append(message, &attribute, sizeof(attribute));
	append(message, addr.bytes, size);
}

static size_t make_address(const struct own *own, struct message *message)
{
	const struct gp_addr addr = address(own->local ? own->local : own->peer);
	const struct ifaddrmsg body = {.ifa_family = addr.family,
				       .ifa_prefixlen = (uint8_t)own->length,
				       .ifa_flags = (uint8_t)own->flags,
				       .ifa_index = (uint32_t)own->interface};

	memset(message, 0, sizeof(*message));
	message->header =
		(struct nlmsghdr){.nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = RTM_NEWADDR};
	append(message, &body, sizeof(body));
	append_address(message, IFA_ADDRESS, own->peer);
	append_address(message, IFA_LOCAL, own->local);
	return message->header.nlmsg_len;
}

static bool fake_source(void *ctx, const struct gp_addr *to, struct gp_addr *source)
{
	struct fake *fake = ctx;
	const char *text = fake->sources[fake->asked++];

	(void)to;
	errno = 4712;
	if (text)
		*source = address(text);
	return text;
}

static bool fake_dump(void *ctx, int type, gp_source_hear *hear, void *hearer)
{
	struct fake *fake = ctx;
	struct message message;

	errno = 4712;
	if (type == RTM_GETADDR)
		fake->addresses++;
	else
		fake->links_asked++;
	for (size_t i = 0; type == RTM_GETADDR && i < 4 && fake->own[i].length; i++)
		hear(hearer, &message, make_address(&fake->own[i], &message));
	for (size_t i = 0; type == RTM_GETLINK && i < 4 && fake->links[i].interface;
	     i++) {
		const struct ifinfomsg body = {
			.ifi_index = fake->links[i].interface,
			.ifi_type = (unsigned short)fake->links[i].type};

		message.header = (struct nlmsghdr){.nlmsg_len = NLMSG_HDRLEN,
						   .nlmsg_type = RTM_NEWLINK};
		append(&message, &body, sizeof(body));
		hear(hearer, &message, message.header.nlmsg_len);
	}
	return !fake->fails;
}

/* ---- what comes of it ----------------------------------------------------------------
 */

struct expected {
	int length, interface;
	unsigned facts;
};

static const struct {
	const char *name;
	const char *to[4];
	struct fake fake;
	struct expected plain[4], glibc[4];
} cases[] = {
	{.name = "prefix, interface and flags",
	 .to = {"2001:db8::9", "192.0.2.9"},
	 .fake = {.sources = {"2001:db8:1::1", "192.0.2.1"},
		  .own = {{NULL, "2001:db8:1::1", 64, 2, IFA_F_DEPRECATED},
			  {"192.0.2.1", "192.0.2.1", 24, 3, 0}}},
	 .plain = {{64, 2, GP_FACT_DEPRECATED}, {24, 3, 0}},
	 .glibc = {{64, 2, GP_FACT_DEPRECATED}, {24, 3, 0}}},
	{.name = "RFC 4429 3.1: optimistic; RFC 6275: home; RFC 8981: temporary",
	 .to = {"2001:db8::9", "2001:db8::a", "2001:db8::b", "192.0.2.9"},
	 .fake = {.sources = {"2001:db8:1::1", "2001:db8:1::2", "2001:db8:1::3",
			      "192.0.2.1"},
		  .own = {{NULL, "2001:db8:1::1", 64, 2, IFA_F_OPTIMISTIC},
			  {NULL, "2001:db8:1::2", 64, 2, IFA_F_HOMEADDRESS},
			  {NULL, "2001:db8:1::3", 64, 2, IFA_F_TEMPORARY},
			  {"192.0.2.1", NULL, 24, 2, IFA_F_SECONDARY}}},
	 .plain = {{64, 2, GP_FACT_DEPRECATED},
		   {64, 2, GP_FACT_HOME},
		   {64, 2, GP_FACT_TEMPORARY},
		   {24, 2, 0}},
	 .glibc = {{64, 2, GP_FACT_DEPRECATED},
		   {64, 2, GP_FACT_HOME},
		   {64, 2, GP_FACT_TEMPORARY},
		   {24, 2, 0}}},
	{.name = "a peer's address is not the host's, but to glibc",
	 .to = {"2001:db8::9"},
	 .fake = {.sources = {"2001:db8:1::1"},
		  .own = {{"2001:db8:1::1", "2001:db8:2::2", 64, 2, 0}}},
	 .plain = {{64, 2, 0}}},
	{.name = "without IPv6 glibc knows nothing",
	 .to = {"192.0.2.9", "198.51.100.1"},
	 .fake = {.sources = {"192.0.2.1", "192.0.2.1"},
		  .own = {{NULL, "::1", 128, 1, 0}, {"192.0.2.1", NULL, 24, 3, 0}}},
	 .plain = {{24, 3, 0}, {24, 3, 0}}},
	{.name = "127/8 is 127.0.0.1 to glibc, before IPv6",
	 .to = {"127.0.0.53", "2001:db8::9", "127.0.0.53"},
	 .fake = {.sources = {"127.0.0.53", "2001:db8:1::1", "127.0.0.53"},
		  .own = {{"127.0.0.1", NULL, 8, 1, 0},
			  {"127.0.0.53", NULL, 32, 4, 0},
			  {NULL, "2001:db8:1::1", 64, 2, 0}}},
	 .plain = {{32, 4, 0}, {64, 2, 0}, {32, 4, 0}},
	 .glibc = {{8, 1, 0}, {64, 2, 0}, {32, 4, 0}}},
	{.name = "tunnels",
	 .to = {"2001:db8::9", "2002::1", "192.0.2.9"},
	 .fake = {.sources = {"2001:db8:1::1", "2002:c000:201::1", NULL},
		  .own = {{NULL, "2001:db8:1::1", 64, 2, 0},
			  {NULL, "2002:c000:201::1", 16, 3, 0}},
		  .links = {{1, ARPHRD_LOOPBACK},
			    {2, ARPHRD_ETHER},
			    {3, ARPHRD_SIT},
			    {4, ARPHRD_TUNNEL}}},
	 .plain = {{64, 2, 0}, {16, 3, GP_FACT_TUNNEL}},
	 .glibc = {{64, 2, 0}, {16, 3, GP_FACT_TUNNEL}}},
	{.name = "two interfaces with one address: the zone's; glibc's in the middle",
	 .to = {"fe80::9%3", "fe80::a%2"},
	 .fake = {.sources = {"fe80::1%3", "fe80::1%2"},
		  .own = {{NULL, "fe80::1", 10, 2, 0}, {NULL, "fe80::1", 64, 3, 0}}},
	 .plain = {{64, 3, 0}, {10, 2, 0}},
	 .glibc = {{64, 3, 0}, {64, 3, 0}}},
	{.name = "the first of two, behind a smaller one",
	 .to = {"2001:db8::9"},
	 .fake = {.sources = {"2001:db8:1::1"},
		  .own = {{NULL, "2001:db8:1::1", 48, 2, 0},
			  {"192.0.2.1", NULL, 24, 4, 0},
			  {NULL, "2001:db8:1::1", 64, 3, IFA_F_DEPRECATED}}},
	 .plain = {{48, 2, 0}},
	 .glibc = {{48, 2, 0}}},
	{.name = "IPv4 inside an IPv6 socket",
	 .to = {"::ffff:198.51.100.1"},
	 .fake = {.sources = {"::ffff:192.0.2.1"},
		  .own = {{NULL, "2001:db8:1::1", 64, 2, 0},
			  {"192.0.2.1", NULL, 24, 3, 0}}},
	 .plain = {{120, 3, 0}},
	 .glibc = {{120, 3, 0}}},
	{.name = "an answer without its end",
	 .to = {"2001:db8::9"},
	 .fake = {.sources = {"2001:db8:1::1"},
		  .own = {{NULL, "2001:db8:1::1", 64, 2, IFA_F_DEPRECATED}},
		  .fails = true}},
};

static void check(size_t at, enum gp_source_way way, const struct expected *expected)
{
	struct fake fake = cases[at].fake;
	const struct gp_source_ops ops = {&fake, fake_source, fake_dump};
	struct gp_destination items[4];
	size_t count = 0;

	for (; count < 4 && cases[at].to[count]; count++) {
		memset(&items[count], 0xaa, sizeof(items[count]));
		items[count].addr = address(cases[at].to[count]);
		items[count].facts = (uint8_t)~GP_FACT_UNREACHABLE;
	}
	errno = 4711;
	gp_source_facts(&ops, way, items, count);
	assert_int_equal(errno, 4711);
	/* Twice only for glibc's choice among several. */
	assert_true(fake.addresses >= 1 && fake.addresses <= 1U + way);
	for (size_t i = 0; i < count; i++)
		if (items[i].source_length != expected[i].length ||
		    items[i].interface != (uint32_t)expected[i].interface ||
		    items[i].facts != expected[i].facts ||
		    !items[i].source.family != !cases[at].fake.sources[i])
			fail_msg("%s (%d): %s: length %u interface %u facts %#x",
				 cases[at].name, way, cases[at].to[i],
				 items[i].source_length, items[i].interface,
				 items[i].facts);
}

static void test_facts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check(i, GP_SOURCE_PLAIN, cases[i].plain);
		check(i, GP_SOURCE_AS_GLIBC, cases[i].glibc);
	}
}

/* Each address is asked for once, links only if they can matter; what the caller knows
 * stays. */
static void test_economy(void **state)
{
	struct fake fake = {.sources = {"2001:db8:1::1", "2001:db8:1::1"},
			    .own = {{NULL, "2001:db8:1::1", 64, 2, 0}}};
	const struct gp_source_ops ops = {&fake, fake_source, fake_dump};
	struct gp_destination items[3] = {
		{.addr = address("2001:db8::9")},
		{.addr = address("2001:db8::9")},
		{.addr = address("2001:db8::a"), .facts = GP_FACT_UNREACHABLE}};

	(void)state;
	gp_source_facts(&ops, GP_SOURCE_PLAIN, items, 3);
	assert_int_equal(fake.asked, 2);
	assert_int_equal(fake.addresses, 1);
	assert_int_equal(fake.links_asked, 0);
	assert_int_equal(items[1].source_length, 64);
	assert_int_equal(items[2].facts, GP_FACT_UNREACHABLE);
}

/* ---- damage --------------------------------------------------------------------------
 */

static const uint8_t *damaged;
static size_t damaged_size;

static bool damaged_dump(void *ctx, int type, gp_source_hear *hear, void *hearer)
{
	(void)ctx;
	(void)type;
	hear(hearer, damaged, damaged_size);
	return true;
}

/* Cut anywhere, and with any length that lies; a sanitizer sees what is read behind. */
static void test_damage(void **state)
{
	const struct own own = {"2001:db8:1::1", "2001:db8:2::2", 64, 2, 0};
	struct fake fake;
	const struct gp_source_ops ops = {&fake, fake_source, damaged_dump};
	struct message message;
	const size_t size = make_address(&own, &message);
	size_t found = 0;

	(void)state;
	for (size_t cut = 0; cut <= size; cut++)
		for (size_t lie = 0; lie < cut; lie++)
			for (int value = 0; value < 256; value += 17) {
				uint8_t *copy = malloc(cut);
				struct gp_destination item = {
					.addr = address("2001:db8::9")};

				assert_non_null(copy);
				memcpy(copy, &message, cut);
				copy[lie] = (uint8_t)value;
				damaged = copy;
				damaged_size = cut;
				fake = (struct fake){.sources = {"2001:db8:1::1"}};
				gp_source_facts(&ops, GP_SOURCE_PLAIN, &item, 1);
				found += item.interface != 0;
				free(copy);
			}
	assert_true(found > 0);
}

/* ---- the kernel ----------------------------------------------------------------------
 */

static size_t count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* One socket is asked for many: each answer is as if it were the first (a connected UDP
 * socket would keep its source). */
static void test_kernel(void **state)
{
	static const struct {
		const char *to, *source;
		int length;
		unsigned facts;
	} expected[] = {
		{"198.51.100.1", "192.0.2.1", 24, 0},
		{"127.0.0.1", "127.0.0.1", 8, 0},
		{"192.0.2.1", "192.0.2.1", 24, 0},
		{"2001:db8:5::1", "2001:db8:1::1", 64, 0},
		{"::1", "::1", 128, 0},
		{"2001:db8:9::1", "2001:db8:9::9", 48, GP_FACT_DEPRECATED},
		{"2001:db8:1::7", "2001:db8:1::1", 64, 0},
		{"2001:db8:77::1", NULL, 0, 0},
		{"fe80::1", NULL, 0, 0},
		{"::ffff:198.51.100.1", "::ffff:192.0.2.1", 120, 0},
		{"2001:db8:5::2", "2001:db8:1::1", 64, 0},
	};
	enum { COUNT = sizeof(expected) / sizeof(expected[0]) };
	struct gp_destination items[COUNT] = {0};
	struct gp_source_sockets sockets;
	const struct gp_source_ops ops = gp_source_kernel(&sockets, 443);
	const size_t fds = count_fds();

	(void)state;
	need_netns();
	assert_true(sh("ip addr add 2001:db8:9::9/48 dev v0 nodad preferred_lft 0 && "
		       "ip -6 route add 2001:db8:9::/48 dev v0 src 2001:db8:9::9 "
		       "metric 1 && "
		       "ip route add default via 192.0.2.2 && "
		       "ip -6 route add default via 2001:db8:1::2 && "
		       "ip -6 route add unreachable 2001:db8:77::/48"));
	assert_true(addresses_settle(""));
	for (size_t i = 0; i < COUNT; i++)
		items[i].addr = address(expected[i].to);
	errno = 4711;
	gp_source_facts(&ops, GP_SOURCE_PLAIN, items, COUNT);
	gp_source_close(&sockets);
	assert_int_equal(errno, 4711);
	assert_int_equal(count_fds(), fds);
	for (size_t i = 0; i < COUNT; i++) {
		const struct gp_addr source = expected[i].source
						      ? address(expected[i].source)
						      : (struct gp_addr){0};
		char text[GP_ADDR_TEXT];

		if (!gp_addr_equal(&items[i].source, &source) ||
		    items[i].source_length != expected[i].length ||
		    items[i].facts != expected[i].facts ||
		    !items[i].interface != !expected[i].source)
			fail_msg("%s: from %s/%u, interface %u, facts %#x",
				 expected[i].to, gp_addr_format(&items[i].source, text),
				 items[i].source_length, items[i].interface,
				 items[i].facts);
	}
}

/* More addresses than one datagram holds: the last is found as well. */
static void test_many(void **state)
{
	struct gp_destination item = {.addr = address("2001:db8:aaaa::1")};
	struct gp_source_sockets sockets;
	const struct gp_source_ops ops = gp_source_kernel(&sockets, 0);

	(void)state;
	need_netns();
	assert_true(sh("for i in $(seq 1 500); do "
		       "echo addr add 2001:db8:bbbb:$i::1/64 dev v0 nodad; done | "
		       "ip -batch - && ip addr add 2001:db8:aaaa::2/57 dev v0 nodad"));
	assert_true(addresses_settle(""));
	gp_source_facts(&ops, GP_SOURCE_PLAIN, &item, 1);
	gp_source_close(&sockets);
	assert_int_equal(item.source_length, 57);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),  cmocka_unit_test(test_economy),
		cmocka_unit_test(test_damage), cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_many),
	};
	int failed;

	netns_enter();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	netns_leave();
	return failed;
}
