/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* elf.c - program headers, notes and dynamic strings. The file is read and not mapped: it
 * may be cut at any time. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guard/elf.h"

#define HEADERS_MAX 64
#define DYNAMIC_MAX 512
#define STRINGS_MAX (8U * 1024 * 1024)
#define NOTES_MAX 4096

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_ORDER ELFDATA2LSB
#else
#define OUR_ORDER ELFDATA2MSB
#endif

struct segment {
	uint32_t type;
	uint64_t offset, address, size;
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
						    wide.p_vaddr, wide.p_filesz};
			continue;
		}
		if (!read_at(file->fd, offset + i * size, &narrow, sizeof(narrow)))
			return false;
		*segment = (struct segment){narrow.p_type, narrow.p_offset,
					    narrow.p_vaddr, narrow.p_filesz};
	}
	return true;
}

/* Where ADDRESS is in the file; UINT64_MAX: nowhere. */
static uint64_t offset_of(const struct file *file, uint64_t address)
{
	for (size_t i = 0; i < file->count; i++) {
		const struct segment *one = &file->segments[i];

		if (one->type == PT_LOAD && address >= one->address &&
		    address - one->address < one->size)
			return one->offset + (address - one->address);
	}
	return UINT64_MAX;
}

static bool read_dynamic(const struct file *file, uint64_t offset, size_t at,
			 Elf64_Dyn *out)
{
	Elf32_Dyn narrow;

	if (file->is_64)
		return read_at(file->fd, offset + at * sizeof(*out), out, sizeof(*out));
	if (!read_at(file->fd, offset + at * sizeof(narrow), &narrow, sizeof(narrow)))
		return false;
	*out = (Elf64_Dyn){.d_tag = narrow.d_tag, .d_un.d_val = narrow.d_un.d_val};
	return true;
}

/* The dynamic strings are names of libraries and symbols, each with a NUL; a linker puts
 * one that is the end of another (some_getaddrinfo) there. */
static bool has_name(const char *strings, size_t size)
{
	static const char *const names[] = {"getaddrinfo", "getaddrinfo_a"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (memmem(strings, size, names[i], strlen(names[i]) + 1))
			return true;
	return false;
}

static bool asks(const struct file *file, const struct segment *dynamic)
{
	uint64_t address = 0, size = 0, offset;
	Elf64_Dyn entry;
	char *strings;
	bool found;

	for (size_t i = 0; i < DYNAMIC_MAX; i++) {
		if (!read_dynamic(file, dynamic->offset, i, &entry) ||
		    entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_STRTAB)
			address = entry.d_un.d_ptr;
		if (entry.d_tag == DT_STRSZ)
			size = entry.d_un.d_val;
	}
	offset = offset_of(file, address);
	if (offset == UINT64_MAX || size == 0 || size > STRINGS_MAX)
		return false;
	strings = malloc(size);
	found = strings && read_at(file->fd, offset, strings, size) &&
		has_name(strings, size);
	free(strings);
	return found;
}

/* NT_GNU_ABI_TAG, which glibc's own start files put into each program. */
static bool has_gnu_note(const struct file *file, const struct segment *notes)
{
	static const char name[] = "GNU";
	unsigned char bytes[NOTES_MAX];
	const size_t size = notes->size < sizeof(bytes) ? notes->size : sizeof(bytes);
	Elf32_Nhdr header;

	if (!read_at(file->fd, notes->offset, bytes, size))
		return false;
	for (size_t at = 0; size - at >= sizeof(header) + sizeof(name);) {
		const unsigned char *body = bytes + at + sizeof(header);
		size_t step;

		memcpy(&header, bytes + at, sizeof(header));
		if (header.n_type == NT_GNU_ABI_TAG && header.n_namesz == sizeof(name) &&
		    !memcmp(body, name, sizeof(name)))
			return true;
		step = sizeof(header) + (((size_t)header.n_namesz + 3) & ~(size_t)3) +
		       (((size_t)header.n_descsz + 3) & ~(size_t)3);
		if (step > size - at)
			return false;
		at += step;
	}
	return false;
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
			out->is_gnu |= has_gnu_note(&file, one);
		if (one->type == PT_DYNAMIC)
			out->asks |= asks(&file, one);
	}
	return true;
}
