/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_ring.c - the memory that the doors of a program write down in what they decided. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "run.h"

#ifndef MFD_NOEXEC_SEAL /* Linux 6.3 */
#define MFD_NOEXEC_SEAL 8U
#endif

static int make_file(size_t size)
{
	const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("v6guard-trace", flags | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("v6guard-trace", flags);
	if (fd < 0)
		return -1;
	/* All of it is there from now on: nobody who writes to it runs out of memory. */
	if (!ftruncate(fd, (off_t)size) && !posix_fallocate(fd, 0, (off_t)size) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fd;
	close(fd);
	return -1;
}

/* Programs open it by the descriptor that we have. */
bool run_trace_open(struct run_trace *out, bool is_shown)
{
	*out = (struct run_trace){.fd = make_file(sizeof(*out->ring))};
	if (out->fd < 0)
		return false;
	out->ring = mmap(NULL, sizeof(*out->ring), PROT_READ | PROT_WRITE, MAP_SHARED,
			 out->fd, 0);
	if (out->ring == MAP_FAILED) {
		out->ring = NULL;
		return false;
	}
	out->ring->magic = GP_TRACE_MAGIC;
	out->ring->wants_found = is_shown;
	out->is_shown = is_shown;
	snprintf(out->name, sizeof(out->name), "/proc/%ld/fd/%d", (long)getpid(),
		 out->fd);
	return !access(out->name, R_OK | W_OK);
}

void run_trace_close(struct run_trace *trace)
{
	if (trace->ring)
		munmap(trace->ring, sizeof(*trace->ring));
	if (trace->fd >= 0)
		close(trace->fd);
}

/* Of the next page. */
enum page { PAGE_WHOLE, PAGE_LOST, PAGE_BEING_WRITTEN };

static enum page read_page(const struct run_trace *trace, struct gp_trace *message,
			   long *pid)
{
	const unsigned number = trace->taken + 1;
	struct gp_trace_page *page = &trace->ring->pages[trace->taken % GP_TRACE_PAGES];
	const unsigned found = atomic_load(&page->number);

	*message = page->trace;
	*pid = page->pid;
	message->name[sizeof(message->name) - 1] = '\0';
	message->found[sizeof(message->found) - 1] = '\0';
	if (!found || found + GP_TRACE_PAGES == number)
		return PAGE_BEING_WRITTEN;
	/* Else the next one has taken its place. */
	atomic_thread_fence(memory_order_acquire);
	return found == number && atomic_load(&page->number) == number ? PAGE_WHOLE
								       : PAGE_LOST;
}

bool run_trace_next(struct run_trace *trace, struct gp_trace *message, long *pid,
		    bool is_over)
{
	const unsigned count = atomic_load(&trace->ring->count);

	if (count - trace->taken > GP_TRACE_PAGES)
		trace->taken = count - GP_TRACE_PAGES;
	while (trace->taken != count) {
		const enum page page = read_page(trace, message, pid);
		/* Who was killed while it wrote is not waited for for long. */
		if (page == PAGE_BEING_WRITTEN && !is_over &&
		    count - trace->taken <= GP_TRACE_PAGES / 2)
			return false;
		trace->taken++;
		if (page == PAGE_WHOLE)
			return true;
	}
	return false;
}

void run_trace_read(struct run_trace *trace, bool is_over)
{
	struct gp_trace message;
	long pid;

	/* A process that writes all the time is not read for ever. */
	for (unsigned i = 0; i < GP_TRACE_PAGES; i++) {
		if (!run_trace_next(trace, &message, &pid, is_over))
			break;
		run_trace_note(trace, &message, pid);
	}
	trace->lookups = atomic_load(&trace->ring->count);
	trace->changed = atomic_load(&trace->ring->changed);
}
