/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * netwatch_parse.c - rtnetlink(7) messages, as bytes. Everything is copied out: nothing
 * here relies on how the buffer is aligned, or on a length that was not checked.
 */
#include <string.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include "rfc6724/netlink.h"
#include "netwatch_facts.h"

/* The loopback interface is the first of each network namespace. */
#define LOOPBACK_INDEX 1

bool netwatch_next(const uint8_t **at, size_t *size, struct netwatch_message *out)
{
	struct gp_bytes bytes = {*at, *size};
	struct nlmsghdr header;
	size_t aligned;

	if (!gp_bytes_take(&bytes, &header, sizeof(header)) ||
	    header.nlmsg_len < sizeof(header) || header.nlmsg_len > *size)
		return false;
	*out = (struct netwatch_message){.type = header.nlmsg_type,
					 .flags = header.nlmsg_flags,
					 .seq = header.nlmsg_seq,
					 .pid = header.nlmsg_pid,
					 .body = *at + sizeof(header),
					 .size = header.nlmsg_len - sizeof(header)};
	aligned = NLMSG_ALIGN((size_t)header.nlmsg_len);
	if (aligned > *size)
		aligned = *size;
	*at += aligned;
	*size -= aligned;
	return true;
}

struct attribute {
	uint16_t type;
	struct gp_bytes value;
};

static bool next_attribute(struct gp_bytes *bytes, struct attribute *out)
{
	return gp_bytes_attribute(bytes, &out->type, &out->value);
}

static uint32_t number_of(const struct attribute *attribute)
{
	uint32_t number = 0;

	if (attribute->value.left == sizeof(number))
		memcpy(&number, attribute->value.at, sizeof(number));
	return number;
}

static size_t address_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

static bool read_address(const struct attribute *attribute, int family,
			 struct gp_addr *out)
{
	if (attribute->value.left != address_size(family))
		return false;
	*out = gp_addr_make(family, attribute->value.at, 0);
	return true;
}

/* RTA_VIA: a gateway of the other family. */
static void read_via(const struct attribute *attribute, struct gp_addr *out)
{
	struct attribute address = *attribute;
	sa_family_t family;

	if (address.value.left < sizeof(family))
		return;
	memcpy(&family, address.value.at, sizeof(family));
	address.value.at += sizeof(family);
	address.value.left -= sizeof(family);
	if (family == AF_INET || family == AF_INET6)
		read_address(&address, family, out);
}

static void mask(struct gp_prefix *prefix)
{
	for (size_t i = 0; i < sizeof(prefix->addr.bytes); i++) {
		const size_t first = i * 8;

		if (first >= prefix->length)
			prefix->addr.bytes[i] = 0;
		else if (first + 8 > prefix->length)
			prefix->addr.bytes[i] &=
				(uint8_t)(0xff00U >> (prefix->length - first));
	}
}

static bool is_ipv6_global(const struct gp_addr *addr)
{
	return (addr->bytes[0] & 0xe0) == 0x20 || (addr->bytes[0] & 0xfe) == 0xfc;
}

/* ---- routes ------------------------------------------------------------------------ */

struct route {
	struct rtmsg header;
	uint32_t table;
	struct gp_prefix to;
	struct netwatch_route way;
	struct gp_bytes multipath;
};

static void read_hop(struct gp_bytes attributes, struct netwatch_route *way)
{
	struct attribute attribute;

	while (next_attribute(&attributes, &attribute)) {
		if (attribute.type == RTA_GATEWAY)
			read_address(&attribute, way->family, &way->gateway);
		else if (attribute.type == RTA_VIA)
			read_via(&attribute, &way->gateway);
		else if (attribute.type == RTA_OIF)
			way->ifindex = number_of(&attribute);
		else if (attribute.type == RTA_NH_ID)
			way->nexthop = number_of(&attribute);
	}
}

