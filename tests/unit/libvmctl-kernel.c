/* SPDX-License-Identifier: MIT */
/*
 * Tests how kernel files are read: ELF with Xen notes (lib/pv_elf) and bzImages (libvmctl/unpack).
 * Kernels are made here byte by byte, so that each number in them can be made wrong.
 */
#include <elf.h>
#include <fcntl.h>
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "copy.h"
#include "lib/pv_elf.h"
#include "suite.h"
#include "unpack.h"
#include "vmctl.h"
#include <public/elfnote.h>

#define BASE     0xffffffff80000000UL
#define SIZE     16384
#define NOTES_AT 0x200
#define TEXT_AT  0x1000

struct image {
    unsigned char bytes[SIZE];
    size_t notes; /* bytes of notes so far */
};

static Elf64_Ehdr *header(struct image *im)
{
    return (Elf64_Ehdr *)(void *)im->bytes;
}

static Elf64_Phdr *program(struct image *im, unsigned int i)
{
    return (Elf64_Phdr *)(void *)(im->bytes + sizeof(Elf64_Ehdr)) + i;
}

static void add_note(struct image *im, uint32_t type, const void *desc, uint32_t len)
{
    uint32_t head[3] = {4, len, type};
    unsigned char *at = im->bytes + NOTES_AT + im->notes;

    memcpy(at, head, sizeof(head));
    memcpy(at + 12, "Xen", 4);
    memcpy(at + 16, desc, len);
    im->notes += 16 + ((len + 3) & ~3U);
    program(im, 2)->p_filesz = im->notes;
}

static void add_number(struct image *im, uint32_t type, uint64_t number)
{
    add_note(im, type, &number, sizeof(number));
}

/* Two segments and no notes yet: 16 MiB + 8 KiB of text at pfn 0x1000, then data with some bss. */
static void make_bare(struct image *im)
{
    Elf64_Ehdr *eh = header(im);

    memset(im, 0, sizeof(*im));
    memcpy(eh->e_ident, ELFMAG, SELFMAG);
    eh->e_ident[EI_CLASS] = ELFCLASS64;
    eh->e_ident[EI_DATA] = ELFDATA2LSB;
    eh->e_type = ET_EXEC;
    eh->e_machine = EM_X86_64;
    eh->e_phoff = sizeof(*eh);
    eh->e_phentsize = sizeof(Elf64_Phdr);
    eh->e_phnum = 3;
    eh->e_entry = 0x1000000;
    *program(im, 0) = (Elf64_Phdr){.p_type = PT_LOAD,
                                   .p_offset = TEXT_AT,
                                   .p_vaddr = BASE + 0x1000000,
                                   .p_paddr = 0x1000000,
                                   .p_filesz = 0x1000,
                                   .p_memsz = 0x1000};
    *program(im, 1) = (Elf64_Phdr){.p_type = PT_LOAD,
                                   .p_offset = TEXT_AT + 0x1000,
                                   .p_vaddr = 0,
                                   .p_paddr = 0x1002000,
                                   .p_filesz = 0x800,
                                   .p_memsz = 0x3000};
    *program(im, 2) = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = NOTES_AT};
    for (size_t i = TEXT_AT; i < SIZE; i++)
        im->bytes[i] = (unsigned char)(i * 7);
}

static void make_good(struct image *im)
{
    make_bare(im);
    add_note(im, XEN_ELFNOTE_GUEST_OS, "linux", 6);
    add_number(im, XEN_ELFNOTE_VIRT_BASE, BASE);
    add_number(im, XEN_ELFNOTE_ENTRY, BASE + 0x1000100);
    add_number(im, XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x1002000);
    add_number(im, XEN_ELFNOTE_INIT_P2M, 0x8000000000UL);
    add_note(im, XEN_ELFNOTE_MOD_START_PFN, "\1\0\0\0", 4);
    add_note(im, XEN_ELFNOTE_FEATURES, "!writable_page_tables|pae_pgdir_above_4gb", 41);
    add_number(im, XEN_ELFNOTE_HV_START_LOW, 0xffff800000000000UL);
    add_number(im, XEN_ELFNOTE_PHYS32_ENTRY, 0x1000000);
}

