/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* files.c - the run folder. Nothing in it is trusted but what root alone can have made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "diag.h"
#include "dns/listen_bind.h"
#include "files.h"
#include "guard/sockdiag.h"
#include "say.h"
#include "watch/netwatch.h"

#define EVENT_BUFFER (1024 * 1024)
#define MAP_TEMPORARY GP_REACH_PATH ".new"
#define MAP_MODE 0444

/* PATH and what it "cannot be", with errno. */
static enum gp_status fail(struct gp_diag *diag, const char *path, const char *what)
{
	const int error = errno;
	const bool is_denial = error == EACCES || error == EPERM;

	return gp_diag_set(diag, is_denial ? GP_PERM : GP_IO, path, "%s: %s", what,
			   strerror(error));
}

/* ---- the folder ---- */

static enum gp_status open_folder(struct gp_diag *diag)
{
	struct stat stat;

	if (mkdir(GP_RUN_DIR, 0755) < 0 && errno != EEXIST)
		return fail(diag, GP_RUN_DIR, "cannot be made");
	if (lstat(GP_RUN_DIR, &stat) < 0)
		return fail(diag, GP_RUN_DIR, "cannot be looked at");
	if (!S_ISDIR(stat.st_mode) || stat.st_uid != geteuid() || stat.st_mode & 0022)
		return gp_diag_set(
			diag, GP_PERM, GP_RUN_DIR,
			"must be a folder of root's that nobody else may write");
	/* All programs have to get in. */
	if ((stat.st_mode & 07777) != 0755 && chmod(GP_RUN_DIR, 0755) < 0)
		return fail(diag, GP_RUN_DIR, "cannot be opened to all");
	return GP_OK;
}