static bool read_route(const struct netwatch_message *message, struct route *out)
{
	struct gp_bytes bytes = {message->body, message->size}, attributes;
	struct attribute attribute;

	memset(out, 0, sizeof(*out));
	if (!gp_bytes_take(&bytes, &out->header, sizeof(out->header)))
		return false;
	if (out->header.rtm_family != AF_INET && out->header.rtm_family != AF_INET6)
		return false;
	if (out->header.rtm_dst_len > address_size(out->header.rtm_family) * 8)
		return false;
	out->table = out->header.rtm_table;
	out->to.addr.family = out->header.rtm_family;
	out->to.length = out->header.rtm_dst_len;
	out->way.family = out->header.rtm_family;
	attributes = bytes;
	while (next_attribute(&bytes, &attribute)) {
		if (attribute.type == RTA_TABLE)
			out->table = number_of(&attribute);
		else if (attribute.type == RTA_DST)
			read_address(&attribute, out->way.family, &out->to.addr);
		else if (attribute.type == RTA_MULTIPATH)
			out->multipath = attribute.value;
	}
	read_hop(attributes, &out->way);
	mask(&out->to);
	return true;
}

/* A default route, or one of the few that together are: VPNs lay 0.0.0.0/1 and
 * 128.0.0.0/1 or 2000::/3 over the one that is there. */
static bool is_default(const struct gp_prefix *to)
{
	static const struct gp_addr internet = {.family = AF_INET6, .bytes = {0x20}};

	if (to->addr.family == AF_INET)
		return to->length <= 1;
	return to->length <= 3 && gp_prefix_match(to, &internet);
}

/* An entry of the routing tables, not one that the kernel made of it for itself. */
static bool is_entry(const struct route *route)
{
	return route->table != RT_TABLE_LOCAL &&
	       !(route->header.rtm_flags & RTM_F_CLONED);
}

static bool is_alive(unsigned flags)
{
	return !(flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN));
}

static bool is_onlink(const struct route *route)
{
	const uint8_t *bytes = route->to.addr.bytes;

	return route->way.family == AF_INET6 && !route->way.gateway.family &&
	       !route->multipath.left && route->way.ifindex != LOOPBACK_INDEX &&
	       route->to.length > 0 && !is_default(&route->to) && bytes[0] != 0xff &&
	       !(bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80);
}

/* A Route Information option that the kernel, or who reads them in its stead, took. */
static bool is_information(const struct route *route)
{
	return route->header.rtm_protocol == RTPROT_RA && ula_is_inside(&route->to) &&
	       (route->way.gateway.family || route->multipath.left);
}

/* The kernel makes one for each address, too: which comes to the same. */
static bool is_advertised(const struct route *route)
{
	return route->header.rtm_protocol == RTPROT_RA ||
	       route->header.rtm_protocol == RTPROT_KERNEL;
}

static void add_default(struct netwatch_facts *facts, const struct route *route,
			struct netwatch_route way, unsigned flags)
{
	const bool is_usual =
		route->table == RT_TABLE_MAIN || route->table == RT_TABLE_DEFAULT;

	if (!is_alive(flags))
		return;
	/* Resolved already, as the kernel does unless it is told not to. */
	if (way.ifindex)
		way.nexthop = 0;
	else if (!way.nexthop)
		return;
	netwatch_add_route(facts, &way);
	if (is_usual && way.family == AF_INET)
		facts->ipv4_default = true;
	if (is_usual && way.family == AF_INET6)
		facts->ipv6_default = true;
}

static void add_multipath(struct netwatch_facts *facts, const struct route *route)
{
	struct gp_bytes hops = route->multipath;
	struct rtnexthop hop;

	while (hops.left >= sizeof(hop)) {
		struct netwatch_route way = {.family = route->way.family};
		struct gp_bytes attributes = hops;
		size_t aligned;

		memcpy(&hop, hops.at, sizeof(hop));
		if (hop.rtnh_len < sizeof(hop) || hop.rtnh_len > hops.left)
			return;
		attributes.at += sizeof(hop);
		attributes.left = hop.rtnh_len - sizeof(hop);
		read_hop(attributes, &way);
		way.ifindex = (uint32_t)hop.rtnh_ifindex;
		add_default(facts, route, way, hop.rtnh_flags);
		aligned = RTNH_ALIGN((size_t)hop.rtnh_len);
		if (aligned > hops.left)
			return;
		hops.at += aligned;
		hops.left -= aligned;
	}
}

static void add_route(struct netwatch_facts *facts,
		      const struct netwatch_message *message)
{
	struct route route;

	if (!read_route(message, &route) || !is_entry(&route) ||
	    route.header.rtm_type != RTN_UNICAST)
		return;
	if (is_onlink(&route) && is_alive(route.header.rtm_flags)) {
		netwatch_add_onlink(facts, &route.to);
		if (is_advertised(&route))
			netwatch_add_ula(facts, ULA_ONLINK, &route.to);
	}
	if (is_information(&route) && is_alive(route.header.rtm_flags))
		netwatch_add_ula(facts, ULA_ROUTE, &route.to);
	if (!is_default(&route.to))
		return;
	if (route.multipath.left)
		add_multipath(facts, &route);
	else
		add_default(facts, &route, route.way, route.header.rtm_flags);
}