static void test_good_elf(void)
{
    struct pv_image_input in;
    struct pv_elf_segment s;
    struct pv_image image;
    struct image im;
    struct pv_elf elf;

    make_good(&im);
    CU_ASSERT_PTR_NULL_FATAL(pv_elf_parse(im.bytes, SIZE, &elf));
    CU_ASSERT_EQUAL(elf.image.virt_base, BASE);
    CU_ASSERT_EQUAL(elf.image.kernel_start, BASE + 0x1000000);
    CU_ASSERT_EQUAL(elf.image.kernel_end, BASE + 0x1005000);
    CU_ASSERT_EQUAL(elf.image.entry, BASE + 0x1000100);
    CU_ASSERT_EQUAL(elf.hypercall_page, BASE + 0x1002000);
    CU_ASSERT_EQUAL(elf.image.init_p2m, 0x8000000000UL);
    CU_ASSERT_TRUE(elf.image.initrd_by_pfn);
    CU_ASSERT_EQUAL_FATAL(elf.nr_segments, 2);
    s = elf.segment[1];
    CU_ASSERT_EQUAL(s.virt, BASE + 0x1002000);
    CU_ASSERT_EQUAL(s.offset, TEXT_AT + 0x1000);
    CU_ASSERT_EQUAL(s.file_len, 0x800);
    CU_ASSERT_EQUAL(s.mem_len, 0x3000);
    in = elf.image;
    in.nr_pages = 16384;
    CU_ASSERT_PTR_NULL(pv_image_plan(&in, &image));
    CU_ASSERT_EQUAL(image.kernel.pfn, 0x1000);
    CU_ASSERT_EQUAL(image.kernel.pages, 5);
}

/* A kernel without any note but ENTRY: all defaults. */
static void test_plain_notes(void)
{
    struct image im;
    struct pv_elf elf;

    make_bare(&im);
    add_number(&im, XEN_ELFNOTE_ENTRY, 0x1000000);
    CU_ASSERT_PTR_NULL_FATAL(pv_elf_parse(im.bytes, SIZE, &elf));
    CU_ASSERT_EQUAL(elf.image.virt_base, 0);
    CU_ASSERT_EQUAL(elf.image.init_p2m, PV_IMAGE_NO_ADDR);
    CU_ASSERT_EQUAL(elf.hypercall_page, PV_IMAGE_NO_ADDR);
    CU_ASSERT_FALSE(elf.image.initrd_by_pfn);
    make_bare(&im);
    add_number(&im, XEN_ELFNOTE_VIRT_BASE, BASE);
    add_number(&im, XEN_ELFNOTE_PADDR_OFFSET, 0x1000000);
    CU_ASSERT_PTR_NULL_FATAL(pv_elf_parse(im.bytes, SIZE, &elf));
    CU_ASSERT_EQUAL(elf.image.kernel_start, BASE);
    CU_ASSERT_EQUAL(elf.image.entry, 0x1000000);
}

static void refuse(struct image *im, size_t size, const char *why)
{
    struct pv_elf elf;
    unsigned char *exact = malloc(size ? size : 1); /* so that the sanitizer sees the end */
    const char *error;

    memcpy(exact, im->bytes, size);
    error = pv_elf_parse(exact, size, &elf);
    free(exact);
    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    if (!strstr(error, why))
        fprintf(stderr, "expected '%s', got '%s'\n", why, error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, why));
}