static pid_t holder_of(int fd)
{
	char text[32];
	const ssize_t got = pread(fd, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

/* One that was killed takes a moment to be gone, both processes of it. */
static bool is_locked(int fd)
{
	const struct timespec pause = {0, 20 * 1000 * 1000};

	for (unsigned i = 0; i < 50; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* What FD is open at is what PATH leads to. */
static bool is_in_place(int fd, const char *path)
{
	struct stat held, found;

	return !fstat(fd, &held) && !lstat(path, &found) && held.st_dev == found.st_dev &&
	       held.st_ino == found.st_ino;
}

/* By a descriptor of its own: the worker inherits the one that locks, and must not be
 * able to write what others kill. */
static bool write_pid(int fd)
{
	char path[32];
	int out;
	bool is_written;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	out = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	is_written = out >= 0 && dprintf(out, "%d\n", (int)getpid()) > 0;
	if (out >= 0)
		close(out);
	return is_written;
}

/* ---- one of us, whatever becomes of the folder ---- */

/* A name that nobody can remove, for each place where the folder may stand; -1: no name.
 */
static int guard_socket(struct sockaddr_un *name, socklen_t *size)
{
	char parent[] = GP_RUN_DIR;
	struct stat stat_of;

	*strrchr(parent, '/') = '\0';
	*name = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (stat(parent, &stat_of) < 0)
		return -1;
	/* Its first byte stays NUL: it is of no file system (unix(7)). */
	*size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			    (size_t)snprintf(name->sun_path + 1,
					     sizeof(name->sun_path) - 1,
					     "v6guardd/%llx/%llx",
					     (unsigned long long)stat_of.st_dev,
					     (unsigned long long)stat_of.st_ino));
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Who listens at NAME, if it is one of ours; anybody may take a name. 0: it is not. */
static pid_t guard_owner(const struct sockaddr_un *name, socklen_t size)
{
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred peer = {.pid = 0};
	socklen_t length = sizeof(peer);
	pid_t owner = 0;

	if (fd >= 0 && !connect(fd, (const struct sockaddr *)(const void *)name, size) &&
	    !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) &&
	    peer.uid == geteuid())
		owner = peer.pid;
	if (fd >= 0)
		close(fd);
	return owner;
}

/*
 * The lock is as good as its file, which may be removed while it is held. This one both
 * processes hold as long as they live, and is left to who else has taken the name: then
 * there is the lock alone.
 */
static enum gp_status take_guard(struct files *files, struct gp_diag *diag)
{
	const struct timespec pause = {0, 20 * 1000 * 1000};
	struct sockaddr_un name;
	socklen_t size = 0;
	pid_t owner = 0;
	const int fd = guard_socket(&name, &size);

	for (unsigned i = 0; fd >= 0 && i < 50; i++) {
		if (!bind(fd, (const struct sockaddr *)(const void *)&name, size) &&
		    !listen(fd, SOMAXCONN)) {
			files->guard_fd = fd;
			return GP_OK;
		}
		owner = guard_owner(&name, size);
		nanosleep(&pause, NULL);
	}
	if (fd >= 0)
		close(fd);
	if (!owner)
		return GP_OK;
	return gp_diag_set(diag, GP_BUSY, "", "another v6guardd runs (pid %d)",
			   (int)owner);
}

/* ---- the lock ---- */

static enum gp_status take_lock(struct files *files, struct gp_diag *diag)
{
	/* Whoever may open it may lock it, and keep us from starting. */
	const int fd =
		open(FILES_LOCK, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || fchmod(fd, 0600) < 0)
		return fail(diag, FILES_LOCK, "cannot be opened");
	/* A lock on a file that was removed meanwhile is none. */
	if (!is_locked(fd) || !is_in_place(fd, FILES_LOCK)) {
		const pid_t pid = holder_of(fd);
		close(fd);
		return gp_diag_set(diag, GP_BUSY, "", "another v6guardd runs (pid %d)",
				   (int)pid);
	}
	if (!write_pid(fd)) {
		close(fd);
		return fail(diag, FILES_LOCK, "cannot be written");
	}
	files->lock_fd = fd;
	return GP_OK;
}

/* ---- the map ---- */

static void *map_file(int fd)
{
	void *memory =
		mmap(NULL, gp_reach_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* Nobody opens the map to write, and empties it, who has it mapped: not even root, where
 * that is not above modes (as in our unit), but for us, to whom it belongs. */
static int open_own_map(void)
{
	const int fd = open(GP_REACH_PATH, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char path[32];
	struct stat stat;
	int out = -1;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &stat) && S_ISREG(stat.st_mode) && stat.st_uid == geteuid() &&
	    !(stat.st_mode & 0022) && (size_t)stat.st_size == gp_reach_size() &&
	    !fchmod(fd, 0644)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		out = open(path, O_RDWR | O_CLOEXEC);
		if (fchmod(fd, MAP_MODE) < 0 && out >= 0) {
			close(out);
			out = -1;
		}
	}
	close(fd);
	return out;
}

/* The one of an earlier v6guardd: processes have it mapped, so it must never shrink. */
static void *take_over_map(void)
{
	const int fd = open_own_map();
	void *memory = fd < 0 ? NULL : map_file(fd);

	if (memory && !gp_reach_check(memory, gp_reach_size())) {
		munmap(memory, gp_reach_size());
		memory = NULL;
	}
	if (fd >= 0)
		close(fd);
	return memory;
}

/* Whole under another name first: nobody may map one that is still empty. */
static enum gp_status make_map(void **out, struct gp_diag *diag)
{
	void *memory = NULL;
	int fd;

	unlink(MAP_TEMPORARY);
	fd = open(MAP_TEMPORARY, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, MAP_MODE);
	if (fd < 0 || fchmod(fd, MAP_MODE) < 0)
		goto out;
	/* With all its blocks: a store into one that is not there may end us later. */
	errno = posix_fallocate(fd, 0, (off_t)gp_reach_size());
	if (errno)
		goto out;
	memory = map_file(fd);
	if (!memory)
		goto out;
	gp_reach_format(memory);
	if (rename(MAP_TEMPORARY, GP_REACH_PATH) < 0) {
		munmap(memory, gp_reach_size());
		memory = NULL;
	}
out:
	*out = memory;
	if (!memory) {
		fail(diag, GP_REACH_PATH, "cannot be made");
		unlink(MAP_TEMPORARY);
	}
	if (fd >= 0)
		close(fd);
	return memory ? GP_OK : GP_IO;
}

static enum gp_status open_map(struct files *files, struct gp_diag *diag)
{
	void *memory = take_over_map();

	if (!memory && make_map(&memory, diag) != GP_OK)
		return GP_IO;
	files->worker.map = gp_reach_start_over(memory);
	return GP_OK;
}

/* ---- sockets ---- */

static int bind_control(const char *path)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	strcpy(name.sun_path, path);
	/* We hold the lock: whoever bound it is dead. */
	unlink(path);
	if (!bind(fd, (const struct sockaddr *)(const void *)&name, sizeof(name)) &&
	    !chmod(path, 0666))
		return fd;
	close(fd);
	return -1;
}

static enum gp_status open_sockets(struct worker_files *out, struct gp_diag *diag)
{
	if (!hint_sockets_open(out->hint_fds, NULL, 0))
		return fail(diag, GP_HINT_PATH, "cannot be bound");
	out->control_fd = bind_control(GP_CONTROL_PATH);
	if (out->control_fd < 0 || listen(out->control_fd, 16) < 0)
		return fail(diag, GP_CONTROL_PATH, "cannot be bound");
	return GP_OK;
}

static enum gp_status open_netlink(struct worker_files *out, struct gp_diag *diag)
{
	out->dump_fd = gp_sockdiag_open();
	out->route_fd = netwatch_open();
	if (out->dump_fd < 0 || out->route_fd < 0)
		return fail(diag, "", "netlink cannot be opened");
	/* Without events the dumps do, if later. */
	out->event_fd = gp_sockdiag_listen(EVENT_BUFFER);
	return GP_OK;
}

/*
 * A descriptor of its own that does not block: what it is shared with stays as it is. A
 * socket (the journal's) cannot be opened so; eventlog.c knows.
 */
static int reopen(int fd)
{
	char path[32];
	int out;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	out = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return out < 0 ? dup(fd) : out;
}

/* Under systemd stderr is the journal. */
static enum gp_status open_log(const char *to, bool is_foreground, int *out,
			       struct gp_diag *diag)
{
	const bool is_journal = !strcmp(to, "journal");

	if (is_journal && !is_foreground)
		return GP_OK;
	if (is_journal)
		*out = reopen(STDERR_FILENO);
	else if (!strcmp(to, "stdout"))
		*out = reopen(STDOUT_FILENO);
	else
		*out = open(to,
			    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
				    O_NONBLOCK,
			    0640);
	if (*out < 0)
		return fail(diag, to, "cannot be opened for events");
	fcntl(*out, F_SETFD, FD_CLOEXEC);
	return GP_OK;
}

/* One that cannot be had is no reason to give up all the rest. */
static void open_listeners(struct worker_files *out, const struct dns_config *config)
{
	for (size_t i = 0; config->enable && i < config->listen_count; i++) {
		out->dns[i] = (struct listen_fds){-1, -1};
		out->dns_count++;
		if (!listen_bind(&config->listen[i], &out->dns[i], out->listen_why))
			say("resolver: %s", out->listen_why);
	}
}

enum gp_status files_open(struct files *files, const struct settings *settings,
			  bool is_foreground, struct gp_diag *diag)
{
	enum gp_status status;

	*files = (struct files){
		.worker = {.steward_fd = -1,
			   .hint_fds = {-1, -1},
			   .control_fd = -1,
			   .dump_fd = -1,
			   .event_fd = -1,
			   .route_fd = -1,
			   .log_fd = -1},
		.lock_fd = -1,
		.guard_fd = -1,
	};
	status = open_folder(diag);
	if (status == GP_OK)
		status = take_guard(files, diag);
	if (status == GP_OK)
		status = take_lock(files, diag);
	if (status == GP_OK)
		status = open_map(files, diag);
	if (status == GP_OK)
		status = open_sockets(&files->worker, diag);
	if (status == GP_OK)
		status = open_netlink(&files->worker, diag);
	if (status == GP_OK)
		status = open_log(settings->log_to, is_foreground, &files->worker.log_fd,
				  diag);
	if (status == GP_OK)
		open_listeners(&files->worker, &settings->dns);
	return status;
}

/* ---- once more ---- */

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

bool files_are_in_place(const struct files *files)
{
	return is_in_place(files->lock_fd, FILES_LOCK) && is_there(GP_REACH_PATH) &&
	       is_there(GP_CONTROL_PATH) && is_there(GP_HINT_PATH) &&
	       is_there(GP_HINT_SYSTEM_PATH);
}

/* The lock: who has taken the name above may have it by now. */
static enum gp_status lock_again(struct files *files, struct gp_diag *diag)
{
	const int before = files->lock_fd;
	enum gp_status status;

	if (is_in_place(before, FILES_LOCK))
		return GP_OK;
	status = take_lock(files, diag);
	if (status == GP_OK && before >= 0)
		close(before);
	return status;
}

enum gp_status files_open_again(struct files *files, struct files_again *out,
				struct gp_diag *diag)
{
	void *memory = NULL;
	enum gp_status status;

	*out = (struct files_again){.map_fd = -1, .control_fd = -1};
	status = open_folder(diag);
	if (status == GP_OK)
		status = lock_again(files, diag);
	if (status == GP_OK && !is_there(GP_REACH_PATH)) {
		status = make_map(&memory, diag);
		out->map = memory;
		out->map_fd = memory ? open_own_map() : -1;
		if (memory && out->map_fd < 0)
			status = fail(diag, GP_REACH_PATH, "cannot be opened");
	}
	if (status == GP_OK && !is_there(GP_CONTROL_PATH)) {
		out->control_fd = bind_control(GP_CONTROL_PATH);
		if (out->control_fd < 0 || listen(out->control_fd, 16) < 0)
			status = fail(diag, GP_CONTROL_PATH, "cannot be bound");
	}
	out->wants_hints = !is_there(GP_HINT_PATH) || !is_there(GP_HINT_SYSTEM_PATH);
	return status;
}