/* ---- next hops --------------------------------------------------------------------- */

/* A group's members, each to be asked for in turn. */
static void add_members(struct netwatch_facts *facts, struct netwatch_route way,
			struct gp_bytes members)
{
	struct nexthop_grp member;

	while (gp_bytes_take(&members, &member, sizeof(member))) {
		way.nexthop = member.id;
		if (member.id)
			netwatch_add_route(facts, &way);
	}
}

struct nexthop {
	uint32_t id;
	struct nhmsg header;
	bool is_blackhole;
	struct gp_bytes group, all;
};

static bool read_nexthop(const struct netwatch_message *message, struct nexthop *out)
{
	struct gp_bytes bytes = {message->body, message->size};
	struct attribute attribute;

	memset(out, 0, sizeof(*out));
	if (!gp_bytes_take(&bytes, &out->header, sizeof(out->header)))
		return false;
	out->all = bytes;
	while (next_attribute(&bytes, &attribute)) {
		if (attribute.type == NHA_ID)
			out->id = number_of(&attribute);
		else if (attribute.type == NHA_BLACKHOLE)
			out->is_blackhole = true;
		else if (attribute.type == NHA_GROUP)
			out->group = attribute.value;
	}
	return out->id != 0;
}

static void resolve(struct netwatch_facts *facts, struct netwatch_route way,
		    const struct nexthop *nexthop)
{
	struct gp_bytes bytes = nexthop->all;
	struct attribute attribute;

	way.nexthop = 0;
	while (next_attribute(&bytes, &attribute)) {
		if (attribute.type == NHA_OIF)
			way.ifindex = number_of(&attribute);
		else if (attribute.type == NHA_GATEWAY)
			read_address(&attribute,
				     nexthop->header.nh_family == AF_INET ? AF_INET
									  : AF_INET6,
				     &way.gateway);
	}
	if (way.ifindex && !nexthop->is_blackhole && is_alive(nexthop->header.nh_flags))
		netwatch_add_route(facts, &way);
}

static void add_nexthop(struct netwatch_facts *facts,
			const struct netwatch_message *message)
{
	/* At most one route a family stands for one nexthop, as they are sets. */
	struct netwatch_route ways[2];
	struct nexthop nexthop;
	size_t count = 0;

	if (!read_nexthop(message, &nexthop))
		return;
	for (size_t i = 0; i < facts->route_count && count < 2; i++)
		if (facts->routes[i].nexthop == nexthop.id)
			ways[count++] = facts->routes[i];
	netwatch_drop_nexthop(facts, nexthop.id);
	for (size_t i = 0; i < count; i++) {
		if (nexthop.group.left)
			add_members(facts, ways[i], nexthop.group);
		else
			resolve(facts, ways[i], &nexthop);
	}
}

/* ---- addresses and links ----------------------------------------------------------- */

struct address {
	struct ifaddrmsg header;
	struct gp_addr addr;
};

static bool read_interface_address(const struct netwatch_message *message,
				   struct address *out)
{
	struct gp_bytes bytes = {message->body, message->size};
	struct attribute attribute;
	bool has_local = false;
	int family;

	memset(out, 0, sizeof(*out));
	if (!gp_bytes_take(&bytes, &out->header, sizeof(out->header)))
		return false;
	family = out->header.ifa_family;
	if ((family != AF_INET && family != AF_INET6) ||
	    out->header.ifa_prefixlen > address_size(family) * 8)
		return false;
	while (next_attribute(&bytes, &attribute)) {
		/* On a link of two, IFA_ADDRESS is the peer's. */
		if (attribute.type == IFA_LOCAL)
			has_local = read_address(&attribute, family, &out->addr);
		else if (attribute.type == IFA_ADDRESS && !has_local)
			read_address(&attribute, family, &out->addr);
	}
	return out->addr.family != 0;
}

static bool is_global(const struct gp_addr *addr)
{
	return addr->family == AF_INET ? !gp_addr_is_special(addr) : is_ipv6_global(addr);
}

/*
 * The host's own addresses count as on-link, as the doors know them by that alone: those
 * that no route in these tables covers are on lo, or of a prefix that is not on-link.
 */
