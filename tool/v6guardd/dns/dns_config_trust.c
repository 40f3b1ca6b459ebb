/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dns_config_trust.c - `dnssec = trust`: whose word may be taken for it that an answer
 * was validated. */
#include <string.h>

#include "dns_config_private.h"

bool dns_is_loopback(const struct gp_addr *addr)
{
	static const uint8_t ipv6[16] = {[15] = 1};

	return addr->family == AF_INET ? addr->bytes[0] == 127
				       : !memcmp(addr->bytes, ipv6, sizeof(ipv6));
}

bool dns_is_trusted(const struct dns_endpoint *server)
{
	return dns_is_loopback(&server->addr) && !server->tls;
}

bool dns_config_trusts(const struct dns_config *config)
{
	bool is_any = config->dnssec == DNS_DNSSEC_TRUST;

	for (size_t i = 0; i < config->forward_count; i++)
		is_any |= config->forwards[i].dnssec == DNS_DNSSEC_TRUST;
	return config->enable && is_any;
}

bool dns_config_trust(struct dns_reader *reader, const char *section, uint32_t dnssec,
		      const struct dns_endpoint *list, size_t count)
{
	struct gp_config_item item;
	char text[GP_ADDR_TEXT];

	if (dnssec != DNS_DNSSEC_TRUST)
		return true;
	dns_config_at(reader, section, "dnssec", &item);
	if (!strcmp(section, "resolver") && reader->out->is_recursive)
		return dns_config_refuse(
			reader,
			"trust: upstream = recursive has nobody to trust; validate");
	for (size_t i = 0; i < count; i++) {
		if (list[i].tls)
			return dns_config_refuse(
				reader,
				"trust: %s is asked by TLS, where libunbound drops what "
				"the server says of its validation (AD); validate, or a "
				"server on loopback",
				gp_addr_format(&list[i].addr, text));
		if (!dns_is_trusted(&list[i]))
			return dns_config_refuse(
				reader,
				"trust: %s is not on loopback, and anybody on the way "
				"there could say that an answer was validated (RFC 4035 "
				"3.2.3); validate",
				gp_addr_format(&list[i].addr, text));
	}
	return true;
}
