/* SPDX-License-Identifier: MIT */
/*
 * The parser of ELF64 PV kernels, see pv_elf.h. It must never dereference a byte that it has not
 * held against the file's size first, and never add two numbers of the file before bounding one.
 */
#include "lib/pv_elf.h"
#include "public/elfnote.h"

#define EI_CLASS    4
#define EI_DATA     5
#define ELFCLASS32  1
#define ELFCLASS64  2
#define ELFDATA2LSB 1
#define ET_EXEC     2
#define ET_DYN      3
#define EM_X86_64   62
#define PT_LOAD     1
#define PT_NOTE     4

/* The hypervisor's hole begins here; a kernel that wants it to begin higher cannot run. */
#define HYPERVISOR_START 0xffff800000000000UL

struct elf_header {
    unsigned char ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_program_header {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};

_Static_assert(sizeof(struct elf_header) == 64, "ELF64 header");
_Static_assert(sizeof(struct elf_program_header) == 56, "ELF64 program header");

/* Copies out of the file: it may be unaligned. len bytes at offset have been bounded before. */
static void read_bytes(const struct pv_elf *elf, uint64_t offset, void *to, uint64_t len)
{
    unsigned char *out = to;

    for (uint64_t i = 0; i < len; i++)
        out[i] = elf->file[offset + i];
}

/* True where len bytes at offset lie inside a space of size bytes. */
static bool inside(uint64_t offset, uint64_t len, uint64_t size)
{
    return offset <= size && len <= size - offset;
}

static struct elf_program_header program_header(const struct pv_elf *elf, const struct elf_header *header, unsigned int i)
{
    struct elf_program_header ph;

    read_bytes(elf, header->phoff + (uint64_t)i * header->phentsize, &ph, sizeof(ph));
    return ph;
}

static const char *read_header(const struct pv_elf *elf, struct elf_header *header)
{
    if (elf->size < 20)
        return "not a kernel: too short for an ELF file";
    if (elf->file[0] != 0x7f || elf->file[1] != 'E' || elf->file[2] != 'L' || elf->file[3] != 'F')
        return "not a kernel: no ELF file";
    if (elf->file[EI_CLASS] == ELFCLASS32)
        return "a 32-bit kernel: only 64-bit PV kernels run here";
    if (elf->file[EI_CLASS] != ELFCLASS64 || elf->file[EI_DATA] != ELFDATA2LSB)
        return "not a kernel: damaged ELF header";
    if (elf->size < sizeof(*header))
        return "the kernel is cut short";
    read_bytes(elf, 0, header, sizeof(*header));
    if (header->machine != EM_X86_64)
        return "a kernel for another machine: only x86-64 runs here";
    if (header->type != ET_EXEC && header->type != ET_DYN)
        return "not a kernel: an ELF file, but no executable";
    if (header->phnum == 0 || header->phnum > PV_ELF_MAX_SEGMENTS || header->phentsize < sizeof(struct elf_program_header))
        return "not a kernel: damaged ELF header";
    if (!inside(header->phoff, (uint64_t)header->phnum * header->phentsize, elf->size))
        return "the kernel is cut short";
    return 0;
}

/* Little-endian number of 1, 2, 4 or 8 bytes; other lengths count as 0. */
static uint64_t note_number(const struct pv_elf *elf, uint64_t offset, uint32_t len)
{
    uint64_t value = 0;

    if (len == 1 || len == 2 || len == 4 || len == 8)
        read_bytes(elf, offset, &value, len);
    return value;
}

/* True where the name of len bytes at offset is word. */
static bool same_word(const struct pv_elf *elf, uint64_t offset, uint32_t len, const char *word)
{
    uint32_t i;

    for (i = 0; i < len && word[i]; i++)
        if (elf->file[offset + i] != (unsigned char)word[i])
            return false;
    return i == len && !word[i];
}

/*
 * "name|!name|...": a feature behind '!' is one that the kernel cannot do without, so it has to be
 * one that a 64-bit PV domain has.
 */
static void check_features(struct pv_elf *elf, uint64_t offset, uint32_t len)
{
    static const char *const have[] = {
        "writable_page_tables",
        "pae_pgdir_above_4gb",
        "mmu_pt_update_preserve_ad",
        "gnttab_map_avail_bits",
        "dom0",
        "memory_op_vnode_supported",
    };
    uint32_t start = 0;

    for (uint32_t i = 0; i <= len; i++) {
        bool known = false;

        if (i < len && elf->file[offset + i] != '|' && elf->file[offset + i] != 0)
            continue;
        if (i > start && elf->file[offset + start] == '!') {
            for (unsigned int k = 0; k < sizeof(have) / sizeof(have[0]); k++)
                known |= same_word(elf, offset + start + 1, i - start - 1, have[k]);
            elf->bad_feature |= !known;
        }
        start = i + 1;
    }
}

static void take_note(struct pv_elf *elf, uint32_t type, uint64_t offset, uint32_t len)
{
    const struct {
        uint32_t type;
        uint64_t *to;
    } numbers[] = {
        {XEN_ELFNOTE_ENTRY, &elf->image.entry},
        {XEN_ELFNOTE_VIRT_BASE, &elf->image.virt_base},
        {XEN_ELFNOTE_HYPERCALL_PAGE, &elf->hypercall_page},
        {XEN_ELFNOTE_PADDR_OFFSET, &elf->paddr_offset},
        {XEN_ELFNOTE_INIT_P2M, &elf->image.init_p2m},
    };
    uint64_t number = note_number(elf, offset, len);

    elf->has_notes = true;
    for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].type == type)
            *numbers[i].to = number;
    if (type == XEN_ELFNOTE_ENTRY || type == XEN_ELFNOTE_VIRT_BASE)
        elf->pv_notes = true;
    else if (type == XEN_ELFNOTE_MOD_START_PFN)
        elf->image.initrd_by_pfn = number != 0;
    else if (type == XEN_ELFNOTE_HV_START_LOW)
        elf->bad_hole = number > HYPERVISOR_START;
    else if (type == XEN_ELFNOTE_PHYS32_ENTRY)
        elf->pvh_entry = true;
    else if (type == XEN_ELFNOTE_FEATURES)
        check_features(elf, offset, len);
}

