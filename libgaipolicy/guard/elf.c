/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* elf.c - program headers and notes. The file is read and not mapped: it
 * may be cut at any time. */
#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "guard/elf.h"

#define HEADERS_MAX 64
#define NOTES_MAX 4096

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_ORDER ELFDATA2LSB
#else
#define OUR_ORDER ELFDATA2MSB
#endif

struct segment {
	uint32_t type;
	uint64_t offset, size;
};

struct file {
	int fd;
	bool is_64;
	size_t count;
	struct segment segments[HEADERS_MAX];
};

static bool read_at(int fd, uint64_t offset, void *out, size_t size)
{
	return offset <= INT64_MAX &&
	       pread(fd, out, size, (off_t)offset) == (ssize_t)size;
}

static bool read_header(struct file *file, uint64_t *offset, size_t *size)
{
	unsigned char ident[EI_NIDENT];
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (!read_at(file->fd, 0, ident, sizeof(ident)) ||
	    memcmp(ident, ELFMAG, SELFMAG) != 0 || ident[EI_DATA] != OUR_ORDER)
		return false;
	file->is_64 = ident[EI_CLASS] == ELFCLASS64;
	if (file->is_64) {
		if (!read_at(file->fd, 0, &wide, sizeof(wide)))
			return false;
		*offset = wide.e_phoff;
		*size = wide.e_phentsize;
		file->count = wide.e_phnum;
	} else {
		if (!read_at(file->fd, 0, &narrow, sizeof(narrow)))
			return false;
		*offset = narrow.e_phoff;
		*size = narrow.e_phentsize;
		file->count = narrow.e_phnum;
	}
	return file->count <= HEADERS_MAX &&
	       *size == (file->is_64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
}

static bool read_segments(struct file *file)
{
	uint64_t offset;
	size_t size;

	if (!read_header(file, &offset, &size))
		return false;
	for (size_t i = 0; i < file->count; i++) {
		struct segment *segment = &file->segments[i];
		Elf64_Phdr wide;
		Elf32_Phdr narrow;

		if (file->is_64) {
			if (!read_at(file->fd, offset + i * size, &wide, sizeof(wide)))
				return false;
			*segment = (struct segment){wide.p_type, wide.p_offset,
						    wide.p_filesz};
			continue;
		}
		if (!read_at(file->fd, offset + i * size, &narrow, sizeof(narrow)))
			return false;
		*segment =
			(struct segment){narrow.p_type, narrow.p_offset, narrow.p_filesz};
	}
	return true;
}

/* Go's linker puts its build id there; glibc's own start files put NT_GNU_ABI_TAG into
 * each program. */
#define NT_GO_BUILD_ID 4

/* One note of SIZE bytes at AT and what is behind it; 0: the last one. */
static size_t take_note(const unsigned char *at, size_t size, struct gp_elf *out)
{
	Elf32_Nhdr header;
	size_t step;

	if (size < sizeof(header) + 4)
		return 0;
	memcpy(&header, at, sizeof(header));
	if (header.n_namesz == 4 && header.n_type == NT_GNU_ABI_TAG)
		out->is_gnu |= !memcmp(at + sizeof(header), "GNU", 4);
	if (header.n_namesz == 4 && header.n_type == NT_GO_BUILD_ID)
		out->is_go |= !memcmp(at + sizeof(header), "Go\0", 4);
	step = sizeof(header) + (((size_t)header.n_namesz + 3) & ~(size_t)3) +
	       (((size_t)header.n_descsz + 3) & ~(size_t)3);
	return step > size ? 0 : step;
}

static void read_notes(const struct file *file, const struct segment *notes,
		       struct gp_elf *out)
{
	unsigned char bytes[NOTES_MAX];
	const size_t size = notes->size < sizeof(bytes) ? notes->size : sizeof(bytes);
	size_t step;

	if (!read_at(file->fd, notes->offset, bytes, size))
		return;
	for (size_t at = 0; (step = take_note(bytes + at, size - at, out)); at += step)
		;
}

bool gp_elf_look(int fd, struct gp_elf *out)
{
	struct file file = {.fd = fd};

	*out = (struct gp_elf){0};
	if (!read_segments(&file))
		return false;
	for (size_t i = 0; i < file.count; i++) {
		const struct segment *one = &file.segments[i];

		out->has_interpreter |= one->type == PT_INTERP;
		if (one->type == PT_NOTE)
			read_notes(&file, one, out);
	}
	return true;
}