static void test_bad_elf(void)
{
    struct image im;

#define BAD(change, why)        \
    do {                        \
        make_good(&im);         \
        change;                 \
        refuse(&im, SIZE, why); \
    } while (0)
    BAD(im.bytes[0] = 0, "no ELF file");
    BAD(header(&im)->e_ident[EI_CLASS] = ELFCLASS32, "32-bit kernel");
    BAD(header(&im)->e_ident[EI_CLASS] = 9, "damaged");
    BAD(header(&im)->e_ident[EI_DATA] = ELFDATA2MSB, "damaged");
    BAD(header(&im)->e_machine = EM_AARCH64, "another machine");
    BAD(header(&im)->e_type = ET_REL, "no executable");
    BAD(header(&im)->e_phnum = 0, "damaged");
    BAD(header(&im)->e_phnum = 65535, "damaged");
    BAD(header(&im)->e_phentsize = 8, "damaged");
    BAD(header(&im)->e_phoff = UINT64_MAX - 8, "cut short");
    BAD(header(&im)->e_phoff = SIZE - 100, "cut short");
    BAD(program(&im, 0)->p_offset = UINT64_MAX, "cut short");
    BAD(program(&im, 1)->p_filesz = UINT64_MAX, "cut short");
    BAD(program(&im, 2)->p_filesz = SIZE, "cut short");
    BAD(program(&im, 1)->p_filesz = 0x3001; program(&im, 1)->p_offset = 0, "make no sense");
    BAD(program(&im, 1)->p_memsz = UINT64_MAX, "make no sense");
    BAD(program(&im, 1)->p_paddr = UINT64_MAX - BASE, "make no sense");
    BAD(program(&im, 2)->p_type = PT_NULL, "no Xen notes");
    BAD((program(&im, 0)->p_type = PT_NULL, program(&im, 1)->p_memsz = 0), "nothing to load");
    BAD(add_note(&im, XEN_ELFNOTE_FEATURES, "a|!auto_translated_physmap", 26),
        "requires a feature");
    BAD(add_note(&im, XEN_ELFNOTE_FEATURES, "!", 1), "requires a feature");
    BAD(add_number(&im, XEN_ELFNOTE_HV_START_LOW, 0xffff900000000000UL), "no room");
#undef BAD
    make_bare(&im);
    add_number(&im, XEN_ELFNOTE_PHYS32_ENTRY, 0x1000000);
    refuse(&im, SIZE, "HVM or PVH kernel");
    add_number(&im, XEN_ELFNOTE_HYPERCALL_PAGE, BASE);
    refuse(&im, SIZE, "HVM or PVH kernel");
}

/* Every length that the file could be cut to. */
static void test_truncated_elf(void)
{
    struct image im;
    struct pv_elf elf;
    size_t needed = TEXT_AT + 0x1800;

    make_good(&im);
    for (size_t size = 0; size < needed; size += size < 0x400 ? 1 : 61) {
        unsigned char *exact = malloc(size ? size : 1);

        memcpy(exact, im.bytes, size);
        CU_ASSERT_PTR_NOT_NULL(pv_elf_parse(exact, size, &elf));
        free(exact);
    }
    CU_ASSERT_PTR_NULL(pv_elf_parse(im.bytes, needed, &elf));
}

/* Seeded mutations: what is let pass must lie inside the file and plan without a fault. */
static void test_mutated_elf(void)
{
    unsigned int passed = 0, refused = 0;
    struct image good, im;

    make_good(&good);
    srand(4);
    for (int round = 0; round < 100000; round++) {
        struct pv_elf elf;
        struct pv_image image;

        memcpy(&im, &good, 0x400);
        for (int k = rand() % 4; k >= 0; k--)
            im.bytes[(size_t)rand() % 0x400] = (unsigned char)(rand() % 2 ? rand() : -(rand() % 2));
        memcpy(im.bytes + 0x400, good.bytes + 0x400, SIZE - 0x400);
        if (pv_elf_parse(im.bytes, SIZE, &elf)) {
            refused++;
            continue;
        }
        passed++;
        for (unsigned int i = 0; i < elf.nr_segments; i++) {
            struct pv_elf_segment s = elf.segment[i];

            CU_ASSERT_FATAL(s.offset <= SIZE && s.file_len <= SIZE - s.offset);
            CU_ASSERT_FATAL(s.file_len <= s.mem_len);
            CU_ASSERT_FATAL(s.virt >= elf.image.kernel_start && s.virt + s.mem_len <= elf.image.kernel_end);
        }
        struct pv_image_input in = elf.image;

        in.nr_pages = 65536;
        if (!pv_image_plan(&in, &image))
            CU_ASSERT_FATAL(image.pages_needed <= in.nr_pages);
    }
    CU_ASSERT(passed > 1000);
    CU_ASSERT(refused > 1000);
}

