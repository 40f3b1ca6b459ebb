/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ELF files say of themselves, damaged ones too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guard/elf.h"

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
	const int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(gp_elf_look(fd, &elf));
	close(fd);
	assert_true(elf.has_interpreter && elf.is_gnu && !elf.is_go);
	assert_true(look_at(&tiny, sizeof(tiny), &elf));
	assert_true(elf.is_gnu && !elf.has_interpreter && !elf.is_go);
	/* Of the same name, but no version of an ABI. */
	tiny.note.n_type = NT_GNU_BUILD_ID;
	assert_true(look_at(&tiny, sizeof(tiny), &elf));
	assert_false(elf.is_gnu || elf.is_go);
	memcpy(tiny.name, "Go\0", 4);
	assert_true(look_at(&tiny, sizeof(tiny), &elf));
	assert_false(elf.is_gnu || elf.is_go);
	tiny.note.n_type = 4;
	assert_true(look_at(&tiny, sizeof(tiny), &elf));
	assert_true(elf.is_go && !elf.is_gnu);
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

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_elf),
					   cmocka_unit_test(test_elf_damage)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
