/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* resolver_leads.c - does resolv.conf lead to v6guardd, and by which way? */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address/sockaddr.h"
#include "gaiconf/store.h"
#include "resolver.h"

/* What systemd-resolved asks, whose stub resolv.conf names. */
#define UPLINK "/run/systemd/resolve/resolv.conf"

static bool is_own(const struct gp_addr *addr)
{
	union gp_sockaddr name;
	const socklen_t length = gp_sockaddr_fill(&name, addr, 0);
	const int fd = socket(addr->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const bool is_there = fd >= 0 && !bind(fd, &name.any, length);

	if (fd >= 0)
		close(fd);
	return is_there;
}

size_t resolver_listeners(const json_t *status,
			  struct resolv_listener out[RESOLVER_LISTENERS])
{
	static const char *const keys[] = {"listen", "waiting"};
	size_t count = 0;

	for (size_t i = 0; i < 2; i++) {
		const json_t *list = json_object_get(status, keys[i]);
		for (size_t j = 0;
		     count < RESOLVER_LISTENERS && j < json_array_size(list); j++) {
			const char *text = resolver_text_at(list, j);
			count += text && gp_config_listen(text, &out[count].addr,
							  &out[count].port);
		}
	}
	return count;
}

static bool read_file(const struct cli *cli, const char *path, struct resolv_read *out)
{
	struct gp_file file;

	if (gp_file_read(cli->root, path, &file, NULL) != GP_OK)
		return false;
	resolv_read(file.exists ? file.bytes : "", out);
	gp_file_free(&file);
	return true;
}

/* Where nobody says where it listens, by its mark. */
static bool is_marked(const struct cli *cli)
{
	struct gp_file file;
	bool is_on;

	if (gp_file_read(cli->root, RESOLV_CONF, &file, NULL) != GP_OK)
		return false;
	is_on = file.exists && resolv_is_on(file.bytes);
	gp_file_free(&file);
	return is_on;
}

bool resolver_leads_here(const struct cli *cli, const json_t *status,
			 char how[RESOLVER_HOW])
{
	struct resolv_listener listen[RESOLVER_LISTENERS];
	const size_t count = resolver_listeners(status, listen);
	struct resolv_read file, uplink;
	char text[GP_ADDR_TEXT];
	size_t place;

	how[0] = '\0';
	if (!count)
		return is_marked(cli);
	if (!read_file(cli, RESOLV_CONF, &file))
		return false;
	place = resolv_place(&file, listen, count, is_own);
	if (place > 1)
		snprintf(how, RESOLVER_HOW, "but %s is asked first",
			 gp_addr_format(&file.servers[0], text));
	if (place)
		return true;
	for (size_t i = 0; i < file.server_count; i++)
		if (resolv_is_stub(&file.servers[i]) && read_file(cli, UPLINK, &uplink) &&
		    resolv_place(&uplink, listen, count, is_own)) {
			snprintf(how, RESOLVER_HOW, "by way of systemd-resolved");
			return true;
		}
	return false;
}