/* ---- copying ---- */

#define PART        0x6000
#define SECTIONS_AT 0x600

/*
 * Gives the second segment, all of it in the file now, a .bss that the file fills with zeros from
 * 0x100 on, and a third of zeros that no section tells of.
 */
static void add_bss(struct image *im)
{
    Elf64_Shdr *sh = (Elf64_Shdr *)(void *)(im->bytes + SECTIONS_AT);

    program(im, 1)->p_filesz = 0x2000;
    program(im, 1)->p_vaddr = BASE + 0x1002000;
    memset(im->bytes + TEXT_AT + 0x1100, 0, 0x1f00);
    header(im)->e_shoff = SECTIONS_AT;
    header(im)->e_shentsize = sizeof(*sh);
    header(im)->e_shnum = 3;
    sh[1] = (Elf64_Shdr){.sh_type = SHT_NOBITS,
                         .sh_flags = SHF_ALLOC | SHF_WRITE,
                         .sh_addr = BASE + 0x1002100,
                         .sh_size = 0x1800};
    sh[2] = (Elf64_Shdr){.sh_type = SHT_NOBITS,
                         .sh_flags = SHF_ALLOC | SHF_TLS,
                         .sh_addr = BASE + 0x1000000,
                         .sh_size = 0x1000};
}

/* What the part has to hold, byte by byte. */
static void naive_copy(const struct image *im, const struct pv_elf *elf, unsigned char *part)
{
    for (unsigned int i = 0; i < elf->nr_segments; i++) {
        struct pv_elf_segment s = elf->segment[i];

        for (uint64_t at = 0; at < s.mem_len; at++)
            part[s.virt - elf->image.kernel_start + at] = at < s.file_len ? im->bytes[s.offset + at] : 0;
    }
}

/* Copies through the slots, as the builder does; returns how many pages were needed. */
static uint64_t slot_copy(const struct pv_elf *elf, bool zero_frames, unsigned char *part)
{
    struct copy_holes holes;
    struct copy_job job = {.elf = elf,
                           .holes = &holes,
                           .virt = elf->image.kernel_start,

                           .pages = (elf->image.kernel_end - elf->image.kernel_start + 4095) / 4096,
                           .zero_frames = zero_frames};
    unsigned char *slots;

    copy_find_holes(elf, &holes);
    CU_ASSERT_TRUE_FATAL(copy_choose(&job));
    slots = aligned_alloc(4096, (job.nr_slots + 1) * 4096);
    memset(slots, zero_frames ? 0 : 0xaa, job.nr_slots * 4096);
    CU_ASSERT_TRUE(copy_segments(&job, slots));
    for (uint64_t i = 0; i < job.pages; i++)
        if (job.slots[i] != COPY_NO_SLOT)
            memcpy(part + i * 4096, slots + (size_t)job.slots[i] * 4096, 4096);
    free(slots);
    free(job.slots);
    return job.nr_slots;
}

static void check_copy(struct image *im, uint64_t full, uint64_t sparse)
{
    unsigned char expected[PART], part[PART];
    struct pv_elf elf;

    CU_ASSERT_PTR_NULL_FATAL(pv_elf_parse(im->bytes, SIZE, &elf));
    memset(expected, 0, PART);
    naive_copy(im, &elf, expected);
    for (int zero_frames = 0; zero_frames <= 1; zero_frames++) {
        memset(part, 0, PART);
        CU_ASSERT_EQUAL(slot_copy(&elf, zero_frames, part), zero_frames ? sparse : full);
        for (unsigned int i = 0; i < elf.nr_segments; i++) { /* between them, anything may be */
            struct pv_elf_segment seg = elf.segment[i];
            uint64_t at = seg.virt - elf.image.kernel_start;

            CU_ASSERT_EQUAL(memcmp(part + at, expected + at, seg.mem_len), 0);
        }
    }
}