/* Walks one note segment; a note that does not fit ends it. */
static void read_notes(struct pv_elf *elf, uint64_t offset, uint64_t len)
{
    uint64_t end = offset + len;
    struct {
        uint32_t namesz, descsz, type;
    } note;

    while (end - offset >= sizeof(note)) {
        uint64_t name, desc, name_len, desc_len;

        read_bytes(elf, offset, &note, sizeof(note));
        name = offset + sizeof(note);
        name_len = ((uint64_t)note.namesz + 3) & ~3UL;
        desc_len = ((uint64_t)note.descsz + 3) & ~3UL;
        if (!inside(name, name_len, end))
            return;
        desc = name + name_len;
        if (!inside(desc, note.descsz, end))
            return;
        if (same_word(elf, name, note.namesz ? note.namesz - 1 : 0, "Xen"))
            take_note(elf, note.type, desc, note.descsz);
        if (!inside(desc, desc_len, end))
            return;
        offset = desc + desc_len;
    }
}

/* Finds all notes; what is to be loaded must lie in the file too. */
static const char *read_program_headers(struct pv_elf *elf, const struct elf_header *header)
{
    for (unsigned int i = 0; i < header->phnum; i++) {
        struct elf_program_header ph = program_header(elf, header, i);

        if (ph.type != PT_LOAD && ph.type != PT_NOTE)
            continue;
        if (!inside(ph.offset, ph.filesz, elf->size))
            return "the kernel is cut short";
        if (ph.type == PT_NOTE)
            read_notes(elf, ph.offset, ph.filesz);
    }
    return 0;
}

/* Bounds each segment and finds the whole kernel's addresses. Needs the notes. */
static const char *place_segments(struct pv_elf *elf, const struct elf_header *header)
{
    elf->image.kernel_start = UINT64_MAX;
    for (unsigned int i = 0; i < header->phnum; i++) {
        struct elf_program_header ph = program_header(elf, header, i);
        uint64_t from = ph.paddr - elf->paddr_offset, virt = elf->image.virt_base + from;

        if (ph.type != PT_LOAD || ph.memsz == 0)
            continue;
        if (ph.filesz > ph.memsz || ph.paddr < elf->paddr_offset || virt < from ||
            ph.memsz > UINT64_MAX - virt)
            return "the kernel's segments make no sense";
        if (virt < elf->image.kernel_start)
            elf->image.kernel_start = virt;
        if (virt + ph.memsz > elf->image.kernel_end)
            elf->image.kernel_end = virt + ph.memsz;
        elf->segment[elf->nr_segments++] = (struct pv_elf_segment){virt, ph.offset, ph.filesz, ph.memsz};
    }
    return elf->nr_segments ? 0 : "not a kernel: nothing to load in it";
}

const char *pv_elf_parse(const void *file, uint64_t size, struct pv_elf *elf)
{
    struct elf_header header;
    const char *error;

    *elf = (struct pv_elf){
        .file = file,
        .size = size,
        .hypercall_page = PV_IMAGE_NO_ADDR,
        .image.init_p2m = PV_IMAGE_NO_ADDR,
    };
    error = read_header(elf, &header);
    if (error)
        return error;
    elf->image.entry = header.entry;
    error = read_program_headers(elf, &header);
    if (error)
        return error;
    if (!elf->has_notes)
        return "no PV kernel: it has no Xen notes";
    if (!elf->pv_notes && (elf->pvh_entry || elf->hypercall_page == PV_IMAGE_NO_ADDR))
        return "an HVM or PVH kernel: only 64-bit PV kernels run here";
    if (elf->bad_feature)
        return "the kernel requires a feature that PV domains do not have here";
    if (elf->bad_hole)
        return "the kernel leaves no room for the hypervisor";
    return place_segments(elf, &header);
}
