/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which running programs keep the gai.conf before: from a /proc of our own and from real
 * processes; and what ELF files say, damaged ones too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guard/clock.h"
#include "guard/elf.h"
#include "guard/running.h"

#define BOOT_MS 1000000000000LL
#define WRITTEN_S 5000 /* after that */

static char world[] = "/tmp/v6guard-running-XXXXXX";
static char self[PATH_MAX], quiet[PATH_MAX]; /* programs: one asks, one does not */

static void write_file(const char *name, const char *text)
{
	char path[PATH_MAX * 2];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", world, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void make_folder(const char *name)
{
	char path[PATH_MAX * 2];

	snprintf(path, sizeof(path), "%s/%s", world, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

static int set_up(void **state)
{
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	(void)state;
	assert_true(length > 0 && mkdtemp(world) && realpath("/bin/sleep", quiet));
	make_folder("etc");
	make_folder("other");
	write_file("etc/gai.conf", "");
	return 0;
}

static int tear_down(void **state)
{
	char line[PATH_MAX];

	(void)state;
	snprintf(line, sizeof(line), "rm -rf '%s'", world);
	return system(line); /* NOLINT: the test's own words */
}

/* ---- a /proc of our own --------------------------------------------------------------
 */

struct process {
	const char *name, *unit; /* NULL: none */
	int start_s;
	const char
		*libraries; /* M: maps self; q: quiet; g: glibc; m: musl; v: our module;
			       d: a library that is gone; s: the static program */
	bool is_elsewhere;  /* its root has another file */
	char state;
	unsigned flags;
};

#define P(one, two, three, four)                                                         \
	.name = (one), .unit = (two), .start_s = (three), .libraries = (four)

static void add_mapping(char *text, size_t size, const char *path, int ino)
{
	const size_t used = strlen(text);

	snprintf(text + used, size - used,
		 "7f0000000000-7f0000001000 r--p 00000000 fe:01 %d   %s\n"
		 "7f0000001000-7f0000002000 r-xp 00001000 fe:01 %d   %s\n",
		 ino, path, ino, path);
}

static void add_mappings(char *text, size_t size, const char *libraries)
{
	char path[PATH_MAX];

	snprintf(text, size, "7ffc0000-7ffd0000 rw-p 00000000 00:00 0  [stack]\n");
	for (; *libraries; libraries++) {
		switch (*libraries) {
		case 'M':
			add_mapping(text, size, self, 11);
			break;
		case 'q':
			add_mapping(text, size, quiet, 12);
			break;
		case 'g':
			add_mapping(text, size, "/lib/x86_64-linux-gnu/libc.so.6", 13);
			break;
		case 'm':
			add_mapping(text, size, "/lib/ld-musl-x86_64.so.1", 14);
			break;
		case 'v':
			add_mapping(text, size, "/lib/libnss_v6guard.so.2", 15);
			break;
		case 'd':
			add_mapping(text, size, "/lib/libgone.so (deleted)", 16);
			break;
		default:
			snprintf(path, sizeof(path), "%s/static", world);
			add_mapping(text, size, path, 17);
		}
	}
}

static void make_process(const char *proc, int pid, const struct process *process)
{
	char text[PATH_MAX * 8], name[PATH_MAX], target[64], link[PATH_MAX];

	snprintf(name, sizeof(name), "%s/%d", proc, pid);
	make_folder(name);
	snprintf(name, sizeof(name), "%s/%d/stat", proc, pid);
	snprintf(text, sizeof(text),
		 "%d (%s) %c 1 1 1 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 %ld 0 0\n", pid,
		 process->name, process->state ? process->state : 'S', process->flags,
		 (long)process->start_s * sysconf(_SC_CLK_TCK));
	write_file(name, text);
	snprintf(name, sizeof(name), "%s/%d/cgroup", proc, pid);
	snprintf(text, sizeof(text), "0::%s\n", process->unit ? process->unit : "/");
	write_file(name, text);
	snprintf(name, sizeof(name), "%s/%d/maps", proc, pid);
	add_mappings(text, sizeof(text), process->libraries);
	write_file(name, text);
	snprintf(link, sizeof(link), "%s/%s/%d/root", world, proc, pid);
	snprintf(target, sizeof(target), "%s%s", process->is_elsewhere ? world : "/",
		 process->is_elsewhere ? "/other" : "");
	assert_int_equal(symlink(target, link), 0);
}

static void look(const char *proc, bool did_reload, int before_s, struct gp_running *out)
{
	char folder[PATH_MAX], path[PATH_MAX];
	const struct gp_running_query query = {
		.proc = folder,
		.path = path,
		.did_reload = did_reload,
		.before_ms = BOOT_MS + before_s * 1000LL,
		.written_ms = BOOT_MS + WRITTEN_S * 1000LL,
		.boot_ms = BOOT_MS,
	};

	snprintf(folder, sizeof(folder), "%s/%s", world, proc);
	snprintf(path, sizeof(path), "%s/etc/gai.conf", world);
	assert_int_equal(gp_running_look(&query, out), GP_OK);
}

/* One process each: what it comes to without and with `reload yes`, written at 2000 s. */
static const struct {
	const char *why;
	struct process process;
	enum gp_keeping plain, reload;
} cases[] = {
	{"it may have read it",
	 {P("a", NULL, 3000, "Mg")},
	 GP_KEEPING_MAY,
	 GP_KEEPING_NOT},
	{"it has looked up names",
	 {P("a", NULL, 3000, "Mgv")},
	 GP_KEEPING_SURELY,
	 GP_KEEPING_NOT},
	{"it may have read one before that",
	 {P("a", NULL, 1000, "Mg")},
	 GP_KEEPING_MAY,
	 GP_KEEPING_MAY},
	{"as old as the file, within a second",
	 {P("a", NULL, 2000, "Mg")},
	 GP_KEEPING_MAY,
	 GP_KEEPING_MAY},
	{"it began after the change",
	 {P("a", NULL, 5002, "Mgv")},
	 GP_KEEPING_NONE,
	 GP_KEEPING_NONE},
	{"nothing in it asks",
	 {P("a", NULL, 3000, "qg")},
	 GP_KEEPING_NONE,
	 GP_KEEPING_NONE},
	{"musl", {P("a", NULL, 3000, "Mm")}, GP_KEEPING_NONE, GP_KEEPING_NONE},
	{"without any library",
	 {P("a", NULL, 3000, "q")},
	 GP_KEEPING_NONE,
	 GP_KEEPING_NONE},
	{"a static program of glibc",
	 {P("a", NULL, 3000, "s")},
	 GP_KEEPING_MAY,
	 GP_KEEPING_NOT},
	{"a library that was replaced: nobody knows",
	 {P("a", NULL, 3000, "qdg")},
	 GP_KEEPING_MAY,
	 GP_KEEPING_NOT},
	{"a container's",
	 {P("a", NULL, 3000, "Mgv"), .is_elsewhere = true},
	 GP_KEEPING_NONE,
	 GP_KEEPING_NONE},
	{"a thread of the kernel's",
	 {P("a", NULL, 1, ""), .flags = 0x00200000},
	 GP_KEEPING_NONE,
	 GP_KEEPING_NONE},
	{"one that has ended",
	 {P("a", NULL, 3000, "Mg"), .state = 'Z'},
	 GP_KEEPING_NONE,
	 GP_KEEPING_NONE},
	{"a name of its own choice",
	 {P("a) S 1 (b", NULL, 3000, "Mg")},
	 GP_KEEPING_MAY,
	 GP_KEEPING_NOT},
};

static enum gp_keeping keeping_of(const struct gp_running *running)
{
	if (running->count > 0)
		return running->units[0].keeping;
	return running->follow ? GP_KEEPING_NOT : GP_KEEPING_NONE;
}

/* ---- ELF files ---- */

struct tiny {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	Elf64_Nhdr note;
	char name[4];
	uint32_t words[4];
};

static struct tiny make_static(void)
{
	struct tiny tiny = {
		.header = {.e_phoff = offsetof(struct tiny, segment),
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_phnum = 1},
		.segment = {.p_type = PT_NOTE,
			    .p_offset = offsetof(struct tiny, note),
			    .p_filesz = sizeof(Elf64_Nhdr) + 20},
		.note = {4, 16, NT_GNU_ABI_TAG},
		.name = "GNU",
	};

	memcpy(tiny.header.e_ident, ELFMAG, SELFMAG);
	tiny.header.e_ident[EI_CLASS] = ELFCLASS64;
	tiny.header.e_ident[EI_DATA] =
		__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	return tiny;
}

static bool look_at(const void *bytes, size_t size, struct gp_elf *out)
{
	FILE *file = tmpfile();
	bool good;

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fflush(file), 0);
	good = gp_elf_look(fileno(file), out);
	fclose(file);
	return good;
}

static void test_elf(void **state)
{
	struct tiny tiny = make_static();
	struct gp_elf elf;
	int fd = open(self, O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(gp_elf_look(fd, &elf));
	close(fd);
	assert_true(elf.has_interpreter && elf.is_gnu && elf.asks);
	fd = open(quiet, O_RDONLY | O_CLOEXEC);
	assert_true(gp_elf_look(fd, &elf));
	close(fd);
	assert_true(elf.has_interpreter && !elf.asks);
	assert_true(look_at(&tiny, sizeof(tiny), &elf));
	assert_true(elf.is_gnu && !elf.has_interpreter && !elf.asks);
	/* Go's own notes, as an example. */
	memcpy(tiny.name, "Go\0", 4);
	assert_true(look_at(&tiny, sizeof(tiny), &elf));
	assert_false(elf.is_gnu);
	assert_false(look_at("#!/bin/sh\n", 10, &elf));
	assert_false(look_at("", 0, &elf));
}

/* Each byte another one, and cut anywhere: a sanitizer sees what is read behind. */
static void test_elf_damage(void **state)
{
	const struct tiny tiny = make_static();
	struct gp_elf elf;
	size_t good = 0;

	(void)state;
	for (size_t at = 0; at < sizeof(tiny); at++)
		for (int value = 0; value < 256; value += 85) {
			struct tiny copy = tiny;

			((unsigned char *)&copy)[at] = (unsigned char)value;
			good += look_at(&copy, sizeof(copy), &elf);
			look_at(&tiny, at, &elf);
		}
	assert_true(good > 0);
}

/* ---- */

static void test_cases(void **state)
{
	const struct tiny tiny = make_static();
	char name[PATH_MAX];
	FILE *file;

	(void)state;
	snprintf(name, sizeof(name), "%s/static", world);
	file = fopen(name, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(&tiny, sizeof(tiny), 1, file), 1);
	fclose(file);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gp_running plain, reload;

		snprintf(name, sizeof(name), "proc%zu", i);
		make_folder(name);
		make_process(name, 77, &cases[i].process);
		look(name, false, 2000, &plain);
		look(name, true, 2000, &reload);
		if (keeping_of(&plain) != cases[i].plain ||
		    keeping_of(&reload) != cases[i].reload || plain.unseen)
			fail_msg("%s: %d and %d", cases[i].why, keeping_of(&plain),
				 keeping_of(&reload));
		gp_running_free(&plain);
		gp_running_free(&reload);
	}
}

static const struct process many[] = {
	{P("nginx", "/system.slice/nginx.service", 100, "Mg")},
	{P("nginx", "/system.slice/nginx.service", 101, "Mgv")},
	{P("nginx", "/system.slice/nginx.service", 102, "Mgv")},
	{P("cron", "/system.slice/cron.service", 100, "Mg")},
	{P("vim", NULL, 100, "Mg")},
	{P("ash", NULL, 100, "Mg")},
	{P("vim", NULL, 100, "Mg")},
	{P("a", "/user.slice/user-7.slice/user@7.service/app.slice/a.service", 100,
	   "Mg")},
	{P("a", "/user.slice/user-8.slice/user@8.service/app.slice/a.service", 100,
	   "Mg")},
	{P("a", "/system.slice/a.service", 100, "Mg")},
	{P("none", "/system.slice/none.service", 100, "qg")},
};

/* The worst of a unit counts, with how many are like that; the same name is not always
 * the same unit. */
static void test_units(void **state)
{
	static const char *const expected =
		"nginx.service nginx 2 keeps -1\na.service a 1 may keep -1\n"
		"a.service a 1 may keep 7\na.service a 1 may keep 8\n"
		"cron.service cron 1 may keep -1\n ash 1 may keep -1\n vim 2 may keep "
		"-1\n";
	struct gp_running running;
	char text[1024] = "";

	(void)state;
	make_folder("many");
	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		make_process("many", 100 + (int)i, &many[i]);
	look("many", false, 0, &running);
	for (size_t i = 0; i < running.count; i++) {
		const struct gp_running_unit *unit = &running.units[i];
		const size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%s %s %zu %s %d\n",
			 unit->unit, unit->program, unit->count,
			 gp_keeping_text(unit->keeping),
			 unit->is_user ? (int)unit->user : -1);
	}
	gp_running_free(&running);
	assert_string_equal(text, expected);
}

/* A file that was removed again: who has the same folder, has none either. */
static void test_removed(void **state)
{
	struct gp_running running;
	char path[PATH_MAX], aside[PATH_MAX];

	(void)state;
	snprintf(path, sizeof(path), "%s/etc/gai.conf", world);
	snprintf(aside, sizeof(aside), "%s/aside", world);
	assert_int_equal(rename(path, aside), 0);
	look("many", false, 0, &running);
	assert_int_equal(rename(aside, path), 0);
	assert_int_equal(running.count, 7);
	gp_running_free(&running);
}

/* ---- real ones ----------------------------------------------------------------------
 */

/* A program that has looked up a name, and waits. */
static pid_t start_program(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(ready[1], STDOUT_FILENO);
		close(ready[0]);
		execl(self, "running-test", "lookup", NULL);
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static size_t count_ours(const struct gp_running_query *query, size_t *follow)
{
	struct gp_running running;
	size_t count = 0;

	assert_int_equal(gp_running_look(query, &running), GP_OK);
	for (size_t i = 0; i < running.count; i++)
		if (!strcmp(running.units[i].program, "v6g-lookup"))
			count = running.units[i].count;
	*follow = running.follow;
	gp_running_free(&running);
	return count;
}

static void test_real(void **state)
{
	char path[PATH_MAX];
	struct timespec now;
	size_t follow, others;

	(void)state;
	clock_gettime(CLOCK_REALTIME, &now);
	const int64_t now_ms = (int64_t)now.tv_sec * 1000;
	struct gp_running_query query = {.proc = "/proc",
					 .path = path,
					 .before_ms = now_ms - 3600000,
					 .written_ms = now_ms + 3600000,
					 .boot_ms = now_ms - gp_boot_ms()};
	snprintf(path, sizeof(path), "%s/etc/gai.conf", world);
	assert_int_equal(count_ours(&query, &others), 0);
	const pid_t first = start_program(), second = start_program();
	assert_int_equal(count_ours(&query, &follow), 2);
	query.did_reload = true;
	assert_int_equal(count_ours(&query, &follow), 0);
	assert_true(follow >= 2);
	query.before_ms = now_ms + 3600000;
	assert_int_equal(count_ours(&query, &follow), 2);
	query.written_ms = now_ms - 60000;
	assert_int_equal(count_ours(&query, &follow), 0);
	kill(first, SIGKILL);
	kill(second, SIGKILL);
	waitpid(first, NULL, 0);
	waitpid(second, NULL, 0);
}

static int look_up(void)
{
	struct addrinfo *list;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "v6g-lookup");
	if (!getaddrinfo("localhost", "80", NULL, &list))
		freeaddrinfo(list);
	if (write(STDOUT_FILENO, "", 1) != 1)
		return 1;
	for (;;)
		pause();
}

int main(int count, char **args)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elf),     cmocka_unit_test(test_elf_damage),
		cmocka_unit_test(test_cases),   cmocka_unit_test(test_units),
		cmocka_unit_test(test_removed), cmocka_unit_test(test_real),
	};

	if (count > 1 && !strcmp(args[1], "lookup"))
		return look_up();
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