static void test_copy(void)
{
    struct image im;
    struct pv_elf elf;
    struct copy_holes holes;

    make_good(&im);
    check_copy(&im, 4, 2); /* a page of text; one of data, and two of bss behind the file's end */
    add_bss(&im);
    CU_ASSERT_PTR_NULL_FATAL(pv_elf_parse(im.bytes, SIZE, &elf));
    copy_find_holes(&elf, &holes);
    CU_ASSERT_EQUAL(holes.count, 1);
    CU_ASSERT_EQUAL(holes.at[0].from, TEXT_AT + 0x1100);
    CU_ASSERT_EQUAL(holes.at[0].to, TEXT_AT + 0x2900);
    check_copy(&im, 4, 2);
    program(&im, 1)->p_paddr += 0x234; /* pages of the file across pages of memory */
    check_copy(&im, 5, 2);
}

/* Section headers are nobody's promise: whatever they say, nothing outside the file is read. */
static void test_mutated_sections(void)
{
    struct image good, im;

    make_good(&good);
    add_bss(&good);
    srand(7);
    for (int round = 0; round < 20000; round++) {
        unsigned char *part = calloc(1, PART), *exact = malloc(SIZE);
        struct pv_elf elf;

        im = good;
        for (int k = rand() % 4; k >= 0; k--) {
            size_t at = rand() % 2 ? SECTIONS_AT + (size_t)rand() % 192 : 40 + (size_t)rand() % 24;

            im.bytes[at] = (unsigned char)(rand() % 2 ? rand() : -(rand() % 2));
        }
        memcpy(exact, im.bytes, SIZE);
        if (!pv_elf_parse(exact, SIZE, &elf) && elf.image.kernel_end - elf.image.kernel_start <= PART)
            slot_copy(&elf, rand() % 2, part);
        free(exact);
        free(part);
    }
}

/* ---- bzImages ---- */

enum packing { PACK_GZIP, PACK_XZ, PACK_ZSTD, PACK_LZ4, PACK_NONE };

#define LZ4_PIECE 4096 /* of each block unpacked; the kernel's build makes them larger */

/* The old LZ4 format: a magic number, then blocks, each behind its length. Returns the length. */
static size_t pack_lz4(const unsigned char *in, size_t len, unsigned char *out, size_t room)
{
    size_t n = 4;

    memcpy(out, "\x02\x21\x4c\x18", 4);
    for (size_t at = 0; at < len; at += LZ4_PIECE) {
        size_t piece = len - at < LZ4_PIECE ? len - at : LZ4_PIECE;
        uint32_t size = (uint32_t)LZ4_compress_default((const char *)in + at, (char *)out + n + 4, (int)piece,
                                                       (int)(room - n - 4));

        memcpy(out + n, &size, 4);
        n += 4 + size;
    }
    return n;
}

/* Compresses like the kernel's build: all but gzip get the size appended. Returns the length. */
static size_t pack(enum packing how, const unsigned char *in, size_t len, unsigned char *out,
                   size_t room)
{
    uint32_t size = (uint32_t)len;
    size_t n = 0;

    if (how == PACK_GZIP) {
        z_stream z = {.next_in = (unsigned char *)(uintptr_t)in,
                      .avail_in = (uInt)len,
                      .next_out = out,
                      .avail_out = (uInt)room};

        deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
        deflate(&z, Z_FINISH);
        n = z.total_out;
        deflateEnd(&z);
        return n; /* gzip ends in the size by itself */
    }
    if (how == PACK_XZ)
        lzma_easy_buffer_encode(6, LZMA_CHECK_CRC32, NULL, in, len, out, &n, room);
    else if (how == PACK_ZSTD) {
        ZSTD_CCtx *z = ZSTD_createCCtx();

        ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1); /* as the zstd program does */
        n = ZSTD_compress2(z, out, room, in, len);
        ZSTD_freeCCtx(z);
    } else if (how == PACK_LZ4) {
        n = pack_lz4(in, len, out, room);
    } else {
        memcpy(out, in, n = len);
    }
    if (how == PACK_NONE)
        return n;
    memcpy(out + n, &size, 4);
    return n + 4;
}

