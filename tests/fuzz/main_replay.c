/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main_replay.c - runs a fuzz target over files, and the files of folders, without
 * libFuzzer; takes its command line, so that both are called alike.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int failed(const char *path)
{
	perror(path);
	return -1;
}

/* Each input in a block of just its size: whoever reads behind it is caught. */
static int run_file(const char *path, size_t size)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return failed(path);

	uint8_t *data = malloc(size ? size : 1);
	int runs = -1;
	if (data && fread(data, 1, size, file) == size) {
		LLVMFuzzerTestOneInput(data, size);
		runs = 1;
	} else {
		perror(path);
	}
	free(data);
	fclose(file);
	return runs;
}

static int run_path(const char *path);

static int run_folder(const char *path)
{
	DIR *dir = opendir(path);
	if (!dir)
		return failed(path);

	int runs = 0;
	for (struct dirent *entry; runs >= 0 && (entry = readdir(dir));) {
		char *name;
		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&name, "%s/%s", path, entry->d_name) < 0) {
			runs = failed(path);
			break;
		}
		int more = run_path(name);
		runs = more < 0 ? -1 : runs + more;
		free(name);
	}
	closedir(dir);
	return runs;
}

static int run_path(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return failed(path);
	return S_ISDIR(st.st_mode) ? run_folder(path)
				   : run_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	int runs = 0;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] == '-')
			continue;
		int more = run_path(argv[i]);
		if (more < 0)
			return 1;
		runs += more;
	}
	printf("%s: %d inputs\n", argv[0], runs);
	return runs > 0 ? 0 : 1;
}
