/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* runfolder.c - inotify on the run folder, and making it anew. */
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guard/clock.h"
#include "message.h"
#include "runfolder.h"
#include "say.h"

/* Whoever empties a folder does it file by file. */
#define SETTLE_MS 20
#define AGAIN_MS 1000

/* Each time anew: it may be another folder. */
static void watch(struct runfolder *run)
{
	if (run->fd >= 0)
		close(run->fd);
	run->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (run->fd >= 0)
		inotify_add_watch(run->fd, GP_RUN_DIR,
				  IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF |
					  IN_MOVE_SELF | IN_ONLYDIR);
}

/* False: the worker cannot be told of what it is to use. */
static bool hand_over(struct runfolder *run, int worker_fd,
		      const struct files_again *again)
{
	bool is_told = true;

	if (again->map_fd >= 0) {
		is_told = message_send_file(worker_fd, MESSAGE_MAP, again->map_fd);
		munmap(run->map, gp_reach_size());
		run->map = again->map;
		close(again->map_fd);
	}
	if (again->control_fd >= 0) {
		is_told &=
			message_send_file(worker_fd, MESSAGE_CONTROL, again->control_fd);
		close(again->control_fd);
	}
	return is_told;
}

void runfolder_begin(struct runfolder *run, struct files *files)
{
	*run = (struct runfolder){.files = files, .map = files->worker.map, .fd = -1};
	watch(run);
	/* Something may have gone before it was watched. */
	run->due_ms = gp_boot_ms();
}

void runfolder_take(struct runfolder *run)
{
	_Alignas(struct inotify_event) char bytes[4096];

	while (read(run->fd, bytes, sizeof(bytes)) > 0)
		;
	if (!run->due_ms)
		run->due_ms = gp_boot_ms() + SETTLE_MS;
}

bool runfolder_look(struct runfolder *run, int worker_fd, bool *wants_hints)
{
	struct files_again again;
	struct gp_diag diag;
	enum gp_status status;
	bool is_told;

	*wants_hints = false;
	run->due_ms = 0;
	watch(run);
	if (files_are_in_place(run->files))
		return true;
	run->due_ms = gp_boot_ms() + AGAIN_MS;
	status = files_open_again(run->files, &again, &diag);
	is_told = hand_over(run, worker_fd, &again);
	watch(run);
	if (status != GP_OK) {
		say("%s%s%s", diag.path, diag.path[0] ? ": " : "", diag.text);
		/* A unit may write in the folder, and not make it. */
		return is_told && status != GP_BUSY && !getenv("NOTIFY_SOCKET");
	}
	*wants_hints = again.wants_hints;
	say(GP_RUN_DIR ": what was removed there is made again");
	return is_told;
}