#define SETUP 2048 /* 3 setup sectors and the boot sector */

struct bzimage {
    unsigned char bytes[65536];
    size_t size, payload_len;
};

static void make_bzimage(struct bzimage *bz, enum packing how, const unsigned char *kernel,
                         size_t len)
{
    uint32_t offset = 0x100, length;

    memset(bz, 0, sizeof(*bz));
    bz->bytes[0x1f1] = SETUP / 512 - 1;
    bz->bytes[0x1fe] = 0x55;
    bz->bytes[0x1ff] = 0xaa;
    memcpy(bz->bytes + 0x202, "HdrS", 4);
    bz->bytes[0x206] = 0x0f;
    bz->bytes[0x207] = 0x02;
    bz->payload_len = pack(how, kernel, len, bz->bytes + SETUP + offset, 60000);
    length = (uint32_t)bz->payload_len;
    memcpy(bz->bytes + 0x248, &offset, 4);
    memcpy(bz->bytes + 0x24c, &length, 4);
    bz->size = SETUP + offset + length + 64; /* something follows it, as in real ones */
}

static void test_good_bzimages(void)
{
    struct image im;
    struct bzimage bz;
    struct file_data out;

    make_good(&im);
    for (enum packing how = PACK_GZIP; how <= PACK_NONE; how++) {
        make_bzimage(&bz, how, im.bytes, SIZE);
        CU_ASSERT_PTR_NULL_FATAL(unpack_bzimage(bz.bytes, bz.size, &out));
        CU_ASSERT_EQUAL_FATAL(out.size, SIZE);
        CU_ASSERT_EQUAL(memcmp(out.data, im.bytes, SIZE), 0);
        file_close(&out);
    }
}

static void refuse_bz(const struct bzimage *bz, size_t size, const char *why)
{
    struct file_data out;
    const char *error = unpack_bzimage(bz->bytes, size, &out);

    CU_ASSERT_PTR_NOT_NULL_FATAL(error);
    if (!strstr(error, why))
        fprintf(stderr, "expected '%s', got '%s'\n", why, error);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, why));
    CU_ASSERT_EQUAL(out.mapped, 0);
}

static void test_bad_bzimages(void)
{
    static const uint32_t sizes[] = {0, 63, SIZE - 1, SIZE + 1, 600u << 20, UINT32_MAX};
    struct image im;
    struct bzimage bz;

    make_good(&im);
    for (enum packing how = PACK_GZIP; how <= PACK_LZ4; how++) {
        unsigned char *payload = bz.bytes + SETUP + 0x100;

        make_bzimage(&bz, how, im.bytes, SIZE);
        refuse_bz(&bz, 0x24f, "neither ELF nor bzImage");
        refuse_bz(&bz, SETUP, "cut short");
        refuse_bz(&bz, bz.size - 65, "cut short");
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            memcpy(payload + bz.payload_len - 4, &sizes[i], 4); /* a lie about the size */
            refuse_bz(&bz, bz.size, "damaged");
        }
        make_bzimage(&bz, how, im.bytes, SIZE);
        if (how == PACK_LZ4) /* nothing sums its bytes up, so a length: its first block ends elsewhere */
            payload[4]++;
        else
            payload[bz.payload_len / 2] ^= 0x10;
        refuse_bz(&bz, bz.size, "damaged");
        memset(payload, 0, 8);
        refuse_bz(&bz, bz.size, "damaged");
        memcpy(payload, "BZh9", 4);
        refuse_bz(&bz, bz.size, "not supported");
        bz.bytes[0x206] = 7;
        refuse_bz(&bz, bz.size, "too old");
    }
}

/* A little file that would become a gigabyte stops at what it says it is, or at the limit. */
static void test_bomb(void)
{
    size_t big = 1 << 26;
    unsigned char *zeros = calloc(1, big);
    struct bzimage bz;
    uint32_t lie = 1 << 20;

    CU_ASSERT_PTR_NOT_NULL_FATAL(zeros);
    for (enum packing how = PACK_XZ; how <= PACK_ZSTD; how++) {
        make_bzimage(&bz, how, zeros, big);
        memcpy(bz.bytes + SETUP + 0x100 + bz.payload_len - 4, &lie, 4);
        refuse_bz(&bz, bz.size, "damaged");
    }
    free(zeros);
}

