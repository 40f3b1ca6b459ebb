/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hint_sockets.c - binding the sockets of the hints, and who may send to them. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "guard/hint.h"
#include "hint_sockets.h"

/* linux/posix_acl_xattr.h; all little-endian. */
#define ACL_NAME "system.posix_acl_access"
#define ACL_VERSION 2
#define ACL_NOBODY UINT32_MAX
#define MAY_SEND 6
enum tag { ACL_OWNER = 1, ACL_USER = 2, ACL_GROUP = 4, ACL_MASK = 16, ACL_OTHER = 32 };

struct acl {
	uint32_t version;
	struct {
		uint16_t tag, may;
		uint32_t id;
	} entries[GP_SYSTEM_UID_MAX + HINT_BARS + 4];
};

struct barred {
	const uint32_t *uids;
	size_t count;
};

static bool is_barred(const struct barred *barred, uint32_t uid)
{
	for (size_t i = 0; i < barred->count; i++)
		if (barred->uids[i] == uid)
			return true;
	return false;
}

static size_t put(struct acl *acl, size_t at, enum tag tag, uint16_t may, uint32_t id)
{
	acl->entries[at].tag = htole16((uint16_t)tag);
	acl->entries[at].may = htole16(may);
	acl->entries[at].id = htole32(id);
	return at + 1;
}

/* The users by name; OTHERS: what all the rest may. */
static bool set_acl(const char *path, struct acl *acl, size_t users, uint16_t others)
{
	size_t at = users;

	acl->version = htole32(ACL_VERSION);
	at = put(acl, at, ACL_GROUP, others, ACL_NOBODY);
	at = put(acl, at, ACL_MASK, MAY_SEND, ACL_NOBODY);
	at = put(acl, at, ACL_OTHER, others, ACL_NOBODY);
	return !setxattr(path, ACL_NAME, acl,
			 sizeof(acl->version) + at * sizeof(acl->entries[0]), 0);
}

static bool open_to_all_but(const char *path, const struct barred *barred)
{
	static struct acl acl;
	size_t at = put(&acl, 0, ACL_OWNER, MAY_SEND, ACL_NOBODY);

	if (chmod(path, 0666) < 0)
		return false;
	if (!barred->count)
		return true;
	for (size_t i = 0; i < barred->count && i < HINT_BARS; i++)
		at = put(&acl, at, ACL_USER, 0, barred->uids[i]);
	return set_acl(path, &acl, at, MAY_SEND);
}

static bool open_to_system(const char *path, const struct barred *barred)
{
	static struct acl acl;
	size_t at = put(&acl, 0, ACL_OWNER, MAY_SEND, ACL_NOBODY);

	if (chmod(path, 0600) < 0)
		return false;
	for (uint32_t uid = 1; uid <= GP_SYSTEM_UID_MAX; uid++)
		if (!is_barred(barred, uid))
			at = put(&acl, at, ACL_USER, MAY_SEND, uid);
	/* Without it doors take the other socket, unless they are root's. */
	set_acl(path, &acl, at, 0);
	return true;
}

/* -1 and errno. */
static int bind_at(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;
	int error;

	if (fd < 0)
		return -1;
	strcpy(name.sun_path, path);
	unlink(path);
	if (!bind(fd, (const struct sockaddr *)(const void *)&name, sizeof(name)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Under other names first: there is no moment without a socket. */
bool hint_sockets_open(int fds[HINT_SOCKETS], const uint32_t *uids, size_t count)
{
	static const char shared[] = GP_HINT_PATH ".new",
			  restricted[] = GP_HINT_SYSTEM_PATH ".new";
	const struct barred barred = {uids, count};
	int error;

	fds[HINT_SYSTEM] = -1;
	fds[HINT_SHARED] = bind_at(shared);
	if (fds[HINT_SHARED] >= 0)
		fds[HINT_SYSTEM] = bind_at(restricted);
	if (fds[HINT_SYSTEM] >= 0 && open_to_all_but(shared, &barred) &&
	    open_to_system(restricted, &barred) &&
	    !rename(restricted, GP_HINT_SYSTEM_PATH) && !rename(shared, GP_HINT_PATH))
		return true;
	error = errno;
	unlink(shared);
	unlink(restricted);
	hint_sockets_close(fds);
	errno = error;
	return false;
}

void hint_sockets_close(int fds[HINT_SOCKETS])
{
	for (size_t i = 0; i < HINT_SOCKETS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}