static void add_own(struct netwatch_facts *facts, const struct gp_addr *addr)
{
	const struct gp_prefix own = {*addr, 128};

	if (addr->family != AF_INET6 || gp_addr_is_special(addr))
		return;
	for (size_t i = 0; i < facts->onlink_count; i++)
		if (gp_prefix_match(&facts->onlink[i], addr))
			return;
	netwatch_add_onlink(facts, &own);
}

static void add_address(struct netwatch_facts *facts,
			const struct netwatch_message *message)
{
	struct netwatch_prefix prefix;
	struct address address;

	if (!read_interface_address(message, &address) ||
	    address.header.ifa_flags & IFA_F_DADFAILED)
		return;
	add_own(facts, &address.addr);
	netwatch_add_ula(facts, ULA_ADDRESS, &(struct gp_prefix){address.addr, 128});
	if (!is_global(&address.addr))
		return;
	if (address.addr.family == AF_INET)
		facts->ipv4_address = true;
	if (!netwatch_has_default(facts, address.header.ifa_index))
		return;
	memset(&prefix, 0, sizeof(prefix));
	prefix.ifindex = address.header.ifa_index;
	prefix.prefix.addr = address.addr;
	prefix.prefix.length = address.header.ifa_prefixlen;
	mask(&prefix.prefix);
	netwatch_add_prefix(facts, &prefix);
}

static void add_link(struct netwatch_facts *facts, const struct netwatch_message *message)
{
	struct gp_bytes bytes = {message->body, message->size};
	struct netwatch_name *name = &facts->names[facts->name_count];
	struct ifinfomsg header;
	struct attribute attribute;

	if (facts->name_count == NETWATCH_ROUTES ||
	    !gp_bytes_take(&bytes, &header, sizeof(header)))
		return;
	while (next_attribute(&bytes, &attribute)) {
		if (attribute.type != IFLA_IFNAME || attribute.value.left == 0 ||
		    attribute.value.left > sizeof(name->name))
			continue;
		memset(name, 0, sizeof(*name));
		name->ifindex = (uint32_t)header.ifi_index;
		memcpy(name->name, attribute.value.at, attribute.value.left);
		name->name[sizeof(name->name) - 1] = 0;
		facts->name_count++;
		return;
	}
}

void netwatch_add(struct netwatch_facts *facts, const struct netwatch_message *message)
{
	if (message->type == RTM_NEWROUTE)
		add_route(facts, message);
	else if (message->type == RTM_NEWNEXTHOP)
		add_nexthop(facts, message);
	else if (message->type == RTM_NEWADDR)
		add_address(facts, message);
	else if (message->type == RTM_NEWLINK)
		add_link(facts, message);
}

/* ---- notifications ----------------------------------------------------------------- */

bool netwatch_address_of(const struct netwatch_message *message, struct gp_addr *out)
{
	struct address address;

	if ((message->type != RTM_NEWADDR && message->type != RTM_DELADDR) ||
	    !read_interface_address(message, &address))
		return false;
	*out = address.addr;
	out->scope_id = address.header.ifa_index;
	return true;
}

bool netwatch_brings_ipv6(const struct netwatch_message *message)
{
	struct address address;
	struct route route;

	if (message->type == RTM_NEWROUTE)
		return read_route(message, &route) && route.to.addr.family == AF_INET6 &&
		       is_default(&route.to);
	return message->type == RTM_NEWADDR &&
	       read_interface_address(message, &address) &&
	       address.addr.family == AF_INET6;
}

bool netwatch_is_relevant(const struct netwatch_message *message)
{
	struct gp_bytes bytes = {message->body, message->size};
	struct ifinfomsg link;
	struct address address;
	struct route route;

	switch (message->type) {
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		return read_route(message, &route) && is_entry(&route) &&
		       (is_default(&route.to) || is_onlink(&route) ||
			is_information(&route));
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return read_interface_address(message, &address) &&
		       is_global(&address.addr);
	case RTM_NEWLINK:
	case RTM_DELLINK:
		/* Not what bridges and each router advertisement say about a link. */
		return gp_bytes_take(&bytes, &link, sizeof(link)) &&
		       link.ifi_family == AF_UNSPEC;
	case RTM_NEWNEXTHOP:
	case RTM_DELNEXTHOP:
		return true;
	default:
		return false;
	}
}