static void test_mutated_bzimages(void)
{
    struct image im;
    struct bzimage good, bz;

    make_good(&im);
    srand(5);
    for (enum packing how = PACK_GZIP; how <= PACK_NONE; how++) {
        make_bzimage(&good, how, im.bytes, SIZE);
        for (int round = 0; round < 3000; round++) {
            struct file_data out;

            bz = good;
            for (int k = rand() % 3; k >= 0; k--) {
                size_t at = rand() % 2 ? 0x1f1 + (size_t)rand() % 0x60 : (size_t)rand() % good.size;

                bz.bytes[at] = (unsigned char)rand();
            }
            if (!unpack_bzimage(bz.bytes, rand() % 8 ? bz.size : (size_t)rand() % bz.size, &out)) {
                CU_ASSERT(out.size <= UNPACK_MAX);
                file_close(&out);
            }
        }
    }
}

/* The tool's function, from file to file. */
static void test_files(void)
{
    char dir[] = "/tmp/mews-kernel-XXXXXX", in[64], out[64], error[256];
    struct image im;
    struct bzimage bz;
    struct file_data file;
    struct stat st;
    int fd;

    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    snprintf(in, sizeof(in), "%s/bzImage", dir);
    snprintf(out, sizeof(out), "%s/vmlinux", dir);
    make_good(&im);
    make_bzimage(&bz, PACK_XZ, im.bytes, SIZE);

    CU_ASSERT_EQUAL(vmctl_unpack_kernel(in, out, error, sizeof(error)), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "No such file"));
    CU_ASSERT_EQUAL(vmctl_unpack_kernel(dir, out, error, sizeof(error)), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "not a regular file"));
    fd = open(in, O_CREAT | O_WRONLY, 0600);
    CU_ASSERT_EQUAL(vmctl_unpack_kernel(in, out, error, sizeof(error)), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "empty"));
    CU_ASSERT_EQUAL(write(fd, bz.bytes, bz.size), (ssize_t)bz.size);
    close(fd);
    CU_ASSERT_EQUAL(vmctl_unpack_kernel(in, out, error, sizeof(error)), 0);
    CU_ASSERT_PTR_NULL_FATAL(file_open(out, &file));
    CU_ASSERT_EQUAL(file.size, SIZE);
    CU_ASSERT_EQUAL(memcmp(file.data, im.bytes, SIZE), 0);
    file_close(&file);
    CU_ASSERT_EQUAL(unlink(out), 0);

    CU_ASSERT_EQUAL(truncate(in, (off_t)bz.size - 100), 0);
    CU_ASSERT_EQUAL(vmctl_unpack_kernel(in, out, error, sizeof(error)), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(error, in));
    CU_ASSERT_PTR_NOT_NULL(strstr(error, "cut short"));
    CU_ASSERT_EQUAL(stat(out, &st), -1);
    unlink(in);
    CU_ASSERT_EQUAL(rmdir(dir), 0); /* nothing else is left in it */
}

static CU_TestInfo tests[] = {
    {"a good ELF", test_good_elf},
    {"few notes", test_plain_notes},
    {"bad ELFs", test_bad_elf},
    {"ELFs cut short anywhere", test_truncated_elf},
    {"100000 mutated ELFs", test_mutated_elf},
    {"copied, bss and holes", test_copy},
    {"20000 mutated section headers", test_mutated_sections},
    {"bzImages: gzip, xz, zstd, lz4, none", test_good_bzimages},
    {"bad bzImages", test_bad_bzimages},
    {"a decompression bomb", test_bomb},
    {"15000 mutated bzImages", test_mutated_bzimages},
    {"from file to file", test_files},
    CU_TEST_INFO_NULL,
};

int main(void)
{
    return suite_run("kernel files", tests);
}
